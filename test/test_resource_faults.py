"""What the host runs out of, or takes away, while a normal client works: nothing acknowledged is lost, the server goes on
or says why it does not, and serves again as soon as it can."""

import contextlib
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import time

import pytest

from support import fault_rows
from support.accounts import admin_of, product
from support.disk import may_mount, small_disk
from support.http import Client, Connection
from support.injected import Traced, attached, options
from support.logs import events
from support.server import Server
from support.witness import Witness

# Release: memory and latency are measured, and strace does not go together with a sanitizer.
pytestmark = [pytest.mark.embedded, pytest.mark.release]

ALL = os.environ.get("FAULTS") == "all"
IDLE = 10_000
IDLE_BYTES_MAX = 8 * 1024


@contextlib.contextmanager
def own_disk(server):
    """A file system of its own under the data folder. Without the right to mount one, strace says what it would."""
    if not may_mount():
        yield
        return
    server.data.mkdir()
    with small_disk(server.data, "12m"):
        try:
            yield
        finally:
            if server.process and server.process.poll() is None:
                server.process.kill()
                server.process.wait()


def failing(server, error: str, *calls: str) -> list:
    """Options of strace: each of these calls fails."""
    return options(server.folder / "trace", ",".join(calls)) + [
        word for call in calls for word in ("-e", f"inject={call}:error={error}:when=1+")]


@contextlib.contextmanager
def full_disk(server):
    if not may_mount():
        with attached(server, failing(server, "ENOSPC", "pwrite64")) as tracer:
            yield
            tracer.terminate()  # it lets the server go on
        return
    ballast = server.data / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    yield
    ballast.unlink()


@contextlib.contextmanager
def read_only(server):
    """For a start of the server."""
    if may_mount():
        subprocess.run(["mount", "-o", "remount,ro", server.data], check=True)
        yield
        subprocess.run(["mount", "-o", "remount,rw", server.data], check=True)
    else:
        server.tracer = ["-P", str(server.data / "lock"), *failing(server, "EROFS", "openat")]
        yield
        server.tracer = []


def test_a_full_disk_refuses_writes_until_there_is_room():
    with Traced() as server, own_disk(server):
        ada = admin_of(server.start())
        with Witness(server, ada.token) as witness:
            with full_disk(server):
                witness.wait_until_refused()
                refused = Client(server).get("/readyz")
                assert (refused.status, refused.slug) == (503, "unavailable")
                assert ada.client.get("/products?limit=1").status == 200, "reading goes on"
                refused = ada.client.post("/products", product(description="d" * 4000))
                assert (refused.status, refused.slug) == (503, "unavailable") and "room" in refused.json["detail"], refused.json
            back = witness.wait_for(3)
        witness.check(ada.client)
        assert Client(server).get("/readyz").status == 200
        refused = events(server, "store.refused")[-1]
        assert refused["file"] == str(server.data / "integrity.db") and "make room on its disk" in refused["cure"]
        assert server.stop() == 0
    fault_rows.add("disk full", 1, f"writes: while it is full, and {back:.1f} s", witness.told())


def test_a_disk_that_becomes_read_only_refuses_writes_and_the_next_start():
    """A file system is mounted read-only after an error of the disk: then writes to open files fail."""
    with Traced() as server, own_disk(server):
        ada = admin_of(server.start())
        with Witness(server, ada.token) as witness:
            with attached(server, failing(server, "EROFS", "pwrite64", "fdatasync", "ftruncate", "unlink")):
                witness.wait_until_refused()
                assert Client(server).get("/readyz").status == 503
                assert ada.client.get("/products?limit=1").status == 200, "reading goes on"
                server.process.send_signal(signal.SIGTERM)
                assert server.process.wait(30) == 0, server.log[-2000:]
            begun = time.monotonic()
            with read_only(server):
                server.spawn()
                assert server.process.wait(30) == 1
                server.process.stdout.close()
                said = server.log.splitlines()[-1]
                assert str(server.data) in said and "Read-only file system" in said, said
                assert "make its file system writable" in said, said
            server.start()
            witness.wait_for(3)
            back = time.monotonic() - begun
        witness.check(ada.client)
        assert '"event":"store.stopped"' in server.log
        assert server.stop() == 0
    fault_rows.add("disk read-only", 1, f"writes: until it is writable and started again ({back:.1f} s)", witness.told())


def test_a_data_folder_that_is_taken_away_is_not_written_to():
    with Server() as server:
        ada = admin_of(server)
        with Witness(server, ada.token) as witness:
            away = server.data.rename(server.folder / "away")
            witness.wait_until_refused()
            made = len(witness.acknowledged)
            witness.wait_until_refused()
            assert len(witness.acknowledged) == made
            assert Client(server).get("/readyz").status == 503
            begun = time.monotonic()
            assert server.stop() == 0
            shutil.move(away, server.data)
            server.start()
            witness.wait_for(3)
            back = time.monotonic() - begun
        witness.check(ada.client)
        stopped = events(server, "store.stopped")[0]
        assert "was removed or replaced under the server" in stopped["cause"] and stopped["file"] == str(server.data / "integrity.db")
        assert "restore the last backup" in stopped["cure"]
    fault_rows.add("data folder moved away", 1, f"writes: until it is back and started again ({back:.1f} s)", witness.told())


