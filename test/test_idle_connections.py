"""What a connection costs that is open and says nothing, after it moved much, or with TLS. Of the release, whose memory is
not a sanitizer's. Those that ask little over plain HTTP: test_resource_faults.py."""

import os
import re
import resource
import socket
import time

import pytest

from support.accounts import enrolled
from support.certificates import Certificate
from support.http import _TRUSTING, Client, request_bytes
from support.server import Server

pytestmark = [pytest.mark.embedded, pytest.mark.release]

COUNT = int(os.environ.get("IDLE_CONNECTIONS", "4000"))
KIB_MAX = {"plain": 8, "tls": 40}


def resident_kib(server) -> int:
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{server.process.pid}/status").read())[1])


def idle(server, request: bytes) -> int:
    """The descriptor of a connection that has had its response. Of TLS the client keeps nothing but the descriptor."""
    connection = socket.create_connection(("127.0.0.1", server.port), 60)
    if server.tls:
        connection = _TRUSTING.wrap_socket(connection)
    if request:
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        length = int(re.search(rb"Content-Length: (\d+)", received)[1])
        while len(received.split(b"\r\n\r\n", 1)[1]) < length:
            received += connection.recv(65536)
    return connection.detach()


@pytest.mark.parametrize("transport, asked", [("plain", "a page"), ("plain", "an upload"), ("tls", "nothing"), ("tls", "a page")])
def test_memory_of_idle_connections(tmp_path, transport, asked):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= COUNT + 500, "this needs a higher limit of open files"
    options = Certificate(tmp_path).options if transport == "tls" else []
    with Server(*options, "--max-connections-per-address", "100000") as server:
        account = enrolled(server)
        for number in range(50):
            account.client.post("/products", {"name": f"Lamp {number}", "price": 1, "stock": 1, "description": "d" * 1000})
        token = account.token
        request = {"nothing": b"", "a page": request_bytes("GET", "/products?limit=50", token=token),
                   "an upload": request_bytes("POST", "/products", {"description": "d" * 60_000}, token=token)}[asked]
        count = COUNT if transport == "plain" or "IDLE_CONNECTIONS" in os.environ else COUNT // 4
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        descriptors = []
        try:
            descriptors += [idle(server, request) for _ in range(200)]  # what is allocated once
            before = resident_kib(server)
            begin = time.monotonic()
            descriptors += [idle(server, request) for _ in range(count)]
            end = time.monotonic() + 20  # large buffers of idle connections are freed four times a second
            while (each := (resident_kib(server) - before) / count) > KIB_MAX[transport] and time.monotonic() < end:
                time.sleep(0.1)
            print(f"{transport}, after {asked}: {each:.1f} KiB for each of {count} ({time.monotonic() - begin:.0f} s)")
            assert each <= KIB_MAX[transport]
            assert Client(server, account.token).get("/me").status == 200
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
