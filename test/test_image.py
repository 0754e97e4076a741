"""contrib/Dockerfile, step by step: what its lines say is done in a clean Debian, since no registry of images is needed
for that. Only FROM is not followed: `debian:12-slim` is the same packages without their documents."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import types

import pytest

from support import debian
from support.accounts import PASSWORD, Account
from support.http import Client
from support.server import BINARY

ROOT = pathlib.Path(__file__).parent.parent
DOCKERFILE = ROOT / "contrib/Dockerfile"
FOLLOWED = ("FROM", "RUN", "USER", "VOLUME", "ENV", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD")
pytestmark = [pytest.mark.embedded, pytest.mark.release]


def instructions() -> list[tuple[str, str]]:
    """("RUN", "apt-get …"), without comments, continued lines joined."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()]


def one(name: str) -> str:
    (found,) = [rest for instruction, rest in instructions() if instruction == name]
    return found


def settings() -> list[str]:
    """The variables of the image: NAME=VALUE."""
    return one("ENV").split()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A clean Debian after every RUN. The build context has what .dockerignore lets in: the package."""
    folder = tmp_path_factory.mktemp("image")
    assert (ROOT / "contrib/Dockerfile.dockerignore").read_text().split() == ["*", "!build/integrity_*_amd64.deb"]
    (folder / "context/build").mkdir(parents=True)
    shutil.copy(debian.package(), folder / "context/build")
    with debian.unpacked(folder / "root", debian.base()) as root:
        for instruction, rest in instructions():
            assert instruction in FOLLOWED, "a step that this test leaves out"
            if instruction != "RUN":
                continue
            mount = re.fullmatch(r"--mount=type=bind,source=([^,]+),target=/(\S+) (.*)", rest)
            if mount:  # a copy for the time of the step: not every machine may mount
                shutil.copytree(folder / "context" / mount[1], root / mount[2])
            debian.run_in(root, "/bin/sh", "-c", mount[3] if mount else rest)
            if mount:
                shutil.rmtree(root / mount[2])
        yield root


@pytest.fixture(scope="module")
def namespaces(image):
    """Skips where nothing can be run in namespaces of its own: in most containers."""
    with debian.tried(debian.Machine(image, "--console=pipe", "--", "/bin/sleep", "infinity")):
        pass


class Container(debian.Machine):
    """The server as the image starts it, with these options after `serve`, and two volumes."""

    def __init__(self, image, *options):
        user, _ = one("USER").split(":")
        entry, command = json.loads(one("ENTRYPOINT")), json.loads(one("CMD"))
        volumes = [f"--bind={image.parent}/volume{path}:{path}" for path in json.loads(one("VOLUME"))]
        for path in json.loads(one("VOLUME")):
            volume = pathlib.Path(f"{image.parent}/volume{path}")
            if not volume.exists():  # Docker fills a new volume from the image, with its owner and mode
                shutil.copytree(image / path[1:], volume)
                subprocess.run(["chown", "-R", "10001:10001", volume], check=True)
                volume.chmod(0o700)
        name = re.search(rf"^([^:]*):[^:]*:{user}:", (image / "etc/passwd").read_text(), re.M)[1]
        variables = [f"--setenv={each}" for each in settings()]
        started = [*entry, *command, *options]
        super().__init__(image, f"--user={name}", "--console=pipe", *volumes, *variables, "--", *started)

    def log(self) -> str:
        return self.log_path.read_text()

    def wait_until_it_listens(self) -> "Container":
        self.until(lambda: "listening on" in self.log())
        return self

    def health(self) -> int:
        check = json.loads(re.search(r"CMD (\[.*\])$", one("HEALTHCHECK"))[1])
        return self.run("env", *settings(), *check, check=False).returncode


def test_every_step_works_and_the_user_is_not_root(image):
    user, group = one("USER").split(":")
    assert int(user) > 0 and int(group) > 0
    for path in json.loads(one("VOLUME")):
        status = (image / path[1:]).stat()
        assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (int(user), int(group), 0o700), path
    assert set(json.loads(one("VOLUME"))) == {"/data", "/keys"}
    assert debian.run_in(image, "/usr/bin/integrity", "--version") == debian.said(BINARY, "--version")
    assert not list((image / "var/lib/apt/lists").glob("*")), "nothing is left of apt's lists"


def test_it_does_not_start_before_it_is_told_how_connections_are_protected(image, namespaces):
    with pytest.raises(AssertionError, match="insecure-http"):
        with Container(image) as container:
            container.wait_until_it_listens()


def test_it_serves_is_healthy_and_keeps_data_and_keys_apart(image, namespaces):
    service = types.SimpleNamespace(port=8080, binary=BINARY, options=[], damaged=False, time_path=None, now=time.time)
    with Container(image, "--insecure-http") as container:
        container.wait_until_it_listens()
        made = container.run("setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", "env", *settings(),
                             "integrity", "user", "add", "keeper", "--role", "admin", stdin=PASSWORD + "\n")
        account = Account(service, "keeper")
        account.secret = re.search("secret=([A-Z2-7]{32})", made.stdout)[1]
        with container.network():
            account.sign_in()
            assert Client(service).post("/signup", {"username": "ada", "password": PASSWORD}).slug == "signup-closed"
        assert container.health() == 0
        os.kill(container.leader, signal.SIGSTOP)
        assert container.health() != 0, "a server that hangs is not healthy"
    volumes = image.parent / "volume"
    assert {path.name for path in (volumes / "keys").iterdir()} == {"password.key", "secrets.key", "token.key"}
    assert (volumes / "data/integrity.db").exists() and not (volumes / "data/keys").exists()
    with Container(image, "--insecure-http") as container:
        container.wait_until_it_listens()
        with container.network():
            assert account.client.get("/me").status == 200, "in the same session, by the same keys"
