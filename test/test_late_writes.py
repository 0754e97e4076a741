"""Writes that waited: nothing is written for a request that is too old, for a client that has gone, or for an account
that was disabled or logged out meanwhile."""

import collections
import socket
import subprocess
import time

import pytest

from support.accounts import enrolled
from support.held import no_write_goes_on
from support.http import Connection, request_bytes
from support.server import BINARY, Server, database_at

REQUEST_AGE_MAX = 10  # seconds; store/job.hpp


@pytest.fixture
def account(server):
    return enrolled(server)


@pytest.fixture
def path(account) -> str:
    """The path of a product with a stock of five."""
    return account.client.post("/products", {"name": "Lamp", "price": "1.25", "stock": 5}).header("Location")


def put(account, path: str, stock: int) -> Connection:
    return Connection(account.server).send(request_bytes("PUT", path, {"stock": stock}, token=account.token))


def stock(account, path: str) -> int:
    """As another account sees it, after everything that this account has under way."""
    return enrolled(account.server).client.get(path).json["stock"]


def wait_until_queued() -> None:
    """The server reads requests while its writer is blocked; there is no sign of it outside, so wait."""
    time.sleep(1)


def test_a_stopped_server_does_not_carry_out_what_is_too_old(server, account, path):
    with no_write_goes_on(server) as release:
        waiting = put(account, path, 7)
        wait_until_queued()
        server.pause()
        try:
            release()
            time.sleep(REQUEST_AGE_MAX + 0.5)  # CLOCK_MONOTONIC cannot be moved
        finally:
            server.resume()
        reply = waiting.reply("PUT", path)
        assert (reply.status, reply.slug) == (503, "unavailable"), reply
        assert stock(account, path) == 5


def test_a_request_that_waited_in_the_kernel_is_too_old(server, account, path):
    """The server had not even read it when it was stopped."""
    opened = Connection(server)
    server.pause()
    try:
        opened.send(request_bytes("PUT", path, {"stock": 7}, token=account.token))
        time.sleep(REQUEST_AGE_MAX + 0.5)
    finally:
        server.resume()
    reply = opened.reply("PUT", path)
    assert (reply.status, reply.slug) == (503, "unavailable"), reply
    assert stock(account, path) == 5


def test_nothing_is_written_for_a_client_that_has_gone(server, account, path):
    other = account.client.post("/products", {"name": "Chair", "price": 1, "stock": 1}).header("Location")
    with no_write_goes_on(server) as release:
        first = put(account, other, 2)  # occupies the writer
        gone, stays = put(account, path, 7), put(account, other, 3)
        wait_until_queued()
        gone.close()
        release()
        assert [each.reply("PUT", other).status for each in (first, stays)] == [200, 200]
    assert stock(account, path) == 5


def test_a_client_that_has_ended_its_side_counts_as_gone(server, account, path):
    """A FIN alone does not say whether the client still reads. If it does, the reply says that nothing was written."""
    with no_write_goes_on(server) as release:
        waiting = [put(account, path, 7 + number) for number in range(50)]
        for each in waiting:
            each.socket.shutdown(socket.SHUT_WR)
        wait_until_queued()
        release()
        for each in waiting:
            reply = each.reply("PUT", path)
            assert (reply.status, reply.slug) == (503, "unavailable"), reply
            assert each.ended()
    assert stock(account, path) == 5


def test_a_client_that_has_ended_its_side_can_read(server, account, path):
    for _ in range(50):
        reading = Connection(server).send(request_bytes("GET", path, token=account.token))
        reading.socket.shutdown(socket.SHUT_WR)
        assert reading.reply("GET", path).status == 200
        assert reading.ended()


def statuses(connections: list, path: str) -> collections.Counter:
    return collections.Counter(each.reply("PUT", path).status for each in connections)


def test_no_write_that_waits_survives_a_logout(server, account, path):
    with no_write_goes_on(server) as release:
        first = put(account, path, 6)
        wait_until_queued()
        leaving = Connection(server).send(request_bytes("POST", "/logout", token=account.token))
        wait_until_queued()
        waiting = [put(account, path, 7 + number) for number in range(256)]
        wait_until_queued()
        release()
        assert first.reply("PUT", path).status == 200
        assert leaving.reply("POST", "/logout").status == 204
        assert statuses(waiting, path) == {401: 256}
    assert stock(account, path) == 6


# On SQLite the running server carries the command out, as one more write. It comes after one write of the user, not
# after all of them.
@pytest.mark.embedded
def test_no_write_that_waits_survives_user_disable(server, account, path):
    with no_write_goes_on(server) as release:
        put(account, path, 6)  # occupies the writer
        wait_until_queued()
        command = subprocess.Popen([BINARY, "user", "disable", account.username, "--data", server.data],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_until_queued()
        waiting = [put(account, path, 7 + number) for number in range(256)]
        wait_until_queued()
        release()
        assert command.wait(30) == 0, command.stdout.read()
        found = statuses(waiting, path)
    assert found[401] >= 255 and found[200] + found[401] == 256, found


@pytest.mark.embedded  # it has a store of its own
def test_no_write_of_a_stopped_node_survives_user_disable(mongo):
    with Server(store=database_at(mongo.uri)) as node:
        enrolled(node)  # the first one is the only admin
        account = enrolled(node)
        path = account.client.post("/products", {"name": "Lamp", "price": "1.25", "stock": 5}).header("Location")
        with no_write_goes_on(node) as release:
            waiting = [put(account, path, 7 + number) for number in range(256)]
            wait_until_queued()
            node.pause()
            try:
                release()
                done = node.command("user", "disable", account.username, "--keys", node.data / "keys")
                assert done.returncode == 0, done.stderr
            finally:
                node.resume()
            assert statuses(waiting, path) == {401: 256}
        assert stock(account, path) == 5
