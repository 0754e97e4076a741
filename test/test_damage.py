"""What is damaged, missing or in use: one line that names the file and says what to do, an exit status, and never a success
that is not on the disk. A disk that fills up or becomes read-only under the server: test_resource_faults.py."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import socket
import sqlite3
import tempfile

import pytest

from support.accounts import enrolled, product
from support.disk import may_mount, small_disk
from support.http import Client
from support.logs import events
from support.server import Server, run

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A data folder of a server that has stopped."""
    with Server() as server:
        client = enrolled(server).client
        for number in range(20):
            client.post("/products", product(name=f"Lamp {number}", description="d" * 1000))
        assert server.stop() == 0
        kept = tmp_path_factory.mktemp("made") / "data"
        shutil.copytree(server.data, kept)
    return kept


@pytest.fixture
def data(made, tmp_path):
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"


def refusal(data, *options) -> str:
    done = run("serve", "--listen", "127.0.0.1:0", "--data", data, *options)
    assert (done.returncode, done.stdout) == (1, ""), done
    [line] = [each for each in done.stderr.splitlines() if not each.startswith("{")]
    return line


def sql(file, script: str) -> None:
    database = sqlite3.connect(file)
    database.executescript(script)
    database.close()


def replaced_by(what):
    def damage(file: pathlib.Path):
        file.unlink()
        what(file)
    return damage


FILES = {  # damage, and the words that say what to do
    "text": (replaced_by(lambda file: file.write_text("not a database " * 1000)), "restore it from a backup"),
    "cut": (lambda file: os.truncate(file, file.stat().st_size // 2 // 4096 * 4096), "restore it from a backup"),
    "header": (lambda file: file.write_bytes(file.read_bytes()[:100] + b"\xff" * 3996 + file.read_bytes()[4096:]), "restore it from a backup"),
    "foreign": (replaced_by(lambda file: sql(file, "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)")), "of another program; name another folder"),
    "foreign with our version": (replaced_by(lambda file: sql(file, "CREATE TABLE mine (x); PRAGMA user_version = 9")), "of another program"),
    "newer": (lambda file: sql(file, "PRAGMA user_version = 99"), "Use the newer program"),
    "folder": (replaced_by(lambda file: file.mkdir()), "it is a folder: remove it"),
}


@pytest.mark.parametrize("how", FILES)
def test_a_database_that_cannot_be_used_is_named_and_left_alone(data, how):
    file = data / "integrity.db"
    damage, cure = FILES[how]
    damage(file)
    before = file.is_file() and hashlib.sha256(file.read_bytes()).digest()
    said = refusal(data)
    assert str(file) in said and cure in said, said
    for command in (("user", "list"), ("user", "add", "ada")):
        done = run(*command, "--data", data, stdin="correct horse battery\n")
        assert done.returncode == 1 and str(file) in done.stderr and cure in done.stderr, done
    assert (file.is_file() and hashlib.sha256(file.read_bytes()).digest()) == before


@pytest.mark.parametrize("key", ["password.key", "secrets.key"])
def test_a_foreign_key_is_named_by_its_path(data, key):
    (data / "keys" / key).write_text("5a" * 32 + "\n")
    said = refusal(data)
    assert f"{data}/keys/{key}: is not the key" in said and "your copy of the keys" in said and f"key accept {key}" in said


def test_a_folder_in_place_of_the_socket_is_named(data):
    (data / "control.sock").mkdir()
    said = refusal(data)
    assert f"{data}/control.sock: cannot replace what is there" in said and said.endswith("remove it")


def test_a_socket_that_a_dead_server_left_is_replaced(data):
    left = socket.socket(socket.AF_UNIX)
    left.bind(os.path.relpath(data / "control.sock"))
    left.close()
    with running(data) as server:
        assert server.command("user", "list").returncode == 0


def test_a_folder_in_use_says_by_whom_and_what_to_do(data):
    with running(data) as server:
        said = refusal(data)
        assert f"{data} is in use by process {server.process.pid}; stop that first" in said


@contextlib.contextmanager
def running(data):
    """A server on this folder."""
    server = Server()
    server.options[server.options.index("--data") + 1] = str(data)
    server.data = data
    with server:
        yield server


@contextlib.contextmanager
def copy_on_small_disk(made, free: int):
    """A file system in memory with a copy of the folder and so many bytes left."""
    if not may_mount():
        pytest.skip("needs the right to mount a file system")
    with tempfile.TemporaryDirectory(prefix="integrity-test-") as place, small_disk(place, "8m"):
        shutil.copytree(made, place + "/data")
        state = os.statvfs(place)
        fill(pathlib.Path(place), state.f_bavail * state.f_frsize - free)
        yield pathlib.Path(place)


def fill(place, size: int) -> None:
    with open(place / "fill", "ab") as file:
        with contextlib.suppress(OSError):
            file.write(bytes(size))


def test_a_full_disk_at_the_start_is_named(made):
    with copy_on_small_disk(made, 0) as place:
        said = refusal(place / "data")
        assert str(place / "data") in said and "make room" in said, said


def remove_all(data):
    shutil.rmtree(data)


def remove_log(data):
    (data / "integrity.db-wal").unlink()


def replace_file(data):
    shutil.copy(data / "integrity.db", data / "copy")
    (data / "copy").rename(data / "integrity.db")


@pytest.mark.parametrize("take_away", [remove_all, remove_log, replace_file])
def test_without_its_files_a_server_acknowledges_nothing(data, take_away):
    with running(data) as server:
        client = Client(server, enrolled(server).token)
        assert client.post("/products", product()).status == 201
        take_away(data)
        for _ in range(3):
            reply = client.post("/products", product())
            assert (reply.status, reply.slug) == (503, "unavailable"), "it would be lost"
        assert client.get("/readyz").status == 503 and client.get("/healthz").status == 200
        [stopped] = events(server, "store.stopped")
        assert stopped["file"] == str(data / "integrity.db") and "removed or replaced" in stopped["cause"]
        assert "restore the last backup" in stopped["cure"]
