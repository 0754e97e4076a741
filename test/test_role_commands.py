"""`integrity user role|list --json`, `integrity api-key …` and `integrity invitation add` on the host."""

import json
import re

import pytest

from support.accounts import PASSWORD, Account, admin_of, enrolled, fresh_name, member
from support.http import Client, all_at_once, request_bytes
from support.model.world import rfc3339
from support.server import Server, run

DAY = 24 * 3600
NOBODY = "0" * 24


def command(server, *arguments, stdin="", status=0):
    done = server.command(*arguments, stdin=stdin)
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    assert status == 0 or done.stdout == "" and done.stderr.strip()
    return done


def added(server, *options) -> Account:
    name = fresh_name("host")
    command(server, "user", "add", name, *options, stdin=PASSWORD + "\n")
    return Account(server, name)


@pytest.fixture
def admin():
    with Server("--api-keys", "--signup-role", "viewer", clock=True) as server:
        yield admin_of(server)


# Accounts.

@pytest.mark.parametrize("role", ["viewer", "clerk", "editor", "auditor", "admin"])
@pytest.mark.parametrize("running", [True, False])
def test_add_gives_the_role(running, role):
    with Server(clock=True) as server:
        enrolled(server)
        if not running:
            server.stop()
        account = added(server, "--role", role)
        if not running:
            server.start()
        assert account.login().enrol().role == role


def test_the_first_account_from_the_host_becomes_admin_at_its_confirmation():
    with Server("--trusted-proxies", "127.0.0.1", "--signup-role", "viewer", clock=True) as server:
        first, second = added(server), added(server)
        assert [first.login().enrol().role, second.login().enrol().role] == ["admin", "viewer"]
        assert server.log.count('"event":"admin.first"') == 1
        assert added(server).login().enrol().role == "viewer", "what --signup-role says"


def test_add_with_role_admin_makes_an_admin_where_no_sign_up_does():
    with Server("--trusted-proxies", "127.0.0.1", clock=True) as server:
        assert enrolled(server).role == "editor"
        assert added(server, "--role", "admin").login().enrol().role == "admin"


@pytest.mark.parametrize("running", [True, False])
def test_a_role_is_changed_at_once(admin, running):
    account = enrolled(admin.server)
    assert account.role == "viewer"
    if not running:
        admin.server.stop()
    command(admin.server, "user", "role", account.username.upper(), "editor")
    if not running:
        admin.server.start()
    assert account.client.get("/me").json["role"] == "editor"
    [change] = [each for each in account.client.get("/me/history").json if each["before"] and each["before"].get("role") == "viewer"
                and each["after"]["role"] == "editor"]
    assert (change["actor"], change["proof"]) == (None, "host")


@pytest.mark.parametrize("running", [True, False])
def test_the_last_admin_stays(admin, running):
    if not running:
        admin.server.stop()
    command(admin.server, "user", "role", admin.username, "editor", status=1)
    command(admin.server, "user", "disable", admin.username, status=1)
    command(admin.server, "user", "role", admin.username, "admin")
    if not running:
        admin.server.start()
    assert admin.client.get("/me").json["role"] == "admin"


def test_the_last_admins_factor_may_be_reset_with_a_warning(admin):
    done = command(admin.server, "user", "reset-2fa", admin.username)
    assert "admin" in done.stderr and "last" in done.stderr, done.stderr
    admin.last_step = 0
    assert admin.login().enrol().role == "admin"
    other = enrolled(admin.server)
    assert "last" not in command(admin.server, "user", "reset-2fa", other.username).stderr


def test_wrong_names_and_roles_are_told(admin):
    done = command(admin.server, "user", "role", "nobody-here", "editor", status=1)
    assert "nobody-here" in done.stderr
    for arguments in (["user", "role", admin.username, "boss"], ["user", "role", admin.username], ["user", "add", "somebody", "--role", "boss"]):
        assert admin.server.command(*arguments, stdin=PASSWORD + "\n").returncode in (1, 2), arguments
    assert admin.server.command("user", "add", "somebody", stdin=PASSWORD + "\n").returncode == 0, "the name is still free"


