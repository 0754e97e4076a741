"""What clients without an account, or with one, cost the others: writes, logins, connections and memory are shared by
address and by user."""

import collections
import contextlib
import math
import resource
import select
import socket
import statistics
import subprocess
import sys
import threading
import time

import pytest

from support.accounts import PASSWORD, enrolled, product
from support.held import no_write_goes_on
from support.http import Client, Connection, request_bytes
from support.server import Server


class From(Connection):
    """A connection from another address of this machine."""

    def __init__(self, server, address: str, timeout: float = 10):
        self.server, self.buffer, self.usable = server, b"", True
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout, (address, 0))


# ---- Writes

@pytest.mark.parametrize("method, target, body", [
    ("POST", "/verify-2fa", {"challenge": "junk", "code": "123456"}),
    ("POST", "/verify-2fa", {"challenge": "junk", "recovery_code": "0" * 24}),
    ("POST", "/verify-2fa", {"username": "{}", "code": "123456"}),
    ("GET", "/generate-2fa/{}", None),
    ("POST", "/logout", None),
    ("POST", "/login", {"username": "{}", "password": "wrong horse battery"}),
    ("POST", "/login", {"username": "nobody-here", "password": "wrong horse battery"}),
    ("POST", "/signup", {"username": "{}", "password": "correct horse battery"}),
])
def test_what_cannot_succeed_waits_for_no_writer(server, ada, method, target, body):
    """Each POST /verify-2fa of a stranger was a write, so that one of them slowed all writes of the owner down."""
    body = body and {name: value.format(ada.username) for name, value in body.items()}
    target = target.format(ada.username)
    stranger = Client(server, "junk", timeout=4)  # a write would wait longer
    with no_write_goes_on(server):
        assert 401 <= stranger.request(method, target, body).status < 500


def test_junk_at_the_second_step_is_limited_by_address():
    body = {"challenge": "junk", "code": "123456"}
    with Server("--bcrypt-cost", "10", generous=False) as server:
        account = enrolled(server).login()
        found = collections.Counter(Client(server).post("/verify-2fa", body).slug for _ in range(320))
        assert set(found) == {"challenge-expired", "too-many-attempts"}, found
        assert Client(server).post("/verify-2fa", body).header("Retry-After")
        assert account.verify().status == 200, "a live challenge is not limited"


def test_sign_ups_that_are_refused_count_if_their_password_was_checked():
    """The check takes time on the hashing pool. A stranger could have it done without a limit."""
    with Server("--bcrypt-cost", "10", "--signup-burst", "3", "--signup-rate", "0.001", generous=False) as server:
        weak = [Client(server).post("/signup", {"username": "?", "password": "password1"}) for _ in range(5)]
        assert [reply.status for reply in weak] == [422, 422, 422, 429, 429]


def test_users_take_turns_with_their_writes(server):
    """One write of a user that waits together with 200 of another is done after a few of these, not after all."""
    many, one = enrolled(server), enrolled(server)
    path = many.client.post("/products", product()).header("Location")

    def move(account):
        return Connection(server).send(request_bytes("POST", f"{path}/stock", {"delta": 1, "reference": account.username}, token=account.token))

    with no_write_goes_on(server) as release:
        waiting = [move(many) for _ in range(200)]
        time.sleep(1)  # until they are in the queue; nothing outside shows that
        waiting.append(move(one))
        time.sleep(0.5)
        release()
        assert {connection.reply("POST", f"{path}/stock").status for connection in waiting} == {200}
    history = one.client.get(f"{path}/history").json
    turn = next(change["version"] for change in history if change["reference"] == one.username)
    assert turn < 100, turn


# ---- Logins

@pytest.mark.embedded
def test_logins_of_one_address_keep_no_other_address_out():
    """Where hashes take long, the queue of the pool has room for one job. That was always a job of the stranger, who
    stayed within the limits for logins."""
    options = ["--trusted-proxies", "127.0.0.1", "--signup", "open", "--login-burst", "10000", "--login-rate", "1000", "--bcrypt-cost"]
    here, there = ({"X-Forwarded-For": address} for address in ("192.0.2.1", "198.51.100.1"))
    with Server(*options, "10", generous=False) as server:
        owner, stranger = enrolled(server), enrolled(server)

        def log_in(account, headers):
            return Client(server).post("/login", {"username": account.username, "password": PASSWORD}, headers=headers)

        begun = time.monotonic()
        assert log_in(owner, there).status == 200
        cost = 10 + round(math.log2(1.5 / (time.monotonic() - begun)))  # so that a hash takes about 1.5 s
        server.options[-1] = str(max(10, min(cost, 16)))
        server.restart()
        over, found = threading.Event(), collections.Counter()

        def flood():
            while not over.is_set():
                found[log_in(stranger, here).slug] += 1
                over.wait(0.02)
        floods = [threading.Thread(target=flood) for _ in range(12)]
        for each in floods:
            each.start()
        try:
            time.sleep(5)
            assert 200 in [log_in(owner, there).status for _ in range(5)], "a busy machine may refuse some"
        finally:
            over.set()
            for each in floods:
                each.join()


