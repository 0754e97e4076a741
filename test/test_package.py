"""The Debian package: what is in it, and its life in a clean Debian 12 without systemd, where the test plays the service
manager. test_package_systemd.py has what needs a machine that systemd runs."""

import json
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
import types

import pytest

from support import debian
from support.accounts import PASSWORD, Account, product
from support.debian import said
from support.http import Client
from support.server import BINARY

ROOT = pathlib.Path(__file__).parent.parent
UNIT = ROOT / "contrib/systemd/integrity.service"
CONFIG = "/etc/integrity/integrity.toml"
DATA = "/var/lib/integrity"
FIRST_ANSWER_MAX = 5  # seconds after the installation
pytestmark = [pytest.mark.embedded, pytest.mark.release]


@pytest.fixture(scope="module")
def package() -> pathlib.Path:
    return debian.package()


# The package itself.

def test_lintian_finds_no_error(package):
    assert "E: " not in said("lintian", "--allow-root", "--fail-on", "error", package)


def test_it_holds_what_it_should_and_its_name_says_the_version(package):
    held = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
    names = subprocess.run(["tar", "-t"], input=held, capture_output=True, check=True).stdout.decode().split()
    for name in ("usr/bin/integrity", CONFIG[1:], "lib/systemd/system/integrity.service",
                 "usr/share/man/man1/integrity.1.gz", "usr/share/bash-completion/completions/integrity",
                 "usr/share/doc/integrity/README.md", "usr/share/doc/integrity/copyright"):
        assert f"./{name}" in names, name
    program = subprocess.run(["tar", "-xO", "./usr/bin/integrity"], input=held, capture_output=True, check=True).stdout
    assert len(program) < pathlib.Path(BINARY).stat().st_size / 2 and b".debug_info" not in program, "stripped"
    version, depends = (said("dpkg-deb", "--field", package, name).strip() for name in ("Version", "Depends"))
    assert f"integrity_{version}_amd64.deb" == package.name and said(BINARY, "--version") == f"integrity {version}\n"
    for library in ("libc6", "libssl3", "libsqlite3-0", "libmongoc-1.0-0", "adduser"):
        assert re.search(rf"(^|, ){re.escape(library)}\b", depends), depends


def test_the_unit_is_hardened():
    """Exposure at most 2.0; `systemd-analyze` takes tenths."""
    analysis = said("systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", UNIT)
    exposure = float(re.search(r"Overall exposure level for integrity.service: ([0-9.]+)", analysis)[1])
    print(f"exposure {exposure}")
    assert exposure <= 2.0


def test_every_line_of_the_configuration_that_is_a_comment_is_an_option(tmp_path):
    text = (ROOT / "contrib/package/integrity.toml").read_text()
    offered = re.sub(r"^# ([a-z-]+ = )", r"\1", text, flags=re.M)
    assert offered.count("\n# ") < text.count("\n# ") - 5
    for each in (text, offered):
        (tmp_path / "integrity.toml").write_text(each)
        shown = said(BINARY, "config", "--config", tmp_path / "integrity.toml")
    assert re.search(r"--signup = closed .*integrity.toml", shown) and f"--data = {DATA}" in shown


# Its life on a machine without systemd. The tests below follow each other, in one system.

@pytest.fixture(scope="module")
def system(package, tmp_path_factory):
    """A clean Debian in a folder; only the archives of what the package depends on lie ready, as apt fetched them."""
    with debian.unpacked(tmp_path_factory.mktemp("system") / "root", *debian.with_dependencies(package)) as root:
        for name, file in (("earlier", debian.earlier(package, tmp_path_factory.mktemp("earlier"))), ("package", package)):
            shutil.copy(file, root / f"root/{name}.deb")
        yield root


def install(system, name: str) -> str:
    return debian.run_in(system, "apt-get", "-q", "install", f"/root/{name}.deb")


