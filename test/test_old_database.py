"""A database of the program as it was before roles, sessions with refresh and keys: everything goes on
(support/old_database.py). That state, of 2026-11-26, is the only one that the changelog tells apart from this one."""

import json
import pathlib
import re

import pytest

from support.accounts import Account, enrolled, totp
from support.http import Client
from support.old_database import account, old_database

pytestmark = pytest.mark.embedded

CHANGELOG = pathlib.Path(__file__).parent.parent / "CHANGELOG.md"
CONFIRMED = ["ada", "Bob.B", "dan", "eve"]


@pytest.fixture
def opened():
    with old_database("--api-keys") as (server, made):
        yield server, made


@pytest.fixture
def server(opened):
    return opened[0]


@pytest.fixture
def ada(opened):
    return account(*opened, "ada")


def test_there_is_a_database_of_every_version_that_was_released():
    """None was. Whoever releases one adds its database to test/vectors/, and opens it here."""
    headings = re.findall(r"^## (.*)$", CHANGELOG.read_text(), re.M)
    assert headings == ["[Unreleased]", "Until 2026-11-26"]


def promoted(server, somebody):
    done = server.command("user", "role", somebody.username, "admin")
    assert done.returncode == 0, done.stderr
    return somebody


def test_its_accounts_are_editors_and_nobody_is_admin(server, ada):
    assert ada.client.get("/me").json["role"] == "editor"
    assert "no-admin" in server.log
    listed = {each["username"]: each for each in json.loads(server.command("user", "list", "--json").stdout)}
    assert set(listed) == {*CONFIRMED, "cyd"}
    assert {each["role"] for each in listed.values()} == {"editor"}
    assert {name: each["state"] for name, each in listed.items()} == {
        "ada": "active", "Bob.B": "active", "dan": "disabled", "eve": "active", "cyd": "pending"}
    assert (listed["ada"]["factor"], listed["eve"]["factor"], listed["cyd"]["factor"]) == ("active", "enrol", "none")


def test_its_session_goes_on_until_it_ends(server, ada):
    assert ada.client.get("/products").status == 200
    assert ada.client.post("/products", {"name": "Table", "price": 1, "stock": 1}).status == 201
    [session] = [each for each in ada.client.get("/me/sessions").json if each["current"]]
    assert session["id"] == ada.client.get("/me").json["session"]["id"] and session["refreshed_at"] is None
    server.move_clock(599)
    assert ada.client.get("/me").status == 200
    server.move_clock(2)
    assert ada.client.get("/me").slug == "invalid-token"


def test_its_session_can_be_ended(ada):
    assert ada.client.post("/logout").status == 204
    assert ada.client.get("/me").slug == "invalid-token"


def test_a_session_that_had_ended_stays_ended(opened):
    assert account(*opened, "Bob.B").client.get("/me").slug == "invalid-token"


def test_its_people_log_in(opened, server, ada):
    server.move_clock(60)
    assert ada.sign_in().refresh_token and ada.refresh().status == 200
    bob = account(*opened, "Bob.B")
    assert bob.login().verify(recovery_code=bob.recovery_codes[0]).status == 200
    assert bob.role == "editor"


def test_a_spent_code_stays_spent(opened, ada):
    assert ada.login().verify(totp(ada.secret, ada.last_step)).slug == "code-already-used"


def test_a_pending_account_is_confirmed_and_does_not_become_admin(opened, server):
    cyd = account(*opened, "cyd")
    cyd.last_step = 0
    assert cyd.verify().json["role"] == "editor", "an account was confirmed before"
    assert enrolled(server).role == "editor"


def test_a_disabled_account_and_a_reset_one_are_what_they_were(opened, server, ada):
    dan, eve = account(*opened, "dan"), account(*opened, "eve")
    login = {"username": "dan", "password": dan.password}
    assert dan.client.post("/login", login, token=None).slug == "invalid-credentials"
    admin = promoted(server, ada)
    server.move_clock(60)
    admin.sign_in()
    dan.id = next(each["id"] for each in admin.client.get("/users").json if each["username"] == "dan")
    assert admin.change(dan, state="active").status == 200
    assert dan.sign_in().role == "editor"
    eve.last_step = 0
    assert eve.login().enrol().role == "editor"


def test_histories_of_products_are_what_they_were(opened, ada):
    _, made = opened
    assert json.loads(ada.client.get("/products").body) == made["products"]
    for pid, history in made["histories"].items():
        assert json.loads(ada.client.get(f"/products/{pid}/history").body) == history


def test_histories_of_accounts_can_be_read(opened, server, ada):
    own = ada.client.get("/me/history").json
    ops = [each["op"] for each in own]
    assert ops[-1] in ("user.confirm", "session.start") and {"user.confirm", "session.start", "user.recovery_codes"} <= set(ops)
    assert [each["at"] for each in own] == sorted((each["at"] for each in own), reverse=True)
    admin = promoted(server, ada)
    everything = admin.client.get("/changes").json
    assert {each["kind"] for each in everything} == {"user", "session", "product"}
    for each in everything:
        if each["kind"] == "user":
            for state in filter(None, (each["before"], each["after"])):
                assert set(state) == {"id", "username", "name", "role", "state", "factor", "created_at", "version"}, each
    assert not any(text in str(everything) for text in ("$2b$", "totp_secret", "password_hash"))
    eve = next(each["id"] for each in admin.client.get("/users").json if each["username"] == "eve")
    reset = next(each for each in admin.client.get(f"/users/{eve}/history").json if "reset" in each["op"])
    assert reset["actor"] is None
    assert {each["record"] for each in admin.client.get(f"/changes?record={eve}").json} == {eve}
    assert admin.client.get("/changes?kind=product&limit=2").json == [each for each in everything if each["kind"] == "product"][:2]


def test_after_the_upgrade_everything_new_works(server, ada):
    admin = promoted(server, ada)
    server.move_clock(60)
    admin.sign_in()
    assert admin.role == "admin"
    key = admin.make_key("products:read")
    assert Client(server, key["key"]).get("/products").status == 200
    invited = admin.invite("clerk")
    assert Account(server).sign_up(invitation=invited["token"]).enrol().role == "clerk"
    before = len(server.log)
    server.restart()
    assert "no-admin" not in server.log[before:]
    assert admin.client.get("/me").status == 200
