"""Operations that want a second factor of the last five minutes, and POST /me/proof."""

import pytest

from support.accounts import Account, admin_of, enrolled, member, totp
from support.http import Client
from support.model.world import rfc3339
from support.server import Server

WANTED = 'Bearer error="insufficient_user_authentication", max_age=300'
NOBODY = "0" * 24
FRESH = [
    ("PUT", "/users/{id}", {"name": "Bob"}),
    ("POST", "/users/{id}/reset", {"password": True}),
    ("DELETE", "/users/{id}/sessions", None),
    ("DELETE", "/users/{id}/keys/" + NOBODY, None),
    ("POST", "/invitations", {"role": "clerk"}),
    ("DELETE", "/invitations/" + NOBODY, None),
    ("POST", "/me/keys", {"name": "robot", "scopes": ["products:read"]}),
]
NOT_FRESH = [
    ("GET", "/users", None), ("GET", "/users/{id}", None), ("GET", "/users/{id}/history", None), ("GET", "/users/{id}/keys", None),
    ("GET", "/invitations", None), ("GET", "/changes", None), ("GET", "/me", None), ("GET", "/me/keys", None),
    ("GET", "/me/sessions", None), ("GET", "/me/history", None), ("DELETE", "/me/keys/" + NOBODY, None),
    ("DELETE", "/me/sessions/" + NOBODY, None), ("DELETE", "/me/sessions", None), ("GET", "/products", None),
    ("POST", "/products", {"name": "Lamp", "price": 1, "stock": 1}),
]
ids = [f"{method} {target}" for method, target, _ in FRESH]


@pytest.fixture
def office():
    """A server with --api-keys, an admin, and an editor."""
    with Server("--api-keys", clock=True) as server:
        admin = admin_of(server)
        yield admin, member(admin, "editor")


@pytest.fixture
def admin(office):
    return office[0]


def send(account, operation, about=None, **rest):
    method, target, body = operation
    return account.client.request(method, target.format(id=(about or account).id), body, **rest)


def is_wanted(reply) -> bool:
    return (reply.status, reply.slug, reply.header("WWW-Authenticate")) == (401, "proof-required", WANTED)


def is_fresh(account) -> bool:
    """Whether the session may do what wants a fresh proof."""
    reply = account.client.delete(f"/invitations/{NOBODY}")
    assert reply.slug == "not-found" or is_wanted(reply), reply
    return not is_wanted(reply)


def proven_until(account) -> str:
    return account.client.get("/me").json["session"]["proven_until"]


# What is fresh.

@pytest.mark.parametrize("operation", FRESH, ids=ids)
def test_it_works_for_five_minutes_after_the_second_step(office, operation):
    admin, editor = office
    admin.server.move_clock(299)
    reply = send(admin, operation, about=editor)
    assert reply.status < 300 or reply.slug == "not-found", reply


def test_after_five_minutes_each_wants_a_proof_and_the_token_stays_good(office):
    admin, editor = office
    admin.server.move_clock(301)
    for operation in FRESH:
        assert is_wanted(send(admin, operation, about=editor)), operation
    assert admin.client.get("/me").status == 200
    assert admin.client.get(f"/users/{editor.id}").json["name"] is None, "nothing happened"
    assert admin.client.get("/invitations").json == admin.client.get("/me/keys").json == []


def test_the_others_do_not_want_one(office):
    admin, editor = office
    admin.server.move_clock(599)
    for operation in NOT_FRESH:
        reply = send(admin, operation, about=editor)
        assert reply.status < 300 or reply.slug == "not-found", (operation, reply)


@pytest.mark.parametrize("operation", FRESH, ids=ids)
def test_it_is_decided_from_the_head(admin, operation):
    """Before 415, 413, 400, 422, 404."""
    admin.server.move_clock(301)
    method, target, body = operation
    target = target.format(id=NOBODY)
    assert is_wanted(admin.client.request(method, target, body))
    if body is None:
        return
    for raw, headers in ((b"{", {}), (b"{}", {}), (b"x=1", {"Content-Type": "application/x-www-form-urlencoded"}),
                         (None, {"Content-Type": "application/json", "Content-Length": "70000"})):
        assert is_wanted(Client(admin.server, admin.token).request(method, target, body=raw, headers=headers))


def test_a_missing_scope_comes_first(office):
    admin, editor = office
    admin.server.move_clock(301)
    for operation in FRESH:
        reply = send(editor, operation)
        if operation[1] == "/me/keys":
            assert is_wanted(reply), "it needs no scope"
        else:
            assert (reply.status, reply.slug) == (403, "forbidden"), operation
            assert reply.header("WWW-Authenticate") == 'Bearer error="insufficient_scope", scope="accounts:write"'


def test_keys_that_are_switched_off_come_first():
    with Server(clock=True) as server:
        admin = admin_of(server)
        server.move_clock(301)
        reply = send(admin, ("POST", "/me/keys", {"name": "robot", "scopes": ["products:read"]}))
        assert (reply.status, reply.slug) == (403, "forbidden")


def test_no_session_comes_first(admin):
    for operation in FRESH:
        reply = send(admin, operation, token=None)
        assert (reply.status, reply.slug) == (401, "invalid-token")


# POST /me/proof.

@pytest.mark.parametrize("how", ["code", "recovery code"])
def test_a_proof_makes_the_session_fresh_again(admin, how):
    admin.server.move_clock(400)
    assert not is_fresh(admin)
    reply = admin.prove() if how == "code" else admin.prove(recovery_code=admin.recovery_codes[0])
    assert (reply.status, reply.json) == (200, {"proven_until": rfc3339(admin.server.now() + 300)})
    assert is_fresh(admin)
    assert proven_until(admin) == reply.json["proven_until"]
    admin.server.move_clock(150)
    assert is_fresh(admin), "from the proof on, not from the second step"


