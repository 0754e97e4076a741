"""The Debian package on a clean Debian 12 that systemd runs. The tests follow each other, on one machine.

Where no system can be booted (in most containers), these are skipped with the reason; what does not need systemd is tested
by test_package.py."""

import json
import pathlib
import re
import resource
import shutil
import time
import types

import pytest

from support import debian
from support.accounts import PASSWORD, Account, product
from support.http import Client, Connection
from support.server import BINARY

ROOT = pathlib.Path(__file__).parent.parent
CONFIG = "/etc/integrity/integrity.toml"
DATA = "/var/lib/integrity"
pytestmark = [pytest.mark.embedded, pytest.mark.release]


@pytest.fixture(scope="module")
def package() -> pathlib.Path:
    return debian.package()


@pytest.fixture(scope="module")
def machine(package, tmp_path_factory):
    """It is booted before anything of the package is on it."""
    with debian.unpacked(tmp_path_factory.mktemp("machine") / "root", *debian.with_dependencies(package)) as root:
        for name, file in (("earlier", debian.earlier(package, tmp_path_factory.mktemp("earlier"))), ("package", package)):
            shutil.copy(file, root / f"root/{name}.deb")
        with debian.booted(root) as running:
            yield running


def install(machine, name: str) -> str:
    return machine.run("apt-get", "-q", "install", f"/root/{name}.deb").stdout


def state(machine, named: str) -> str:
    return machine.run("systemctl", "show", "--value", f"--property={named}", "integrity").stdout.strip()


def main_pid(machine) -> int:
    return int(state(machine, "MainPID"))


def journal(machine) -> str:
    return machine.run("journalctl", "--no-pager", "--output=cat", "--unit=integrity").stdout


def drop_in(machine, *lines: str) -> None:
    folder = machine.root / "etc/systemd/system/integrity.service.d"
    folder.mkdir(exist_ok=True)
    (folder / "test.conf").write_text("[Service]\n" + "\n".join(lines) + "\n")
    machine.run("systemctl", "daemon-reload")


@pytest.fixture(scope="module")
def service(machine):
    """What the helpers for accounts want to know about a server."""
    return types.SimpleNamespace(port=8080, binary=BINARY, options=[], damaged=False, time_path=None, now=time.time)


@pytest.fixture(scope="module")
def keeper(machine, service):
    """An admin, made on the host as README says: sign-up is closed."""
    made = machine.run("sh", "-c", debian.first_steps("keeper"), stdin=PASSWORD + "\n")
    assert "no findings" in made.stderr
    account = Account(service, "keeper")
    account.secret = re.search("secret=([A-Z2-7]{32})", made.stdout)[1]
    with machine.network():
        account.recovery_codes = account.login().verify().json["recovery_codes"]
    return account


def test_installed_it_answers_at_once_is_enabled_and_lets_nobody_sign_up(machine, service):
    begun = time.monotonic()
    install(machine, "earlier")
    installed = time.monotonic()
    with machine.network():
        assert Client(service).get("/readyz").status == 200
        answered = time.monotonic()
        refused = Client(service).post("/signup", {"username": "ada", "password": PASSWORD})
    assert (refused.status, refused.slug) == (403, "signup-closed")
    print(f"installed in {installed - begun:.1f} s with what it needs; answered {answered - installed:.2f} s later")
    assert answered - installed <= 5
    states = [state(machine, each) for each in ("ActiveState", "UnitFileState", "Type")]
    assert states == ["active", "enabled", "notify"]
    command = machine.run("cat", f"/proc/{main_pid(machine)}/cmdline").stdout.split("\0")
    assert command[:2] == ["/usr/bin/integrity", "serve"]


def test_its_files_belong_to_its_user_alone(machine):
    its = "integrity:integrity"
    wanted = {DATA: f"{its} 700", f"{DATA}/integrity.db": f"{its} 600", f"{DATA}/keys": f"{its} 700",
              f"{DATA}/keys/secrets.key": f"{its} 600", CONFIG: "root:integrity 640"}
    found = machine.run("stat", "--format=%n %U:%G %a", *wanted).stdout.splitlines()
    assert dict(line.split(" ", 1) for line in found) == wanted
    assert "nologin" in machine.run("getent", "passwd", "integrity").stdout


