"""POST /users/<id>/reset and POST /reset-password: a lost password or factor, without a mail server."""

import collections
import re

import pytest

from support.accounts import PASSWORD, Account, admin_of, enrolled, fresh_name, member
from support.http import Client, all_at_once, request_bytes
from support.model.world import rfc3339
from support.server import Server

NEW = "another horse battery"
DAY = 24 * 3600


@pytest.fixture
def admin(clocked):
    return admin_of(clocked)


@pytest.fixture
def account(admin):
    return enrolled(admin.server)


def reset(admin, account, **what):
    return admin.stay_fresh().client.post(f"/users/{account.id}/reset", what)


def token_for(admin, account, **what) -> str:
    reply = reset(admin, account, password=True, **what)
    assert reply.status == 200, reply
    return reply.json["reset_token"]


def set_password(account, token, new=NEW, username=None):
    return Client(account.server).post("/reset-password", {"username": username or account.username, "reset_token": token,
                                                           "new_password": new})


def log_in(account, password) -> str:
    reply = account.client.post("/login", {"username": account.username, "password": password}, token=None)
    return reply.slug or reply.json["next"]


# The factor.

def test_a_reset_factor_is_enrolled_anew_behind_the_password(admin, account):
    account.login()
    reply = reset(admin, account, factor=True)
    assert (reply.status, reply.json) == (200, {"expires_at": rfc3339(admin.server.now() + DAY)})
    assert account.client.get("/me").slug == account.refresh().slug == "invalid-token", "all sessions have ended"
    lost = account.secret
    for body in ({"code": account.next_code()}, {"recovery_code": account.recovery_codes[0]}):
        assert account.client.post("/verify-2fa", {"challenge": account.challenge, **body}, token=None).status in (401, 403)
    account.last_step = 0
    old_codes = account.recovery_codes
    account.login().enrol()
    assert account.secret != lost and not set(old_codes) & set(account.recovery_codes) and len(account.recovery_codes) == 10
    assert account.client.get("/me").json["role"] == "editor"


def test_enrolment_is_open_for_a_day(admin, account):
    reset(admin, account, factor=True)
    admin.server.move_clock(DAY - 1)
    assert log_in(account, PASSWORD) == "enrol"
    admin.server.move_clock(2)
    assert log_in(account, PASSWORD) == "enrolment-required"


# The password.

def test_a_reset_password_is_refused_from_now_on_and_the_token_sets_another(admin, account):
    reply = reset(admin, account, password=True)
    assert set(reply.json) == {"reset_token", "expires_at"}
    assert reply.json["expires_at"] == rfc3339(admin.server.now() + DAY)
    token = reply.json["reset_token"]
    assert len(token) >= 26, "160 bits"
    assert account.client.get("/me").slug == "invalid-token"
    assert log_in(account, PASSWORD) == "invalid-credentials"
    answered = set_password(account, token)
    assert (answered.status, answered.body) == (204, b"")
    assert log_in(account, PASSWORD) == "invalid-credentials"
    account.password = NEW
    assert account.sign_in().client.get("/me").status == 200, "the second factor stayed"
    assert log_in(account, NEW) == "verify", "a reset password is no way round it"


def test_a_token_works_once(admin, account):
    token = token_for(admin, account)
    assert set_password(account, token).status == 204
    assert set_password(account, token, "a third horse battery").slug == "invalid-token"
    assert log_in(account, NEW) == "verify"


def test_only_the_newest_token_works(admin, account):
    first, second = token_for(admin, account), token_for(admin, account)
    assert first != second
    assert set_password(account, first).slug == "invalid-token"
    assert set_password(account, second).status == 204


def test_a_token_lives_for_a_day(admin, account):
    token = token_for(admin, account)
    admin.server.move_clock(DAY - 1)
    assert set_password(account, token, "password1").slug == "weak-password"
    admin.server.move_clock(2)
    assert set_password(account, token).slug == "invalid-token"
    assert log_in(account, PASSWORD) == "invalid-credentials", "the old password does not come back"


def test_the_token_of_another_account_does_not_work(admin, account):
    other = enrolled(admin.server)
    token = token_for(admin, account)
    token_for(admin, other)
    assert set_password(other, token).slug == "invalid-token"
    assert set_password(account, token).status == 204


