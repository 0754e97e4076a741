"""`integrity backup`: while the server runs and without it, next to writers, killed, without room, and made by the
server itself."""

import calendar
import fcntl
import json
import os
import pathlib
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

import bson
import pytest

from support.accounts import enrolled, product
from support.backups import backup, check_file
from support.http import Client
from support.logs import wait_for
from support.server import BINARY, Server, database_at, environment, run
from support.whole import check_store


@pytest.fixture(scope="module")
def shop():
    """A server with some products."""
    with Server() as running:
        running.account = enrolled(running)
        for number in range(300):
            assert running.account.client.post("/products", product(sku=f"S-{number}", description="long " * 200)).status == 201
        yield running


class Restored:
    """What check_store reads of a backup."""

    store = ""

    def __init__(self, file, folder):
        self.data = folder
        folder.mkdir()
        (folder / "integrity.db").write_bytes(file.read_bytes())


def test_a_backup_of_a_running_server(shop, tmp_path):
    told = backup(shop, tmp_path / "a.db")
    check_file(tmp_path / "a.db", told)
    assert abs(time.time() - calendar.timegm(time.strptime(told["taken at"][:19], "%Y-%m-%dT%H:%M:%S"))) < 60
    made = shop.account.client.post("/products", product()).json
    later = backup(shop, tmp_path / "b.db")
    assert int(later["last change"]) == int(told["last change"]) + 1
    with sqlite3.connect(tmp_path / "b.db") as database:
        assert database.execute("SELECT count(*) FROM products WHERE id = ?", [bytes.fromhex(made["id"])]).fetchone() == (1,)
    check_store(Restored(tmp_path / "b.db", tmp_path / "copy"))


def test_a_backup_holds_no_key(shop, tmp_path):
    backup(shop, tmp_path / "a.db")
    content = (tmp_path / "a.db").read_bytes()
    for key in (shop.data / "keys").iterdir():
        text = key.read_bytes().strip()
        assert text not in content and (len(text) != 64 or bytes.fromhex(text.decode()) not in content), key


def test_a_relative_file_is_of_the_folder_of_the_caller(shop, tmp_path):
    done = run("backup", "here.db", "--data", shop.data, *shop.store_option(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here.db").exists() and f"backup: {tmp_path}/here.db\n" in done.stdout


@pytest.mark.embedded
@pytest.mark.parametrize("seen", [None, b"of another"])
def test_a_file_that_the_command_does_not_see_is_status_1(tmp_path, seen):
    """The server says that it wrote the file, but into another /tmp."""
    file = tmp_path / "a.db"
    data = tmp_path / "data"
    data.mkdir()
    (data / "integrity.db").write_text("not read")
    made = {"path": str(file), "bytes": "4096", "last_change": "1", "taken_at": "2026-11-29T16:00:00.012Z", "sha256": "00"}

    def serve(listener):
        peer, _ = listener.accept()
        with peer, peer.makefile("rwb") as stream:
            assert str(file) in stream.readline().decode()
            if seen is not None:
                file.write_bytes(seen)
            stream.write(json.dumps({"ok": made}).encode() + b"\n")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(data / "control.sock"))
        listener.listen()
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        done = run("backup", file, "--data", data)
        server.join()
    assert (done.returncode, done.stdout) == (1, ""), done
    assert f"{file}: the server wrote it into a folder that this command does not see" in done.stderr


def test_a_file_that_exists_is_never_replaced(shop, tmp_path):
    file = tmp_path / "a.db"
    file.write_text("precious")
    done = shop.command("backup", file)
    assert (done.returncode, done.stdout) == (1, "") and str(file) in done.stderr and "exists" in done.stderr
    assert file.read_text() == "precious" and list(tmp_path.iterdir()) == [file]
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "nothing.db")
    assert shop.command("backup", link).returncode == 1 and link.is_symlink() and not (tmp_path / "nothing.db").exists()


