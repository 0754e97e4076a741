"""Roles: the table route × role × kind of caller on the running server, changes of role, and the admin who is always
there."""

import json
import re

import pytest

from support.access import ANYONE, OPERATIONS, SCOPES, SESSION, SESSION_OR_KEY, bare, callers, declared, expected
from support.accounts import ROLES, Account, admin_of, enrolled, fresh_name, member, product
from support.http import Client, Connection, request_bytes
from support.server import Server, database_at, run
from test_description import operations

SOME_ID = "6925142bbf57d9d3a4b1c0de"
ROUNDS = 200


@pytest.fixture(scope="module")
def document() -> dict:
    with Server("--api-keys") as server:
        return json.loads(Client(server).get("/openapi.json").text)


# The table.

def test_the_description_and_the_table_name_the_same_operations(document):
    assert {(method, bare(path)) for method, path, _ in operations(document)} == set(OPERATIONS)


def test_the_description_tells_the_scope_of_each_operation(document):
    wrong = {}
    for method, path, operation in operations(document):
        needs = OPERATIONS[method, bare(path)][0]
        if declared(operation) != (SESSION if needs == SESSION_OR_KEY else needs):
            wrong[method, path] = (operation["security"], needs)
    assert not wrong


def test_the_docs_show_the_scope_of_each_operation(document, stranger):
    page = stranger.get("/docs").text
    for method, path, operation in operations(document):
        needs = OPERATIONS[method, bare(path)][0]
        if ":" in needs:
            section = page.split(f'<section id="{operation["operationId"]}">')[1].split("</section>")[0]
            assert needs in section, (method, path)


def test_the_whole_table():
    """Each cell is sent to a server; ANYONE's operations ignore what is in Authorization."""
    cells, wrong = 0, []
    with Server("--api-keys", clock=True) as server:
        document = json.loads(Client(server).get("/openapi.json").text)
        found = {(method, bare(path)): operation for method, path, operation in operations(document)}
        everyone = callers(server)
        for (method, path), (needs, fresh) in OPERATIONS.items():
            body = {} if "requestBody" in found[method, path] else None
            for caller in everyone:
                cells += 1
                reply = Client(server).request(method, path.replace("{}", SOME_ID), body, token=caller.token)
                if (problem := complaint(expected(needs, fresh, caller), reply)):
                    wrong.append(f"{method} {path} by {caller.name}: {problem}, got {reply.status} {reply.slug}"
                                 f" {reply.header('WWW-Authenticate')}")
    print(f"{cells} cells: {len(OPERATIONS)} operations × {len(everyone)} callers")
    assert not wrong, "\n".join(wrong)
    assert cells == len(OPERATIONS) * len(everyone) > 850


def complaint(refusal, reply) -> str | None:
    if refusal is None:
        refused = (reply.status == 401 and reply.slug != "challenge-expired"
                   or reply.status == 403 and reply.slug == "forbidden")
        return "refused" if refused else None
    if (reply.status, reply.slug) != (refusal.status, refusal.slug):
        return f"expected {refusal.status} {refusal.slug}"
    challenge = reply.header("WWW-Authenticate")
    if refusal.challenge is not None and challenge != refusal.challenge:
        return f"expected {refusal.challenge}"
    return None if challenge.startswith("Bearer") else f"expected Bearer, not {challenge}"


@pytest.mark.parametrize("method, path", [key for key, (needs, _) in OPERATIONS.items() if needs == ANYONE])
def test_operations_for_anyone_do_not_read_authorization(stranger, method, path):
    def shown(reply):
        return reply.status, reply.slug, reply.header("WWW-Authenticate")
    target = path.replace("{}", "forbidden")
    body = {} if method == "POST" else None
    plain = shown(stranger.request(method, target, body))
    for value in ("Bearer x", "Basic x", "", "Bearer dik_" + "0" * 49):
        assert shown(stranger.request(method, target, body, headers={"Authorization": value})) == plain


def test_too_little_is_decided_from_the_head():
    """Before 415, 413, 400, 422 and 404."""
    with Server(clock=True) as server:
        viewer = member(admin_of(server), "viewer")
        for raw, headers in ((b"{", {}), (b"x=1", {"Content-Type": "text/plain"}),
                             (None, {"Content-Type": "application/json", "Content-Length": "2000000"})):
            reply = Client(server, viewer.token).post("/products", body=raw, headers=headers)
            assert (reply.status, reply.slug) == (403, "forbidden"), reply
        for method, target in (("PUT", f"/products/{SOME_ID}"), ("DELETE", "/products/x"), ("GET", "/users/x?y=z")):
            assert viewer.client.request(method, target, {} if method == "PUT" else None).status == 403
        assert viewer.client.request("PATCH", "/products", {}).status == 405
        assert viewer.client.get("/nowhere").status == 404


# What the roles do.

@pytest.fixture(scope="module")
def office():
    with Server(clock=True) as server:
        yield admin_of(server)


