"""Writes that waited: nothing is written for a request that is too old, or for a client that has gone."""

import signal
import time

import pytest

from support.accounts import enrolled
from support.held import no_write_goes_on
from support.http import Connection, request_bytes

REQUEST_AGE_MAX = 10  # seconds; store/job.hpp


@pytest.fixture
def account(server):
    return enrolled(server)


@pytest.fixture
def path(account) -> str:
    """Of a product of which there are five."""
    return account.client.post("/products", {"name": "Lamp", "price": "1.25", "stock": 5}).header("Location")


def put(account, path: str, stock: int) -> Connection:
    return Connection(account.server).send(request_bytes("PUT", path, {"stock": stock}, token=account.token))


def stock(account, path: str) -> int:
    """As somebody else sees it, after all that the account has under way."""
    return enrolled(account.server).client.get(path).json["stock"]


def wait_until_queued() -> None:
    """The server reads requests while its writer is held; nothing outside tells that it has done so."""
    time.sleep(1)


def test_a_stopped_server_does_not_go_on_with_what_is_too_old(server, account, path):
    with no_write_goes_on(server) as release:
        waiting = put(account, path, 7)
        wait_until_queued()
        server.process.send_signal(signal.SIGSTOP)
        try:
            release()
            time.sleep(REQUEST_AGE_MAX + 0.5)  # CLOCK_MONOTONIC cannot be moved
        finally:
            server.process.send_signal(signal.SIGCONT)
        reply = waiting.reply("PUT", path)
        assert (reply.status, reply.slug) == (503, "unavailable"), reply
        assert stock(account, path) == 5


def test_nothing_is_written_for_a_client_that_has_gone(server, account, path):
    other = account.client.post("/products", {"name": "Chair", "price": 1, "stock": 1}).header("Location")
    with no_write_goes_on(server) as release:
        first = put(account, other, 2)  # has the writer
        gone, stays = put(account, path, 7), put(account, other, 3)
        wait_until_queued()
        gone.close()
        release()
        assert [each.reply("PUT", other).status for each in (first, stays)] == [200, 200]
    assert stock(account, path) == 5
