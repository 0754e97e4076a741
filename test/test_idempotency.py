"""Idempotency-Key on the POSTs under /products: a request that is sent again under its key happens once and gets the
same response."""

import collections
import contextlib
import json
import select
import sqlite3

import pytest

from support.accounts import enrolled, fresh_name, product
from support.held import no_write_goes_on
from support.http import Client, Connection, all_at_once, request_bytes
from support.server import Server

DAY = 24 * 3600


def post(client, body: dict, key: str, **rest):
    return client.post("/products", body, headers={"Idempotency-Key": key}, **rest)


def answer(reply) -> tuple:
    """A response, without the headers that belong to one request."""
    own = {"date", "x-request-id", "idempotency-replayed"}
    return reply.status, reply.body, [(name, value) for name, value in reply.headers if name.lower() not in own]


def replayed(reply) -> bool:
    assert reply.header("Idempotency-Replayed") in (None, "true")
    return reply.header("Idempotency-Replayed") is not None


def expect_again(client, first, body: dict, key: str) -> None:
    assert (first.status, replayed(first)) == (201, False)
    again = post(client, body, key)
    assert replayed(again) and answer(again) == answer(first)
    assert len(client.get(f"/products?sku={body['sku']}").json) == 1


def test_a_repeated_request_gets_the_stored_response(client):
    body, key = product(sku=fresh_name()), fresh_name("key")
    first = post(client, body, key)
    assert first.header("Location") and first.header("ETag") == '"1"'
    for _ in range(2):
        expect_again(client, first, body, key)


def test_without_a_key_nothing_is_stored(client):
    body = product()
    first, second = client.post("/products", body), client.post("/products", body)
    assert first.json["id"] != second.json["id"]
    assert not replayed(second)


def test_another_body_is_refused(client):
    key = fresh_name("key")
    first = post(client, product(), key)
    assert first.status == 201
    for body in (product(stock=6), product() | {"description": None}):
        reply = post(client, body, key)
        assert (reply.status, reply.slug) == (422, "idempotency-key-reused")
    spaced = json.dumps(product()).encode() + b" "
    reply = client.post("/products", body=spaced, headers={"Idempotency-Key": key})
    assert reply.slug == "idempotency-key-reused", "the same value in other bytes is another body"


def test_a_bad_body_is_reported_before_the_key_is_checked(client):
    key = fresh_name("key")
    assert post(client, product(), key).status == 201
    assert client.post("/products", body=b"{", headers={"Idempotency-Key": key}).slug == "malformed-json"
    assert post(client, {}, key).pointers == {"#/name", "#/price", "#/stock"}


def test_a_key_belongs_to_one_user(server, client):
    other = enrolled(server).client
    key = fresh_name("key")
    first, second = post(client, product(), key), post(other, product(name="Other"), key)
    assert (first.status, second.status) == (201, 201)
    assert not replayed(second) and first.json["id"] != second.json["id"]


def test_a_key_holds_across_sessions(server):
    account = enrolled(server)
    body, key = product(sku=fresh_name()), fresh_name("key")
    first = post(account.client, body, key)
    assert account.client.post("/logout").status == 204
    assert post(account.client, body, key).slug == "invalid-token", "a stored response needs a token, like everything"
    expect_again(account.sign_in().client, first, body, key)


def test_a_refusal_leaves_the_key_free(client):
    sku, key = fresh_name(), fresh_name("key")
    holder = client.post("/products", product(sku=sku)).header("Location")
    for _ in range(2):
        reply = post(client, product(sku=sku), key)
        assert reply.slug == "sku-taken" and not replayed(reply)
    assert post(client, product(stock=-1), key).slug == "invalid-value"
    assert client.delete(holder).status == 204
    first = post(client, product(sku=sku), key)
    expect_again(client, first, product(sku=sku), key)


def test_the_stored_response_does_not_change(client):
    """Not even when the product has changed since, or was deleted."""
    body, key = product(sku=fresh_name()), fresh_name("key")
    first = post(client, body, key)
    lamp = first.header("Location")
    assert client.put(lamp, {"stock": 9}).status == 200
    expect_again(client, first, body, key)
    assert client.delete(lamp).status == 204
    again = post(client, body, key)
    assert replayed(again) and answer(again) == answer(first)
    assert client.get(f"/products?sku={body['sku']}").json == [], "and nothing is created again"


