"""Responses that are not read: clients that request the longest lists and do not read them cost little memory."""

import socket

import pytest

from support.accounts import enrolled, product
from support.http import Client, Connection, request_bytes
from support.server import Server
from test_junk import MIB, rss
from test_lists import ids, next_of

LONGEST = "\U0001d11e" * 4000  # four bytes each
COUNT = 1000
CONNECTIONS = 200
# A connection holds what the kernel has not yet taken of its response: the beginning of a page, up to 320 KiB and one
# product, or a part of 64 KiB; and twelve bytes for each product that is still to come; and 64 KiB for itself. The 32
# MiB are for what is read at a time on the way to the end of a page.
RSS_MAX = CONNECTIONS * (320 + 17 + 12 + 64) * 1024 + 32 * MIB


@pytest.fixture(scope="module")
def full():
    # Freed memory must not count: by default the sanitizer holds 256 MiB of it back.
    with Server(env={"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}) as server:
        client = Client(server, enrolled(server).token)
        for number in range(COUNT):
            client.post("/products", product(name=f"Lamp {number:04}", description=LONGEST))
        yield client


@pytest.fixture(scope="module")
def changed(full):
    """The path of a product with an equally long history."""
    path = f"/products/{full.get('/products?limit=1').json[0]['id']}"
    for number in range(COUNT):
        full.put(path, {"stock": number})
    return path


def not_read(client, target: str) -> Connection:
    return Connection(client.server, receive_buffer=4096).send(request_bytes("GET", target, token=client.token))


def begun(connection: Connection) -> None:
    assert connection.socket.recv(1, socket.MSG_PEEK), "the response has begun"


def test_two_hundred_of_them_cost_little_memory(full, changed):
    targets = ["/products?limit=1000", "/products", "/products?sort=-name&min_price=0", f"{changed}/history?limit=1000"]
    for target in targets:
        full.get(target)  # so that the cost of the first request does not count
    before = rss(full.server)
    connections = [not_read(full, targets[i % len(targets)]) for i in range(CONNECTIONS)]
    for connection in connections:
        begun(connection)
    grown = rss(full.server) - before
    for connection in connections:
        connection.close()
    print(f"{grown / MIB:.0f} MiB of {RSS_MAX / MIB:.0f}")
    assert grown < RSS_MAX, f"{grown / MIB:.0f} MiB"


def test_a_long_page_is_complete_and_has_a_next_one(full):
    first = full.get("/products?limit=600")
    second = full.get(next_of(first))
    assert (len(first.json), len(second.json), next_of(second)) == (600, COUNT - 600, None)
    assert ids(first) + ids(second) == ids(full.get("/products")) == ids(full.get("/products?limit=1000"))
    assert first.json[599] == full.get(f"/products/{first.json[599]['id']}").json
    assert full.request("HEAD", "/products?limit=600").header("Link") == first.header("Link")


def test_a_long_page_of_a_combination_is_complete_or_has_a_next_one(full):
    for target in ("/products?sort=-name&min_price=0", "/products?sort=-name&min_price=0&limit=700"):
        found = []
        while target:
            reply = full.get(target)
            found += [item["name"] for item in reply.json]
            target = next_of(reply)
        assert found == [f"Lamp {number:04}" for number in reversed(range(COUNT))]


def test_a_long_page_of_a_history_is_complete_and_has_a_next_one(full, changed):
    whole = full.get(f"{changed}/history").json
    assert [change["version"] for change in whole] == list(range(COUNT + 1, 0, -1))
    assert all(newer["before"] == older["after"] for newer, older in zip(whole, whole[1:]))
    first = full.get(f"{changed}/history?limit=700")
    second = full.get(next_of(first))
    assert (first.json + second.json, next_of(second)) == (whole, None)


def test_only_what_is_deleted_while_a_long_page_is_sent_is_missing_from_it(full):
    wanted = ids(full.get("/products?limit=1000"))
    slow = not_read(full, "/products?limit=1000")
    begun(slow)
    assert full.delete(f"/products/{wanted[-2]}").status == 204
    late = full.post("/products", product(name="late")).json["id"]
    got = ids(slow.reply("GET", "/products?limit=1000"))
    slow.close()
    full.delete(f"/products/{late}")
    assert got == wanted[:-2] + wanted[-1:]
