"""Invitations: how somebody gets an account with a given role, also where sign-up is closed."""

import re

import pytest

from support.accounts import PASSWORD, Account, admin_of, enrolled, fresh_name, member
from support.http import Client, all_at_once, request_bytes
from support.model.world import rfc3339
from support.server import Server
from test_lists import next_of

NOBODY = "0" * 24
DAY = 24 * 3600
OPEN_MAX = 1000


def host_admin(server) -> Account:
    """An admin from the host, for a server on which sign-up is closed."""
    name = fresh_name("boss")
    done = server.command("user", "add", name, "--role", "admin", stdin=PASSWORD + "\n")
    assert done.returncode == 0, done.stderr
    return Account(server, name).login().enrol()


@pytest.fixture(scope="module")
def closed():
    """The admin of a server on which sign-up is closed and the clock stands still."""
    with Server("--signup", "closed", "--signup-role", "viewer", clock=True) as server:
        yield host_admin(server)


@pytest.fixture
def admin(clocked):
    return admin_of(clocked)


def sign_up(server, token=None, name=None, **members):
    body = {"username": name or fresh_name("guest"), "password": PASSWORD, **members}
    return Client(server).post("/signup", body if token is None else body | {"invitation": token})


def is_closed(reply) -> bool:
    return (reply.status, reply.slug) == (403, "signup-closed")


# Making, listing, withdrawing.

def test_an_invitation(admin):
    reply = admin.client.post("/invitations", {"role": "clerk", "name": "Grace Hopper"})
    assert reply.status == 201
    assert set(reply.json) == {"id", "token", "role", "name", "expires_at"}
    assert (reply.json["role"], reply.json["name"]) == ("clerk", "Grace Hopper")
    assert reply.json["expires_at"] == rfc3339(admin.server.now() + 7 * DAY)
    assert len(reply.json["token"]) >= 26, "160 bits"
    [listed] = admin.client.get("/invitations").json
    assert set(listed) == {"id", "role", "name", "created_by", "created_at", "expires_at"}
    assert {name: listed[name] for name in ("id", "role", "name", "expires_at")} == {
        name: reply.json[name] for name in ("id", "role", "name", "expires_at")}
    assert listed["created_at"] == rfc3339(admin.server.now())
    assert admin.id in str(listed["created_by"])


@pytest.mark.parametrize("seconds", [1, 3600, 30 * DAY])
def test_how_long_it_is_open_may_be_said(admin, seconds):
    assert admin.invite("clerk", expires_in=seconds)["expires_at"] == rfc3339(admin.server.now() + seconds)


@pytest.mark.parametrize("body, pointers", [
    ({}, {"#/role"}), ({"role": "boss"}, {"#/role"}), ({"role": "clerk", "expires_in": 0}, {"#/expires_in"}),
    ({"role": "clerk", "expires_in": 30 * DAY + 1}, {"#/expires_in"}), ({"role": "clerk", "expires_in": "1"}, {"#/expires_in"}),
    ({"role": "clerk", "name": ""}, {"#/name"}), ({"role": None, "name": "é" * 101, "more": 1}, {"#/role", "#/name", "#/more"})])
def test_bad_members_are_all_named(closed, body, pointers):
    reply = closed.client.post("/invitations", body)
    assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", pointers)


def test_the_list_has_the_newest_first_in_pages(admin):
    made = []
    for number in range(7):
        made.insert(0, admin.invite("clerk", name=f"Guest {number}")["id"])
        admin.server.move_clock(1)
    assert [each["id"] for each in admin.client.get("/invitations").json] == made
    seen, target = [], "/invitations?limit=3"
    while target:
        reply = admin.client.get(target)
        seen.append([each["id"] for each in reply.json])
        target = next_of(reply)
    assert sum(seen, []) == made and [len(page) for page in seen] == [3, 3, 1]
    assert admin.client.get("/invitations?limit=0&role=clerk").pointers == {"limit", "role"}


def test_only_open_ones_are_listed(admin):
    spent, gone, late = admin.invite("clerk"), admin.invite("clerk"), admin.invite("clerk", expires_in=100)
    left = admin.invite("clerk")
    Account(admin.server).sign_up(invitation=spent["token"]).enrol()
    assert admin.client.delete(f"/invitations/{gone['id']}").status == 204
    admin.server.move_clock(101)
    assert [each["id"] for each in admin.client.get("/invitations").json] == [left["id"]]
    for each in (spent, gone, {"id": NOBODY}, {"id": "x"}):
        assert admin.client.delete(f"/invitations/{each['id']}").slug == "not-found"
    assert is_closed(sign_up(admin.server, late["token"]))