class Service:
    """The service as its unit starts it: command, user, umask and the socket of the manager; on any free port."""

    def __init__(self, system):
        self.system = system
        unit = (system / "lib/systemd/system/integrity.service").read_text()
        self.unit = dict(re.findall(r"^(ExecStart|ExecReload|User|Group|UMask)=(.*)$", unit, re.M))
        # What the helpers for accounts want to know about a server.
        self.binary, self.options, self.damaged, self.time_path, self.now = BINARY, [], False, None, time.time

    def __enter__(self) -> "Service":
        path = self.system / "run/notify"
        path.unlink(missing_ok=True)
        self.log_path = self.system.with_suffix(".log")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, open(self.log_path, "w") as log:
            manager.bind(str(path))
            path.chmod(0o666)
            manager.settimeout(30)
            self.process = subprocess.Popen(
                ["chroot", self.system, *debian.CLEAN, "INTEGRITY_LISTEN=127.0.0.1:0", "NOTIFY_SOCKET=/run/notify",
                 "setpriv", "--reuid", self.unit["User"], "--regid", self.unit["Group"], "--clear-groups",
                 "sh", "-c", f"umask {self.unit['UMask']} && exec \"$@\"", "_", *shlex.split(self.unit["ExecStart"])],
                stdout=subprocess.PIPE, stderr=log, text=True)
            line = self.process.stdout.readline()
            assert line.startswith("listening on http://127.0.0.1:"), line + self.log
            self.port = int(line.rpartition(":")[2])
            assert manager.recv(1000) == b"READY=1"
        return self

    def __exit__(self, *_) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.close()
        assert self.process.wait(60) == 0, self.log

    @property
    def log(self) -> str:
        return self.log_path.read_text()[-3000:]

    def wait_for_line(self, text: str) -> None:
        end = time.monotonic() + 30
        while text not in self.log:
            assert time.monotonic() < end, self.log
            time.sleep(0.01)


@pytest.fixture(scope="module")
def keeper(system):
    """An admin, made on the host: sign-up is closed."""
    with Service(system) as service:
        made = subprocess.run(["chroot", system, *debian.CLEAN, "runuser", "-u", "integrity", "--", "integrity", "user",
                               "add", "keeper", "--role", "admin", "--config", CONFIG],
                              input=PASSWORD + "\n", capture_output=True, text=True)
        assert made.returncode == 0, made.stdout + made.stderr
        account = Account(service, "keeper")
        account.secret = re.search("secret=([A-Z2-7]{32})", made.stdout)[1]
        account.recovery_codes = account.login().verify().json["recovery_codes"]
        assert account.client.post("/products", product(name="Lamp")).status == 201
    return account


@pytest.fixture(scope="module")
def proc(system):
    """Backups need /proc, which not every machine lets a chroot have; CI allows that skip."""
    with debian.proc_mounted(system):
        yield


def listed(service, account) -> list:
    """In the session that the account has."""
    return Client(service, account.token).get("/products").json


def owners(system, *paths) -> dict:
    found = debian.run_in(system, "stat", "--format=%n %U:%G %a", *paths).splitlines()
    return dict(line.split(" ", 1) for line in found)


def test_installed_it_answers_at_once_is_enabled_and_lets_nobody_sign_up(system):
    begun = time.monotonic()
    install(system, "earlier")
    installed = time.monotonic()
    with Service(system) as service:
        assert Client(service).get("/readyz").status == 200
        answered = time.monotonic()
        refused = Client(service).post("/signup", {"username": "ada", "password": PASSWORD})
        assert (refused.status, refused.slug) == (403, "signup-closed")
        debian.run_in(system, "env", f"MAINPID={service.process.pid}", *shlex.split(service.unit["ExecReload"]))
        service.wait_for_line('"event":"signal.hup"')
    print(f"installed in {installed - begun:.1f} s with what it needs; answered {answered - installed:.2f} s later")
    assert answered - installed <= FIRST_ANSWER_MAX
    enabled = system / "etc/systemd/system/multi-user.target.wants/integrity.service"
    assert enabled.is_symlink() and enabled.readlink() == pathlib.Path("/lib/systemd/system/integrity.service")