def test_of_several_backups_to_one_file_one_is_made(shop, tmp_path):
    file = tmp_path / "a.db"
    command = [BINARY, "backup", file, "--data", shop.data, *shop.store_option()]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) for _ in range(6)]
    outcomes = [(each.communicate(timeout=120), each.returncode) for each in running]
    assert sorted(status for _, status in outcomes) == [0, 1, 1, 1, 1, 1], outcomes
    [(said, _)] = [said for said, status in outcomes if status == 0]
    check_file(file, dict(line.split(": ", 1) for line in said.splitlines()))
    assert all("exists" in error for (_, error), status in outcomes if status)


@pytest.mark.parametrize("where, words", [("none/a.db", "No such file"), (".", "folder"), ("file/a.db", "Not a directory")])
def test_a_place_that_cannot_be_written_is_status_1(shop, tmp_path, where, words):
    (tmp_path / "file").write_text("")
    done = shop.command("backup", f"{tmp_path}/{where}" + ("/" if where == "." else ""))
    assert (done.returncode, done.stdout) == (1, "") and words in done.stderr, done
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.embedded
def test_a_name_that_a_store_uses_is_refused(tmp_path):
    wanted = ["integrity.db-journal", "integrity.db-wal", "integrity.db-shm", "integrity.db-room", "integrity.db.partial-Xa3kT9",
              "before-upgrade-9-10.db", "control.sock.new", "integrity.toml", "lock", "keys"]
    with Server(store="") as server:
        account = enrolled(server)
        paths = [server.data / name for name in wanted] + [tmp_path / "a.db-journal", tmp_path / "a.db.partial-Xa3kT9"]

        def refused():
            before = {path: path.exists() for path in paths}
            for path in paths:
                done = server.command("backup", path)
                assert (done.returncode, done.stdout) == (1, "") and str(path) in done.stderr and "name another file" in done.stderr, done
            assert {path: path.exists() for path in paths} == before
        refused()
        assert account.client.post("/products", product()).status == 201
        server.stop()
        refused()
        server.start()


ATTACK = """
import os, sys, time
folder, how, victim = sys.argv[1:]
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
print("ready", flush=True)
end = time.monotonic() + 60
while time.monotonic() < end:
    for name in os.listdir(folder):
        if ".partial-" in name:
            path = os.path.join(folder, name)
            os.unlink(path)
            if how == "link":
                os.symlink(victim, path)
            else:
                with open(path, "w") as file:
                    file.write("of somebody else")
                os.chmod(path, 0o666)
            sys.exit(0)
sys.exit(3)
"""


@pytest.mark.embedded
@pytest.mark.parametrize("how", ["link", "file"])
def test_a_partial_file_that_others_replace_is_neither_written_to_nor_published(tmp_path_factory, how):
    """The owner of the folder, another user, swaps its name while it is written."""
    with Server(store="") as server, tempfile.TemporaryDirectory(prefix="integrity-test-") as place:
        client = enrolled(server).client
        for number in range(300):
            client.post("/products", product(description="long " * 700))
        assert server.stop() == 0
        victim = pathlib.Path(place) / "victim"
        victim.write_text("precious")
        os.chmod(place, 0o711)
        folder = pathlib.Path(place) / "theirs"
        folder.mkdir()
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
        for _ in range(10):
            attacker = subprocess.Popen(["/usr/bin/python3", "-c", ATTACK, folder, how, victim], stdout=subprocess.PIPE, text=True)
            assert attacker.stdout.readline() == "ready\n"
            done = run("backup", folder / "a.db", "--data", server.data)
            assert attacker.wait(60) == 0, "the attacker came too late"
            if done.returncode == 1:
                break
            # It came before the new file was locked, and the program made another one.
            (folder / "a.db").unlink()
            [left] = folder.iterdir()
            left.unlink()
        assert (done.returncode, done.stdout) == (1, "") and str(folder / "a.db") in done.stderr and "replaced" in done.stderr, done
        assert victim.read_text() == "precious" and not (folder / "a.db").exists()
        [left] = folder.iterdir()
        assert left.is_symlink() if how == "link" else left.read_text() == "of somebody else"
        server.start()


