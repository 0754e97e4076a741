"""Keys from a mounted secret: read-only files of root's, as Kubernetes and systemd give them to a service. Wants root, who
can make such files and start the server as somebody else."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from support.server import BINARY, environment

SERVICE, GROUP, OTHERS = 64321, 64322, 64323  # ids that no account of this machine needs to have

pytestmark = [pytest.mark.embedded,
              pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of root's and start a server as another user")]


@pytest.fixture
def place():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="integrity-mounted-"))
    folder.chmod(0o755)
    binary = folder / "integrity"  # where another user can reach it
    shutil.copy(BINARY, binary)
    yield folder
    shutil.rmtree(folder)


def serve(place, keys, groups=(GROUP,)):
    """What `integrity serve` says as the service; it is stopped once it listens."""
    data = place / "data"
    data.mkdir(exist_ok=True)
    os.chown(data, SERVICE, SERVICE)
    process = subprocess.Popen([place / "integrity", "serve", "--listen", "127.0.0.1:0", "--data", data, "--keys", keys],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
                               user=SERVICE, group=SERVICE, extra_groups=groups)
    try:
        line = process.stdout.readline()
        process.terminate()
        said, errors = process.communicate(timeout=30)
        return line + said, errors
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def keys(place):
    """A folder of keys as Kubernetes mounts a secret: 0440, root's and the group of the service, behind links."""
    made = place / "made"
    made.mkdir()
    os.chown(made, SERVICE, SERVICE)
    assert "listening" in serve(place, made)[0]
    shutil.rmtree(place / "data")
    mounted = place / "mounted"
    real = mounted / "..2026_11_29"
    real.mkdir(parents=True)
    (mounted / "..data").symlink_to("..2026_11_29")
    for file in made.iterdir():
        shutil.copy(file, real / file.name)
        os.chown(real / file.name, 0, GROUP)
        (real / file.name).chmod(0o440)
        (mounted / file.name).symlink_to(f"..data/{file.name}")
    return mounted


def test_of_root_and_a_group_of_the_service_are_taken(place, keys):
    said, errors = serve(place, keys)
    assert said.startswith("listening on "), errors
    assert (keys / "token.key").stat().st_mode & 0o777 == 0o440, "left as it was"


def test_that_everybody_can_read_are_refused(place, keys):
    (keys / "token.key").chmod(0o444)
    said, errors = serve(place, keys)
    assert "listening" not in said
    assert f"{keys}/token.key: everybody can read it" in errors, errors