@pytest.mark.parametrize("running", [True, False])
def test_the_list_as_json_is_an_array_of_accounts(admin, running):
    clerk, pending, disabled, reset = member(admin, "clerk"), Account(admin.server).sign_up(), enrolled(admin.server), enrolled(admin.server)
    assert admin.change(disabled, state="disabled", name="Ed").status == 200
    command(admin.server, "user", "reset-2fa", reset.username)
    shown = admin.client.get("/users").json
    if not running:
        admin.server.stop()
    listed = json.loads(command(admin.server, "user", "list", "--json").stdout)
    for each in [*listed, *shown]:
        if each["state"] == "pending":
            each.pop("role")  # what it will be is up to the options of the program that says it
    by_name = {each["username"]: each for each in listed}
    assert len(listed) == len(shown) == 5 == len(by_name)
    assert sorted(listed, key=lambda each: each["id"]) == sorted(shown, key=lambda each: each["id"])
    assert (by_name[clerk.username]["role"], by_name[pending.username]["state"], by_name[reset.username]["factor"]) == ("clerk", "pending", "enrol")
    if not running:
        admin.server.start()


def test_the_list_for_people_shows_role_state_factor_and_last_login(admin):
    clerk = member(admin, "clerk")
    said = command(admin.server, "user", "list").stdout
    [line] = [line for line in said.splitlines() if clerk.username in line.split()]
    assert "clerk" in line.split() and "active" in line.split()
    assert rfc3339(admin.server.now())[:10] in line, "the day of the last login"
    assert clerk.secret not in said and "$2b$" not in said


# Keys.

@pytest.mark.parametrize("running", [True, False])
def test_a_key_is_printed_alone_and_works_at_once(admin, running):
    owner = member(admin, "editor")
    if not running:
        admin.server.stop()
    done = command(admin.server, "api-key", "add", "Nightly import", "--user", owner.username, "--scope", "products:read",
                   "--scope", "products:write")
    assert re.fullmatch("dik_[0-9A-Za-z]{49}\n", done.stdout)
    key = done.stdout.strip()
    assert key not in done.stderr
    if not running:
        admin.server.start()
    me = Client(admin.server, key).get("/me").json
    assert (me["key"]["name"], set(me["key"]["scopes"])) == ("Nightly import", {"products:read", "products:write"})
    assert me["key"]["expires_at"] == rfc3339(admin.server.now() + 90 * DAY)
    created = next(each for each in owner.client.get("/me/history").json if each["op"] == "key.create")
    assert (created["actor"], created["proof"]) == (None, "host")


@pytest.mark.parametrize("said, seconds", [("90d", 90 * DAY), ("12h", 12 * 3600), ("30m", 1800), ("45s", 45), ("366d", 366 * DAY), ("never", None)])
def test_how_long_a_key_works(admin, said, seconds):
    key = command(admin.server, "api-key", "add", "robot", "--user", admin.username, "--scope", "products:read", "--expires", said).stdout.strip()
    shown = Client(admin.server, key).get("/me").json["key"]["expires_at"]
    assert shown == (rfc3339(admin.server.now() + seconds) if seconds else None)


@pytest.mark.parametrize("arguments", [
    ["--user", "{}", "--scope", "accounts:write"], ["--user", "{}", "--scope", "products:fly"], ["--user", "nobody-here", "--scope", "products:read"],
    ["--user", "{}"], ["--scope", "products:read"], ["--user", "{}", "--scope", "products:read", "--expires", "367d"],
    ["--user", "{}", "--scope", "products:read", "--expires", "soon"], ["--user", "{}", "--scope", "products:read", "--expires", "90"],
    ["--user", "{}", "--scope", "products:read", "--expires", "0d"]])
def test_a_bad_key_is_not_made(admin, arguments):
    done = admin.server.command("api-key", "add", "robot", *[each.replace("{}", admin.username) for each in arguments])
    assert done.returncode in (1, 2) and done.stdout == "" and done.stderr.strip(), done
    assert admin.client.get("/me/keys").json == []


def test_a_scope_that_the_owner_lacks_is_refused(admin):
    viewer = enrolled(admin.server)
    command(admin.server, "api-key", "add", "robot", "--user", viewer.username, "--scope", "products:write", status=1)
    assert viewer.client.get("/me/keys").json == []