@pytest.mark.embedded
def test_a_folder_that_others_can_write_to_is_refused_by_the_server(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    folder.chmod(0o777)
    with Server("--backup-dir", folder, "--backup-every", "1s") as server:
        wait_for(lambda: '"backup.failed"' in server.log)
        assert "everybody can write to it" in server.log and not list(folder.iterdir()) and folder.stat().st_mode & 0o777 == 0o777
        folder.chmod(0o750)
        wait_for(lambda: '"backup.done"' in server.log)


@pytest.mark.embedded
def test_backups_of_the_future_do_not_count(tmp_path):
    """They are of a clock that was ahead. The two that are kept are of now."""
    folder = tmp_path / "backups"
    folder.mkdir()
    future = folder / "integrity-29991231T000000Z.db"
    future.write_text("of a clock that was ahead")
    with Server("--backup-dir", folder, "--backup-every", "1h", "--backup-keep", "2", clock=True) as server:
        for count in range(1, 5):
            wait_for(lambda: server.log.count('"backup.done"') == count)
            server.move_clock(3600)
        wait_for(lambda: server.log.count('"backup.done"') == 5)
        wait_for(lambda: len(names(folder)) == 3)
        assert names(folder) == ["integrity-20261123T130015Z.db", "integrity-20261123T140015Z.db", future.name]


def test_without_a_file_is_status_2_and_without_a_database_status_1(tmp_path):
    assert run("backup").returncode == run("restore").returncode == 2
    done = run("backup", tmp_path / "a.db", "--data", tmp_path / "none")
    assert done.returncode == 1 and "no database" in done.stderr and not list(tmp_path.iterdir())


@pytest.mark.embedded
def test_a_pipe_in_place_of_the_database_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "integrity.db")
    for command, status in (["backup", tmp_path / "a.db"], 1), (["check"], 2):
        done = run(*command, "--data", tmp_path, timeout=20)
        assert (done.returncode, done.stdout) == (status, "") and f"{tmp_path}/integrity.db: is a device, a pipe" in done.stderr, done
    assert [path.name for path in tmp_path.iterdir()] == ["integrity.db"]


def test_snapshots_next_to_writers_are_whole(shop, tmp_path):
    stop = threading.Event()
    faults: list = []

    def write(number):
        client = Client(shop, shop.account.token)
        try:
            while not stop.is_set():
                made = client.post("/products", product(name=f"of {number}"))
                assert made.status == 201, made
                path = f"/products/{made.json['id']}"
                assert client.post(f"{path}/stock", {"delta": 1, "reason": "more"}).status == 200
                assert client.put(path, {"price": "1.25"}).status == 200
                assert client.delete(path).status == 204
        except AssertionError as fault:
            faults.append(fault)
        client.close()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    told = [backup(shop, tmp_path / f"{number}.db") for number in range(4)]
    stop.set()
    for writer in writers:
        writer.join()
    assert not faults, faults
    changes = [int(each["last change"]) for each in told]
    assert changes == sorted(changes) and changes[0] < changes[-1], "nobody wrote meanwhile"
    for number, each in enumerate(told):
        check_file(tmp_path / f"{number}.db", each)
        check_store(Restored(tmp_path / f"{number}.db", tmp_path / f"copy{number}"))


@pytest.mark.embedded
def test_a_stopped_server_has_backups_too_and_its_folder_is_not_changed(tmp_path):
    with Server() as server:
        enrolled(server).client.post("/products", product())
        server.kill9()
        before = {path.name: path.read_bytes() for path in server.data.iterdir() if path.is_file() and not path.name.endswith("-shm")}
        told = backup(server, tmp_path / "a.db")
        check_file(tmp_path / "a.db", told)
        after = {path.name: path.read_bytes() for path in server.data.iterdir() if path.is_file() and not path.name.endswith("-shm")}
        assert after == before
        server.start()
        assert backup(server, tmp_path / "b.db")["last change"] == told["last change"]