def move(client, lamp: str, body: dict, key: str):
    return client.post(lamp + "/stock", body, headers={"Idempotency-Key": key})


def test_stock_moves_once(client):
    lamp = client.post("/products", product(stock=5)).header("Location")
    key, body = fresh_name("key"), {"delta": -2, "reason": "sold"}
    first = move(client, lamp, body, key)
    assert (first.status, first.json["stock"], first.header("ETag")) == (200, 3, '"2"')
    assert move(client, lamp, {"delta": 4}, fresh_name("key")).json["stock"] == 7
    again = move(client, lamp, body, key)
    assert replayed(again) and answer(again) == answer(first)
    assert client.get(lamp).json["stock"] == 7
    assert len(client.get(lamp + "/history").json) == 3
    assert move(client, lamp, {"delta": -3}, key).slug == "idempotency-key-reused"
    assert client.delete(lamp).status == 204
    assert answer(move(client, lamp, body, key)) == answer(first), "also after it was deleted"
    assert move(client, lamp, body, fresh_name("key")).slug == "not-found"


def test_a_precondition_belongs_to_the_first_time(client):
    lamp = client.post("/products", product()).header("Location")
    headers = {"Idempotency-Key": fresh_name("key"), "If-Match": '"1"'}
    first, again = (client.post(lamp + "/stock", {"delta": 1}, headers=headers) for _ in range(2))
    assert (first.status, answer(again)) == (200, answer(first))


def test_refused_moves_leave_the_key_free(client):
    lamp = client.post("/products", product(stock=1)).header("Location")
    key = fresh_name("key")
    assert move(client, lamp, {"delta": -2}, key).slug == "insufficient-stock"
    assert client.put(lamp, {"stock": 2}).status == 200
    moved = move(client, lamp, {"delta": -2}, key)
    assert (moved.json["stock"], replayed(moved)) == (0, False)


def test_a_key_belongs_to_one_path(client):
    key, lamps = fresh_name("key"), [client.post("/products", product()).header("Location") for _ in range(2)]
    for lamp in lamps:
        reply = move(client, lamp, {"delta": 1}, key)
        assert (reply.status, replayed(reply)) == (200, False)
    assert post(client, product(), key).status == 201
    assert [client.get(lamp).json["stock"] for lamp in lamps] == [6, 6]


@pytest.mark.parametrize("value", [
    "", '""', '"', '"k', 'a b', '"a b"', '"k";p=1', '"a", "b"', "k" * 256, '"' + "k" * 256 + '"', "é", "a\tb",
])
def test_a_key_that_cannot_be_read_is_400(client, value):
    sku = fresh_name()
    head = request_bytes("POST", "/products", product(sku=sku), token=client.token, headers={"Idempotency-Key": value})
    reply = Connection(client.server).send(head).reply("POST", "/products")
    assert (reply.status, reply.slug) == (400, "bad-request")
    assert client.get(f"/products?sku={sku}").json == []


def test_the_head_decides_about_the_key(client):
    """Before the type of the body and without waiting for the body, but after the token."""
    head = ("POST /products HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n"
            "Idempotency-Key: a b\r\n{}\r\n")
    bearer = f"Authorization: Bearer {client.token}\r\n"
    for headers, slug in ((bearer, "bad-request"), ("", "invalid-token")):
        assert Connection(client.server).send(head.format(headers).encode()).reply("POST", "/products").slug == slug


def test_several_keys_are_400(client):
    two = request_bytes("POST", "/products", product(), token=client.token, headers={"Idempotency-Key": "k1"})
    two = two.replace(b"Idempotency-Key: k1\r\n", b"Idempotency-Key: k1\r\nidempotency-key: k1\r\n")
    assert Connection(client.server).send(two).reply("POST", "/products").slug == "bad-request"


@pytest.mark.parametrize("first, second", [
    ("{}", '"{}"'), ('"{}"', "{}"), ("{}!#$%&'()*+,-./:;<=>?@[]^_`|~", "\"{}!#$%&'()*+,-./:;<=>?@[]^_`|~\""),
    ("{}" + '\\"', '"{}' + '\\\\\\""'), ("{}" + "k" * 200, '"{}' + "k" * 200 + '"'), (" {} ", "{}"),
])
def test_one_key_in_two_forms(client, first, second):
    stem, body = fresh_name("key"), product(sku=fresh_name())
    first, second = first.replace("{}", stem), second.replace("{}", stem)
    expect_again(client, post(client, body, first), body, second)


