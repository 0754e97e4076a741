"""POST /me/totp: a new authenticator, for a code or a recovery code."""

import collections

import pytest

from support.accounts import enrolled, totp
from support.http import all_at_once, request_bytes


def replace(account, code=None, **members):
    body = members if "recovery_code" in members else {"code": code or account.next_code(), **members}
    return account.client.post("/me/totp", body)


def pending_secret(account, challenge) -> str:
    reply = account.qr("application/json", challenge)
    assert reply.status == 200, reply
    return reply.json["secret"]


def confirm(account, challenge, secret):
    return account.client.post("/verify-2fa", {"challenge": challenge, "code": totp(secret, account.step())}, token=None)


def test_the_old_one_works_until_the_new_one_is_confirmed(clocked):
    account = enrolled(clocked)
    elsewhere = account.token
    account.sign_in()
    clocked.move_clock(90)
    reply = replace(account)
    assert reply.status == 200
    challenge = reply.json["challenge"]
    assert reply.json | {"challenge": ""} == {
        "challenge": "", "next": "enrol", "expires_in": 600, "qr": f"/generate-2fa/{account.username}"}
    fresh = pending_secret(account, challenge)
    assert fresh != account.secret and pending_secret(account, challenge) == fresh
    assert account.qr("image/png", challenge).status == 200

    assert account.sign_in().client.get("/me", token=elsewhere).status == 200
    clocked.move_clock(90)
    before = account.client.get("/me").json
    confirmed = confirm(account, challenge, fresh)
    assert confirmed.status == 200
    assert confirmed.json["recovery_codes_left"] == 10 and "recovery_codes" not in confirmed.json
    for token in (account.token, elsewhere):
        assert account.client.get("/me", token=token).slug == "invalid-token"
    token = confirmed.json["access_token"]
    assert account.client.get("/me", token=token).json["factors"] != before["factors"]

    old = totp(account.secret, account.step())
    assert account.login().verify(old).slug == "invalid-code"
    clocked.move_clock(30)
    account.secret, account.last_step = fresh, 0
    assert account.login().verify(totp(fresh, account.step())).status == 200
    assert account.login().verify(recovery_code=account.recovery_codes[0]).status == 200


def test_the_code_that_confirms_is_spent(clocked):
    account = enrolled(clocked)
    challenge = replace(account).json["challenge"]
    account.secret = pending_secret(account, challenge)
    code = totp(account.secret, account.step())
    assert confirm(account, challenge, account.secret).status == 200
    assert account.login().verify(code).slug == "code-already-used"


def test_the_active_secret_is_never_shown(clocked):
    account = enrolled(clocked)
    first = replace(account).json["challenge"]
    clocked.move_clock(30)
    second = replace(account).json["challenge"]
    secrets = {account.secret, pending_secret(account, first), pending_secret(account, second)}
    assert len(secrets) == 3, "each one is new"
    assert account.login().qr("application/json").slug == "already-enrolled"
    assert confirm(account, first, pending_secret(account, first)).status == 200
    for challenge in (first, second):
        assert account.qr("application/json", challenge).slug == "challenge-expired"


def test_the_challenge_lives_for_ten_minutes_and_belongs_to_its_owner(clocked):
    account, other = enrolled(clocked), enrolled(clocked)
    challenge = replace(account).json["challenge"]
    assert account.qr("application/json", challenge, other.username).slug == "challenge-expired"
    secret = pending_secret(account, challenge)
    clocked.move_clock(599)
    assert pending_secret(account, challenge) == secret
    clocked.move_clock(1)
    assert confirm(account, challenge, secret).slug == "challenge-expired"
    assert account.sign_in().token, "the old one still works"


def test_wrong_codes_of_the_new_one_count_for_the_account(clocked):
    account = enrolled(clocked)
    clocked.move_clock(90)
    challenge = replace(account).json["challenge"]
    fresh = pending_secret(account, challenge)
    wrong = [code for code in account.wrong_codes(8) if code != totp(fresh, account.step())]
    for code in wrong[:5]:
        reply = account.client.post("/verify-2fa", {"challenge": challenge, "code": code}, token=None)
        assert reply.slug == "invalid-code", reply
    assert confirm(account, challenge, fresh).slug == "challenge-expired"
    for code in account.wrong_codes(5):
        assert account.client.post("/me/totp", {"code": code}).slug == "invalid-code"
    assert replace(account).slug == "too-many-attempts"


