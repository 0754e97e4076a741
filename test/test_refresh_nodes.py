"""Sessions over two nodes on MongoDB: a refresh whose answer was lost is sent to the other node, and reuse ends the
session on both."""

import random
import time

import pytest

from support.accounts import admin_of, enrolled, member
from support.http import Client, Connection, request_bytes
from support.server import Server, database_at

pytestmark = pytest.mark.embedded  # it has a store of its own

GRACE = 10


class Nodes:
    """Two nodes whose clocks move together."""

    def __init__(self, here, there):
        self.here, self.there = here, there

    def move_clock(self, seconds: int) -> None:
        for node in (self.here, self.there):
            node.move_clock(seconds)

    def all_refuse(self, account, *refresh_tokens) -> bool:
        return all(Client(node).get("/me", token=account.token).slug == "invalid-token"
                   and all(account.refresh(token, node=node).slug == "invalid-token" for token in refresh_tokens)
                   for node in (self.here, self.there))


@pytest.fixture
def nodes(mongo):
    with Server("--api-keys", store=database_at(mongo.uri), clock=True) as here:
        with Server("--api-keys", "--keys", here.data / "keys", store=here.store, clock=True) as there:
            yield Nodes(here, there)


@pytest.fixture
def account(nodes):
    return enrolled(nodes.here)


def test_a_session_is_refreshed_by_every_node(nodes, account):
    for number in range(6):
        reply = account.refresh(node=(nodes.there, nodes.here)[number % 2])
        assert reply.status == 200, reply
        for node in (nodes.here, nodes.there):
            assert Client(node, account.token).get("/me").status == 200


def test_a_lost_answer_is_given_by_the_other_node(nodes, account, seed):
    chance = random.Random(seed)
    for _ in range(8):
        first = account.refresh_token
        connection = Connection(nodes.here)
        connection.send(request_bytes("POST", "/token/refresh", {"refresh_token": first}))
        time.sleep(chance.uniform(0, 0.02))
        connection.close()  # the answer is lost
        lost = account.refresh(first, node=nodes.there)
        assert lost.status == 200, lost
        again = account.refresh(first, node=nodes.here)
        assert again.json["refresh_token"] == lost.json["refresh_token"]
        assert account.refresh(node=nodes.here).status == 200


def test_a_node_that_is_killed_before_it_answers_logs_nobody_out(nodes, account, seed):
    chance = random.Random(seed)
    for _ in range(4):
        first = account.refresh_token
        Connection(nodes.here).send(request_bytes("POST", "/token/refresh", {"refresh_token": first}))
        time.sleep(chance.uniform(0, 0.02))
        nodes.here.kill9()
        answered = account.refresh(first, node=nodes.there)
        assert answered.status == 200, answered
        nodes.here.start()
        assert account.refresh(first, node=nodes.here).json["refresh_token"] == answered.json["refresh_token"]
        assert account.refresh(node=nodes.here).status == 200


@pytest.mark.parametrize("killed", [False, True], ids=["", "kill -9"])
def test_reuse_after_the_grace_ends_the_session_on_both_nodes(nodes, account, killed):
    first = account.refresh_token
    second = account.refresh(node=nodes.there).json["refresh_token"]
    nodes.move_clock(GRACE + 1)
    if killed:
        nodes.here.kill9().start()
        nodes.there.kill9().start()
    assert account.refresh(first, node=nodes.here).slug == "invalid-token"
    assert nodes.all_refuse(account, first, second)
    if killed:
        nodes.here.kill9().start()
        nodes.there.kill9().start()
        assert nodes.all_refuse(account, first, second)


def test_reuse_of_an_older_one_ends_the_session_on_both_nodes(nodes, account):
    first = account.refresh_token
    second = account.refresh(node=nodes.there).json["refresh_token"]
    third = account.refresh(second, node=nodes.here).json["refresh_token"]
    assert account.refresh(first, node=nodes.there).slug == "invalid-token"
    assert nodes.all_refuse(account, first, second, third)


def test_twenty_parallel_refreshes_over_two_nodes_have_one_successor(nodes, account):
    for _ in range(5):
        raw = request_bytes("POST", "/token/refresh", {"refresh_token": account.refresh_token})
        connections = [Connection((nodes.here, nodes.there)[number % 2]) for number in range(20)]
        for connection in connections:
            connection.send(raw[:-1])
        for connection in connections:
            connection.send(raw[-1:])
        replies = [connection.reply("POST", "/token/refresh") for connection in connections]
        assert [reply.status for reply in replies] == [200] * 20
        assert len({reply.json["refresh_token"] for reply in replies}) == 1
        account.refresh_token = replies[0].json["refresh_token"]
    assert account.refresh(node=nodes.there).status == 200


def test_an_ended_session_has_ended_everywhere_at_once(nodes, account):
    other = enrolled(nodes.there)
    id = account.client.get("/me").json["session"]["id"]
    assert Client(nodes.there, account.token).delete(f"/me/sessions/{id}").status == 204
    assert nodes.all_refuse(account, account.refresh_token)
    assert Client(nodes.here, other.token).get("/me").status == 200


def test_a_change_of_role_acts_on_the_next_request_at_every_node(nodes):
    admin = admin_of(nodes.here)
    clerk = member(admin, "clerk")
    there = Client(nodes.there, clerk.token)
    for role, status in [("editor", 201), ("viewer", 403), ("editor", 201), ("clerk", 403)] * 3:
        assert admin.change(clerk, role=role).status == 200
        assert there.post("/products", {"name": "Lamp", "price": 1, "stock": 1}).status == status


def test_a_key_is_revoked_at_every_node_at_once(nodes):
    admin = admin_of(nodes.here)
    for _ in range(5):
        key = admin.make_key("products:read")
        there = Client(nodes.there, key["key"])
        assert there.get("/products").status == 200
        assert admin.client.delete(f"/me/keys/{key['id']}").status == 204
        assert there.get("/products").slug == "invalid-token"


def test_a_disabled_owner_s_key_is_refused_at_every_node_at_once(nodes):
    admin = admin_of(nodes.here)
    owner = member(admin, "editor")
    key = owner.make_key("products:read")
    there = Client(nodes.there, key["key"])
    for state, status in [("disabled", 401), ("active", 200)] * 3:
        assert admin.change(owner, state=state).status == 200
        assert there.get("/products").status == status