def test_a_weak_password_is_refused_first_and_spends_nothing(admin, account):
    token = token_for(admin, account)
    for weak in ("password1", account.username, "Data Integrity API"):
        for sent in (token, "x"):
            reply = set_password(account, sent, weak)
            assert (reply.status, reply.slug, reply.pointers) == (422, "weak-password", {"#/new_password"})
    assert set_password(account, token, "short").pointers == {"#/new_password"}
    assert set_password(account, token).status == 204


def test_every_refusal_has_the_same_bytes(admin, account):
    disabled, expired = enrolled(admin.server), enrolled(admin.server)
    tokens = {each: token_for(admin, each) for each in (account, disabled, expired)}
    assert admin.change(disabled, state="disabled").status == 200
    spent = enrolled(admin.server)
    tokens[spent] = token_for(admin, spent)
    assert set_password(spent, tokens[spent]).status == 204
    admin.server.move_clock(DAY + 1)
    never = enrolled(admin.server)
    seen = collections.defaultdict(list)
    for why, who, name, token in (("unknown name", account, "nobody-here", "x" * 32), ("wrong", account, None, "x" * 32),
                                  ("disabled", disabled, None, tokens[disabled]), ("old", expired, None, tokens[expired]),
                                  ("spent", spent, None, tokens[spent]), ("never reset", never, None, "x" * 32), ("empty", never, None, ""),
                                  ("a strange name", never, "é" * 50, "x"), ("long", never, None, "A" * 10_000)):
        reply = set_password(who, token, username=name)
        assert (reply.status, reply.slug) == (401, "invalid-token"), why
        headers = [(key, value) for key, value in reply.headers if key.lower() not in ("date", "x-request-id")]
        seen[str((reply.json | {"request_id": ""}, headers))].append(why)
    assert len(seen) == 1, seen


@pytest.mark.parametrize("changes, pointers", [
    ({"username": None}, {"#/username"}), ({"reset_token": 5}, {"#/reset_token"}), ({"new_password": None}, {"#/new_password"}),
    ({"code": "123456"}, {"#/code"}), ({"new_password": "short", "username": 5}, {"#/new_password", "#/username"})])
def test_a_malformed_request_is_422(account, changes, pointers):
    body = {"username": account.username, "reset_token": "x" * 32, "new_password": NEW} | changes
    reply = account.client.post("/reset-password", body, token=None)
    assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", pointers)


def test_names_everything_that_is_missing(account):
    assert account.client.post("/reset-password", {}).pointers == {"#/username", "#/reset_token", "#/new_password"}


def test_it_counts_in_the_login_budget_of_the_address():
    with Server("--bcrypt-cost", "10", "--login-burst", "4", "--login-rate", "0.01", generous=False) as server:
        client = Client(server)
        body = {"username": "nobody-here", "reset_token": "x" * 32, "new_password": NEW}
        for number in range(4):
            if number % 2:
                assert client.post("/login", {"username": "nobody", "password": NEW}).status == 401
            else:
                assert client.post("/reset-password", body).status == 401
        reply = client.post("/reset-password", body)
        assert (reply.status, reply.slug) == (429, "too-many-attempts")


@pytest.mark.concurrent
def test_of_many_uses_at_once_one_works(admin, account):
    token = token_for(admin, account)
    raw = [request_bytes("POST", "/reset-password", {"username": account.username, "reset_token": token, "new_password": f"{NEW} {n}"})
           for n in range(12)]
    found = collections.Counter(reply.slug or reply.status for reply in all_at_once(admin.server, raw, "/reset-password"))
    assert found[204] == 1 and set(found) <= {204, "invalid-token", "overloaded", "too-many-attempts"}, found


def test_it_survives_kill_9(admin, account):
    token = token_for(admin, account)
    admin.server.kill9().start()
    assert log_in(account, PASSWORD) == "invalid-credentials"
    assert set_password(account, token).status == 204
    admin.server.kill9().start()
    assert set_password(account, token).slug == "invalid-token"
    assert log_in(account, NEW) == "verify"


