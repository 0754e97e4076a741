"""What a service manager hears from the server: sd_notify(3)."""

import socket

import pytest

from support.http import Client
from support.server import Server


@pytest.fixture
def manager(tmp_path):
    """The socket of a manager, which hears datagrams."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.settimeout(30)
        yield bound


def listening(manager) -> dict:
    return {"NOTIFY_SOCKET": manager.getsockname()}


def test_the_manager_hears_of_start_and_stop(manager):
    with Server("--shutdown-grace", "3", env=listening(manager)) as server:
        assert manager.recv(1000) == b"READY=1"
        assert Client(server).get("/healthz").status == 200
        assert server.stop() == 0
        assert manager.recv(1000) == b"STOPPING=1\nEXTEND_TIMEOUT_USEC=33000000", "3 s of grace, 30 s for what is left"


def test_a_server_that_cannot_start_is_never_ready(manager, server):
    other = Server("--listen", f"127.0.0.1:{server.port}", env=listening(manager))
    other.spawn().process.wait(30)
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(1000)
    other._end()


def test_the_watchdog_hears_a_server_that_works_and_none_that_hangs(manager):
    with Server(env=listening(manager) | {"WATCHDOG_USEC": "1000000"}) as server:
        assert [manager.recv(1000) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        server.pause()
        manager.settimeout(1.5)
        with pytest.raises(TimeoutError):
            while True:  # what was sent before
                manager.recv(1000)
        server.resume()
        manager.settimeout(30)
        assert manager.recv(1000) == b"WATCHDOG=1"


@pytest.mark.embedded
def test_a_socket_that_nobody_hears_stops_nothing(tmp_path):
    with Server(env={"NOTIFY_SOCKET": str(tmp_path / "nobody"), "WATCHDOG_USEC": "100000"}) as server:
        assert Client(server).get("/readyz").status == 200
        assert '"event":"notify.failed"' in server.log and "nobody" in server.log