def test_a_withdrawn_one_is_refused_at_once(closed):
    made = closed.invite("clerk")
    assert closed.client.delete(f"/invitations/{made['id']}").status == 204
    assert is_closed(sign_up(closed.server, made["token"]))


def test_no_token_is_shown_again_or_stored_in_clear(admin):
    made = admin.invite("clerk")
    auditor = member(admin, "auditor")
    assert made["token"] not in auditor.client.get("/invitations").text + auditor.client.get("/changes").text
    if not admin.server.store:
        admin.server.stop()
        everything = b"".join(path.read_bytes() for path in admin.server.data.rglob("*") if path.is_file())
        assert made["id"].encode() in everything or bytes.fromhex(made["id"]) in everything
        assert made["token"].encode() not in everything
        admin.server.start()
    assert made["token"] not in admin.server.log


def test_at_most_a_thousand_are_open(admin):
    raw = request_bytes("POST", "/invitations", {"role": "clerk", "expires_in": 60}, token=admin.token)
    made = []
    while len(made) < OPEN_MAX:
        replies = all_at_once(admin.server, [raw] * min(20, OPEN_MAX - len(made)), "/invitations")
        made += [reply.json["id"] for reply in replies if reply.status == 201]
    reply = admin.client.post("/invitations", {"role": "clerk"})
    assert (reply.status, reply.slug) == (409, "limit-reached")
    assert admin.client.delete(f"/invitations/{made[0]}").status == 204
    assert admin.client.post("/invitations", {"role": "clerk"}).status == 201
    assert admin.client.post("/invitations", {"role": "clerk"}).slug == "limit-reached"
    admin.server.move_clock(61)
    assert admin.client.post("/invitations", {"role": "clerk"}).status == 201, "expired ones do not count"


@pytest.mark.concurrent
def test_the_limit_holds_when_many_ask_at_once(admin):
    raw = request_bytes("POST", "/invitations", {"role": "clerk"}, token=admin.token)
    for _ in range(49):
        all_at_once(admin.server, [raw] * 20, "/invitations")
    rest = all_at_once(admin.server, [raw] * 40, "/invitations")
    assert len(admin.client.get("/invitations").json) == OPEN_MAX
    assert {reply.slug or reply.status for reply in rest} <= {201, "limit-reached"}


# Signing up with one.

def test_it_works_where_sign_up_is_closed_and_gives_its_role(closed):
    for role in ("viewer", "clerk", "editor", "auditor", "admin"):
        token = closed.invite(role)["token"]
        account = Account(closed.server).sign_up(invitation=token).enrol()
        assert account.role == account.client.get("/me").json["role"] == role
        assert is_closed(sign_up(closed.server, token)), "spent"


def test_its_name_is_the_accounts_unless_the_sign_up_names_one(closed):
    for members, expected in (({}, "Grace Hopper"), ({"name": "Amazing Grace"}, "Amazing Grace")):
        token = closed.invite("clerk", name="Grace Hopper")["token"]
        account = Account(closed.server).sign_up(invitation=token, **members).enrol()
        assert account.client.get("/me").json["user"]["name"] == expected


def test_its_role_goes_before_signup_role_and_before_the_first_admin():
    with Server("--signup-role", "viewer", clock=True) as server:
        first = enrolled(server)
        invited = Account(server).sign_up(invitation=first.invite("auditor")["token"]).enrol()
        assert invited.role == "auditor"


def test_the_first_account_with_an_invitation_gets_its_role_and_not_admin():
    with Server(clock=True) as server:
        done = server.command("invitation", "add", "--role", "clerk")
        assert done.returncode == 0, done.stderr
        assert Account(server).sign_up(invitation=done.stdout.strip()).enrol().role == "clerk"
        assert enrolled(server).role == "editor", "an account was confirmed before"


@pytest.mark.parametrize("token", ["x" * 32, "", "é", "A" * 5000])
def test_a_bad_one_is_refused_also_where_sign_up_is_open(admin, token):
    assert is_closed(sign_up(admin.server, token))
    assert sign_up(admin.server).status == 201