@pytest.mark.parametrize("role", ROLES)
def test_me_shows_the_role_and_its_scopes(office, role):
    account = member(office, role)
    me = account.client.get("/me").json
    assert (me["role"], set(me["scopes"])) == (role, SCOPES[role]) and len(me["scopes"]) == len(SCOPES[role])
    refreshed = account.refresh().json
    assert (refreshed["role"], set(refreshed["scope"].split(" "))) == (role, SCOPES[role])


def test_a_clerk_moves_stock_and_changes_nothing_else(office):
    clerk = member(office, "clerk")
    path = office.client.post("/products", product(stock=5)).header("Location")
    moved = clerk.client.post(f"{path}/stock", {"delta": -2, "reason": "sold"})
    assert (moved.status, moved.json["stock"]) == (200, 3)
    assert clerk.client.put(path, {"stock": 100}).slug == "forbidden", "only products:write sets it"
    assert clerk.client.delete(path).slug == "forbidden"
    assert clerk.client.post("/products", product()).slug == "forbidden"
    assert office.client.get(f"{path}/history").json[0]["actor"]["id"] == clerk.id


def test_an_editor_sets_stock_and_creates_with_it(office):
    editor = member(office, "editor")
    reply = editor.client.post("/products", product(stock=7))
    assert (reply.status, reply.json["stock"]) == (201, 7)
    assert editor.client.put(reply.header("Location"), {"stock": 100}).json["stock"] == 100


def test_a_change_of_role_acts_on_the_next_request_of_every_session_and_key():
    with Server("--api-keys", clock=True) as server:
        admin = admin_of(server)
        account = member(admin, "editor")
        key = Client(server, account.make_key("products:read", "products:write")["key"])
        first = Client(server, account.token)
        second = Client(server, account.sign_in().token)
        for role, status in [("viewer", 403), ("editor", 201), ("auditor", 403), ("admin", 201), ("clerk", 403)]:
            assert admin.change(account, role=role).status == 200
            for client in (first, second, key):
                assert client.post("/products", product()).status == status, role
            assert {client.get("/me").json["role"] for client in (first, second, key)} == {role}
            assert account.refresh().json["role"] == role


def test_what_the_token_says_does_not_count(office):
    """The access token of an admin who is demoted stays a token of that session, with less."""
    other = member(office, "admin")
    assert other.client.get("/users").status == 200
    assert office.change(other, role="viewer").status == 200
    reply = other.client.get("/users")
    assert reply.header("WWW-Authenticate") == 'Bearer error="insufficient_scope", scope="accounts:read"'
    assert other.client.get("/products").status == 200


# Who becomes what.

@pytest.mark.parametrize("role", ["viewer", "clerk", "editor"])
def test_whoever_signs_up_gets_the_role_of_signup_role(role):
    with Server("--signup-role", role) as server:
        assert [enrolled(server).role, enrolled(server).role] == ["admin", role]


def test_signup_role_is_editor_by_default(office):
    assert enrolled(office.server).role == "editor"


@pytest.mark.parametrize("role", ["auditor", "admin", "nobody", ""])
def test_no_other_role_can_be_signed_up_for(tmp_path, role):
    done = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data", "--signup-role", role)
    assert (done.returncode, done.stdout) == (2, "") and "--signup-role" in done.stderr


def test_the_first_confirmed_account_becomes_admin_and_it_is_logged():
    with Server() as server:
        waiting = signed_up(server)  # signed up first; a pending account stops nobody
        assert enrolled(server).role == "admin"
        assert waiting.enrol().role == "editor"
        assert server.log.count('"event":"admin.first"') == 1
        assert "no-admin" not in server.log.split('"event":"admin.first"')[1]


def signed_up(server) -> Account:
    return Account(server).sign_up()


def test_of_several_that_are_confirmed_at_once_one_becomes_admin():
    with Server(clock=True) as server:
        accounts = [signed_up(server).scan() for _ in range(8)]
        requests = [request_bytes("POST", "/verify-2fa", {"challenge": each.challenge, "code": each.next_code()})
                    for each in accounts]
        connections = [Connection(server).send(raw[:-1]) for raw in requests]
        for connection, raw in zip(connections, requests):
            connection.send(raw[-1:])
        roles = [connection.reply("POST", "/verify-2fa").json["role"] for connection in connections]
        assert sorted(roles) == ["admin"] + ["editor"] * 7
        assert server.log.count('"event":"admin.first"') == 1


def test_behind_a_proxy_nobody_becomes_admin_by_signing_up():
    with Server("--trusted-proxies", "127.0.0.1") as server:
        assert enrolled(server).role == "editor"
        assert "no-admin" in server.log and "integrity user" in server.log


def test_on_another_listener_than_loopback_nobody_becomes_admin_by_signing_up():
    with Server("--signup", "open", "--insecure-http", listen="0.0.0.0:0") as server:
        assert enrolled(server).role == "editor"


def test_after_a_forwarded_header_nobody_becomes_admin_by_signing_up():
    with Server() as server:
        Client(server).get("/healthz", headers={"X-Forwarded-For": "192.0.2.1"})
        account = signed_up(server).scan()
        body = {"challenge": account.challenge, "code": account.next_code()}
        reply = account.client.post("/verify-2fa", body, headers={"X-Forwarded-For": "192.0.2.1"})
        assert reply.json["role"] == "editor"


