"""Accounts kept by an admin: /users, what an admin may change, and what they never see."""

import contextlib
import json
import re
import sqlite3
from urllib.parse import quote

import pytest

from support.accounts import PASSWORD, Account, admin_of, enrolled, fresh_name, member
from support.model.world import rfc3339
from support.server import Server
from test_lists import next_of

MEMBERS = {"id", "username", "name", "role", "state", "factor", "created_at", "last_login_at", "version"}
NOBODY = "0" * 24
DAY = 24 * 3600


@pytest.fixture(scope="module")
def admin():
    """The admin of a server whose clock stands still: no proof becomes too old."""
    with Server(clock=True) as server:
        yield admin_of(server)


@pytest.fixture
def boss(clocked):
    """An admin whose server's clock a test may move."""
    return admin_of(clocked)


def shown(admin, account, **rest) -> dict:
    reply = admin.client.get(f"/users/{account.id}", **rest)
    assert reply.status == 200, reply
    assert reply.header("ETag") == f'"{reply.json["version"]}"'
    return reply.json


def pending(admin, name: str | None = None) -> Account:
    account = Account(admin.server, name).sign_up()
    account.id = next(each["id"] for each in admin.client.get(f"/users?q={account.username}").json)
    return account


def everybody(admin, query: str) -> list:
    """The usernames, page by page."""
    names, target = [], f"/users?{query}"
    while target:
        reply = admin.client.get(target)
        assert reply.status == 200, reply
        names.append([each["username"] for each in reply.json])
        target = next_of(reply)
    return names


# What is shown.

def test_an_account(admin):
    account = enrolled(admin.server)
    found = shown(admin, account)
    now = rfc3339(admin.server.now())
    assert set(found) == MEMBERS
    assert found | {"version": 0} == {"id": account.id, "username": account.username, "name": None, "role": "editor", "state": "active",
                                      "factor": "active", "created_at": now, "last_login_at": now, "version": 0}


def test_the_states_of_an_account_and_of_its_factor(boss):
    server = boss.server
    waits, reset = enrolled(server), enrolled(server)
    fresh = pending(boss)
    assert (shown(boss, fresh)["state"], shown(boss, fresh)["factor"]) == ("pending", "none")
    assert shown(boss, fresh)["last_login_at"] is None
    server.move_clock(90)
    waits.sign_in()
    for code in waits.wrong_codes(10):
        assert waits.prove(code).slug == "invalid-code"
    assert shown(boss, waits)["factor"] == "waiting"
    server.move_clock(31)
    assert shown(boss, waits)["factor"] == "active"
    assert boss.client.post(f"/users/{reset.id}/reset", {"factor": True}).status == 200
    assert shown(boss, reset)["factor"] == "enrol"
    server.move_clock(DAY + 1)
    boss.sign_in()
    assert shown(boss, reset)["factor"] == "none", "the 24 hours are over"


@pytest.mark.embedded
def test_a_factor_that_its_counter_disabled_is_shown_as_that_before_waiting(boss):
    """test_counters.py sends a hundred wrong codes; here ninety-nine of them are written into the store."""
    account = enrolled(boss.server).login()
    with contextlib.closing(sqlite3.connect(boss.server.data / "integrity.db", isolation_level=None)) as store:
        assert store.execute("UPDATE factor_counters SET failures_unredeemed = 99, failures = 98 WHERE user ="
                             " (SELECT id FROM users WHERE username = ?)", (account.username,)).rowcount == 1
    assert account.verify(account.wrong_codes(1)[0]).slug == "invalid-code"
    assert shown(boss, account)["factor"] == "disabled", "the first that fits"


def test_the_last_login_is_shown_and_is_no_change(boss):
    account = enrolled(boss.server)
    before = shown(boss, account)
    boss.server.move_clock(60)
    account.sign_in()
    after = shown(boss, account)
    assert after["last_login_at"] == rfc3339(boss.server.now()) > before["last_login_at"]
    assert after["version"] == before["version"], "the version moves with PUT, never with a login"


