"""/me/sessions: the sessions of an account, which of them is this one, and how they are ended."""

import pytest

from support.accounts import Account, admin_of, enrolled
from support.http import Client, Connection, request_bytes
from support.model.world import rfc3339
from support.server import Server

MEMBERS = {"id", "created_at", "refreshed_at", "expires_at", "amr", "address", "user_agent", "current"}
UNKNOWN = "0" * 24
COUNT_MAX = 100


@pytest.fixture
def account(clocked):
    return enrolled(clocked)


def another_session(account, **headers) -> Account:
    """The same account on another device."""
    device = Account(account.server, account.username)
    device.secret = account.secret
    account.server.move_clock(30)
    account.login()
    body = {"challenge": account.challenge, "code": account.next_code()}
    reply = device.client.post("/verify-2fa", body, headers=headers)
    assert reply.status == 200, reply
    device._signed_in(reply)
    return device


def listed(account) -> list:
    reply = account.client.get("/me/sessions")
    assert reply.status == 200, reply
    return reply.json


def own_id(account) -> str:
    return account.client.get("/me").json["session"]["id"]


def test_the_list_has_the_newest_first_and_names_the_current_one(account):
    begun = account.server.now()
    other = another_session(account)
    sessions = listed(other)
    assert [set(each) for each in sessions] == [MEMBERS, MEMBERS]
    assert [each["id"] for each in sessions] == [own_id(other), own_id(account)]
    assert [each["current"] for each in sessions] == [True, False]
    assert [each["created_at"] for each in sessions] == [rfc3339(begun + 30), rfc3339(begun)]
    assert [each["expires_at"] for each in sessions] == [rfc3339(begun + 30 + 1800), rfc3339(begun + 1800)]
    assert {each["refreshed_at"] for each in sessions} == {None}
    assert all(each["amr"] == ["pwd", "otp"] and each["address"] == "127.0.0.1" for each in sessions)
    assert [each["current"] for each in listed(account)] == [False, True]


def test_a_refresh_shows_its_time_and_the_order_stays(account):
    other = another_session(account)
    account.server.move_clock(60)
    assert account.refresh().status == 200
    now = account.server.now()
    newest, oldest = listed(other)
    assert (newest["refreshed_at"], oldest["refreshed_at"]) == (None, rfc3339(now))
    assert oldest["expires_at"] == rfc3339(now + 1800)


def test_other_accounts_are_not_in_the_list(account):
    stranger = enrolled(account.server)
    assert [each["id"] for each in listed(stranger)] == [own_id(stranger)]


def test_an_expired_session_is_not_in_the_list(account):
    other = another_session(account)
    account.server.move_clock(1700)
    assert other.refresh().status == 200
    account.server.move_clock(200)
    assert other.refresh().status == 200
    assert [each["current"] for each in listed(other)] == [True]


def test_there_are_no_parameters(account):
    assert account.client.get("/me/sessions?limit=1").pointers == {"limit"}
    assert account.client.delete("/me/sessions?current=true").pointers == {"current"}
    assert len(listed(account)) == 1


def test_the_address_is_the_one_that_the_rate_limits_see():
    with Server("--trusted-proxies", "127.0.0.1", clock=True) as server:
        account = enrolled(server)
        account.refresh(headers={"X-Forwarded-For": "192.0.2.7"})
        assert [each["address"] for each in listed(account)] == ["192.0.2.7"]
        account.refresh(headers={"X-Forwarded-For": "198.51.100.9"})
        assert [each["address"] for each in listed(account)] == ["198.51.100.9"]


def test_a_forwarded_address_of_a_stranger_is_not_believed(account):
    account.refresh(headers={"X-Forwarded-For": "192.0.2.7"})
    assert [each["address"] for each in listed(account)] == ["127.0.0.1"]


# The user agent.

def test_the_user_agent_is_that_of_the_last_refresh_else_of_the_beginning(account):
    other = another_session(account, **{"User-Agent": "first/1.0"})
    assert [each["user_agent"] for each in listed(other)] == ["first/1.0", None]
    other.refresh(headers={"User-Agent": "second/2.0"})
    assert listed(other)[0]["user_agent"] == "second/2.0"
    other.refresh()
    assert listed(other)[0]["user_agent"] is None, "the last refresh sent none"


def test_the_same_refresh_again_does_not_change_the_device(account):
    first = account.refresh_token
    account.refresh(first, headers={"User-Agent": "one"})
    account.refresh(first, headers={"User-Agent": "two"})
    assert [each["user_agent"] for each in listed(account)] == ["one"]


