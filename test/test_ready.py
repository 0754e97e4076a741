"""/readyz: whether the server can read and write now, not some time ago."""

import sqlite3

import pytest

from support.accounts import enrolled, product
from support.http import Client
from support.server import Server


def database(server):
    return sqlite3.connect(next(server.data.glob("*.db")), isolation_level=None)


def test_a_server_is_ready_when_it_prints_its_address(stranger):
    reply = stranger.get("/readyz")
    assert (reply.status, reply.json) == (200, {"status": "ready"})
    assert reply.header("Cache-Control") == "no-store"
    assert stranger.get("/healthz").header("Cache-Control") == "no-store"


@pytest.mark.embedded
def test_it_is_not_ready_while_it_cannot_write_and_is_ready_as_soon_as_it_can():
    with Server() as server:
        client = Client(server, enrolled(server).token)
        holder = database(server)
        holder.execute("BEGIN IMMEDIATE")
        refused = client.post("/products", product())
        assert (refused.status, refused.slug) == (503, "unavailable")
        reply = client.get("/readyz")
        assert (reply.status, reply.slug) == (503, "unavailable")
        assert "another program holds the store" in reply.json["detail"]
        assert reply.header("Cache-Control") == "no-store"
        assert client.get("/products").json == [], "reading goes on"
        holder.execute("ROLLBACK")
        assert client.get("/readyz").status == 200, "although no record was written in between"
        assert client.post("/products", product()).status == 201


@pytest.mark.embedded
def test_asking_often_costs_few_writes(server, stranger):
    log = next(server.data.glob("*.db-wal"))
    stranger.get("/readyz")
    before = log.stat().st_size
    for _ in range(200):
        assert stranger.get("/readyz").status == 200
    frames = (log.stat().st_size - before) / 4120  # a page and its header
    assert frames < 100, "two hundred requests, at most one write a second"


def test_a_stopping_server_accepts_no_connections():
    with Server() as server:
        client = Client(server)
        assert client.get("/readyz").status == 200
        assert server.stop() == 0
        try:
            Client(server).get("/readyz")
            raise AssertionError("the stopped server answered")
        except ConnectionRefusedError:
            pass
