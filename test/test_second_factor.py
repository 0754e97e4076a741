"""POST /verify-2fa: the only way to an access token."""

import re

import pytest

from support.accounts import Account, enrolled, fresh_name, totp

CROCKFORD = re.compile(r"[0-9A-HJKMNP-TV-Z]{24}")


def test_the_first_right_code_activates_and_shows_ten_recovery_codes_once(server):
    account = Account(server).sign_up().scan()
    reply = account.verify()
    assert reply.status == 200
    body = reply.json
    assert (body["token_type"], body["expires_in"], body["recovery_codes_left"]) == ("Bearer", 600, 10)
    assert body["user"]["username"] == account.username
    codes = [code.replace("-", "") for code in body["recovery_codes"]]
    assert len(set(codes)) == 10 and all(map(CROCKFORD.fullmatch, codes)), codes
    again = account.login().verify()
    assert again.status == 200 and "recovery_codes" not in again.json


@pytest.mark.parametrize("shown", ["{} {}", " {}{} ", "{}\u00a0{}", "{}\u2009{}", "{}\u202f{}"])
def test_spaces_in_a_code_do_not_count(clocked, shown):
    """Apps show `123 456`, and people copy that."""
    account = Account(clocked).sign_up().scan()
    code = account.next_code()
    reply = account.verify(shown.format(code[:3], code[3:]))
    assert reply.status == 200, reply
    recovery = reply.json["recovery_codes"][0]
    assert account.login().verify(recovery_code=shown.format(recovery[:8], recovery[8:])).status == 200


def test_the_enrolment_code_is_spent(server):
    account = Account(server).sign_up().scan()
    code = account.next_code()
    assert account.verify(code).status == 200
    reply = account.login().verify(code)
    assert (reply.status, reply.slug) == (401, "code-already-used")
    assert 1 <= int(reply.header("Retry-After")) <= 90


def test_the_window_is_one_step_either_way_and_only_forwards(clocked):
    account = enrolled(clocked)
    clocked.move_clock(300)
    now = account.step()
    for step, slug in [(now - 2, "invalid-code"), (now + 2, "invalid-code"), (now - 1, None),
                       (now - 1, "code-already-used"), (now + 1, None), (now, "code-already-used")]:
        reply = account.login().verify(totp(account.secret, step))
        assert reply.slug == slug, (step - now, reply)


def test_a_clock_set_back_makes_no_code_valid_again(clocked):
    account = enrolled(clocked)
    clocked.move_clock(120)
    code = totp(account.secret, account.step())
    assert account.login().verify(code).status == 200
    clocked.move_clock(-120)
    assert account.login().verify(code).status == 401
    assert account.login().verify(totp(account.secret, account.step())).status == 401


@pytest.mark.parametrize("steps, named", [(-8, "4 minutes"), (-19, "minutes"), (-25, None), (+3, None)])
def test_the_response_names_how_far_a_phone_is_behind_but_not_how_far_ahead(clocked, steps, named):
    account = enrolled(clocked)
    clocked.move_clock(1800)
    reply = account.login().verify(totp(account.secret, account.step() + steps))
    assert (reply.status, reply.slug) == (401, "invalid-code")
    assert ("behind" in reply.json["detail"]) == (named is not None)
    assert (named or "") in reply.json["detail"]


@pytest.mark.parametrize("proof, pointers", [
    ({}, None),
    ({"code": "123456", "recovery_code": "0" * 24}, None),
    ({"code": 123456}, {"#/code"}),
    ({"code": "12345"}, {"#/code"}),
    ({"code": "1234567"}, {"#/code"}),
    ({"code": "12345a"}, {"#/code"}),
    ({"code": " 12345"}, {"#/code"}),
    ({"code": "١٢٣٤٥٦"}, {"#/code"}),
    ({"code": {"$ne": None}}, {"#/code"}),
    ({"code": None}, {"#/code"}),
    ({"recovery_code": 5}, {"#/recovery_code"}),
    ({"recovery_code": "short"}, {"#/recovery_code"}),
    ({"code": "123456", "token": "x"}, {"#/token"}),
])
def test_a_malformed_proof_is_422_and_not_an_attempt(server, proof, pointers):
    account = Account(server).sign_up().scan()
    for _ in range(6):  # one more attempt than a challenge has
        reply = account.client.post("/verify-2fa", {"challenge": account.challenge, **proof})
        assert (reply.status, reply.slug) == (422, "invalid-value")
        assert pointers is None or reply.pointers == pointers
    assert account.verify().status == 200