def test_a_clock_that_goes_back_an_hour_and_forth_a_day():
    with Server("--api-keys", clock=True) as server:
        ada = admin_of(server)
        key = ada.make_key("products:read", "products:write")["key"]
        spent = ada.next_code()
        assert ada.login().verify(spent).status == 200
        with Witness(server, key) as witness:
            for seconds in (-3600, 24 * 3600):
                server.move_clock(seconds)
                witness.wait_for(5)
                assert ada.login().verify(spent).status == 401, "a spent code was accepted again"
                assert ada.login().verify(recovery_code=ada.recovery_codes.pop()).status == 200
        witness.check(Client(server, key))
        made = [each["created_at"] for each in witness.acknowledged.values()]
        assert made == sorted(made), "the times of records never go back"
        assert not witness.refusals
    fault_rows.add("clock back an hour, forth a day", 2, "not", witness.told())


def test_without_descriptors_the_clients_that_are_there_are_served():
    with Server() as server:
        ada = admin_of(server)
        pid = server.process.pid
        with Witness(server, ada.token) as witness:
            used = len(os.listdir(f"/proc/{pid}/fd"))
            before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 5, before[1]))
            many = [Connection(server, source="127.0.0.3") for _ in range(50)]
            witness.wait_for(50)
            for connection in many:
                connection.close()
            begun = time.monotonic()
            assert Client(server).get("/readyz").status == 200, server.log[-2000:]
            back = time.monotonic() - begun
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        witness.check(ada.client)
        assert not witness.refusals
    fault_rows.add("file descriptors used up", 1, f"new clients: while there are none, and {back:.1f} s", witness.told())


@contextlib.contextmanager
def many_files(count: int):
    """This process, and the servers that it starts, may open so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count:
        pytest.skip(f"the limit of open files is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def latency_max(usual: float) -> float:
    """Seconds, on a machine that does other things as well. `usual`: the slowest write before the fault."""
    return 3 + 10 * usual


def resident(server) -> int:
    return int(open(f"/proc/{server.process.pid}/statm").read().split()[1]) * resource.getpagesize()


def test_ten_thousand_idle_connections_take_little_memory():
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with many_files(IDLE + 500), Server() as server:
        ada = admin_of(server)
        with Witness(server, ada.token) as witness:
            witness.wait_for(200)
            before, usual = resident(server), witness.slowest()
            idle = [socket.create_connection(("127.0.0.1", server.port), source_address=(f"127.0.1.{number // 1000 + 1}", 0))
                    for number in range(IDLE)]
            for connection in idle:
                connection.sendall(request)
            for connection in idle:
                assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")
            each = (resident(server) - before) / IDLE
            witness.times.clear()
            witness.wait_for(100)
            slowest = witness.slowest()
            readable = select.poll()
            for connection in idle:
                readable.register(connection, select.POLLIN)
            assert not readable.poll(0), "none was closed"
            for connection in idle:
                connection.close()
        witness.check(ada.client)
    assert each <= IDLE_BYTES_MAX, f"{each:.0f} bytes for each idle connection"
    assert slowest < latency_max(usual) and not witness.refusals
    fault_rows.add(f"{IDLE} idle connections, {each / 1024:.1f} KiB each", 1, f"not; slowest write {slowest:.2f} s", witness.told())


@pytest.mark.parametrize("name, form", [
    ("slow heads", ["-H", "-i", "1", "-x", "10"]),
    ("slow bodies", ["-B", "-i", "1", "-s", "8192", "-x", "10", "-t", "POST", "-f", "application/json"]),
    ("ranges", ["-R", "-a", "1", "-b", "3000"]),
    ("slow reading", ["-X", "-w", "10", "-y", "20", "-n", "1", "-z", "5", "-k", "3"])])
def test_slowloris_delays_nobody_else(slow_server, name, form):
    server, ada = slow_server
    connections, seconds = (4000, 30) if ALL else (1000, 3)
    with Witness(server, ada.token) as witness:
        witness.wait_for(100)
        usual = witness.slowest()
        attack = subprocess.run(["slowhttptest", *form, "-c", str(connections), "-r", "1000", "-l", str(seconds), "-p", "3",
                                 "-u", f"http://127.0.0.1:{server.port}/docs"], capture_output=True, text=True, timeout=seconds + 60)
        assert "slow HTTP test status" in attack.stdout, attack.stdout + attack.stderr
        witness.wait_for(3)
    witness.check(ada.client)
    assert witness.slowest() < latency_max(usual) and not witness.refusals
    fault_rows.add(f"slowloris, {name}: {connections} connections", 1, f"not; slowest write {witness.slowest():.2f} s", witness.told())


@pytest.fixture(scope="module")
def slow_server():
    with Server() as server:
        yield server, admin_of(server)