@pytest.mark.parametrize("other", [str.upper, "{}2".format, "'{}'".format, "{},".format])
def test_other_keys(client, other):
    key = fresh_name("key")
    one, two = post(client, product(), key), post(client, product(), other(key))
    assert (two.status, replayed(two)) == (201, False)
    assert one.json["id"] != two.json["id"]


def test_operations_that_take_no_key_ignore_it(client):
    key = fresh_name("key")
    lamp = client.post("/products", product()).header("Location")
    for stock in (1, 2):
        reply = client.put(lamp, {"stock": stock}, headers={"Idempotency-Key": key})
        assert (reply.status, reply.json["stock"], replayed(reply)) == (200, stock, False)


def test_a_key_holds_for_a_day(clocked):
    account = enrolled(clocked)
    body, key = product(sku=fresh_name()), fresh_name("key")
    first = post(account.client, body, key)
    clocked.move_clock(DAY - 1)
    expect_again(account.sign_in().client, first, body, key)
    assert account.client.delete(first.header("Location")).status == 204
    clocked.move_clock(1)
    later = post(account.client, body, key)
    assert (later.status, replayed(later)) == (201, False)
    assert later.json["id"] != first.json["id"]


@pytest.mark.embedded
def test_ten_thousand_responses_are_stored_for_each_account(clocked):
    """Written into the database directly: ten thousand requests would take too long."""
    account, other = enrolled(clocked), enrolled(clocked)
    user = bytes.fromhex(account.client.get("/me").json["user"]["id"])
    assert post(account.client, product(), "first").status == 201
    assert clocked.stop() == 0
    with contextlib.closing(sqlite3.connect(clocked.data / "integrity.db")) as rows, rows:
        rows.executemany("INSERT INTO kept_answers (user, key, expires_at, request, status, headers, body)"
                         " VALUES (?, ?, ?, zeroblob(32), 201, '', '{}')",
                         [(user, number.to_bytes(16, "big"), int(clocked.now() + DAY) * 1000) for number in range(9_999)])
    clocked.start()
    assert replayed(post(account.client, product(), "first")), "a stored response is given even at the limit"
    clocked.move_clock(3600)
    account.sign_in()
    reply = post(account.client, product(), "one-more")
    assert (reply.status, reply.slug) == (429, "too-many-attempts")
    assert int(reply.header("Retry-After")) == DAY - 3600
    assert account.client.post("/products", product()).status == 201, "without a key nothing is stored"
    assert post(other.sign_in().client, product(), "one-more").status == 201
    clocked.move_clock(DAY - 3600)
    assert post(account.sign_in().client, product(), "one-more").status == 201


@pytest.mark.concurrent
def test_fifty_at_once_make_one_product(server):
    client = enrolled(server).client
    for _ in range(5):
        body, key = product(sku=fresh_name()), fresh_name("key")
        request = request_bytes("POST", "/products", body, token=client.token, headers={"Idempotency-Key": key})
        replies = all_at_once(server, [request] * 50, "/products")
        made = [reply for reply in replies if reply.status == 201]
        refused = collections.Counter(reply.slug for reply in replies if reply.status != 201)
        assert set(refused) <= {"idempotency-in-progress"}, refused
        assert [replayed(reply) for reply in made].count(False) == 1
        assert len({reply.body for reply in made}) == 1
        expect_again(client, next(reply for reply in made if not replayed(reply)), body, key)


@contextlib.contextmanager
def held_up(server, request: bytes):
    """Sends the request twice while writes are blocked. Yields the connection of the one that runs, and the reply to
    the other."""
    with no_write_goes_on(server):
        both = [Connection(server).send(request) for _ in range(2)]
        (answered, *_), _, _ = select.select([connection.socket for connection in both], [], [], 5)
        both.sort(key=lambda connection: connection.socket is answered)
        yield both[0], both[1].reply("POST", "/products")


