"""GET /products/<pid>/history: who changed what, newest first, with the product before and after."""

import pytest

from support.accounts import product
from support.http import Client
from test_lists import next_of


@pytest.fixture
def lamp(client):
    """A product that was created, changed, moved and deleted, and its states after each, newest first."""
    states = [client.post("/products", product(stock=5)).json]
    path = f"/products/{states[0]['id']}"
    states.append(client.put(path, {"price": "99.00"}).json)
    states.append(client.post(f"{path}/stock", {"delta": -2, "reason": "broken", "reference": "R-1"}).json)
    assert client.delete(path).status == 204
    return path, [None, *reversed(states)]


def test_the_whole_history(client, ada, lamp):
    path, states = lamp
    changes = client.get(f"{path}/history").json
    assert [change["op"] for change in changes] == ["delete", "stock", "update", "create"]
    assert [change["version"] for change in changes] == [4, 3, 2, 1]
    assert [change["after"] for change in changes] == states
    assert [change["before"] for change in changes] == states[1:] + [None]
    me = client.get("/me").json["user"]
    assert all(change["actor"] == {"id": me["id"], "username": me["username"]} for change in changes)
    assert [change["reason"] for change in changes] == [None, "broken", None, None]
    assert [change["reference"] for change in changes] == [None, "R-1", None, None]
    assert all(change["log_index"] is None for change in changes)
    assert changes[2]["at"] == changes[2]["after"]["updated_at"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_in_pages(client, lamp, limit):
    path, _ = lamp
    whole = client.get(f"{path}/history").json
    target, pages = f"{path}/history?limit={limit}", []
    while target:
        reply = client.get(target)
        pages.append(reply.json)
        target = next_of(reply)
    assert sum(pages, []) == whole
    assert all(len(page) == limit for page in pages[:-1])


def test_a_long_one_streams(client):
    path = client.post("/products", product(stock=0)).header("Location")
    for _ in range(150):
        client.post(f"{path}/stock", {"delta": 1})
    changes = client.get(f"{path}/history").json
    assert [change["version"] for change in changes] == list(range(151, 0, -1))
    assert all(newer["before"] == older["after"] for newer, older in zip(changes, changes[1:]))


def test_of_a_product_that_never_existed(client):
    for pid in ("0" * 24, "short"):
        assert client.get(f"/products/{pid}/history").slug == "not-found"


def test_needs_a_token(stranger, lamp):
    assert stranger.get(f"{lamp[0]}/history").slug == "invalid-token"


def test_a_cursor_belongs_to_its_product(client, lamp):
    target = next_of(client.get(f"{lamp[0]}/history?limit=1"))
    other = client.post("/products", product()).header("Location")
    assert client.get(target.replace(lamp[0], other)).pointers == {"cursor"}
    assert client.get(f"{lamp[0]}/history?cursor=x&limit=0").pointers == {"cursor", "limit"}


def test_a_bad_cursor_is_reported_before_an_unknown_product(client, lamp):
    of_another = next_of(client.get(f"{lamp[0]}/history?limit=1")).split("?")[1]
    for path in ("/products/" + "0" * 24, "/products/short"):
        assert client.get(f"{path}/history?{of_another}").pointers == {"cursor"}
        assert client.get(f"{path}/history?cursor=x").pointers == {"cursor"}
        assert client.get(f"{path}/history?limit=1").slug == "not-found"