@pytest.mark.parametrize("running", [True, False])
def test_keys_are_listed_and_revoked(admin, running):
    keys = [admin.make_key("products:read") for _ in range(2)]
    gone, stays = keys
    if not running:
        admin.server.stop()
    listed = command(admin.server, "api-key", "list")
    said = listed.stdout
    assert "the last use may be five minutes old" in listed.stderr and "GET /users/<id>/keys" in listed.stderr
    assert all(each["id"] in said and each["name"] in said for each in keys) and admin.username in said
    assert not any(each["key"] in said for each in keys)
    command(admin.server, "api-key", "revoke", gone["id"])
    for id in (gone["id"], NOBODY):
        command(admin.server, "api-key", "revoke", id, status=1)
    assert admin.server.command("api-key", "revoke", "x").returncode in (1, 2)
    if not running:
        admin.server.start()
    assert Client(admin.server, gone["key"]).get("/products").slug == "invalid-token"
    assert Client(admin.server, stays["key"]).get("/products").status == 200
    assert gone["id"] not in command(admin.server, "api-key", "list").stdout


def test_without_api_keys_the_running_server_makes_none():
    with Server(clock=True) as server:
        account = enrolled(server)
        done = command(server, "api-key", "add", "robot", "--user", account.username, "--scope", "products:read", status=1)
        assert "--api-keys" in done.stderr


# Invitations.

@pytest.mark.parametrize("running", [True, False])
def test_an_invitation_is_printed_alone_and_works(running):
    with Server("--signup", "closed", clock=True) as server:
        boss = added(server, "--role", "admin").login().enrol()
        if not running:
            server.stop()
        done = command(server, "invitation", "add", "--role", "clerk", "--name", "Grace Hopper", "--expires", "3h")
        assert re.fullmatch(r"\S{26,}\n", done.stdout)
        token = done.stdout.strip()
        assert token not in done.stderr
        if not running:
            server.start()
        [listed] = boss.client.get("/invitations").json
        assert (listed["role"], listed["name"], listed["created_by"]) == ("clerk", "Grace Hopper", None)
        assert listed["expires_at"] == rfc3339(server.now() + 3 * 3600)
        guest = Account(server).sign_up(invitation=token).enrol()
        assert (guest.role, guest.client.get("/me").json["user"]["name"]) == ("clerk", "Grace Hopper")


def test_an_invitation_is_open_for_a_week_unless_it_is_said(admin):
    command(admin.server, "invitation", "add", "--role", "clerk")
    [listed] = admin.client.get("/invitations").json
    assert listed["expires_at"] == rfc3339(admin.server.now() + 7 * DAY)


@pytest.mark.parametrize("arguments", [[], ["--role", "boss"], ["--role", "clerk", "--expires", "31d"], ["--role", "clerk", "--expires", "never"],
                                       ["--role", "clerk", "--expires", "7"], ["--role", "clerk", "--name", ""], ["--role", "clerk", "extra"]])
def test_a_bad_invitation_is_not_made(admin, arguments):
    done = admin.server.command("invitation", "add", *arguments)
    assert done.returncode in (1, 2) and done.stdout == "" and done.stderr.strip()
    assert admin.client.get("/invitations").json == []


def test_a_thousand_and_first_invitation_is_refused_here_too(admin):
    raw = request_bytes("POST", "/invitations", {"role": "clerk"}, token=admin.token)
    for _ in range(50):
        all_at_once(admin.server, [raw] * 20, "/invitations")
    command(admin.server, "invitation", "add", "--role", "clerk", status=1)


# Help.

@pytest.mark.parametrize("arguments", [["user", "role"], ["api-key"], ["api-key", "add"], ["api-key", "list"], ["api-key", "revoke"],
                                       ["invitation"], ["invitation", "add"]])
def test_each_verb_has_help(arguments):
    done = run(*arguments, "--help")
    assert done.returncode == 0 and len(done.stdout) > 100 and not done.stderr


def test_help_names_the_new_options():
    assert all(option in run("serve", "--help").stdout for option in ("--session-idle", "--session-max", "--signup-role", "--api-keys"))
    assert "--role" in run("user", "add", "--help").stdout and "--json" in run("user", "list", "--help").stdout


@pytest.mark.parametrize("arguments", [["user", "role"], ["api-key"], ["api-key", "bogus"], ["api-key", "add"], ["api-key", "revoke"], ["invitation"],
                                       ["invitation", "bogus"], ["user", "list", "--bogus"]])
def test_wrong_arguments_are_exit_2(arguments):
    assert run(*arguments).returncode == 2