def test_an_unknown_account_is_not_found(admin):
    for id in (NOBODY, "x", admin.id.upper()):
        for method, path, body in (("GET", "", None), ("PUT", "", {"name": "x"}), ("POST", "/reset", {"factor": True}),
                                   ("DELETE", "/sessions", None), ("GET", "/history", None)):
            assert admin.client.request(method, f"/users/{id}{path}", body).slug == "not-found", (method, path, id)


# The list.

@pytest.fixture(scope="module")
def crowd(admin):
    """Accounts with one prefix, by folded username."""
    stem = fresh_name("crowd")
    names = [f"{stem}.{rest}" for rest in ("Ada", "bob", "Cyd", "dan-1", "DAN-2", "eve")]
    for name, role in zip(names[:4], ("viewer", "clerk", "auditor", "viewer")):
        member(admin, role, name)
    for name in names[4:]:
        pending(admin, name)
    assert admin.client.put(f"/users/{admin.client.get(f'/users?q={names[3]}').json[0]['id']}", {"state": "disabled"}).status == 200
    return stem, names


def test_the_whole_list_is_in_the_order_of_folded_usernames(admin, crowd):
    names = [each["username"] for each in admin.client.get("/users").json]
    assert names == sorted(names, key=str.lower)
    assert set(crowd[1]) < set(names)
    assert all(set(each) == MEMBERS for each in admin.client.get("/users").json)


def test_q_is_the_beginning_of_a_username_in_any_case(admin, crowd):
    stem, names = crowd
    assert everybody(admin, f"q={stem.upper()}") == [names]
    assert everybody(admin, f"q={stem}.dan") == [names[3:5]]
    assert everybody(admin, f"q={stem}.zz") == [[]]
    assert everybody(admin, f"q={stem[1:]}") == [[]], "not in the middle"


def test_q_is_the_beginning_of_a_name_too_folded_as_product_names_are(admin):
    account = enrolled(admin.server)
    assert admin.change(account, name="Ångström, Élodie").status == 200
    for q in ("angs", "ANGSTROM", "Ångström", "ångstrÖm, é"):
        assert everybody(admin, f"q={quote(q)}") == [[account.username]], q
    assert everybody(admin, "q=elodie") == [[]], "not in the middle"


def test_role_and_state_narrow_the_list(admin, crowd):
    stem, names = crowd
    assert everybody(admin, f"q={stem}&role=viewer") == [[names[0], names[3]]]
    assert everybody(admin, f"q={stem}&role=viewer&state=active") == [[names[0]]]
    assert everybody(admin, f"q={stem}&state=disabled") == [[names[3]]]
    assert everybody(admin, f"q={stem}&state=pending") == [names[4:]]


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6, 7])
def test_in_pages(admin, crowd, limit):
    stem, names = crowd
    pages = everybody(admin, f"q={stem}&limit={limit}")
    assert sum(pages, []) == names
    assert all(len(page) == limit for page in pages[:-1])


def test_a_page_loses_nobody_while_accounts_are_added(admin):
    stem = fresh_name("grows")
    for name in "bdfh":
        pending(admin, f"{stem}.{name}")
    reply = admin.client.get(f"/users?q={stem}&limit=2")
    seen = [each["username"] for each in reply.json]
    for name in "aceg":
        pending(admin, f"{stem}.{name}")
    while target := next_of(reply):
        reply = admin.client.get(target)
        seen += [each["username"] for each in reply.json]
    assert seen == [f"{stem}.{name}" for name in "bdefgh"]


@pytest.mark.parametrize("query, wrong", [("limit=0", {"limit"}), ("limit=1001", {"limit"}), ("cursor=x", {"cursor"}), ("role=boss", {"role"}),
                                          ("state=gone", {"state"}), ("sort=name", {"sort"}), ("role=admin&role=viewer", {"role"}),
                                          ("limit=x&state=", {"limit", "state"})])