@pytest.mark.embedded
def test_the_token_is_not_stored_in_clear(admin, account):
    token = token_for(admin, account)
    admin.server.stop()
    everything = b"".join(path.read_bytes() for path in admin.server.data.rglob("*") if path.is_file())
    assert account.username.encode() in everything and token.encode() not in everything
    assert token not in admin.server.log
    admin.server.start()


# Both, and whom it may concern.

def test_both_at_once(admin, account):
    token = token_for(admin, account, factor=True)
    assert log_in(account, PASSWORD) == "invalid-credentials"
    assert set_password(account, token).status == 204
    assert log_in(account, NEW) == "enrol"


@pytest.mark.parametrize("body, pointers", [({"factor": False}, {"#/factor"}), ({"factor": True, "password": False}, {"#/password"}),
                                            ({"factor": 1}, {"#/factor"}), ({"factor": None}, {"#/factor"}),
                                            ({"password": True, "new_password": NEW}, {"#/new_password"})])
def test_only_true_is_accepted(admin, account, body, pointers):
    reply = admin.client.post(f"/users/{account.id}/reset", body)
    assert (reply.status, reply.pointers) == (422, pointers)
    assert admin.client.post(f"/users/{account.id}/reset", {}).status == 422, "at least one"
    assert account.client.get("/me").status == 200, "nothing happened"


def test_ones_own_and_the_last_admins(admin):
    token = token_for(admin, admin, factor=True)
    assert admin.client.get("/me").status == 401
    assert set_password(admin, token).status == 204
    admin.password, admin.last_step = NEW, 0
    assert admin.login().enrol().role == "admin"


def test_a_pending_and_a_disabled_account(admin, account):
    waiting = Account(admin.server, fresh_name()).sign_up()
    [waiting.id] = [each["id"] for each in admin.client.get(f"/users?q={waiting.username}").json]
    token = token_for(admin, waiting)
    assert log_in(waiting, PASSWORD) == "invalid-credentials"
    assert set_password(waiting, token).status == 204
    assert log_in(waiting, NEW) == "enrol"
    assert admin.change(account, state="disabled").status == 200
    token = token_for(admin, account)
    assert set_password(account, token).slug == "invalid-token"
    assert admin.change(account, state="active").status == 200
    assert set_password(account, token).status == 204


def test_what_a_reset_leaves_in_me(admin, account):
    assert account.client.get("/me").json.get("reset") is None
    token = token_for(admin, account)
    at = rfc3339(admin.server.now())
    set_password(account, token)
    account.password = NEW
    account.sign_in()
    shown = account.client.get("/me").json["reset"]
    assert set(shown) == {"at", "by", "factor", "password"}
    assert (shown["at"], shown["factor"], shown["password"]) == (at, False, True)
    assert admin.id in str(shown["by"])
    admin.server.move_clock(30 * DAY - 60)
    account.sign_in()
    assert account.client.get("/me").json["reset"] == shown
    admin.server.move_clock(120)
    assert account.client.get("/me").json.get("reset") is None, "after thirty days"


def test_a_reset_on_the_host_is_in_me_too(admin, account):
    assert admin.server.command("user", "reset-2fa", account.username).returncode == 0
    account.last_step = 0
    account.login().enrol()
    shown = account.client.get("/me").json["reset"]
    assert (shown["by"], shown["factor"], shown["password"]) == (None, True, False)


def test_who_reset_what_is_in_the_persons_own_history(admin, account):
    token = token_for(admin, account, factor=True)
    set_password(account, token)
    account.password, account.last_step = NEW, 0
    account.login().enrol()
    changes = account.client.get("/me/history").json
    by_admin = [each for each in changes if each["actor"] and each["actor"]["id"] == admin.id]
    assert len(by_admin) >= 1 and any("reset" in each["op"] for each in by_admin), [each["op"] for each in changes]
    own = [each for each in changes if "password" in each["op"] and each["actor"] and each["actor"]["id"] == account.id]
    assert own, "a reset password has the account itself as its actor"
    assert not re.search(re.escape(token), str(changes))


def test_editors_reset_nobody(admin, account):
    other = member(admin, "auditor")
    for someone in (account, other):
        reply = someone.client.post(f"/users/{account.id}/reset", {"factor": True})
        assert (reply.status, reply.slug) == (403, "forbidden")