def test_under_its_restrictions_it_does_all_its_work(machine, keeper):
    """Hashing at a lower priority, writing, searching, commands through the socket."""
    with machine.network():
        made = keeper.client.post("/products", product(name="Lamp"))
        assert made.status == 201, made
        assert [each["name"] for each in keeper.client.get("/products?q=lam").json] == ["Lamp"]
        assert keeper.client.get("/generate-2fa/keeper", token=None).status == 401
    listed = json.loads(machine.run("integrity", "user", "list", "--json", "--config", CONFIG).stdout)
    assert [each["username"] for each in listed] == ["keeper"]
    pid = main_pid(machine)
    threads = machine.run("sh", "-c", f"cat /proc/{pid}/task/*/stat").stdout
    nice = {line.rpartition(")")[2].split()[16] for line in threads.splitlines()}
    assert {"0", "5", "10"} <= nice, "setpriority is allowed"
    status = machine.run("cat", f"/proc/{pid}/status").stdout
    for line in (r"CapEff:\s+0+", r"NoNewPrivs:\s+1", r"Seccomp:\s+2"):
        assert re.search(f"^{line}$", status, re.M), status
    limit = str(min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))  # this machine may allow less than the unit
    limits = machine.run("cat", f"/proc/{pid}/limits").stdout
    assert re.search(r"^Max open files +(\d+) +(\d+)", limits, re.M).groups() == (limit, limit)
    machine.run("nsenter", "--target", pid, "--mount", "--", "sh", "-c", "! touch /etc/x && ! touch /usr/x &&"
                " ! touch /var/x && touch /var/lib/integrity/x && rm /var/lib/integrity/x")
    assert "http.connections.limited" not in journal(machine)


def test_a_reload_is_sighup_and_ends_nothing(machine, service):
    before = main_pid(machine)
    machine.run("systemctl", "reload", "integrity")
    machine.until(lambda: '"event":"signal.hup"' in journal(machine))
    with machine.network():
        assert Client(service).get("/healthz").status == 200
    assert main_pid(machine) == before


def test_a_stalled_request_delays_the_stop_by_the_grace_only(machine, service):
    """The program asks for that time: TimeoutStopSec would kill it before."""
    drop_in(machine, "Environment=INTEGRITY_SHUTDOWN_GRACE=3", "TimeoutStopSec=1")
    machine.run("systemctl", "restart", "integrity")
    with machine.network():
        stalled = Connection(service)
    stalled.send(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 b"Content-Length: 100\r\n\r\n{")
    with machine.network():
        assert Client(service).get("/healthz").status == 200  # by now the server has read the other request
    machine.run("systemctl", "restart", "integrity")
    assert state(machine, "Result") == "success" and "State 'stop-sigterm' timed out" not in journal(machine)
    stalled.close()


def test_a_server_that_hangs_or_dies_is_started_again(machine, service):
    drop_in(machine, "WatchdogSec=2", "RestartSec=100ms")
    machine.run("systemctl", "restart", "integrity")
    for how in ("STOP", "KILL"):
        before = main_pid(machine)
        machine.run("sh", "-c", f"kill -{how} {before}")
        machine.until(lambda: state(machine, "ActiveState") == "active" and main_pid(machine) not in (0, before))
        with machine.network():
            assert Client(service).get("/readyz").status == 200
    assert "Watchdog timeout" in journal(machine)


def test_a_mistake_in_the_options_is_in_the_journal_and_is_not_tried_again(machine):
    drop_in(machine, "Environment=INTEGRITY_BCRYPT_COST=9", "RestartSec=100ms")
    assert machine.run("systemctl", "restart", "integrity", check=False).returncode != 0
    assert [state(machine, each) for each in ("ActiveState", "ExecMainStatus", "NRestarts")] == ["failed", "2", "0"]
    assert "INTEGRITY_BCRYPT_COST" in journal(machine)


def test_secrets_come_from_credentials_or_from_the_environment_file(machine, service):
    """With HS256 the server has no public key to show."""
    drop_in(machine)
    key = "q8Zr1mV0cP2Fq7Lw9XzR4tYkM1nPdSvG"
    store, settings = machine.root / "etc/credstore", machine.root / "etc/integrity/environment"
    store.mkdir(mode=0o700, exist_ok=True)

    def keys_shown() -> int:
        machine.run("systemctl", "restart", "integrity")
        with machine.network():
            return len(Client(service).get("/.well-known/jwks.json").json["keys"])

    assert keys_shown() == 1
    for place, text in ((store / "integrity.JWT_SECRET_KEY", key), (settings, f"JWT_SECRET_KEY={key}")):
        place.write_text(text + "\n")
        place.chmod(0o600)
        assert keys_shown() == 0, place
        place.unlink()
    uri = store / "integrity.MONGO_URI"
    uri.write_text("mongodb://ada:hush@127.0.0.1:1/shop?serverSelectionTimeoutMS=500\n")
    assert machine.run("systemctl", "restart", "integrity", check=False).returncode != 0
    assert "127.0.0.1:1" in journal(machine) and "hush" not in journal(machine)
    uri.unlink()
    machine.run("systemctl", "reset-failed", "integrity")
    assert keys_shown() == 1


