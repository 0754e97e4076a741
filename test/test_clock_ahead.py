"""A server whose clock was a year ahead and is set right: nothing that was made meanwhile lives on, and nothing stands still."""

import pytest

from support.accounts import Account, enrolled, fresh_name, product
from support.http import Client
from support.server import Server

pytestmark = pytest.mark.embedded  # a node of a cluster with such a clock is refused by the others

YEAR = 365 * 24 * 3600


@pytest.fixture
def late():
    """A server, and who signed up on it while its clock was ahead; it is right again."""
    with Server(clock=True) as server:
        server.move_clock(YEAR)
        account = enrolled(server)
        account.lamp = account.client.post("/products", product()).json
        account.begun = Account(server, fresh_name()).sign_up()
        server.move_clock(-YEAR)
        yield account


def test_a_token_is_refused_and_the_clock_is_named(late):
    refused = late.client.get("/me")
    assert (refused.status, refused.slug) == (401, "invalid-token")
    assert "clock" in refused.json["detail"]
    assert refused.header("WWW-Authenticate") == 'Bearer error="invalid_token", error_description="issued in the future"'
    assert '"cause":"clock.ahead"' in late.server.log


def test_a_challenge_is_dead_and_a_name_is_free(late):
    assert late.begun.qr().slug == "challenge-expired"
    again = Account(late.server, late.begun.username).sign_up()
    assert again.scan().verify().status == 200


def test_the_owner_gets_in_with_a_recovery_code_and_is_told_why_not_with_another(late):
    late.last_step = 0
    told = late.login().verify()
    assert (told.slug, "clock of this server was ahead" in told.json["detail"]) == ("code-already-used", True)
    assert late.verify(recovery_code=late.recovery_codes[0]).status == 200
    assert late.client.get("/me").status == 200


def test_requests_with_a_key_are_kept_for_a_day_of_the_right_clock(late):
    late.login().verify(recovery_code=late.recovery_codes[0])
    key = {"Idempotency-Key": "one"}
    first = late.client.post("/products", product(name="Kettle"), headers=key)
    assert late.client.post("/products", product(name="Kettle"), headers=key).json == first.json
    assert first.json["created_at"] >= late.lamp["created_at"], "records go by a time that never goes back"
    late.server.move_clock(24 * 3600)
    late.login().verify(recovery_code=late.recovery_codes[1])
    assert late.client.post("/products", product(name="Kettle"), headers=key).json["id"] != first.json["id"]


def test_wrong_passwords_slow_down_nobody_for_a_year(clocked):
    account = enrolled(clocked)
    clocked.move_clock(YEAR)
    wrong = {"username": account.username, "password": "wrong horse battery"}
    for _ in range(5):
        assert Client(clocked).post("/login", wrong).slug == "invalid-credentials"
    assert Client(clocked).post("/login", wrong).slug == "too-many-attempts"
    clocked.move_clock(-YEAR)
    assert Client(clocked).post("/login", wrong).slug == "invalid-credentials"
