"""PUT /me/password: needs the current password, a new one, and a code."""

import collections
import select

import pytest

from support.accounts import PASSWORD, Account, enrolled
from support.http import Client, Connection, all_at_once, request_bytes
from support.server import Server

NEW = "another horse battery"


def change(account, proof=None, **members):
    body = {"current_password": account.password, "new_password": NEW, "code": proof or account.next_code(), **members}
    return account.client.put("/me/password", body)


def test_the_new_password_works_and_everything_but_this_session_ends(clocked):
    account = enrolled(clocked)
    elsewhere = account.token
    account.sign_in().login()  # a second session, and a challenge that is still alive
    assert change(account).status == 204
    assert account.client.get("/me").status == 200
    assert account.client.get("/me", token=elsewhere).slug == "invalid-token"
    clocked.move_clock(60)
    assert account.verify().slug == "challenge-expired"
    refused = account.client.post("/login", {"username": account.username, "password": PASSWORD}, token=None)
    assert refused.slug == "invalid-credentials"
    account.password = NEW
    assert account.sign_in().client.get("/me").status == 200


def test_a_wrong_current_password_does_not_spend_the_code(server):
    account = enrolled(server)
    code = account.next_code()
    reply = change(account, code, current_password="not the password")
    assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", {"#/current_password"})
    assert account.client.post("/login", {"username": account.username, "password": NEW}, token=None).status == 401
    assert change(account, code).status == 204


def test_wrong_passwords_slow_down_this_network_alone_together_with_logins():
    """Behind a proxy that names each client's address."""
    with Server("--trusted-proxies", "127.0.0.1", clock=True) as server:
        account = enrolled(server)
        here, there = ({"X-Forwarded-For": address} for address in ("192.0.2.1", "198.51.100.1"))
        body = {"current_password": "not the password", "new_password": NEW, "code": account.next_code()}
        login = {"username": account.username, "password": "not the password"}
        for number in range(5):
            if number % 2:
                assert account.client.post("/login", login, token=None, headers=here).status == 401
            else:
                assert account.client.put("/me/password", body, headers=here).status == 422
        right = body | {"current_password": PASSWORD}
        for _ in range(2):
            reply = account.client.put("/me/password", right, headers=here)
            assert (reply.status, reply.slug, reply.header("Retry-After")) == (429, "too-many-attempts", "1")
        assert account.client.post("/login", login | {"password": PASSWORD}, headers=here).status == 429
        assert account.client.post("/login", login | {"password": PASSWORD}, headers=there).status == 200
        assert account.client.put("/me/password", right, headers=there).status == 204


def test_a_wrong_code_counts_for_the_account_and_changes_nothing(clocked):
    account = enrolled(clocked)
    clocked.move_clock(90)
    for number, code in enumerate(account.wrong_codes(10)):
        reply = change(account, code)
        assert (reply.status, reply.slug) == (401, "invalid-code"), number
    code = account.next_code()
    for reply in (change(account, code), account.client.post("/me/recovery-codes", {"code": code}),
                  account.client.post("/me/totp", {"code": code}), account.login().verify(code)):
        assert (reply.status, reply.slug, reply.header("Retry-After")) == (429, "too-many-attempts", "30"), reply
    clocked.move_clock(30)
    assert change(account).status == 204


def test_after_a_wrong_password_the_code_is_not_counted(clocked):
    account = enrolled(clocked)
    clocked.move_clock(90)
    account.sign_in()
    seen = []
    for code in account.wrong_codes(12):
        seen.append(change(account, code, current_password="not the password").status)
        clocked.move_clock(40)
    assert seen == [422] * 11 + [429]  # ten wrong codes would also make the account wait
    assert change(account).status == 204