def test_a_port_below_1024_needs_the_drop_in_of_the_manual(machine, service):
    listen = "Environment=INTEGRITY_LISTEN=127.0.0.1:443"
    drop_in(machine, listen, "RestartSec=60")
    assert machine.run("systemctl", "restart", "integrity", check=False).returncode != 0
    assert "CAP_NET_BIND_SERVICE" in journal(machine)
    said = (ROOT / "docs/upgrade.md").read_text()
    drop_in(machine, listen, *re.findall(r"`((?:Ambient|Bounding)?Capabilit[A-Za-z]*=CAP_NET_BIND_SERVICE)`", said))
    machine.run("systemctl", "restart", "integrity")
    with machine.network():
        assert Client(types.SimpleNamespace(**vars(service) | {"port": 443})).get("/healthz").status == 200
    drop_in(machine)
    machine.run("systemctl", "restart", "integrity")


def test_an_upgrade_keeps_configuration_data_and_sessions(machine, keeper, package):
    config = machine.root / CONFIG[1:]
    config.write_text(config.read_text().replace('# currency = "EUR"', 'currency = "CHF"'))
    edited, before = config.read_text(), main_pid(machine)
    with machine.network():
        listed = keeper.client.get("/products").json
    install(machine, "package")
    assert config.read_text() == edited and "# Of version 0.0.1" in edited
    assert main_pid(machine) not in (0, before), "restarted with the new program"
    with machine.network():
        assert keeper.client.get("/products").json == listed, "in the same session"
        assert keeper.client.post("/products", {"name": "Desk", "price": 1, "stock": 1}).json["currency"] == "CHF"
    assert machine.run("dpkg-query", "-W", "-f", "${Version}", "integrity").stdout == package.name.split("_")[1]


def test_it_can_be_removed_and_purged_and_its_data_and_keys_stay(machine, keeper, service):
    kept = machine.run("find", DATA, "-type", "f", "-name", "*.*").stdout
    machine.run("apt-get", "-q", "remove", "integrity")
    with machine.network(), pytest.raises(ConnectionRefusedError):
        Connection(service)
    assert (machine.root / CONFIG[1:]).exists() and not (machine.root / "usr/bin/integrity").exists()
    said = machine.run("apt-get", "-q", "purge", "integrity").stdout
    assert DATA in said and "the user integrity" in said, said
    assert not (machine.root / "etc/integrity").exists()
    assert not list((machine.root / "etc/systemd/system/multi-user.target.wants").glob("integrity*"))
    assert {"integrity.db", "secrets.key"} <= {pathlib.Path(line).name for line in kept.split()}
    assert machine.run("stat", "--format=%U %a", f"{DATA}/keys/secrets.key").stdout.split() == ["integrity", "600"]


def test_installed_again_over_a_folder_that_root_restored_it_goes_on(machine, keeper, service):
    machine.run("rm", "-r", "/etc/systemd/system/integrity.service.d")
    machine.run("chown", "-R", "root:root", DATA)
    machine.run("chmod", "0700", DATA)
    install(machine, "package")
    with machine.network():
        assert keeper.login().sign_in().client.get("/products").json[0]["name"] == "Lamp"
    assert machine.run("stat", "--format=%U %a", DATA).stdout.split() == ["integrity", "700"]


def test_a_backup_before_an_upgrade_and_going_back_as_the_manual_says(machine, keeper, service):
    """For what stands for older and newer, see the test of that name in test_package.py."""
    text = (ROOT / "docs/upgrade.md").read_text()
    machine.run("sh", "-ec", re.search(r"^```\n(.*?)^```$", text[text.index("## Upgrading"):], re.M | re.S)[1])
    machine.run("systemctl", "stop", "integrity")
    debian.raise_version(machine.root / DATA[1:] / "integrity.db")
    drop_in(machine, "Restart=no")
    assert machine.run("systemctl", "start", "integrity", check=False).returncode != 0
    assert "made by a newer program; this one knows versions up to" in journal(machine)
    machine.run("rm", "-r", "/etc/systemd/system/integrity.service.d")
    machine.run("sh", "-c", debian.way_back("/var/backups/integrity/before.db"))
    assert machine.run("dpkg-query", "-W", "-f", "${Version}", "integrity").stdout == "0.0.1"
    machine.until(lambda: state(machine, "ActiveState") == "active")
    with machine.network():
        assert keeper.client.get("/me").slug == "invalid-token", "its session has ended"
        assert keeper.login().verify(recovery_code=keeper.recovery_codes[0]).status == 200
        assert keeper.client.get("/products").json[0]["name"] == "Lamp"
