"""Keys from a mounted secret: read-only files of root, as Kubernetes and systemd give them to a service. Needs root, to
make such files and to start the server as another user."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from support.server import BINARY, environment

SERVICE, GROUP, OTHERS = 64321, 64322, 64323  # ids that no account of this machine needs to have

pytestmark = [pytest.mark.embedded,
              pytest.mark.skipif(os.geteuid() != 0, reason="needs root")]


@pytest.fixture
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="integrity-mounted-"))
    path.chmod(0o755)
    binary = path / "integrity"  # where another user can reach it
    shutil.copy(BINARY, binary)
    yield path
    shutil.rmtree(path)


def serve(folder, keys, groups=(GROUP,)):
    """Runs `integrity serve` as the service until it listens; returns its stdout and stderr."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    os.chown(data, SERVICE, SERVICE)
    process = subprocess.Popen([folder / "integrity", "serve", "--listen", "127.0.0.1:0", "--data", data, "--keys", keys],
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
def keys(folder):
    """A folder of keys as Kubernetes mounts a secret: 0440, owned by root and a group of the service, through symbolic
    links."""
    made = folder / "made"
    made.mkdir()
    os.chown(made, SERVICE, SERVICE)
    assert "listening" in serve(folder, made)[0]
    shutil.rmtree(folder / "data")
    mounted = folder / "mounted"
    real = mounted / "..2026_11_29"
    real.mkdir(parents=True)
    (mounted / "..data").symlink_to("..2026_11_29")
    for file in made.iterdir():
        shutil.copy(file, real / file.name)
        os.chown(real / file.name, 0, GROUP)
        (real / file.name).chmod(0o440)
        (mounted / file.name).symlink_to(f"..data/{file.name}")
    return mounted


def test_keys_of_root_and_a_group_of_the_service_are_accepted(folder, keys):
    said, errors = serve(folder, keys)
    assert said.startswith("listening on "), errors
    assert (keys / "token.key").stat().st_mode & 0o777 == 0o440, "left as it was"


def test_keys_that_everybody_can_read_are_refused(folder, keys):
    (keys / "token.key").chmod(0o444)
    said, errors = serve(folder, keys)
    assert "listening" not in said
    assert f"{keys}/token.key: everybody can read it" in errors, errors