def test_one_that_is_no_string_is_422(admin):
    assert sign_up(admin.server, 5).pointers == {"#/invitation"}
    reply = Client(admin.server).post("/signup", {"username": "a b", "password": "short", "invitation": ["x"]})
    assert reply.pointers == {"#/username", "#/password", "#/invitation"}


def test_where_sign_up_is_closed_the_body_is_read_first(closed):
    """413, 415 and 400 as ever; then 403, before 422 and 409."""
    client = Client(closed.server)
    assert client.post("/signup", headers={"Content-Type": "application/json", "Content-Length": "65537"}).status == 413
    assert client.post("/signup", body=b"x=1", headers={"Content-Type": "text/plain"}).status == 415
    assert client.post("/signup", body=b"{").status == 400
    for body in ({}, {"username": closed.username, "password": PASSWORD}, {"username": "x", "password": "short", "more": 1},
                 {"username": closed.username, "password": "password1", "invitation": "x" * 32}):
        assert is_closed(client.post("/signup", body)), body


def test_with_a_good_one_the_rest_is_checked_as_ever(closed):
    token = closed.invite("clerk")["token"]
    assert sign_up(closed.server, token, name=closed.username).slug == "username-taken"
    assert sign_up(closed.server, token, password="password1").slug == "weak-password"
    assert sign_up(closed.server, token, more=1).pointers == {"#/more"}
    assert Account(closed.server).sign_up(invitation=token).enrol().role == "clerk", "none of these spent it"


# It is spent by the confirmation.

def test_of_two_accounts_on_one_invitation_the_first_to_confirm_gets_in(closed):
    token = closed.invite("clerk")["token"]
    first, second = (Account(closed.server).sign_up(invitation=token).scan() for _ in range(2))
    assert second.verify().json["role"] == "clerk"
    assert is_closed(first.verify())
    [left] = closed.client.get(f"/users?q={first.username}").json
    assert (left["state"], left["factor"]) == ("pending", "none"), "it stays pending"


@pytest.mark.concurrent
def test_of_many_that_confirm_at_once_one_gets_in(closed):
    for _ in range(5):
        token = closed.invite("clerk")["token"]
        guests = [Account(closed.server).sign_up(invitation=token).scan() for _ in range(6)]
        raw = [request_bytes("POST", "/verify-2fa", {"challenge": each.challenge, "code": each.next_code()}) for each in guests]
        replies = all_at_once(closed.server, raw, "/verify-2fa")
        assert sorted(reply.status for reply in replies) == [200] + [403] * 5
        assert all(is_closed(reply) for reply in replies if reply.status == 403)


@pytest.mark.parametrize("how", ["deleted", "expired"])
def test_it_is_looked_at_again_at_the_confirmation(admin, how):
    made = admin.invite("clerk", expires_in=200)
    guest = Account(admin.server).sign_up(invitation=made["token"]).scan()
    if how == "deleted":
        assert admin.client.delete(f"/invitations/{made['id']}").status == 204
    else:
        admin.server.move_clock(201)
    assert is_closed(guest.verify())
    assert [each["state"] for each in admin.client.get(f"/users?q={guest.username}").json] == ["pending"]


def test_it_outlives_its_maker_s_role(admin):
    other = member(admin, "admin")
    token = other.invite("auditor")["token"]
    assert admin.change(other, role="viewer").status == 200
    assert Account(admin.server).sign_up(invitation=token).enrol().role == "auditor"


def test_it_survives_kill_9_and_stays_spent(admin):
    token, spent = admin.invite("clerk")["token"], admin.invite("clerk")["token"]
    Account(admin.server).sign_up(invitation=spent).enrol()
    admin.server.kill9().start()
    assert is_closed(sign_up(admin.server, spent))
    assert Account(admin.server).sign_up(invitation=token).enrol().role == "clerk"


def test_who_invited_and_who_accepted_is_in_the_history(admin):
    made = admin.invite("clerk")
    guest = Account(admin.server).sign_up(invitation=made["token"]).enrol()
    [accepted, created] = admin.client.get(f"/changes?record={made['id']}").json
    assert (created["op"], created["actor"]["id"]) == ("invitation.create", admin.id)
    assert (accepted["op"], accepted["actor"]["id"]) == ("invitation.accept", guest.id)
    assert made["token"] not in str(created) and not re.search("token", str(created))
