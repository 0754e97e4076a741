"""POST /me/recovery-codes: ten new ones for a code."""

import collections
import re

import pytest

from support.accounts import enrolled, totp
from support.http import all_at_once, request_bytes


def renew(account, code=None, **members):
    return account.client.post("/me/recovery-codes", {"code": code or account.next_code(), **members})


def test_ten_new_ones_replace_the_old(clocked):
    account = enrolled(clocked)
    old = account.recovery_codes
    assert account.login().verify(recovery_code=old[0]).json["recovery_codes_left"] == 9
    reply = renew(account)
    assert reply.status == 200 and set(reply.json) == {"recovery_codes"}
    fresh = reply.json["recovery_codes"]
    assert len(set(fresh)) == 10 and not set(fresh) & set(old)
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{24}", code) for code in fresh), fresh
    assert account.client.get("/me").json["recovery_codes_left"] == 10
    assert account.login().verify(recovery_code=old[1]).slug == "invalid-code"
    assert account.verify(recovery_code=fresh[0]).json["recovery_codes_left"] == 9


def test_sessions_stay(server):
    account = enrolled(server)
    elsewhere = account.token
    account.sign_in()
    assert renew(account).status == 200
    assert account.client.get("/me").status == account.client.get("/me", token=elsewhere).status == 200


def test_a_refused_code_changes_nothing(clocked):
    account = enrolled(clocked)
    spent = account.next_code()
    assert account.login().verify(spent).status == 200
    assert renew(account, spent).slug == "code-already-used"
    assert renew(account, account.wrong_codes(1)[0]).slug == "invalid-code"
    clocked.move_clock(300)
    behind = renew(account, totp(account.secret, account.step() - 8))
    assert (behind.slug, "about 4 minutes behind" in behind.json["detail"]) == ("invalid-code", True)
    assert account.login().verify(recovery_code=account.recovery_codes[0]).status == 200


@pytest.mark.parametrize("body, pointers", [
    ({}, {"#/code"}),
    ({"code": "12345x"}, {"#/code"}),
    ({"code": None}, {"#/code"}),
    ({"code": "123456", "recovery_code": "0" * 24}, {"#/recovery_code"}),
    ({"recovery_code": "0" * 24}, {"#/code", "#/recovery_code"}),
])
def test_accepts_a_code_and_nothing_else(ada, client, body, pointers):
    for _ in range(11):  # one more attempt than an account has
        reply = client.post("/me/recovery-codes", body)
        assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", pointers)


def test_needs_a_session(ada, stranger):
    assert stranger.post("/me/recovery-codes", {"code": "123456"}).slug == "invalid-token"
    ada.login()
    assert stranger.post("/me/recovery-codes", {"code": "123456"}, token=ada.challenge).slug == "invalid-token"


@pytest.mark.concurrent
def test_fifty_with_one_code(server):
    account = enrolled(server)
    request = request_bytes("POST", "/me/recovery-codes", {"code": account.next_code()}, token=account.token)
    replies = all_at_once(server, [request] * 50, "/me/recovery-codes")
    found = collections.Counter(reply.slug or reply.status for reply in replies)
    assert found == {200: 1, "code-already-used": 10, "too-many-attempts": 39}
    fresh = next(reply.json["recovery_codes"] for reply in replies if reply.status == 200)
    assert account.login().verify(recovery_code=fresh[9]).json["recovery_codes_left"] == 9
