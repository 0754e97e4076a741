"""Sessions: /me, /logout, and what survives restart and kill -9."""

import pytest

from support.accounts import enrolled
from support.http import Client
from support.server import Server


def test_me(ada, client):
    body = client.get("/me").json
    assert {"user", "role", "scopes", "session", "factors", "recovery_codes_left"} <= set(body)
    assert body["user"]["username"] == ada.username
    assert set(body["session"]) == {"id", "created_at", "expires_at", "amr", "proven_until"}
    assert body["session"]["amr"] == ["pwd", "otp"]
    assert [factor["type"] for factor in body["factors"]] == ["totp"]
    assert body["recovery_codes_left"] == 10


def test_me_after_a_recovery_code(server):
    account = enrolled(server)
    assert account.login().verify(recovery_code=account.recovery_codes[0]).status == 200
    body = account.client.get("/me").json
    assert (body["session"]["amr"], body["recovery_codes_left"]) == (["pwd", "recovery"], 9)


def test_logout_ends_this_session_at_once_and_no_other(server):
    account = enrolled(server)
    first = account.token
    account.sign_in()
    assert account.client.post("/logout", token=first).status == 204
    assert account.client.get("/me", token=first).slug == "invalid-token"
    assert account.client.post("/logout", token=first).status == 401
    assert account.client.get("/me").status == 200


def test_a_token_lives_for_ten_minutes(clocked):
    account = enrolled(clocked)
    clocked.move_clock(599)
    assert account.client.get("/me").status == 200
    clocked.move_clock(7)
    assert account.client.get("/me").slug == "invalid-token"


@pytest.mark.parametrize("how", ["restart", "kill9"])
def test_what_was_acknowledged_survives(how):
    with Server() as server:
        alive, ended, fresh = enrolled(server), enrolled(server), enrolled(server)
        made = alive.client.post("/products", {"name": "Lamp", "price": 1, "stock": 1}).json
        assert ended.client.post("/logout").status == 204
        spent = fresh.next_code()
        assert fresh.login().verify(spent).status == 200
        assert fresh.login().verify(recovery_code=fresh.recovery_codes[0]).status == 200
        if how == "restart":
            server.restart()
        else:
            server.kill9().start()
        assert Client(server, alive.token).get(f"/products/{made['id']}").json == made
        assert Client(server, ended.token).get("/me").status == 401
        assert fresh.login().verify(spent).slug == "code-already-used"
        assert fresh.verify(recovery_code=fresh.recovery_codes[0]).slug == "invalid-code"
        assert fresh.verify().status == 200


def test_counters_survive_kill_9():
    with Server(clock=True) as server:
        account = enrolled(server)
        server.move_clock(90)
        wrong = account.wrong_codes(10)
        account.login()
        for code in wrong[:4]:
            assert account.verify(code).slug == "invalid-code"
        server.kill9().start()
        assert [account.verify(code).slug for code in wrong[4:6]] == ["invalid-code", "challenge-expired"]
        account.login()
        for code in wrong[5:]:
            assert account.verify(code).slug == "invalid-code"
        assert account.login().verify().slug == "too-many-attempts"


def test_a_token_in_the_query_is_never_read(ada, stranger):
    for name in ("access_token", "token", "jwt"):
        assert stranger.get(f"/me?{name}={ada.token}").status == 401


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic YWRhOmFkYQ==", "{token}", "Bearer {token}x",
                                   "Bearer {token} {token}", "Token {token}"])
def test_other_forms_of_authorization_are_refused(ada, stranger, value):
    assert stranger.get("/me", headers={"Authorization": value.format(token=ada.token)}).status == 401


@pytest.mark.parametrize("scheme", ["bearer ", "BEARER ", "Bearer  "])  # RFC 9110 §11.4: any case, one or more spaces
def test_the_scheme_may_have_any_case(ada, stranger, scheme):
    assert stranger.get("/me", headers={"Authorization": scheme + ada.token}).status == 200
