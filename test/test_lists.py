"""GET /products: whole, in pages, by sku."""

import re

import pytest

from support.accounts import product
from support.http import Client

COUNT = 130


@pytest.fixture(scope="module")
def stock(ada):
    """Ids, oldest first."""
    client = Client(ada.server, ada.token)
    return [client.post("/products", product(name=f"Lamp {i}", sku=f"L-{i}")).json["id"] for i in range(COUNT)]


def next_of(reply) -> str | None:
    link = reply.header("Link")
    if link is None:
        return None
    found = re.fullmatch(r'<([^>]+)>; rel="next"', link)
    assert found, link
    return re.sub(r"^https?://[^/]+", "", found[1])


def ids(reply) -> list:
    assert reply.status == 200, reply
    return [item["id"] for item in reply.json]


def walk(client, target) -> list[list]:
    pages = []
    while target:
        reply = client.get(target)
        pages.append(ids(reply))
        target = next_of(reply)
    return pages


def test_whole_list_oldest_first(client, stock):
    reply = client.get("/products")
    assert ids(reply) == stock
    assert next_of(reply) is None
    assert reply.json[7] == client.get(f"/products/{stock[7]}").json


@pytest.mark.parametrize("limit", [1, 7, 64, COUNT - 1, COUNT, COUNT + 1, 1000])
def test_pages_neither_repeat_nor_lose_products(client, stock, limit):
    if limit == 1:
        pages = walk(client, f"/products?limit={limit}")[:5]
        assert sum(pages, []) == stock[:5]
        return
    pages = walk(client, f"/products?limit={limit}")
    assert sum(pages, []) == stock
    assert all(len(page) == limit for page in pages[:-1]) and pages[-1]


def test_a_cursor_alone_gives_a_hundred(client, stock):
    cursor = re.search(r"cursor=([^&]+)", next_of(client.get("/products?limit=3")))[1]
    assert ids(client.get(f"/products?cursor={cursor}")) == stock[3:103]


def test_pages_stay_true_while_records_come_and_go(client, stock):
    first = client.get("/products?limit=50")
    gone = ids(first)[-1]
    assert client.delete(f"/products/{gone}").status == 204
    late = client.post("/products", product(name="late")).json["id"]
    client.put(f"/products/{stock[60]}", {"name": "changed"})
    rest = sum(walk(client, next_of(first)), [])
    assert rest == stock[50:] + [late]
    client.delete(f"/products/{late}")
    stock.remove(gone)


def test_by_sku(client, stock):
    lamp = client.get(f"/products/{stock[5]}").json
    sku = lamp["sku"]
    assert client.get(f"/products?sku={sku}").json == [lamp]
    assert client.get(f"/products?sku={sku}&limit=10").json == [lamp]
    assert client.get(f"/products?sku={sku.replace('-', '%2D')}").json == [lamp]
    assert ids(client.get("/products?sku=l-5")) == []


@pytest.mark.parametrize("query, parameters", [
    ("limit=0", {"limit"}), ("limit=1001", {"limit"}), ("limit=", {"limit"}), ("limit=-1", {"limit"}),
    ("limit=+5", {"limit"}), ("limit=abc", {"limit"}), ("limit=99999999999999999999", {"limit"}),
    ("limit=5&limit=5", {"limit"}), ("sku=a&sku=b", {"sku"}), ("sku=a%20b", {"sku"}), ("sku=", {"sku"}),
    ("cursor=", {"cursor"}), ("cursor=AAAA", {"cursor"}), ("cursor=%00", {"cursor"}), ("cursor=" + "A" * 500, {"cursor"}),
    ("bogus=1", {"bogus"}), ("Limit=5", {"Limit"}), ("bogus=1&limit=0&sku=%20", {"bogus", "limit", "sku"}),
])
def test_bad_parameters_are_all_named(client, query, parameters):
    reply = client.get(f"/products?{query}")
    assert (reply.status, reply.slug) == (422, "invalid-value")
    assert {error["parameter"] for error in reply.json["errors"]} == parameters


def test_a_cursor_cannot_be_made_up(client, stock):
    cursor = re.search(r"cursor=([^&]+)", next_of(client.get("/products?limit=3")))[1]
    for forged in (cursor[:-1], cursor + "A", cursor[::-1]):
        assert client.get(f"/products?cursor={forged}").status == 422


def test_without_products_it_is_an_empty_array(client):
    assert client.get("/products?sku=none").body == b"[]"