def test_a_code_and_a_recovery_code_are_spent(admin):
    admin.server.move_clock(90)
    code = admin.next_code()
    assert admin.prove(code).status == 200
    assert admin.prove(code).slug == "code-already-used"
    assert admin.login().verify(code).slug == "code-already-used"
    spent = admin.recovery_codes[0]
    assert admin.prove(recovery_code=spent).status == 200
    assert admin.prove(recovery_code=spent).slug == "invalid-code"
    assert admin.client.get("/me").json["recovery_codes_left"] == 9


def test_a_code_that_was_used_elsewhere_proves_nothing(admin):
    admin.server.move_clock(301)
    assert admin.client.post("/me/recovery-codes", {"code": (code := admin.next_code())}).status == 200
    assert admin.prove(code).slug == "code-already-used"
    assert not is_fresh(admin)


@pytest.mark.parametrize("body", [{}, {"code": "12345"}, {"code": 123456}, {"code": None}, {"recovery_code": "short"},
                                  {"code": "123456", "recovery_code": "0" * 24}, {"code": "123456", "more": 1}])
def test_a_malformed_proof_is_422_and_not_counted(admin, body):
    for _ in range(12):
        reply = admin.client.post("/me/proof", body)
        assert (reply.status, reply.slug) == (422, "invalid-value")
    admin.server.move_clock(60)
    assert admin.prove().status == 200


def test_wrong_codes_count_for_the_account_everywhere(admin):
    admin.server.move_clock(301)
    wrong = admin.wrong_codes(10)
    for code in wrong[:9]:
        reply = admin.prove(code)
        assert (reply.status, reply.slug) == (401, "invalid-code")
    assert admin.login().verify(wrong[9]).slug == "invalid-code"
    code = admin.next_code()
    for reply in (admin.prove(code), admin.verify(code), admin.client.post("/me/recovery-codes", {"code": code})):
        assert (reply.status, reply.slug, reply.header("Retry-After")) == (429, "too-many-attempts", "30")
    assert not is_fresh(admin)
    assert admin.prove(recovery_code=admin.recovery_codes[0]).status == 200, "a recovery code never waits"
    assert is_fresh(admin)
    assert admin.prove(code).status == 200, "and it has ended the wait"


def test_wrong_recovery_codes_prove_nothing(admin):
    admin.server.move_clock(301)
    for _ in range(3):
        assert admin.prove(recovery_code="0" * 24).slug == "invalid-code"
    assert not is_fresh(admin)


def test_a_proof_is_of_one_session(admin):
    other = Account(admin.server, admin.username)
    other.secret, other.last_step = admin.secret, admin.last_step
    other.sign_in()
    admin.server.move_clock(301)
    admin.last_step = other.last_step
    assert admin.prove().status == 200
    assert is_fresh(admin) and not is_fresh(other)


def test_it_needs_a_session(admin, office):
    key = office[1].make_key("products:read")["key"]
    challenge = enrolled(admin.server).login().challenge
    code = {"code": "123456"}
    for token in (None, challenge, "x"):
        assert admin.client.post("/me/proof", code, token=token).slug == "invalid-token"
    reply = admin.client.post("/me/proof", code, token=key)
    assert (reply.status, reply.slug) == (403, "forbidden")


def test_one_code_proves_two_sessions_only_once(admin):
    other = Account(admin.server, admin.username)
    other.secret, other.last_step = admin.secret, admin.last_step
    other.sign_in()
    admin.server.move_clock(301)
    code = totp(admin.secret, admin.step())
    assert [admin.prove(code).status, other.prove(code).status] == [200, 401]
    assert is_fresh(admin) and not is_fresh(other)


# What counts, what does not, and what is shown.

def test_a_refresh_does_not_count(admin):
    until = proven_until(admin)
    admin.server.move_clock(200)
    assert admin.refresh().status == 200
    assert proven_until(admin) == until
    admin.server.move_clock(101)
    assert admin.refresh().status == 200
    assert not is_fresh(admin)


def test_codes_of_ones_own_account_do_not_count(admin):
    until = proven_until(admin)
    admin.server.move_clock(200)
    body = {"current_password": admin.password, "new_password": "another horse battery", "code": admin.next_code()}
    assert admin.client.put("/me/password", body).status == 204
    assert admin.client.post("/me/recovery-codes", {"code": admin.next_code()}).status == 200
    assert admin.client.post("/me/totp", {"code": admin.next_code()}).status == 200
    assert proven_until(admin) == until
    admin.server.move_clock(101)
    assert not is_fresh(admin)


def test_a_new_second_step_counts(admin):
    admin.server.move_clock(301)
    admin.sign_in()
    assert is_fresh(admin)


def test_proven_until_is_shown_when_it_has_passed_too(admin):
    until = rfc3339(admin.server.now() + 300)
    assert proven_until(admin) == until
    admin.server.move_clock(599)
    assert proven_until(admin) == until


@pytest.mark.parametrize("how", ["restart", "kill9"])
def test_a_proof_survives(admin, how):
    admin.server.move_clock(301)
    until = admin.prove().json["proven_until"]
    if how == "restart":
        admin.server.restart()
    else:
        admin.server.kill9().start()
    assert is_fresh(admin) and proven_until(admin) == until
    admin.server.move_clock(298)
    assert is_fresh(admin)
    admin.server.move_clock(3)
    assert admin.refresh().status == 200 and not is_fresh(admin)