@pytest.mark.parametrize("challenge", [None, 5, ["x"], {"$ne": None}])
def test_a_challenge_that_is_not_a_string_is_422(stranger, challenge):
    reply = stranger.post("/verify-2fa", {"challenge": challenge, "code": "123456"})
    assert reply.pointers == {"#/challenge"}


def test_a_username_may_be_sent_and_must_match(server):
    account, other = Account(server).sign_up().scan(), enrolled(server)
    for name in (other.username, fresh_name("nobody")):
        assert account.verify(totp(account.secret, account.step()), username=name).status == 401
    assert account.verify(username=account.username.upper()).status == 200


def test_without_a_challenge_it_is_401(ada, stranger):
    for challenge in ({}, {"challenge": ""}, {"challenge": "x" * 43}, {"challenge": ada.token}):
        reply = stranger.post("/verify-2fa", {**challenge, "username": ada.username, "code": "123456"})
        assert (reply.status, reply.slug) == (401, "challenge-expired")
    assert stranger.post("/verify-2fa", {}).pointers == {"#/code"}  # a malformed proof is reported before that


def test_a_challenge_is_spent_by_success(server):
    account = Account(server).sign_up().enrol()
    assert account.verify().slug == "challenge-expired"
    assert account.qr("application/json").slug == "challenge-expired"


def test_challenges_and_access_tokens_do_not_replace_each_other(server):
    account = Account(server).sign_up()
    assert account.client.get("/products", token=account.challenge).slug == "invalid-token"
    account.enrol().login()
    assert account.client.get("/products", token=account.challenge).slug == "invalid-token"
    assert account.qr(challenge=account.token).slug == "challenge-expired"


@pytest.mark.parametrize("first, seconds", [("sign-up", 600), ("login", 300)])
def test_a_challenge_lives_for_what_expires_in_says(clocked, first, seconds):
    account = Account(clocked).sign_up().scan()
    if first == "login":
        assert account.verify().status == 200
        account.login()
    challenge = account.challenge
    clocked.move_clock(seconds - 1)
    assert account.verify("000000" if totp(account.secret, account.step()) != "000000" else "111111").slug == \
        "invalid-code"
    clocked.move_clock(2)
    account.challenge = challenge
    assert account.verify().slug == "challenge-expired"
    assert account.qr().slug == "challenge-expired"


def test_a_recovery_code_works_once_and_counts_down(server):
    account = enrolled(server)
    code = account.recovery_codes[3]
    reply = account.login().verify(recovery_code=code)
    assert (reply.status, reply.json["recovery_codes_left"]) == (200, 9)
    again = account.login().verify(recovery_code=code)
    assert (again.status, again.slug) == (401, "invalid-code")
    assert account.verify(recovery_code=account.recovery_codes[4]).json["recovery_codes_left"] == 8


def test_a_recovery_code_belongs_to_its_owner(server):
    alice, bob = enrolled(server), enrolled(server)
    assert bob.login().verify(recovery_code=alice.recovery_codes[0]).status == 401
    assert alice.login().verify(recovery_code=alice.recovery_codes[0]).status == 200
    assert bob.login().verify().status == 200


def test_a_recovery_code_does_not_enrol(server):
    account, other = Account(server).sign_up(), enrolled(server)
    assert account.verify(recovery_code=other.recovery_codes[0]).status in (401, 422)
    assert account.scan().verify().status == 200
