"""Lists that take long to send: which threads produce them, and that they end with the session."""

import pathlib
from urllib.parse import quote

import pytest

from support.accounts import enrolled, product
from support.http import Client, Connection, request_bytes
from support.server import Server
from test_commands import command

LONGEST = "\U0001d11e" * 4000  # four bytes each
COUNT = 400
TARGETS = ["/products", "/products?q=lamp", "/products?limit=400", "/products?sort=-name", "HISTORY", "HISTORY?limit=400"]


@pytest.fixture(scope="module")
def full():
    with Server() as server:
        client = Client(server, enrolled(server).token)
        for number in range(COUNT):
            made = client.post("/products", product(name=f"Lamp {number:04}", description=LONGEST)).json
        client.history = f"/products/{made['id']}/history"
        for number in range(COUNT):
            client.put(f"/products/{made['id']}", {"stock": number})
        yield client


def sent_until_it_ended(connection: Connection) -> bytes:
    received = b""
    while part := connection.socket.recv(1 << 20):
        received += part
    return received


def half_read(full, account, target: str) -> Connection:
    connection = Connection(full.server, receive_buffer=4096)
    connection.send(request_bytes("GET", target.replace("HISTORY", full.history), token=account.token))
    assert connection.socket.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")
    return connection


def is_incomplete(received: bytes) -> bool:
    return not received.endswith(b"]\r\n0\r\n\r\n")


@pytest.mark.parametrize("target", TARGETS)
def test_a_list_that_is_being_sent_ends_with_the_session(full, target):
    one, other = enrolled(full.server), enrolled(full.server)
    connection, of_other = half_read(full, one, target), half_read(full, other, target)
    assert Client(full.server, one.token).post("/logout").status == 204
    assert is_incomplete(sent_until_it_ended(connection))
    of_other.socket.shutdown(1)  # the server closes the connection after this list
    assert not is_incomplete(sent_until_it_ended(of_other))
    assert '"event":"list.cut"' in full.server.log
    assert "http.fault" not in full.server.log


def test_a_list_that_is_being_sent_ends_when_the_account_is_disabled(full):
    account = enrolled(full.server)
    connection = half_read(full, account, "/products")
    command(full.server, "disable", account.username)
    assert is_incomplete(sent_until_it_ended(connection))


# The threads of pools have a nice value (serve.cpp), those of connections have none. On MongoDB every read is on a
# pool.
def seconds_of(server) -> tuple[int, int]:
    """User time in hundredths of a second: of pools, and of the threads of connections."""
    pools = connections = 0
    for stat in pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/stat"):
        fields = stat.read_text().rsplit(")", 1)[1].split()
        if int(fields[16]) > 0:
            pools += int(fields[11])
        else:
            connections += int(fields[11])
    return pools, connections


def check_made_on_pools(client, target: str) -> None:
    before = seconds_of(client.server)
    while sum(seconds_of(client.server)) - sum(before) < 30:
        assert client.get(target).status == 200
    pools, connections = (after - earlier for after, earlier in zip(seconds_of(client.server), before))
    assert pools > 2 * connections, f"pools {pools}, connections {connections}"


@pytest.mark.embedded
@pytest.mark.parametrize("target", TARGETS)
def test_long_lists_are_made_on_pools(full, target):
    check_made_on_pools(full, target.replace("HISTORY", full.history))


@pytest.mark.embedded
def test_a_search_of_many_words_is_made_on_a_pool():
    """Where it ran on a thread of connections, one such request stalled everybody's."""
    words = [chr(0x4E00 + number) for number in range(250)]
    with Server() as server:
        client = Client(server, enrolled(server).token)
        create = request_bytes("POST", "/products", product(description=" ".join(words)), token=client.token)
        connections = [Connection(server).send(create * 50) for _ in range(40)]
        for connection in connections:
            for _ in range(50):
                assert connection.reply("POST", "/products").status == 201
            connection.close()
        check_made_on_pools(client, f"/products?q={quote(' '.join(words[:32]))}")