def test_its_files_belong_to_its_user_alone(system):
    its = "integrity:integrity"
    wanted = {DATA: f"{its} 700", f"{DATA}/integrity.db": f"{its} 600", f"{DATA}/keys": f"{its} 700",
              f"{DATA}/keys/secrets.key": f"{its} 600", "/var/backups/integrity": f"{its} 700", CONFIG: "root:integrity 640"}
    assert owners(system, *wanted) == wanted
    assert re.search("^integrity:.*nologin$", (system / "etc/passwd").read_text(), re.M)


def test_an_upgrade_keeps_configuration_data_and_sessions(system, keeper, package):
    config = system / CONFIG[1:]
    config.write_text(config.read_text().replace('# currency = "EUR"', 'currency = "CHF"'))
    edited = config.read_text()
    install(system, "package")
    assert config.read_text() == edited and "# Of version 0.0.1" in edited
    assert said("dpkg-query", f"--admindir={system}/var/lib/dpkg", "-W", "-f", "${Version}", "integrity") == package.name.split("_")[1]
    with Service(system) as service:
        assert [each["name"] for each in listed(service, keeper)] == ["Lamp"]
        made = Client(service, keeper.token).post("/products", {"name": "Desk", "price": 1, "stock": 1})
        assert made.json["currency"] == "CHF"


def test_going_back_as_the_manual_says(system, keeper, proc):
    """The older program is this one under a lower number, and the newer database is one whose version was raised by hand:
    no other version was ever published. What the database of a newer program is, an older one cannot know."""
    as_user, backup = ["runuser", "-u", "integrity", "--", "integrity"], "/var/backups/integrity/before.db"
    debian.run_in(system, *as_user, "backup", backup, "--config", CONFIG)
    database, log = system / DATA[1:] / "integrity.db", system.with_suffix(".log")
    debian.raise_version(database)
    before = database.read_bytes()
    with pytest.raises(AssertionError, match="made by a newer program; this one knows versions up to"):
        Service(system).__enter__()
    assert database.read_bytes() == before and f"{DATA}/integrity.db" in log.read_text()

    debian.run_in(system, "sh", "-c", "systemctl() { :; }\n" + debian.way_back(backup))
    assert (system / "root/newer/integrity.db").read_bytes() == before
    with Service(system) as service:
        assert Client(service, keeper.token).get("/me").slug == "invalid-token", "its session has ended"
        there = Account(service, "keeper").login()  # no code of the authenticator from before the restore works
        assert there.verify(recovery_code=keeper.recovery_codes[0]).status == 200
        keeper.token = there.token
        assert {each["name"] for each in listed(service, keeper)} == {"Lamp", "Desk"}


def test_it_can_be_removed_and_purged_and_its_data_and_keys_stay(system, keeper):
    debian.run_in(system, "apt-get", "-q", "remove", "integrity")
    assert (system / CONFIG[1:]).exists() and not (system / "usr/bin/integrity").exists()
    told = debian.run_in(system, "apt-get", "-q", "purge", "integrity")
    assert DATA in told and "the user integrity" in told, told
    assert not (system / "etc/integrity").exists()
    assert not list((system / "etc/systemd/system").rglob("integrity*"))
    assert (system / DATA[1:] / "integrity.db").exists()
    assert list(owners(system, f"{DATA}/keys/secrets.key").values()) == ["integrity:integrity 600"]


def test_installed_again_it_goes_on_with_what_was_left(system, keeper):
    install(system, "package")
    with Service(system) as service:
        assert {each["name"] for each in listed(service, keeper)} == {"Lamp", "Desk"}