def test_bad_parameters_are_all_named(admin, query, wrong):
    reply = admin.client.get(f"/users?{query}")
    assert (reply.status, reply.pointers) == (422, wrong)


def test_a_cursor_belongs_to_its_list(admin, crowd):
    target = next_of(admin.client.get(f"/users?q={crowd[0]}&limit=1"))
    assert admin.client.get(target.replace(f"q={crowd[0]}", "q=somebody")).pointers == {"cursor"}


# Changes.

def test_name_role_and_state_are_changed(admin):
    account = enrolled(admin.server)
    before = shown(admin, account)
    reply = admin.change(account, name="Grace Hopper", role="clerk")
    assert reply.status == 200 and reply.header("ETag") is None
    assert reply.json == before | {"name": "Grace Hopper", "role": "clerk", "version": reply.json["version"]}
    assert reply.json["version"] > before["version"]
    assert shown(admin, account) == reply.json
    assert account.client.get("/me").json["user"]["name"] == "Grace Hopper"
    assert admin.change(account, name=None).json["name"] is None


def test_what_get_gave_may_be_sent_back(admin):
    account = enrolled(admin.server)
    found = shown(admin, account)
    reply = admin.change(account, **found)
    assert reply.status == 200
    assert {k: v for k, v in reply.json.items() if k != "version"} == {k: v for k, v in found.items() if k != "version"}


@pytest.mark.parametrize("member, value", [("id", NOBODY), ("username", "somebody"), ("created_at", "2020-01-01T00:00:00.000Z")])
def test_what_cannot_change_must_be_what_it_is(admin, member, value):
    account = enrolled(admin.server)
    reply = admin.change(account, name="x", **{member: value})
    assert (reply.status, reply.pointers) == (422, {f"#/{member}"})
    assert shown(admin, account)["name"] is None


def test_a_stale_version_is_412(admin):
    account = enrolled(admin.server)
    stale = shown(admin, account)["version"]
    now = admin.change(account, name="one").json["version"]
    assert admin.change(account, name="two", version=stale).slug == "precondition-failed"
    reply = admin.client.put(f"/users/{account.id}", {"name": "two"}, headers={"If-Match": f'"{stale}"'})
    assert reply.slug == "precondition-failed"
    assert admin.client.put(f"/users/{account.id}", {"name": "two"}, headers={"If-Match": "x"}).status == 400
    assert shown(admin, account)["name"] == "one"
    assert admin.client.put(f"/users/{account.id}", {"name": "two"}, headers={"If-Match": f'"{now}"'}).status == 200
    assert admin.change(account, name="three", version=shown(admin, account)["version"]).status == 200
    assert admin.client.put(f"/users/{account.id}", {"name": "four"}, headers={"If-Match": "*"}).status == 200


def test_require_version_is_for_accounts_too():
    with Server("--require-version", clock=True) as server:
        admin = admin_of(server)
        account = enrolled(server)
        assert admin.change(account, name="x").slug == "precondition-required"
        assert admin.change(account, name="x", version=shown(admin, account)["version"]).status == 200


@pytest.mark.parametrize("body, pointers", [
    ({"role": "boss"}, {"#/role"}), ({"role": None}, {"#/role"}), ({"role": 5}, {"#/role"}), ({"state": "pending"}, {"#/state"}),
    ({"state": None}, {"#/state"}), ({"name": ""}, {"#/name"}), ({"name": "é" * 101}, {"#/name"}), ({"name": 5, "role": "x"}, {"#/name", "#/role"}),
    ({"password": "correct horse battery", "name": "x"}, {"#/password"}), ({"is_admin": True, "name": "x"}, {"#/is_admin"}),
    ({"name": "x", "version": "1"}, {"#/version"})])
