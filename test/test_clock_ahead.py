"""A server whose clock was a year ahead and is then set right: everything made meanwhile expires, and the server goes
on working."""

import pytest

from support.accounts import Account, enrolled, fresh_name, product
from support.http import Client
from support.server import Server

pytestmark = pytest.mark.embedded  # on MongoDB a node with such a clock does not start

YEAR = 365 * 24 * 3600


@pytest.fixture
def late():
    """An account that signed up while its server's clock was a year ahead. The clock is right again."""
    with Server(clock=True) as server:
        server.move_clock(YEAR)
        account = enrolled(server)
        account.lamp = account.client.post("/products", product()).json
        account.pending = Account(server, fresh_name()).sign_up()
        server.move_clock(-YEAR)
        yield account


def test_a_token_is_refused_and_the_clock_is_named(late):
    refused = late.client.get("/me")
    assert (refused.status, refused.slug) == (401, "invalid-token")
    assert "clock" in refused.json["detail"]
    assert refused.header("WWW-Authenticate") == 'Bearer error="invalid_token", error_description="issued in the future"'
    assert '"cause":"clock.ahead"' in late.server.log


def test_a_challenge_has_expired_and_its_name_is_free(late):
    assert late.pending.qr().slug == "challenge-expired"
    again = Account(late.server, late.pending.username).sign_up()
    assert again.scan().verify().status == 200


def test_a_recovery_code_works_and_the_refusal_of_a_code_names_the_clock(late):
    late.last_step = 0
    refused = late.login().verify()
    assert (refused.slug, "clock of this server was ahead" in refused.json["detail"]) == ("code-already-used", True)
    assert late.verify(recovery_code=late.recovery_codes[0]).status == 200
    assert late.client.get("/me").status == 200


def test_responses_to_requests_with_a_key_are_stored_for_a_day_of_the_right_clock(late):
    late.login().verify(recovery_code=late.recovery_codes[0])
    key = {"Idempotency-Key": "one"}
    first = late.client.post("/products", product(name="Kettle"), headers=key)
    assert late.client.post("/products", product(name="Kettle"), headers=key).json == first.json
    assert first.json["created_at"] >= late.lamp["created_at"], "the times of records never go back"
    late.server.move_clock(24 * 3600)
    late.login().verify(recovery_code=late.recovery_codes[1])
    assert late.client.post("/products", product(name="Kettle"), headers=key).json["id"] != first.json["id"]


def test_the_slow_down_after_wrong_passwords_does_not_last_a_year(clocked):
    account = enrolled(clocked)
    clocked.move_clock(YEAR)
    wrong = {"username": account.username, "password": "wrong horse battery"}
    for _ in range(5):
        assert Client(clocked).post("/login", wrong).slug == "invalid-credentials"
    assert Client(clocked).post("/login", wrong).slug == "too-many-attempts"
    clocked.move_clock(-YEAR)
    assert Client(clocked).post("/login", wrong).slug == "invalid-credentials"
