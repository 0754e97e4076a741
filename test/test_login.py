"""POST /login, and how little it reveals."""

import re
import statistics
import time

import pytest

from support.accounts import PASSWORD, Account, enrolled, fresh_name
from support.http import Client, Connection, all_at_once, request_bytes
from support.server import Server


def login(client, username, password=PASSWORD, **rest):
    return client.post("/login", {"username": username, "password": password}, **rest)


def test_gives_a_challenge_and_no_token(ada, stranger):
    reply = login(stranger, ada.username)
    assert reply.status == 200
    assert reply.json | {"challenge": ""} == {
        "challenge": "", "next": "verify", "expires_in": 300, "methods": ["totp", "recovery_code"]}


def test_the_username_is_found_in_any_case(ada, stranger):
    assert login(stranger, ada.username.upper()).status == 200


def test_before_the_factor_is_confirmed_each_login_makes_a_new_secret(server):
    account = Account(server).sign_up().scan()
    first = account.secret
    reply = login(account.client, account.username)
    assert (reply.json["next"], reply.json["expires_in"]) == ("enrol", 600)
    assert reply.json["qr"] == f"/generate-2fa/{account.username}"
    account.challenge = reply.json["challenge"]
    assert account.scan().secret != first


LONG = "".join(chr(33 + i % 90) for i in range(100))


@pytest.mark.parametrize("password, other", [
    (LONG, LONG[:72]),
    (LONG, LONG[:72] + "?" + LONG[73:]),
    (LONG, LONG[:99]),
    ("violet tin\u0000x", "violet tin\u0000y"),
    ("violet tin\u0000x", "violet tin"),
    ("passphrase e\u0301", "passphrase \u00e9"),
    ("Correct Horse", "correct horse"),
])
def test_the_whole_password_counts(server, password, other):
    account = Account(server, password=password).sign_up()
    assert login(account.client, account.username, password).status == 200
    assert login(account.client, account.username, other).slug == "invalid-credentials"


def bytes_of(server, request: bytes) -> bytes:
    """Head and body of the response, without the request id and the date."""
    connection = Connection(server)
    connection.send(request)
    reply = connection.reply("POST", None)
    connection.close()
    headers = [(n, v) for n, v in reply.headers if n.lower() not in ("x-request-id", "date")]
    return repr((reply.status, headers)).encode() + re.sub(rb'"request_id":"[^"]*"', b"", reply.body)


def test_unknown_user_wrong_password_and_disabled_account_get_the_same_response(server):
    known, pending, disabled = enrolled(server), Account(server).sign_up(), enrolled(server)
    assert server.command("user", "disable", disabled.username).returncode == 0
    refused = {bytes_of(server, request_bytes("POST", "/login", {"username": name, "password": password}))
               for name, password in [(fresh_name("nobody"), PASSWORD), (known.username, "not the password"),
                                      (pending.username, "not the password"), (disabled.username, PASSWORD)]}
    assert len(refused) == 1
    assert b"invalid-credentials" in refused.pop()


def test_unknown_user_and_wrong_password_take_the_same_time(server):
    def seconds(name):
        begin = time.monotonic()
        assert login(Client(server), name, "not the password").status == 401
        return time.monotonic() - begin

    known = [enrolled(server).username for _ in range(3)]
    rounds = [(seconds(known[i % 3]), seconds(fresh_name("nobody"))) for i in range(12)]
    wrong, unknown = (statistics.median(column) for column in zip(*rounds))
    assert 0.5 < wrong / unknown < 2, f"wrong password {wrong:.3f} s, unknown user {unknown:.3f} s"


def statuses_until_429(server, name) -> list:
    seen = []
    while 429 not in seen and len(seen) < 10:
        seen.append(login(Client(server), name, "not the password").status)
    return seen


@pytest.mark.concurrent
def test_of_guesses_sent_at_once_five_are_checked(clocked):
    account = enrolled(clocked)
    for name in (account.username, fresh_name("nobody")):
        guess = request_bytes("POST", "/login", {"username": name, "password": "not the password"})
        statuses = [reply.status for reply in all_at_once(clocked, [guess] * 12, "/login")]
        assert statuses.count(401) <= 5 and set(statuses) <= {401, 429, 503}, (name, statuses)
        # On a busy machine some are refused with 503 before they are checked: the next ones use up what is left of the five.
        statuses += statuses_until_429(clocked, name)
        assert statuses[-1] == 429 and 5 <= statuses.count(401) <= 6, (name, statuses)


def test_password_failures_slow_down_from_the_sixth_on_for_any_name(clocked):
    account = enrolled(clocked)
    for name in (account.username, fresh_name("nobody")):
        seen = statuses_until_429(clocked, name)
        assert seen[:5] == [401] * 5 and seen[-1] == 429 and len(seen) <= 7, (name, seen)
    assert login(Client(clocked), account.username).status == 429
    time.sleep(1)  # the wait may be measured by either of the two clocks
    clocked.move_clock(61)
    assert login(Client(clocked), account.username).status == 200


def test_an_address_may_log_in_thirty_times_at_once():
    with Server("--bcrypt-cost", "10", "--login-rate", "0.01", generous=False) as server:
        account = enrolled(server)
        for number in range(30):
            reply = login(account.client, account.username, headers={"X-Forwarded-For": f"192.0.2.{number}"})
            assert reply.status == 200
        assert login(account.client, account.username).slug == "too-many-attempts"


@pytest.mark.parametrize("body, pointers", [
    ({}, {"#/username", "#/password"}),
    ({"username": {"$ne": None}, "password": {"$ne": None}}, {"#/username", "#/password"}),
    ({"username": "ada", "password": PASSWORD, "code": "123456"}, {"#/code"}),
])
def test_refuses_other_shapes(stranger, body, pointers):
    assert stranger.post("/login", body).pointers == pointers