@pytest.mark.parametrize("members, pointers", [
    ({"code": None}, {"#/code"}),
    ({"code": "12345"}, {"#/code"}),
    ({"code": 123456}, {"#/code"}),
    ({"recovery_code": "0" * 24}, {"#/recovery_code"}),
    ({"new_password": "é" * 7}, {"#/new_password"}),
    ({"new_password": "é" * 257, "current_password": None}, {"#/new_password", "#/current_password"}),
    ({"current_password": {"$ne": None}, "username": "x"}, {"#/current_password", "#/username"}),
])
def test_a_malformed_request_is_not_an_attempt(server, members, pointers):
    account = enrolled(server)
    code = account.next_code()
    for _ in range(12):  # more attempts than an account, or a pair of account and network, has before it waits
        reply = change(account, code, **members)
        assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", pointers)
    assert change(account, code).status == 204


def test_names_everything_that_is_missing(client):
    assert client.put("/me/password", {}).pointers == {"#/current_password", "#/new_password", "#/code"}


@pytest.mark.parametrize("new", ["password1", "{}", "{}123", "Data Integrity API"])
def test_a_weak_new_password_is_refused_before_anything_is_checked(server, new):
    account = enrolled(server)
    code = account.next_code()
    reply = change(account, code, new_password=new.format(account.username), current_password="not the password")
    assert (reply.status, reply.slug, reply.pointers) == (422, "weak-password", {"#/new_password"})
    assert change(account, code).status == 204


def test_a_weak_new_password_is_reported_with_all_other_errors(server):
    account = enrolled(server)
    for weak in ("password1", account.username):
        reply = change(account, "12345", new_password=weak)
        assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", {"#/new_password", "#/code"})


def test_needs_a_session(server):
    account = Account(server).sign_up()
    body = {"current_password": PASSWORD, "new_password": NEW, "code": "123456"}
    for token in (None, account.challenge, "x.y.z"):
        assert account.client.put("/me/password", body, token=token).slug == "invalid-token"


def test_it_survives_kill_9():
    with Server() as server:
        account = enrolled(server)
        elsewhere = account.token
        account.sign_in()
        assert change(account).status == 204
        server.kill9().start()
        client = Client(server)
        assert client.get("/me", token=elsewhere).status == 401
        assert client.get("/me", token=account.token).status == 200
        login = {"username": account.username, "password": NEW}
        assert client.post("/login", login).status == 200
        assert client.post("/login", login | {"password": PASSWORD}).status == 401


@pytest.mark.concurrent
@pytest.mark.parametrize("new", [NEW, PASSWORD], ids=["another", "the same again"])
def test_fifty_changes_with_one_code(server, new):
    account = enrolled(server)
    body = {"current_password": PASSWORD, "new_password": new, "code": account.next_code()}
    replies = all_at_once(server, [request_bytes("PUT", "/me/password", body, token=account.token)] * 50, "/me/password")
    found = collections.Counter(reply.slug or reply.status for reply in replies)
    assert found[204] == 1, found
    # Late ones find a new password, or wait too long for the hash pool.
    assert set(found) <= {204, "code-already-used", "invalid-value", "too-many-attempts", "overloaded"}, found
    assert account.client.get("/me").status == 200


def test_a_flood_from_one_address_keeps_nobody_out():
    """One account could fill the queue of the hash pool; then every login of every account was 503."""
    with Server("--trusted-proxies", "127.0.0.1") as server:
        account, other = enrolled(server), enrolled(server)
        here, there = ({"X-Forwarded-For": address} for address in ("192.0.2.1", "198.51.100.1"))
        body = {"current_password": PASSWORD, "new_password": NEW, "code": account.wrong_codes(1)[0]}
        flood = request_bytes("PUT", "/me/password", body, token=account.token, headers=here)
        connections = [Connection(server).send(flood) for _ in range(100)]
        select.select([each.socket for each in connections], [], [])  # the first response means that the queue is full
        login = {"username": other.username, "password": PASSWORD}
        assert other.client.post("/login", login, token=None, headers=there).status == 200
        outcomes = collections.Counter(connection.reply().slug for connection in connections)
        assert outcomes["overloaded"], f"the queue was never full: {outcomes}"
        assert set(outcomes) <= {"overloaded", "invalid-code", "too-many-attempts"}, outcomes