@pytest.mark.parametrize("sent, shown", [
    ("Mozilla/5.0 (X11; Linux x86_64)".encode(), "Mozilla/5.0 (X11; Linux x86_64)"),
    ("grüße/1 🐢".encode(), "grüße/1 🐢"),
    (b"a\tb", "ab"),
    ("a\u0085\u009fb".encode(), "ab"),
    (b"a\xffb", "a\ufffdb"),
    (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
    (b"x" * 201, "x" * 200),
    ("🐢".encode() * 250, "🐢" * 200),
], ids=["plain", "UTF-8", "tab", "C1 controls", "no UTF-8", "markup", "long", "long in code points"])
def test_the_user_agent_is_text_of_at_most_200_code_points(account, sent, shown):
    raw = request_bytes("POST", "/token/refresh", {"refresh_token": account.refresh_token}, headers={"User-Agent": "@"})
    connection = Connection(account.server)
    reply = connection.send(raw.replace(b"User-Agent: @", b"User-Agent: " + sent)).reply("POST", "/token/refresh")
    assert reply.status == 200, reply
    assert account.client.get("/me/sessions", token=reply.json["access_token"]).json[0]["user_agent"] == shown


# Ending sessions.

def test_ending_another_session_is_in_effect_at_once(account):
    other = another_session(account)
    assert account.client.delete(f"/me/sessions/{own_id(other)}").status == 204
    assert other.client.get("/me").slug == "invalid-token"
    assert other.refresh().slug == "invalid-token"
    assert [each["current"] for each in listed(account)] == [True]
    assert account.refresh().status == 200


def test_ones_own_session_can_be_ended_too(account):
    other = another_session(account)
    assert account.client.delete(f"/me/sessions/{own_id(account)}").status == 204
    assert account.client.get("/me").slug == "invalid-token"
    assert other.client.get("/me").status == 200


def test_a_session_of_another_account_is_not_found(account):
    stranger = enrolled(account.server)
    for known in (own_id(account), UNKNOWN, "x", own_id(account).upper()):
        assert stranger.client.delete(f"/me/sessions/{known}").slug == "not-found"
    assert account.client.get("/me").status == 200


def test_an_ended_session_is_not_found(account):
    other = another_session(account)
    gone = own_id(other)
    assert account.client.delete(f"/me/sessions/{gone}").status == 204
    assert account.client.delete(f"/me/sessions/{gone}").slug == "not-found"


def test_all_others_at_once(account):
    others = [another_session(account), another_session(account)]
    stranger = enrolled(account.server)
    assert account.client.delete("/me/sessions").status == 204
    for other in others:
        assert other.client.get("/me").slug == "invalid-token"
        assert other.refresh().slug == "invalid-token"
    assert account.client.get("/me").status == 200
    assert stranger.client.get("/me").status == 200
    assert account.client.delete("/me/sessions").status == 204, "also where there is no other"


def test_each_end_is_in_the_history_with_the_account_as_its_actor(account):
    other = another_session(account)
    id = own_id(other)
    assert account.client.delete(f"/me/sessions/{id}").status == 204
    [end] = [each for each in account.client.get("/me/history").json if each["op"] == "session.end"]
    assert end["actor"]["id"] == account.id and id in str(end)


def test_ended_sessions_stay_ended_after_kill_9(account):
    other = another_session(account)
    assert account.client.delete("/me/sessions").status == 204
    account.server.kill9().start()
    assert other.client.get("/me").status == 401 and other.refresh().status == 401
    assert account.client.get("/me").status == 200


def test_an_admin_ends_the_sessions_of_an_account(clocked):
    admin = admin_of(clocked)
    account = enrolled(clocked)
    assert admin.client.delete(f"/users/{account.id}/sessions").status == 204
    assert account.client.get("/me").slug == "invalid-token" and account.refresh().slug == "invalid-token"
    assert admin.client.get("/me").status == 200
    assert admin.client.delete(f"/users/{UNKNOWN}/sessions").slug == "not-found"


# How many.

def test_the_hundred_and_first_session_ends_the_one_unused_for_longest():
    """The oldest one was refreshed, so the second one ends."""
    with Server("--session-idle", "24h", clock=True) as server:
        account = enrolled(server)
        devices = [another_session(account) for _ in range(COUNT_MAX - 1)]
        assert account.refresh().status == 200
        assert len(listed(account)) == COUNT_MAX
        assert devices[0].refresh().status == 200, "none of a hundred has ended"
        last = another_session(account)
        assert len(listed(account)) == COUNT_MAX
        assert devices[1].refresh().slug == "invalid-token", "unused for longest"
        for survivor in (account, devices[0], devices[2], devices[-1], last):
            assert survivor.refresh().status == 200
        again = another_session(account)
        assert devices[3].refresh().slug == "invalid-token"
        assert again.client.get("/me").status == 200
        assert Client(server, account.token).get("/me").status == 200