@pytest.mark.embedded
def test_what_a_kill_leaves_the_next_backup_removes(tmp_path):
    with Server(store="") as server:
        client = enrolled(server).client
        for number in range(400):
            client.post("/products", product(description="long " * 700))
        assert server.stop() == 0
        file, left = tmp_path / "a.db", []
        for _ in range(50):
            command = subprocess.Popen([BINARY, "backup", file, "--data", server.data], env=environment(), stdout=subprocess.DEVNULL)
            while command.poll() is None and not list(tmp_path.glob("a.db.partial-*")):
                pass
            command.kill()
            command.wait()
            left = list(tmp_path.glob("a.db.partial-*"))
            if left:
                break
            file.unlink(missing_ok=True)
        assert left and not file.exists(), "no backup was killed in the middle"
        other = tmp_path / "a.db.partial-abc"
        other.write_text("not of a backup")
        held = tmp_path / "a.db.partial-Xa3kT9"
        held.write_text("of one that runs")
        with held.open() as running:
            fcntl.flock(running, fcntl.LOCK_EX)
            backup(server, file)
            assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["a.db", other.name, held.name])
        file.unlink()
        other.unlink()
        check_file(file, backup(server, file))
        server.start()


def log_of_stopped(server, folder, end) -> str:
    """What the server logs of a backup that `end`, given the command, stops in the middle."""
    for _ in range(50):
        before = len(server.log)
        command = subprocess.Popen([BINARY, "backup", folder / "a.db", "--data", server.data], env=environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while command.poll() is None and not list(folder.iterdir()):
            pass
        end(command)
        command.wait()
        wait_for(lambda: '"act":"backup"' in server.log[before:])
        if '"backup.stopped"' in server.log[before:]:
            assert not list(folder.iterdir())
            return server.log[before:]
        for path in folder.iterdir():
            path.unlink()
        if server.process.poll() is not None:
            server.start()
    pytest.fail("no backup was stopped in the middle")


@pytest.mark.embedded
def test_a_command_that_is_interrupted_or_a_server_that_ends_stops_the_backup(tmp_path):
    with Server(store="") as server:
        client = enrolled(server).client
        for number in range(800):
            client.post("/products", product(description="long " * 700))
        log = log_of_stopped(server, tmp_path, lambda command: command.send_signal(signal.SIGINT))
        assert '"cause":"the command that wanted it has ended"' in log and '"backup.failed"' not in log, log
        assert client.get("/products?limit=1").status == 200
        log = log_of_stopped(server, tmp_path, lambda command: server.stop())
        assert '"cause":"the server ends"' in log and '"backup.failed"' not in log, log
        server.start()


def limit_files(process: int, size: int) -> None:
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_disk_that_is_full_in_the_middle(shop, tmp_path):
    """A limit on the size of files; nobody writes to the database meanwhile. MongoDB: the command writes."""
    embedded = not shop.store
    if embedded:
        limit_files(shop.process.pid, 128 * 1024)
    try:
        done = subprocess.run([BINARY, "backup", tmp_path / "a.db", "--data", shop.data, *shop.store_option()], text=True,
                              capture_output=True, env=environment(),
                              preexec_fn=None if embedded else lambda: limit_files(0, 128 * 1024))
        assert (done.returncode, done.stdout) == (1, "") and str(tmp_path / "a.db") in done.stderr, done
        assert "look for errors of the disk in the system's log" in done.stderr, done
        assert not list(tmp_path.iterdir())
        assert shop.account.client.get("/products?limit=1").status == 200
    finally:
        if embedded:
            limit_files(shop.process.pid, resource.RLIM_INFINITY)
    assert shop.account.client.post("/products", product()).status == 201
    check_file(tmp_path / "a.db", backup(shop, tmp_path / "a.db"))


def names(folder) -> list:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("integrity-2"))


