"""The host around the server: a terminal that closes, closed descriptors, too little memory."""

import os
import resource
import signal
import subprocess
import threading
import time

import pytest

from support import fault_rows
from support.accounts import PASSWORD, enrolled, product
from support.http import Client, Connection, request_bytes
from support.server import BINARY, Server

pytestmark = pytest.mark.embedded


def test_the_server_survives_the_end_of_its_terminal():
    with Server() as server:
        for _ in range(3):
            server.process.send_signal(signal.SIGHUP)
            assert Client(server).get("/healthz").status == 200
        assert server.stop() == 0
        assert '"event":"signal.hup"' in server.log


def test_no_file_gets_the_number_of_a_closed_standard_descriptor(tmp_path):
    """With stderr closed, the log was written into data/lock."""
    command = f"exec {BINARY} serve --listen 127.0.0.1:0 --data {tmp_path}/data <&- >&- 2>&-"
    process = subprocess.Popen(["/bin/sh", "-c", command])
    try:
        lock = tmp_path / "data/lock"
        while not (tmp_path / "data/control.sock").exists():
            assert process.poll() is None
        assert {os.readlink(f"/proc/{process.pid}/fd/{number}") for number in (0, 1, 2)} == {"/dev/null"}
        process.send_signal(signal.SIGHUP)  # is logged
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "event" not in lock.read_text()
    finally:
        process.kill()
        process.wait()


@pytest.mark.release  # a sanitizer ends the process where malloc fails
def test_running_out_of_memory_does_not_end_the_process():
    """std::bad_alloc inside a catch handler ended the process."""
    with Server() as server:
        account = enrolled(server)
        made = [account.client.post("/products", product(description="d" * 3500)).header("Location") for _ in range(200)]
        server.damaged = True
        pid = server.process.pid
        size = int(open(f"/proc/{pid}/statm").read().split()[0]) * resource.getpagesize()
        resource.prlimit(pid, resource.RLIMIT_AS, (size + 1024 * 1024, resource.RLIM_INFINITY))
        requests = [request_bytes("POST", "/products", body=b'{"name":"' + b"x" * 900_000 + b'"}', token=account.token),
                    request_bytes("GET", "/products?sort=-name&q=lamp", token=account.token),
                    request_bytes("PUT", made[0], {"description": "e" * 3900}, token=account.token),
                    request_bytes("POST", "/login", {"username": account.username, "password": PASSWORD})]
        statuses = []

        def send(first: int):
            for number in range(first, first + 8):
                try:
                    connection = Connection(server)
                    connection.send(requests[number % len(requests)])
                    head = connection.socket.recv(65536).split(b"\r\n")[0]
                    statuses.append(int(head.split()[1]) if head else 0)
                    connection.close()
                except OSError:
                    statuses.append(0)
        threads = [threading.Thread(target=send, args=(first,)) for first in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.process.poll() is None, server.log[-2000:]
        assert "std::bad_alloc" in server.log, "memory never ran short, so this test proves nothing"
        resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert Client(server).get("/readyz").status == 200
        assert Client(server, account.token).get("/me").status == 200
        begun = time.monotonic()
        assert account.client.post("/products", product()).status == 201
        assert {each["id"] for each in account.client.get("/products").json} >= {location.split("/")[-1] for location in made}
    fault_rows.add("memory used up (RLIMIT_AS)", 1, f"not; the next write took {time.monotonic() - begun:.2f} s",
                   f"{statuses.count(0)} no response, {sum(status >= 500 for status in statuses)} 5xx, of {len(statuses)}")