def test_bad_members_are_all_named(admin, body, pointers):
    account = enrolled(admin.server)
    reply = admin.client.put(f"/users/{account.id}", body)
    assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", pointers)
    assert admin.client.put(f"/users/{account.id}", {}).status == 422


def test_a_pending_account_cannot_be_made_active_but_can_be_disabled(admin):
    account = pending(admin)
    reply = admin.change(account, state="active")
    assert (reply.status, reply.pointers) == (422, {"#/state"})
    assert admin.change(account, state="pending", role="clerk").status == 200, "as GET gave it"
    assert admin.change(account, state="enabled").json["errors"][0]["detail"] == "must be active or disabled", "what can be set"
    assert admin.change(account, state="disabled").json["state"] == "disabled"
    login = {"username": account.username, "password": PASSWORD}
    assert account.client.post("/login", login, token=None).slug == "invalid-credentials"
    assert account.qr().slug == "challenge-expired"


def test_a_role_given_to_a_pending_account_is_its_role_when_confirmed(admin):
    account = pending(admin)
    assert admin.change(account, role="viewer").status == 200
    assert account.enrol().role == "viewer"


def test_disabling_ends_the_sessions_and_enabling_lets_one_log_in_again(admin):
    account = enrolled(admin.server)
    account.login()
    assert admin.change(account, state="disabled").json["state"] == "disabled"
    assert account.client.get("/me").slug == account.refresh().slug == "invalid-token"
    assert account.verify().slug == "challenge-expired"
    login = {"username": account.username, "password": PASSWORD}
    assert account.client.post("/login", login, token=None).slug == "invalid-credentials"
    assert admin.change(account, state="active").json["state"] == "active"
    assert account.client.get("/me").status == 401, "its sessions have ended for good"
    assert account.sign_in().client.get("/me").status == 200


def test_the_version_moves_with_resets_and_the_hosts_acts(admin):
    account = enrolled(admin.server)
    seen = [shown(admin, account)["version"]]

    def moved() -> bool:
        seen.append(shown(admin, account)["version"])
        return seen[-1] > seen[-2]

    assert admin.client.post(f"/users/{account.id}/reset", {"password": True}).status == 200 and moved()
    assert admin.client.post(f"/users/{account.id}/reset", {"factor": True}).status == 200 and moved()
    for verb, *rest in (("role", account.username, "clerk"), ("disable", account.username), ("enable", account.username),
                        ("reset-2fa", account.username), ("set-password", account.username)):
        assert admin.server.command("user", verb, *rest, stdin=PASSWORD + "\n").returncode == 0
        assert moved(), verb


# What an admin never sees.

def test_no_secret_is_in_what_an_admin_reads(admin):
    account = enrolled(admin.server)
    account.login()
    reset = admin.client.post(f"/users/{account.id}/reset", {"password": True, "factor": True}).json
    everything = "".join(admin.client.get(target).text for target in (
        "/users", f"/users/{account.id}", f"/users/{account.id}/history", f"/users/{account.id}/keys", "/changes?kind=user", "/invitations")
        if admin.client.get(target).status == 200)
    assert account.username in everything
    for secret in (account.secret, account.challenge, account.password, account.token, account.refresh_token, reset["reset_token"],
                   *account.recovery_codes, "$2b$", "totp_secret", "password_hash", "failures"):
        assert secret not in everything
    document = json.loads(admin.client.get("/openapi.json").text)
    assert not re.search("password_hash|totp_secret|recovery_code_hash", json.dumps(document))


def test_an_admin_sets_nobody_s_password_name_or_code(admin):
    account = enrolled(admin.server)
    for body in ({"password": "another horse battery"}, {"username": "x-x-x"}, {"recovery_codes": []}, {"totp": "x"}):
        assert admin.client.put(f"/users/{account.id}", body).status == 422
    assert account.sign_in().client.get("/me").status == 200