def test_without_an_admin_the_server_says_so_at_start():
    with Server("--trusted-proxies", "127.0.0.1") as server:
        enrolled(server)
        server.restart()
        line = next(line for line in server.log.splitlines()[::-1] if "no-admin" in line)
        assert re.search("integrity user (role|add)", line), line
        name = fresh_name("host")
        account = enrolled(server, name)
        assert server.command("user", "role", name, "admin").returncode == 0
        assert account.client.get("/me").json["role"] == "admin"
        before = len(server.log)
        server.restart()
        assert "no-admin" not in server.log[before:]


# There is always an admin.

@pytest.fixture
def only(clocked):
    """The only admin of a server."""
    return admin_of(clocked)


def test_the_last_admin_cannot_be_demoted_or_disabled(only):
    for change in ({"role": "editor"}, {"state": "disabled"}, {"role": "viewer", "state": "disabled"}):
        reply = only.change(only, **change)
        assert (reply.status, reply.slug) == (409, "last-admin")
    assert only.change(only, role="admin", state="active", name="The boss").status == 200
    for verb in (["role", only.username, "editor"], ["disable", only.username]):
        done = only.server.command("user", *verb)
        assert done.returncode == 1 and done.stderr.strip(), verb
    assert only.client.get("/me").json["role"] == "admin"


def test_a_disabled_or_pending_admin_does_not_count(only):
    second = member(only, "admin")
    assert only.change(second, state="disabled").status == 200
    assert only.server.command("user", "add", fresh_name("host"), "--role", "admin", stdin=only.password + "\n").returncode == 0
    assert only.change(only, role="editor").slug == "last-admin"
    assert only.change(second, state="active").status == 200
    second.login()
    only.server.move_clock(60)
    assert second.verify().status == 200
    assert second.change(only, role="editor").status == 200
    assert second.change(second, role="editor").slug == "last-admin"
    assert second.change(only, role="admin").status == 200
    assert only.change(second, role="editor").status == 200


def both_stores(mongo, store: str) -> str:
    return database_at(mongo.uri) if store == "MongoDB" else ""


# Not on MongoDB under TSan, which misreads how libmongoc waits through libfaketime.
@pytest.mark.embedded
@pytest.mark.parametrize("store", [pytest.param("embedded", marks=pytest.mark.concurrent), "MongoDB"])
@pytest.mark.parametrize("how, rounds", [({"role": "editor"}, ROUNDS), ({"state": "disabled"}, 20)], ids=["demote", "disable"])
def test_of_two_admins_who_demote_each_other_at_once_one_is_left(request, store, how, rounds):
    mongo = request.getfixturevalue("mongo") if store == "MongoDB" else None
    with Server(clock=True, store=both_stores(mongo, store)) as server:
        one = admin_of(server)
        two = member(one, "admin")
        won = 0
        for _ in range(rounds):
            replies = at_once(server, [(one, two, how), (two, one, how)])
            assert sorted(reply.status for reply in replies) in ([200, 409], [200, 403], [200, 401]), replies
            left = [each for each in (one, two) if each.client.get("/users").status == 200]
            assert len(left) == 1, f"{len(left)} admins are left after {won} rounds"
            winner, loser = left[0], one if left[0] is two else two
            assert [each["id"] for each in winner.client.get("/users?role=admin&state=active").json] == [winner.id]
            assert winner.change(loser, role="admin", state="active").status == 200
            if "state" in how:
                server.move_clock(30)
                loser.sign_in()
                assert winner.refresh().status == 200
                winner.stay_fresh()
            won += winner is one
        print(f"{rounds} rounds, {won} won by the first")


def at_once(server, changes: list) -> list:
    requests = [request_bytes("PUT", f"/users/{about.id}", body, token=by.token) for by, about, body in changes]
    connections = [Connection(server).send(raw[:-1]) for raw in requests]
    for connection, raw in zip(connections, requests):
        connection.send(raw[-1:])
    replies = [connection.reply("PUT", "/users/x") for connection in connections]
    for connection in connections:
        connection.close()
    return replies


@pytest.mark.embedded
def test_over_two_nodes_one_admin_is_left_too(mongo):
    with Server(clock=True, store=database_at(mongo.uri)) as here:
        with Server("--keys", here.data / "keys", clock=True, store=here.store) as there:
            one = admin_of(here)
            two = member(one, "admin")
            for _ in range(50):
                raw = [request_bytes("PUT", f"/users/{about.id}", {"role": "viewer"}, token=by.token)
                       for by, about in ((one, two), (two, one))]
                connections = [Connection(node).send(each[:-1]) for node, each in zip((here, there), raw)]
                for connection, each in zip(connections, raw):
                    connection.send(each[-1:])
                assert [connection.reply("PUT", "/users/x").status for connection in connections].count(200) == 1
                for connection in connections:
                    connection.close()
                [winner] = [each for each in (one, two) if each.client.get("/users").status == 200]
                assert winner.change(one if winner is two else two, role="admin").status == 200