def test_a_server_makes_them_itself(tmp_path):
    folder = tmp_path / "backups"
    with Server("--backup-dir", folder, "--backup-every", "1s", "--backup-keep", "2") as server:
        account = enrolled(server)
        wait_for(lambda: server.log.count('"backup.done"') >= 1)
        assert folder.stat().st_mode & 0o777 == 0o700
        others = [folder / "notes.txt", folder / "integrity-20200101T000000Z.db.old", folder / "integrity-2020.db"]
        for other in others:
            other.write_text("mine")
        old = folder / "integrity-20200101T000000Z.db"
        old.write_text("counts")
        (folder / "integrity-20200101T000001Z.db.partial-Xa3kT9").write_text("left by a kill")
        wait_for(lambda: server.log.count('"backup.done"') >= 4)
        assert account.client.get("/me").status == 200
        assert server.stop() == 0
        assert len(names(folder)) == 2 + 2 and not old.exists(), names(folder)
        assert all(other.read_text() == "mine" for other in others) and not list(folder.glob("*.partial-*"))
        for name in names(folder):
            assert not re.fullmatch(r"integrity-\d{8}T\d{6}Z\.db", name) or (folder / name).stat().st_mode & 0o777 == 0o600
        done = [json.loads(line) for line in server.log.splitlines() if '"backup.done"' in line]
        assert done[-1]["path"] == str(folder / max(name for name in names(folder) if name.endswith("Z.db")))
        server.start()


def test_a_backup_is_due_when_the_newest_is_older(tmp_path):
    folder = tmp_path / "backups"
    with Server("--backup-dir", folder, clock=True) as server:  # every 24 hours
        wait_for(lambda: '"backup.done"' in server.log)
        first = names(folder)
        assert first == ["integrity-20261123T100015Z.db"]
        server.move_clock(86_399)
        server.restart()
        enrolled(server)  # takes long enough for the server to look whether one is due
        assert names(folder) == first
        server.move_clock(1)
        wait_for(lambda: server.log.count('"backup.done"') == 2)
        assert names(folder) == first + ["integrity-20261124T100015Z.db"]


def test_a_backup_that_fails_does_not_stop_the_service(tmp_path):
    (tmp_path / "file").write_text("")
    with Server("--backup-dir", tmp_path / "file" / "backups", "--backup-every", "1s") as server:
        wait_for(lambda: server.log.count('"backup.failed"') >= 2)
        assert enrolled(server).client.post("/products", product()).status == 201
        assert str(tmp_path / "file") in server.log


@pytest.mark.parametrize("options, words", [(["--backup-every", "1h"], "--backup-dir"), (["--backup-keep", "3"], "--backup-dir"),
                                            (["--backup-dir", "b", "--backup-every", "0s"], "--backup-every"),
                                            (["--backup-dir", "b", "--backup-every", "1w"], "--backup-every"),
                                            (["--backup-dir", "b", "--backup-keep", "0"], "--backup-keep")])
def test_wrong_options_are_status_2(tmp_path, options, words):
    for verb in ("serve", "config"):
        done = run(verb, *options, cwd=tmp_path)
        assert done.returncode == 2 and words in done.stderr, done
    assert not list(tmp_path.iterdir())


@pytest.mark.embedded
def test_a_snapshot_that_mongodb_no_longer_has(mongo, tmp_path):
    """The command is stopped while it reads, and MongoDB forgets the state that it reads."""
    with Server(store=database_at(mongo.uri)) as server, mongo.client() as client:
        account = enrolled(server)
        account.client.post("/products", product(description="long " * 200))
        products = client[server.store.split("/")[3].split("?")[0]].products
        lamp = products.find_one()
        products.insert_many({**lamp, "_id": bson.ObjectId(), "place": lamp["place"] + number} for number in range(1, 5000))
        command = [BINARY, "backup", tmp_path / "a.db", *server.store_option()]
        for _ in range(20):
            running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
            while running.poll() is None and not any(path.stat().st_size for path in tmp_path.glob("a.db.partial-*")):
                pass
            running.send_signal(signal.SIGSTOP)
            client.admin.command("setParameter", 1, minSnapshotHistoryWindowInSeconds=0)
            try:
                for _ in range(3):
                    assert account.client.post("/products", product()).status == 201
                    time.sleep(0.3)
                client.admin.command("fsync")
                running.send_signal(signal.SIGCONT)
                _, said = running.communicate(timeout=60)
            finally:
                client.admin.command("setParameter", 1, minSnapshotHistoryWindowInSeconds=300)
            if running.returncode:
                break
            (tmp_path / "a.db").unlink()  # it had read everything
        assert running.returncode == 1 and "minSnapshotHistoryWindowInSeconds" in said and "mongodump" in said, said
        assert not list(tmp_path.iterdir())
        backup(server, tmp_path / "a.db")