def test_a_request_that_is_still_running(server):
    client = enrolled(server).client
    body, key = product(sku=fresh_name()), fresh_name("key")
    request = request_bytes("POST", "/products", body, token=client.token, headers={"Idempotency-Key": key})
    with held_up(server, request) as (running, refusal):
        assert (refusal.status, refusal.slug) == (409, "idempotency-in-progress")
        assert post(client, product(), key).slug == "idempotency-in-progress", "with any body"
        assert running.idle(), "the first has no response yet"
        assert client.get(f"/products?sku={body['sku']}").json == []
    expect_again(client, running.reply("POST", "/products"), body, key)


def test_a_client_that_goes_away_leaves_the_key_free(server):
    """Nothing is written for it, so the request counts as new when it is sent again."""
    client = enrolled(server).client
    body, key = product(sku=fresh_name()), fresh_name("key")
    request = request_bytes("POST", "/products", body, token=client.token, headers={"Idempotency-Key": key})
    with held_up(server, request) as (running, refusal):
        assert refusal.slug == "idempotency-in-progress"
        running.close()
    while (reply := post(client, body, key)).slug == "idempotency-in-progress":
        pass
    assert not replayed(reply) and reply.status == 201
    assert len(client.get(f"/products?sku={body['sku']}").json) == 1


def test_a_write_that_fails_leaves_the_key_free(server):
    """Writes are blocked for longer than the writer waits."""
    client = enrolled(server).client
    body, key = product(sku=fresh_name()), fresh_name("key")
    request = request_bytes("POST", "/products", body, token=client.token, headers={"Idempotency-Key": key})
    with held_up(server, request) as (running, _):
        reply = running.reply("POST", "/products")
        assert (reply.status, reply.slug) == (503, "unavailable")
    first = post(client, body, key)
    expect_again(client, first, body, key)


def test_stored_responses_survive_a_restart():
    with Server() as server:
        account = enrolled(server)
        bodies = {f"key-{i}": product(sku=f"S-{i}") for i in range(20)}
        first = {key: post(account.client, body, key) for key, body in bodies.items()}
        for again in (server.restart, lambda: server.kill9().start()):
            again()
            for key, body in bodies.items():
                expect_again(account.client, first[key], body, key)
            assert post(account.client, product(), "key-0").slug == "idempotency-key-reused"
        assert len(account.client.get("/products").json) == 20


@pytest.mark.concurrent
def test_what_kill9_interrupted_may_be_sent_again():
    """Whether or not the change was committed, it has happened once after the request was sent again."""
    with Server() as server:
        account = enrolled(server)
        for round_number in range(3):
            keyed = {f"r{round_number}-{i}": product(sku=f"r{round_number}-{i}") for i in range(200)}
            connections = [Connection(server) for _ in keyed]
            for connection, (key, body) in zip(connections, keyed.items()):
                connection.send(request_bytes("POST", "/products", body, token=account.token,
                                              headers={"Idempotency-Key": key}))
            connections[0].reply("POST", "/products")
            server.kill9().start()
            for key, body in keyed.items():
                reply = post(account.client, body, key)
                assert reply.status == 201, reply
            found = collections.Counter(item["sku"] for item in account.client.get("/products").json)
            assert all(found[key] == 1 for key in keyed)


def test_it_is_described(client):
    description = client.get("/openapi.json").json["paths"]
    reference = {"$ref": "#/components/parameters/Idempotency-Key"}
    takes = {(method, path) for path, operations in description.items() for method, operation in operations.items()
             if reference in operation.get("parameters", [])}
    assert takes == {("post", path) for path in description if path.startswith("/products")
                     and "post" in description[path]}


def test_a_path_in_another_spelling_is_the_same_request(client):
    pid = client.post("/products", product(stock=5)).json["id"]
    key = {"Idempotency-Key": fresh_name("key")}
    first = client.post(f"/products/{pid}/stock", {"delta": 1}, headers=key)
    spelled = "".join(f"%{ord(letter):02X}" for letter in pid)
    again = client.post(f"/products/{spelled}/stock", {"delta": 1}, headers=key)
    assert (first.status, replayed(again), answer(again)) == (200, True, answer(first))
    assert client.get(f"/products/{pid}").json["stock"] == 6
    other = client.post("/products", product()).json["id"]
    assert not replayed(client.post(f"/products/{other}/stock", {"delta": 1}, headers=key)), "another path, another request"
