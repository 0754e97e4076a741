"""POST /signup."""

import pytest

from support.accounts import PASSWORD, Account, fresh_name
from support.http import Client
from support.server import Server


def sign_up(client, **members):
    return client.post("/signup", {"username": fresh_name(), "password": PASSWORD, **members})


def test_gives_a_challenge_to_enrol(stranger):
    name = fresh_name("Ada.")
    reply = sign_up(stranger, username=name, name="Ada Lovelace")
    assert reply.status == 201
    body = reply.json
    assert (body["next"], body["expires_in"], body["qr"]) == ("enrol", 600, f"/generate-2fa/{name}")
    assert set(body["user"]) == {"id", "username", "name", "created_at"}
    assert (body["user"]["username"], body["user"]["name"]) == (name, "Ada Lovelace")
    assert "access_token" not in reply.text


def test_a_name_is_optional(stranger):
    assert sign_up(stranger).json["user"]["name"] is None
    assert sign_up(stranger, name=None).json["user"]["name"] is None


@pytest.mark.parametrize("members, pointers", [
    ({"username": "ab"}, {"#/username"}),
    ({"username": "a" * 65}, {"#/username"}),
    ({"username": "a b c"}, {"#/username"}),
    ({"username": "käse"}, {"#/username"}),
    ({"username": {"$ne": None}}, {"#/username"}),
    ({"username": None, "password": ["x"] * 8}, {"#/username", "#/password"}),
    ({"password": "é" * 7}, {"#/password"}),
    ({"password": "é" * 257}, {"#/password"}),
    ({"password": 12345678}, {"#/password"}),
    ({"name": ""}, {"#/name"}),
    ({"name": "é" * 101}, {"#/name"}),
    ({"name": 5}, {"#/name"}),
    ({"role": "admin"}, {"#/role"}),
    ({"id": "0" * 24, "is_admin": True, "_id": 1}, {"#/id", "#/is_admin", "#/_id"}),
])
def test_refuses_and_names_every_fault(stranger, members, pointers):
    reply = sign_up(stranger, **members)
    assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", pointers)


def test_names_what_is_missing(stranger):
    assert stranger.post("/signup", {}).pointers == {"#/username", "#/password"}


@pytest.mark.parametrize("password", ["é" * 8, "x" * 64, "é" * 256, "        x passphrase 🐢", "tab\tand\u0000nul"])
def test_a_password_may_have_8_to_256_characters_of_any_kind(server, password):
    account = Account(server, password=password).sign_up().login()
    assert account.challenge


@pytest.mark.parametrize("password", ["password1", "123456789", "qwertyuiop", "iloveyou1"])
def test_refuses_common_passwords(stranger, password):
    assert sign_up(stranger, password=password).slug == "weak-password"


def test_a_weak_password_is_reported_with_all_other_errors(stranger):
    reply = stranger.post("/signup", {"username": "a b", "password": "password1", "admin": True})
    assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", {"#/username", "#/password", "#/admin"})
    reply = stranger.post("/signup", {"username": "a b", "password": "password1", **dict.fromkeys(map(str, range(50)), 1)})
    assert {"#/username", "#/password"} < reply.pointers
    reply = stranger.post("/signup", {"password": "password1"})
    assert (reply.slug, reply.pointers) == ("invalid-value", {"#/username", "#/password"})
    reply = stranger.post("/signup", {"username": "", "password": "no common one"})
    assert reply.pointers == {"#/username"}


@pytest.mark.parametrize("form", ["{}", "{}123", "Data Integrity API", "dataintegrityapi"])
def test_refuses_the_username_and_the_products_name(stranger, form):
    name = fresh_name("somebody")
    assert sign_up(stranger, username=name, password=form.format(name)).slug == "weak-password"


def test_a_name_is_taken_in_any_case_and_before_it_is_confirmed(stranger):
    name = fresh_name("grace")
    assert sign_up(stranger, username=name).status == 201
    for taken in (name, name.upper()):
        reply = sign_up(stranger, username=taken)
        assert (reply.status, reply.slug) == (409, "username-taken")


def test_a_pending_account_is_removed_after_24_hours(clocked):
    name = fresh_name()
    assert sign_up(Client(clocked), username=name).status == 201
    clocked.move_clock(24 * 3600 - 60)
    assert sign_up(Client(clocked), username=name).status == 409
    clocked.move_clock(120)
    assert sign_up(Client(clocked), username=name).status == 201


def test_a_pending_account_cannot_log_in_after_24_hours(clocked):
    """It once could until the next clean-up, and then lived for another day."""
    account = Account(clocked).sign_up()
    clocked.move_clock(24 * 3600 - 1)
    account.login()  # this begins another 24 hours
    clocked.move_clock(24 * 3600)
    credentials = {"username": account.username, "password": account.password}
    assert account.client.post("/login", credentials).slug == "invalid-credentials"


def test_closed_signup_is_refused():
    with Server("--signup", "closed") as server:
        reply = sign_up(Client(server))
        assert (reply.status, reply.slug) == (403, "signup-closed")
        assert "integrity user add" in reply.json["detail"]


def test_an_address_may_sign_up_ten_times_whatever_it_forwards():
    """At a rate that allows no eleventh while a slow machine hashes ten passwords."""
    with Server("--bcrypt-cost", "10", "--signup", "open", "--signup-rate", "0.001", generous=False) as server:
        client = Client(server)
        for number in range(10):
            forwarded = {"X-Forwarded-For": f"192.0.2.{number}", "Forwarded": f"for=192.0.2.{number}"}
            body = {"username": fresh_name(), "password": PASSWORD}
            assert client.post("/signup", body, headers=forwarded).status == 201
        reply = sign_up(client)
        assert (reply.status, reply.slug) == (429, "too-many-attempts")
        assert 900 <= int(reply.header("Retry-After")) <= 1000