# ---- Connections and memory

@pytest.mark.embedded
def test_idle_connections_make_room_for_an_address_that_has_none():
    """Sixteen addresses held all connections with one GET each."""
    with Server("--max-connections", "64", "--max-connections-per-address", "16") as server:
        held = [From(server, f"127.0.1.{number % 4 + 1}") for number in range(60)]  # and one that the server was started with
        for each in held:
            assert each.send(request_bytes("GET", "/healthz")).reply("GET", "/healthz").status == 200
        newcomers = [From(server, "127.0.2.1") for _ in range(8)]
        for each in newcomers:
            assert each.send(request_bytes("GET", "/healthz")).reply("GET", "/healthz").status == 200
        closed = select.select([each.socket for each in held], [], [], 0)[0]
        assert 0 < len(closed) <= 12, "no more than were needed"


@pytest.mark.embedded
def test_bodies_that_arrive_slowly_make_room_for_an_address_that_has_no_connection():
    slow = request_bytes("POST", "/login", {"username": "ada", "password": PASSWORD})[:-10]
    with Server("--max-connections", "64", "--max-connections-per-address", "16") as server:
        held = [From(server, f"127.0.1.{number % 4 + 1}").send(slow) for number in range(64)]
        assert not select.select([each.socket for each in held], [], [], 1)[0], "all of them wait for the rest"
        for _ in range(8):
            newcomer = From(server, "127.0.2.1")
            assert newcomer.send(request_bytes("GET", "/healthz")).reply("GET", "/healthz").status == 200
            newcomer.close()


@pytest.mark.embedded
def test_clients_that_do_not_read_make_room_for_an_address_that_has_no_connection():
    """Responses that nobody took held the places of all others for half a minute."""
    ask = request_bytes("GET", "/docs") * 64
    with Server("--max-connections", "64", "--max-connections-per-address", "16") as server:
        # The last are for the places above the limit.
        addresses = [f"127.0.1.{number % 4 + 1}" for number in range(64)] + [f"127.0.3.{number + 1}" for number in range(32)]
        held = []
        for address in addresses:
            held.append(From(server, address))
            held[-1].socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with contextlib.suppress(OSError):  # refused already
                held[-1].send(ask)
        time.sleep(3)
        found = []
        for _ in range(8):
            newcomer = From(server, "127.0.2.1")
            found.append(newcomer.send(request_bytes("GET", "/healthz")).socket.recv(65536).split()[1])
            newcomer.close()
            time.sleep(0.1)
        assert found[1:] == [b"200"] * 7, "the first may come before there is room"


@pytest.mark.release  # a sanitizer makes the memory several times as large
@pytest.mark.embedded
def test_strangers_hold_only_a_part_of_the_memory_for_large_bodies():
    """Six of them held all 256 MiB with logins that never became complete, and nobody else could send a large body."""
    body = b'{"name":"Lamp","price":1,"stock":1' + b" " * 900_000 + b"}"
    raw = request_bytes("POST", "/login", body=b"x" * 65_000)[:-10]
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    held: list = []
    try:
        with Server() as server:
            account = enrolled(server)
            for number in range(6000):
                held.append(From(server, f"127.0.3.{number % 6 + 1}"))
                with contextlib.suppress(OSError):  # refused already
                    held[-1].send(raw)
            assert [account.client.post("/products", body=body).status for _ in range(3)] == [201] * 3
            for each in held:
                each.close()
    finally:
        for each in held:
            each.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


# ---- Reads

FLOOD = """
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
while True:
    connection.sendall(sys.argv[2].encode())
    end = b""
    while not end.endswith(b"]\\r\\n0\\r\\n\\r\\n"):
        if not (received := connection.recv(1 << 20)):
            sys.exit()
        end = (end + received)[-16:]
"""


@pytest.mark.embedded
@pytest.mark.parametrize("target", ["/products", "/products?limit=1000"])
def test_huge_pages_of_one_user_leave_the_others_alone(target):
    """Eight of them at once made each request of the others wait for tens of milliseconds."""
    with Server() as server:
        many, one = enrolled(server), enrolled(server)
        create = request_bytes("POST", "/products", product(description="d" * 600), token=many.token)
        connections = [Connection(server).send(create * 250) for _ in range(8)]
        for connection in connections:
            for _ in range(250):
                path = connection.reply("POST", "/products").header("Location")
            connection.close()
        reading, read = Connection(server), request_bytes("GET", path, token=one.token)

        def median() -> float:
            seconds = []
            for _ in range(500):
                begun = time.perf_counter()
                reading.send(read).socket.recv(65536)
                seconds.append(time.perf_counter() - begun)
            return statistics.median(seconds)

        alone = median()
        flood = request_bytes("GET", target, token=many.token).decode()
        floods = [subprocess.Popen([sys.executable, "-c", FLOOD, str(server.port), flood]) for _ in range(8)]
        try:
            time.sleep(1)
            beside = median()
            assert all(each.poll() is None for each in floods)
        finally:
            for each in floods:
                each.kill()
                each.wait()
        assert beside < 10 * alone, (alone, beside)