def test_a_recovery_code_works_and_is_spent(server):
    account = enrolled(server)
    reply = replace(account, recovery_code=account.recovery_codes[0])
    assert reply.status == 200
    assert account.client.get("/me").json["recovery_codes_left"] == 9
    assert replace(account, recovery_code=account.recovery_codes[0]).slug == "invalid-code"
    assert account.login().verify(recovery_code=account.recovery_codes[0]).slug == "invalid-code"
    fresh = pending_secret(account, reply.json["challenge"])
    assert confirm(account, reply.json["challenge"], fresh).json["recovery_codes_left"] == 9


def test_a_recovery_code_belongs_to_its_owner(server):
    alice, bob = enrolled(server), enrolled(server)
    assert replace(bob, recovery_code=alice.recovery_codes[0]).slug == "invalid-code"
    assert replace(alice, recovery_code=alice.recovery_codes[0]).status == 200


def test_a_recovery_code_ends_waiting_and_replaces_a_disabled_factor(clocked):
    account = enrolled(clocked)
    clocked.move_clock(90)
    wrong = account.wrong_codes(100)
    for code in wrong[:10]:
        assert account.client.post("/me/totp", {"code": code}).slug == "invalid-code"
    assert replace(account, totp(account.secret, account.step())).slug == "too-many-attempts"
    assert replace(account, recovery_code=account.recovery_codes[0]).status == 200, "a recovery code never waits"
    for code in wrong[10:]:  # the recovery code has reset one counter and not the other
        clocked.move_clock(3600)
        assert account.login().verify(code).slug == "invalid-code"
    assert account.login().verify(totp(account.secret, account.step())).slug == "factor-disabled"

    assert account.login().verify(recovery_code=account.recovery_codes[1]).status == 200
    for path, body in (("/me/totp", {}), ("/me/recovery-codes", {})):
        body["code"] = totp(account.secret, account.step())
        reply = account.client.post(path, body)
        assert (reply.status, reply.slug) == (403, "factor-disabled")
    clocked.move_clock(30)
    challenge = replace(account, recovery_code=account.recovery_codes[2]).json["challenge"]
    account.secret = pending_secret(account, challenge)
    assert confirm(account, challenge, account.secret).status == 200
    clocked.move_clock(30)
    assert account.login().verify(totp(account.secret, account.step())).status == 200


@pytest.mark.parametrize("body", [
    {}, {"code": "123456", "recovery_code": "0" * 24}, {"code": "12345"}, {"code": None}, {"code": 123456},
    {"recovery_code": "short"}, {"recovery_code": ["0" * 24]}, {"code": "123456", "username": "ada"},
])
def test_a_malformed_proof_is_422_and_not_an_attempt(server, body):
    account = enrolled(server)
    for _ in range(11):  # one more attempt than an account has
        reply = account.client.post("/me/totp", body)
        assert (reply.status, reply.slug) == (422, "invalid-value")
    assert replace(account).status == 200


def test_needs_a_session(ada, stranger):
    assert stranger.post("/me/totp", {"code": "123456"}).slug == "invalid-token"
    ada.login()
    assert stranger.post("/me/totp", {"code": "123456"}, token=ada.challenge).slug == "invalid-token"


@pytest.mark.concurrent
def test_fifty_with_one_recovery_code(server):
    account = enrolled(server)
    request = request_bytes("POST", "/me/totp", {"recovery_code": account.recovery_codes[0]}, token=account.token)
    replies = all_at_once(server, [request] * 50, "/me/totp")
    assert collections.Counter(reply.slug or reply.status for reply in replies) == {200: 1, "invalid-code": 49}


@pytest.mark.concurrent
def test_fifty_with_one_code(server):
    account = enrolled(server)
    request = request_bytes("POST", "/me/totp", {"code": account.next_code()}, token=account.token)
    replies = all_at_once(server, [request] * 50, "/me/totp")
    found = collections.Counter(reply.slug or reply.status for reply in replies)
    assert found == {200: 1, "code-already-used": 10, "too-many-attempts": 39}


@pytest.mark.concurrent
def test_one_new_authenticator_confirmed_fifty_times(server):
    account = enrolled(server)
    challenge = replace(account).json["challenge"]
    code = totp(pending_secret(account, challenge), account.step())
    request = request_bytes("POST", "/verify-2fa", {"challenge": challenge, "code": code})
    replies = all_at_once(server, [request] * 50, "/verify-2fa")
    assert collections.Counter(reply.slug or reply.status for reply in replies) == {200: 1, "challenge-expired": 49}
