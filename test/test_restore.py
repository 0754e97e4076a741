"""`integrity restore`: from and into both stores, what it changes, what it refuses, broken off."""

import datetime
import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import time

import pytest

from support.accounts import Account, admin_of, enrolled, product, totp
from support.backups import backup, everything_in, numbers_of, restore
from support.http import Client
from support.old_database import old_database
from support.server import BINARY, Server, database_at, environment, run
from support.whole import check_store

pytestmark = pytest.mark.embedded  # it names its stores itself


class Shop:
    """A backup of a server's store, with its keys beside it, and what its clients know."""

    def __init__(self, folder, store: str = ""):
        self.folder, self.file, self.keys = folder, folder / "shop.db", folder / "keys"
        with Server("--api-keys", clock=True, store=store) as server:
            self.admin = admin_of(server)
            self.other = enrolled(server)
            lamp = self.admin.client.post("/products", product(sku="L-1")).json
            self.path = f"/products/{lamp['id']}"
            assert self.admin.client.post(f"{self.path}/stock", {"delta": 2, "reason": "found"}).status == 200
            gone = self.admin.client.post("/products", product()).json
            assert self.admin.client.delete(f"/products/{gone['id']}").status == 204
            self.key = self.admin.make_key("products:read")["key"]
            self.challenge = self.other.login().challenge
            self.seen = self.look(self.admin.client)
            self.told = backup(server, self.file)
            # After the backup:
            self.spent_later = totp(self.other.secret, int(server.now()) // 30)
            assert self.other.login().verify(self.spent_later).status == 200
            self.recovery_code = self.other.recovery_codes[0]
            assert self.other.login().verify(recovery_code=self.recovery_code).status == 200
            assert self.admin.client.post("/products", product(name="lost")).status == 201
            self.now = int(server.now())
            shutil.copytree(server.data / "keys", self.keys)

    def look(self, client) -> tuple:
        return tuple(json.loads(client.get(path).body) for path in ("/products", f"{self.path}/history"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def place(shop, tmp_path):
    """An empty data folder with the keys of the backup."""
    data = tmp_path / "data"
    data.mkdir(0o700)
    shutil.copytree(shop.keys, data / "keys")
    return data


class Place(Server):
    """A server on a place that something was restored into, whose clock begins where the lost one's ended."""

    def __init__(self, data=None, keys=None, store: str = "", now: int | None = None):
        super().__init__("--api-keys", *(["--keys", keys] if keys else []), clock=True, store=store)
        if data:
            shutil.rmtree(self.data, ignore_errors=True)
            shutil.copytree(data, self.data)
        if now:
            self.set_clock(now)

    def step_now(self) -> int:
        return int(self.now()) // 30


def check_restored(shop, there) -> None:
    """Logins, sessions, codes and products of a server on the restored store."""
    admin, other = (Account(there, each.username) for each in (shop.admin, shop.other))
    admin.secret, other.secret = shop.admin.secret, shop.other.secret
    client = Client(there, shop.admin.token)
    assert client.get("/me").slug == "invalid-token", "every session has ended"
    other.challenge = shop.challenge
    assert other.verify(totp(other.secret, there.step_now())).slug in ("challenge-expired", "invalid-token")
    other.login()
    for code in (shop.spent_later, totp(other.secret, there.step_now())):
        assert other.verify(code).slug == "code-already-used", "no code of before is accepted"
    assert Client(there, shop.key).get("/products").status == 200
    there.move_clock(30)
    assert other.verify(totp(other.secret, there.step_now())).status == 200
    assert admin.login().verify(totp(admin.secret, there.step_now())).status == 200
    assert shop.look(admin.client) == shop.seen
    assert other.login().verify(recovery_code=shop.recovery_code).status == 200, "spent after the backup"
    [change] = admin.client.get("/changes?kind=store").json
    assert (change["op"], change["proof"], change["actor"], change["version"]) == ("restore", "host", None, 1)
    assert change["after"] == {"last_change": int(shop.told["last change"])}
    assert admin.client.post("/products", product()).status == 201
    check_store(there)


def clock_of(shop) -> dict:
    """The environment of a command that is run when the lost server stopped."""
    stopped = Place(now=shop.now)
    shutil.move(stopped.time_path, shop.folder / "time")
    shutil.rmtree(stopped.folder)
    return {name: text for name, text in stopped.env.items() if "FAKE" in name or name in ("LD_PRELOAD", "TZ", "ASAN_OPTIONS")} | {
        "FAKETIME_TIMESTAMP_FILE": str(shop.folder / "time")}


@pytest.fixture(scope="module")
def shops(shop, mongo, tmp_path_factory):
    return {"sqlite": shop, "mongo": Shop(tmp_path_factory.mktemp("mongo"), database_at(mongo.uri))}


@pytest.mark.parametrize("source", ["sqlite", "mongo"])
@pytest.mark.parametrize("target", ["sqlite", "mongo"])
def test_everything_comes_back(shops, mongo, tmp_path, source, target):
    shop = shops[source]
    address = database_at(mongo.uri) if target == "mongo" else ""
    data = tmp_path / "data"
    data.mkdir(0o700)
    shutil.copytree(shop.keys, data / "keys")
    where = ["--store", address, "--keys", data / "keys"] if address else ["--data", data]
    done = restore(shop.file, *where, env=clock_of(shop))
    last = int(shop.told["last change"])
    assert numbers_of(done) == (last + 1, last)
    assert "Recovery codes" in done.stdout
    now = datetime.datetime.fromisoformat(re.search(r"^now: (\S+)Z$", done.stdout, re.M)[1] + "+00:00").timestamp()
    assert 0 <= now - shop.now < 60, "that of its clock"
    if not address:
        assert sorted(path.name for path in data.iterdir()) == ["integrity.db", "keys", "lock"]
        assert (data / "integrity.db").stat().st_mode & 0o777 == 0o600
    keys = tmp_path / "server-keys"
    shutil.copytree(data / "keys", keys)
    with Place(None if address else data, keys, address, shop.now) as there:
        check_restored(shop, there)


def test_a_restored_store_can_be_backed_up_and_restored_again(shop, place, tmp_path):
    numbers_of(restore(shop.file, "--data", place))
    done = run("backup", tmp_path / "again.db", "--data", place)
    assert done.returncode == 0, done.stderr
    shutil.copytree(shop.keys, tmp_path / "next" / "keys")
    last = int(shop.told["last change"])
    assert numbers_of(restore(tmp_path / "again.db", "--data", tmp_path / "next")) == (last + 2, last + 1)


def test_a_missing_token_key_is_made_and_a_missing_folder_too(shop, tmp_path):
    shutil.copytree(shop.keys, tmp_path / "keys")
    (tmp_path / "keys" / "token.key").unlink()
    numbers_of(restore(shop.file, "--data", tmp_path / "new", "--keys", tmp_path / "keys"))
    assert (tmp_path / "keys" / "token.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def damaged(content: bytes) -> bytes:
    """Bytes in the middle of each page after the first two are turned over, as a bad disk would."""
    page = int.from_bytes(content[16:18], "big")
    out = bytearray(content)
    for at in range(2 * page, len(out), page):
        out[at + 8:at + 24] = bytes(255 - each for each in out[at + 8:at + 24])
    return bytes(out)


def of_another_program(_: bytes) -> bytes:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE shelves (id INTEGER)")
    return database.serialize()


def of_version(version: int, content: bytes) -> bytes:
    return content[:60] + version.to_bytes(4, "big", signed=True) + content[64:]


def newer(content: bytes) -> bytes:
    return of_version(99, content)


BAD = {"empty": (lambda content: b"", "empty"), "a text": (lambda content: b"Hello\n" * 100, "not a backup"),
       "cut in the header": (lambda content: content[:50], "cut off"), "cut off": (lambda content: content[:-1], "cut off"),
       "cut off by half": (lambda content: content[:len(content) // 2], "cut off"),
       "too long": (lambda content: content + b"\0" * 4096, "damaged"), "damaged": (damaged, "damaged"),
       "of another program": (of_another_program, "another program"), "newer": (newer, "newer program"),
       "of a version below 0": (lambda content: of_version(-1, content), "schema version -1"),
       "of version 0": (lambda content: of_version(0, content), "schema version 0")}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_and_nothing_is_touched(shop, place, tmp_path, kind):
    change, words = BAD[kind]
    file = tmp_path / "bad.db"
    file.write_bytes(change(shop.file.read_bytes()))
    before = everything_in(tmp_path)
    done = restore(file, "--data", place)
    assert (done.returncode, done.stdout) == (1, "") and str(file) in done.stderr and words in done.stderr, done
    assert everything_in(tmp_path) == before


def test_a_file_that_is_not_there_or_has_a_log_is_refused(shop, place, tmp_path):
    before = everything_in(tmp_path)
    done = restore(tmp_path / "none.db", "--data", place)
    assert done.returncode == 1 and "none.db" in done.stderr and everything_in(tmp_path) == before
    shutil.copy(shop.file, tmp_path / "live.db")
    (tmp_path / "live.db-wal").write_bytes(b"x" * 5000)
    done = restore(tmp_path / "live.db", "--data", place)
    assert done.returncode == 1 and "integrity backup" in done.stderr and not (place / "integrity.db").exists()


ALTERED = {"trigger": ("CREATE TRIGGER keep BEFORE DELETE ON sessions BEGIN SELECT raise(IGNORE); END", "trigger keep: is not this program's"),
           "hidden trigger": ("CREATE TRIGGER sqliteXstat BEFORE DELETE ON sessions BEGIN SELECT raise(IGNORE); END",
                              "trigger sqliteXstat: is not this program's"),
           "endless trigger": ("UPDATE word_index SET version = 1; CREATE TRIGGER endless AFTER UPDATE ON products BEGIN"  # runs in an upgrade
                               " SELECT count(*) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c); END",
                               "trigger endless: is not this program's"),
           "view": ("CREATE VIEW mine AS SELECT 1", "view mine: is not this program's"),
           "table": ("CREATE TABLE mine (x)", "table mine: is not this program's"),
           "products": ("DELETE FROM products", "is missing: it has a history that does not end"),
           "change": ("DELETE FROM changes WHERE number = 2", "change 2: is missing in the history")}


def altered(shop, folder, script: str):
    """The backup, after this script ran on it."""
    file = folder / "altered.db"
    shutil.copy(shop.file, file)
    database = sqlite3.connect(file)
    database.executescript(script)
    database.close()
    return file


@pytest.mark.parametrize("kind", ALTERED)
def test_a_backup_that_does_not_belong_together_is_refused_and_nothing_is_touched(shop, place, tmp_path, kind):
    """SQLite itself finds nothing wrong with it."""
    script, words = ALTERED[kind]
    file = altered(shop, tmp_path, script)
    (place / "keys" / "token.key").unlink()
    (place / "keys" / "password.key").chmod(0o640)
    before = everything_in(tmp_path)
    done = restore(file, "--data", place)
    assert (done.returncode, done.stdout) == (1, "") and len(done.stderr.splitlines()) == 1, done
    assert f"{file}: " in done.stderr and words in done.stderr and re.search(r"\b[1-9][0-9]* findings?: ", done.stderr), done
    names = lambda found: {path: (mode, content) for path, (mode, _, content) in found.items()}
    assert names(everything_in(tmp_path)) == names(before)
    away = restore(file, "--data", tmp_path / "new" / "and" / "deep", "--keys", place / "keys")
    assert away.returncode == 1 and not (tmp_path / "new").exists(), away


@pytest.mark.parametrize("kind", ["folder", "fifo", "device"])
def test_what_is_not_a_file_is_refused_at_once(place, tmp_path, kind):
    path = {"folder": tmp_path, "fifo": tmp_path / "fifo", "device": "/dev/zero"}[kind]
    if kind == "fifo":
        os.mkfifo(path)
    done = run("restore", path, "--data", place, timeout=20)
    assert (done.returncode, done.stdout) == (1, "") and f"{path}: is a " in done.stderr and "name a file" in done.stderr, done


@pytest.mark.parametrize("name", ["integrity.db", "notes.txt", "before-upgrade-8-9.db", "integrity.db-wal"])
def test_a_place_that_is_not_empty_is_refused(shop, place, name):
    (place / name).write_text("mine")
    before = everything_in(place)
    done = restore(shop.file, "--data", place)
    assert (done.returncode, done.stdout) == (1, "") and name in done.stderr and str(place) in done.stderr, done
    assert everything_in(place) == before


def test_the_options_file_may_be_there(shop, place):
    (place / "integrity.toml").write_text('signup = "closed"\n')
    numbers_of(restore(shop.file, "--data", place))


def test_a_store_that_is_not_empty_is_refused(shop, mongo):
    with Server(store=database_at(mongo.uri)) as server:
        account = enrolled(server)
        done = restore(shop.file, "--store", server.store, "--keys", shop.keys)
        assert (done.returncode, done.stdout) == (1, "") and "not empty" in done.stderr, done
        assert account.client.get("/me").status == 200


@pytest.mark.parametrize("key", ["password.key", "secrets.key"])
@pytest.mark.parametrize("state", ["missing", "foreign"])
def test_a_missing_or_foreign_key_is_refused_and_none_is_made(shop, place, key, state):
    path = place / "keys" / key
    path.unlink() if state == "missing" else path.write_text("5a" * 32 + "\n")
    (place / "keys" / "token.key").unlink()
    before = everything_in(place)
    done = restore(shop.file, "--data", place)
    assert (done.returncode, done.stdout) == (1, ""), done
    assert str(path) in done.stderr and f"key accept {key}" in done.stderr
    assert everything_in(place) == before


@pytest.mark.parametrize("key", ["password.key", "secrets.key"])
def test_a_backup_that_does_not_say_which_keys_it_was_made_with_is_refused(shop, place, tmp_path, key):
    """Even with the right ones: nothing tells that they are."""
    file = altered(shop, tmp_path, f"DELETE FROM key_fingerprints WHERE key = '{key}'")
    (place / "keys" / "token.key").unlink()
    before = everything_in(place)
    done = restore(file, "--data", place)
    assert (done.returncode, done.stdout) == (1, "") and len(done.stderr.splitlines()) == 1, done
    assert f"{file}: does not say which {key} " in done.stderr and f"key accept {key}" in done.stderr, done
    assert everything_in(place) == before
    assert run("key", "accept", key, "--data", place).returncode == 0
    last = int(shop.told["last change"])
    assert numbers_of(restore(file, "--data", place)) == (last + 1, last)


def test_a_backup_without_accounts_needs_no_fingerprints(place, tmp_path):
    with Server(store="") as server:
        backup(server, tmp_path / "new.db")
    with sqlite3.connect(tmp_path / "new.db") as database:
        database.execute("DELETE FROM key_fingerprints")
    database.close()
    numbers_of(restore(tmp_path / "new.db", "--data", place))


def test_keys_that_are_lost_are_accepted_first(shop, place):
    for key in ("password.key", "secrets.key"):
        (place / "keys" / key).unlink()
    said = run("key", "accept", "password.key", "--data", place)
    assert said.returncode == 0 and "set-password" in said.stdout, said.stderr
    assert run("key", "accept", "secrets.key", "--data", place).returncode == 0
    last = int(shop.told["last change"])
    assert numbers_of(restore(shop.file, "--data", place)) == (last + 1, last)
    assert sorted(path.name for path in (place / "keys").iterdir()) == ["password.key", "secrets.key", "token.key"]
    with Place(place, now=shop.now) as there:
        admin = Account(there, shop.admin.username)
        assert admin.client.post("/login", {"username": admin.username, "password": admin.password}, token=None).slug == "invalid-credentials"
        for command in ("set-password", "reset-2fa"):
            done = there.command("user", command, admin.username, stdin="another horse battery\n")
            assert done.returncode == 0, done.stderr
        admin.password = "another horse battery"
        assert admin.login().enrol().role == "admin"


def start_restore(shop, *where):
    return subprocess.Popen([BINARY, "restore", shop.file, *map(str, where)], env=environment(), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def test_a_restore_that_was_killed_is_refused_by_serve_and_goes_on(shop, place):
    left = []
    for _ in range(100):
        command = start_restore(shop, "--data", place)
        while command.poll() is None and not list(place.glob("integrity.db.partial-*")):
            pass
        command.kill()
        command.communicate()
        left = list(place.glob("integrity.db.partial-*"))
        if left and not (place / "integrity.db").exists():
            break
        for path in place.glob("integrity.db*"):
            path.unlink()
    assert left, "no restore was killed in the middle"
    for command in (["serve", "--listen", "127.0.0.1:0"], ["user", "add", "bob"]):
        done = run(*command, "--data", place, stdin="another horse battery\n")
        assert (done.returncode, done.stdout) == (1, "") and "integrity restore" in done.stderr and str(place) in done.stderr, done
    assert not (place / "integrity.db").exists()
    last = int(shop.told["last change"])
    assert numbers_of(restore(shop.file, "--data", place)) == (last + 1, last)
    assert sorted(path.name for path in place.iterdir()) == ["integrity.db", "keys", "lock"]


def test_a_restore_into_mongodb_that_was_killed_is_refused_by_serve_and_starts_over(shop, mongo):
    last = int(shop.told["last change"])
    with mongo.client() as client:
        for _ in range(30):
            address = database_at(mongo.uri)
            where = ["--store", address, "--keys", shop.keys]
            command = start_restore(shop, *where)
            while command.poll() is None and not state_of(client, address):
                pass
            command.kill()
            command.communicate()
            if state_of(client, address):
                break
        assert state_of(client, address), "no restore was killed in the middle"
    done = run("serve", "--listen", "127.0.0.1:0", *where)
    assert done.returncode == 1 and "integrity restore" in done.stderr, done
    assert numbers_of(restore(shop.file, *where)) == (last + 1, last)
    with mongo.client() as client:
        assert not state_of(client, address)
    with Place(None, shop.keys, address, int(time.time()) + 60) as there:
        admin = Account(there, shop.admin.username)
        admin.secret = shop.admin.secret
        assert admin.login().verify(totp(admin.secret, there.step_now())).status == 200
        assert shop.look(admin.client) == shop.seen


def test_nodes_may_have_a_secret_that_the_restore_does_not_know(shop, mongo):
    where = ["--store", database_at(mongo.uri), "--keys", shop.keys]
    assert restore(shop.file, *where).returncode == 0
    for _ in range(2):  # the first of them notes its fingerprint
        with Server("--keys", shop.keys, store=where[1], env={"JWT_SECRET_KEY": "q8ZrT1vXk0mWcE7uYbN4sJ6hLpDfGa2oR9eKiQwV5xM="}) as node:
            assert Client(node).get("/products").status == 401
    done = run("serve", "--listen", "127.0.0.1:0", *where)
    assert done.returncode == 1 and "JWT_SECRET_KEY" in done.stderr, done


def state_of(client, address):
    """Of a migration or restore, in the database at this address."""
    head = client[address.split("/")[3].split("?")[0]].meta.find_one({"_id": "head"})
    return head and head.get("mark")


def test_a_copy_for_mongodb_has_no_name(shop, mongo, tmp_path):
    """Nobody can be there first, and a kill leaves nothing."""
    (tmp_path / f"integrity-restore-{os.geteuid()}.db").write_text("of somebody else")
    before = everything_in(tmp_path)
    done = restore(shop.file, "--store", database_at(mongo.uri), "--keys", shop.keys, env={"TMPDIR": str(tmp_path)})
    assert numbers_of(done) and everything_in(tmp_path) == before


def test_what_a_restore_of_before_left_is_removed(shop, place):
    for name in ("integrity.db.partial-Xa3kT9", "integrity.db.partial-Xa3kT9-journal"):
        (place / name).write_text("left")
    numbers_of(restore(shop.file, "--data", place))
    assert sorted(path.name for path in place.iterdir()) == ["integrity.db", "keys", "lock"]


def test_a_place_without_room_keeps_nothing(shop, place, tmp_path):
    before = {path.name for path in place.iterdir()}
    done = subprocess.run([BINARY, "restore", shop.file, "--data", place], text=True, capture_output=True, env=environment(),
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)))
    assert (done.returncode, done.stdout) == (1, "") and str(place) in done.stderr, done
    assert {path.name for path in place.iterdir()} == before
    numbers_of(restore(shop.file, "--data", place))


def test_a_backup_of_an_older_program_is_upgraded(tmp_path):
    with old_database() as (server, made):
        [kept] = server.data.glob("before-upgrade-*.db")
        assert kept.name.startswith("before-upgrade-8-") and '"upgrade.backup"' in server.log and str(kept) in server.log
        assert kept.stat().st_mode & 0o777 == 0o600
        with sqlite3.connect(f"file:{kept}?mode=ro", uri=True) as database:
            assert database.execute("PRAGMA user_version").fetchone() == (8,)
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            last, = database.execute("SELECT max(number) FROM changes").fetchone()
        shutil.copytree(server.data / "keys", tmp_path / "data" / "keys")
        assert numbers_of(restore(kept, "--data", tmp_path / "data")) == (last + 1, last)
        assert [path.name for path in (tmp_path / "data").iterdir() if "upgrade" in path.name] == []
        with Server() as there:
            assert there.stop() == 0
            shutil.rmtree(there.data)
            shutil.copytree(tmp_path / "data", there.data)
            there.start()
            account = Account(there, "ada", made["password"])
            assert account.login().client.get("/healthz").status == 200


def test_an_upgrade_next_to_a_copy_of_another_one_changes_nothing():
    with old_database() as (server, _):
        assert server.stop() == 0
        [old] = server.data.glob("before-upgrade-8-*.db")
        (server.data / "integrity.db").write_bytes(old.read_bytes())
        old.write_text("of another upgrade")
        before = (server.data / "integrity.db").read_bytes()
        done = subprocess.run([BINARY, "serve", *server.options], text=True, capture_output=True, env=server.env)
        assert done.returncode == 1 and old.name in done.stderr, done
        assert (server.data / "integrity.db").read_bytes() == before
        old.unlink()
        server.start()
        assert old.exists()


@pytest.mark.parametrize("version, words", [(99, "newer program"), (-1, "schema version -1"), (-2**31, "schema version -2147483648"), (0, "schema version 0")])
def test_a_database_of_another_version_is_refused_and_untouched(shop, place, version, words):
    numbers_of(restore(shop.file, "--data", place))
    file = place / "integrity.db"
    file.write_bytes(of_version(version, file.read_bytes()))
    before = file.read_bytes()
    for command in (["serve", "--listen", "127.0.0.1:0"], ["backup", place / "x.db"]):
        done = run(*command, "--data", place)
        assert done.returncode == 1 and words in done.stderr and str(file) in done.stderr, done
    assert file.read_bytes() == before and sorted(path.name for path in place.iterdir() if path.is_file()) == ["integrity.db", "lock"]
