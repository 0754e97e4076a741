"""POST /products/<pid>/stock: movements of stock, which never go below zero."""

import threading

import pytest

from support.accounts import product
from support.http import Client

MOST = 9007199254740991


@pytest.fixture
def lamp(client):
    return client.post("/products", product(stock=5)).json


def move(client, lamp, delta, **rest):
    return client.post(f"/products/{lamp['id']}/stock", {"delta": delta, **rest})


def test_up_and_down(client, lamp):
    reply = move(client, lamp, -2, reason="sold", reference="order 17")
    assert reply.status == 200
    assert reply.json["stock"] == 3 and reply.json["version"] == 2
    assert reply.header("ETag") == '"2"'
    assert move(client, lamp, 10).json["stock"] == 13
    assert client.get(f"/products/{lamp['id']}").json["stock"] == 13


def test_reason_and_reference_may_be_empty_or_at_their_limits(client, lamp):
    assert move(client, lamp, 1, reason="", reference="").status == 200
    assert move(client, lamp, 1, reason="\U0001f422" * 500, reference="ö" * 100).status == 200
    long, empty, _ = client.get(f"/products/{lamp['id']}/history").json
    assert (empty["reason"], empty["reference"]) == ("", "")
    assert (long["reason"], long["reference"]) == ("\U0001f422" * 500, "ö" * 100)


def test_not_below_zero(client, lamp):
    reply = move(client, lamp, -6)
    assert reply.slug == "insufficient-stock"
    assert client.get(f"/products/{lamp['id']}").json == lamp
    assert move(client, lamp, -5).json["stock"] == 0


def test_not_above_the_maximum(client, lamp):
    reply = move(client, lamp, MOST - 4)
    assert reply.slug == "invalid-value" and reply.pointers == {"#/delta"}
    assert client.get(f"/products/{lamp['id']}").json == lamp
    assert move(client, lamp, MOST - 5).json["stock"] == MOST
    assert move(client, lamp, -MOST).json["stock"] == 0


@pytest.mark.parametrize("body, pointers", [
    ({}, {"#/delta"}), ({"delta": 0}, {"#/delta"}), ({"delta": 1.5}, {"#/delta"}), ({"delta": "1"}, {"#/delta"}),
    ({"delta": None}, {"#/delta"}), ({"delta": MOST + 1}, {"#/delta"}), ({"delta": -MOST - 1}, {"#/delta"}),
    ({"delta": 1, "reason": "x" * 501}, {"#/reason"}),
    ({"delta": 1, "reference": "x" * 101}, {"#/reference"}), ({"delta": 1, "reference": 7}, {"#/reference"}),
    ({"delta": 1, "stock": 3}, {"#/stock"}), ([], {"#"}),
])
def test_refuses(client, lamp, body, pointers):
    reply = client.post(f"/products/{lamp['id']}/stock", body)
    assert reply.slug == "invalid-value" and reply.pointers == pointers
    assert client.get(f"/products/{lamp['id']}").json == lamp


@pytest.mark.parametrize("delta", ["1.0", "1e0", "100e-2"])
def test_whole_by_value(client, lamp, delta):
    reply = client.request("POST", f"/products/{lamp['id']}/stock", body=b'{"delta":%s}' % delta.encode())
    assert reply.json["stock"] == 6


def test_an_unknown_product_is_404(client):
    for pid in ("0" * 24, "short"):
        assert client.post(f"/products/{pid}/stock", {"delta": 1}).slug == "not-found"


def test_on_a_version(client, lamp):
    first = client.post(f"/products/{lamp['id']}/stock", {"delta": 1}, headers={"If-Match": '"1"'})
    second = client.post(f"/products/{lamp['id']}/stock", {"delta": 1}, headers={"If-Match": '"1"'})
    assert (first.status, second.slug) == (200, "precondition-failed")


@pytest.mark.concurrent
def test_many_at_once_stop_at_zero(server, ada):
    lamp = Client(server, ada.token).post("/products", product(stock=20)).json
    statuses = []

    def take():
        client = Client(server, ada.token)
        statuses.extend(move(client, lamp, -1).status for _ in range(5))

    threads = [threading.Thread(target=take) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 20 + [409] * 30
    assert Client(server, ada.token).get(f"/products/{lamp['id']}").json["stock"] == 0
