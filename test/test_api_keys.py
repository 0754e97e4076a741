"""Keys for programs: how they are made, what they may do, and what ends them."""

import collections
import re
import zlib

import pytest

from support.access import OF_KEYS, SCOPES
from support.accounts import admin_of, enrolled, fresh_name, member, product
from support.http import Client, Connection, all_at_once, request_bytes
from support.model.world import rfc3339
from support.server import Server

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DAY = 24 * 3600
NOBODY = "0" * 24
COUNT_MAX = 50
LISTED = {"id", "name", "scopes", "addresses", "created_at", "expires_at", "last_used_at"}


def base62(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        text = ALPHABET[digit] + text
    return text


def with_checksum(secret: str) -> str:
    """The key with these 43 characters."""
    return f"dik_{secret}{base62(zlib.crc32(f'dik_{secret}'.encode()), 6)}"


@pytest.fixture(scope="module")
def office():
    """The admin of a server whose clock stands still."""
    with Server("--api-keys", clock=True) as server:
        yield admin_of(server)


@pytest.fixture
def admin():
    """The admin of a server whose clock the test may move."""
    with Server("--api-keys", clock=True) as server:
        yield admin_of(server)


def program(made, server) -> Client:
    return Client(server, made["key"])


def is_refused(reply) -> bool:
    return (reply.status, reply.slug) == (401, "invalid-token")


def create(account, **members):
    body = {"name": "robot", "scopes": ["products:read"], **members}
    return account.client.post("/me/keys", {name: value for name, value in body.items() if value is not ...})


# What is made.

def test_a_key(office):
    reply = create(office, name="Nightly import", scopes=["products:write", "products:read"])
    assert reply.status == 201
    made = reply.json
    assert set(made) == {"id", "name", "key", "scopes", "addresses", "created_at", "expires_at"}
    assert (made["name"], set(made["scopes"]), made["addresses"]) == ("Nightly import", {"products:read", "products:write"}, None)
    assert made["created_at"] == rfc3339(office.server.now())
    assert made["expires_at"] == rfc3339(office.server.now() + 90 * DAY)
    assert office.client.get("/me").json["api_keys"] is True
    [listed] = [each for each in office.client.get("/me/keys").json if each["id"] == made["id"]]
    assert set(listed) == LISTED and listed["last_used_at"] is None
    assert {**listed, "key": made["key"]} == {**made, "last_used_at": None}


def test_its_form_can_be_checked_offline(office):
    keys = [create(enrolled(office.server)).json["key"] for _ in range(5)]
    assert len(set(keys)) == 5
    for key in keys:
        assert re.fullmatch("dik_[0-9A-Za-z]{49}", key)
        assert with_checksum(key[4:47]) == key
        assert sum(ALPHABET.index(each) * 62**at for at, each in enumerate(reversed(key[4:47]))) < 2**256


@pytest.mark.parametrize("members, pointers", [
    ({"name": ...}, {"#/name"}), ({"scopes": ...}, {"#/scopes"}), ({"scopes": []}, {"#/scopes"}), ({"name": ""}, {"#/name"}),
    ({"name": "é" * 101}, {"#/name"}), ({"name": None}, {"#/name"}), ({"more": 1}, {"#/more"}), ({"expires_in": 0}, {"#/expires_in"}),
    ({"expires_in": 366 * DAY + 1}, {"#/expires_in"}), ({"expires_in": "90d"}, {"#/expires_in"}), ({"name": 5, "more": 1}, {"#/name", "#/more"})])
def test_bad_members_are_all_named(office, members, pointers):
    reply = create(office, **members)
    assert (reply.status, reply.slug, reply.pointers) == (422, "invalid-value", pointers)


@pytest.mark.parametrize("scopes", [["accounts:write"], ["products:read", "products:read"], ["products:fly"], [5], ["products:read", None],
                                    "products:read", None, [""], ["PRODUCTS:READ"]])
def test_bad_scopes_are_refused(office, scopes):
    reply = create(office, scopes=scopes)
    assert (reply.status, reply.slug) == (422, "invalid-value")
    assert all(each.startswith("#/scopes") for each in reply.pointers)


@pytest.mark.parametrize("role", ["viewer", "clerk", "editor", "auditor", "admin"])
def test_a_scope_that_the_owner_lacks_is_refused(office, role):
    owner = member(office, role)
    for scope in OF_KEYS:
        reply = create(owner, scopes=[scope])
        assert reply.status == (201 if scope in SCOPES[role] else 422), scope
    assert create(owner, scopes=sorted(SCOPES[role] - {"accounts:write"})).status == 201


def test_how_long_it_works_may_be_said(office):
    owner = enrolled(office.server)
    now = office.server.now()
    assert create(owner, expires_in=1).json["expires_at"] == rfc3339(now + 1)
    assert create(owner, expires_in=366 * DAY).json["expires_at"] == rfc3339(now + 366 * DAY)
    assert create(owner, expires_in=None).json["expires_at"] is None, "null, said explicitly, never expires"


def test_errors_about_the_end_of_a_key_name_the_member_and_its_unit(admin):
    [unknown] = create(admin.stay_fresh(), expires_at="2027-01-31T08:15:30Z").json["errors"]
    assert unknown == {"pointer": "#/expires_at", "detail": "is not known here; you may mean expires_in"}
    [wrong] = create(admin, expires_in="90d").json["errors"]
    assert wrong["detail"].endswith(", in seconds")


@pytest.mark.concurrent
def test_at_most_fifty_unexpired_keys_an_account(admin):
    owner = enrolled(admin.server)
    raw = request_bytes("POST", "/me/keys", {"name": "robot", "scopes": ["products:read"], "expires_in": 100}, token=owner.token)
    replies = all_at_once(admin.server, [raw] * 20, "/me/keys") + all_at_once(admin.server, [raw] * 40, "/me/keys")
    found = collections.Counter(reply.slug or reply.status for reply in replies)
    assert found == {201: COUNT_MAX, "limit-reached": 10}
    assert {reply.status for reply in replies} == {201, 409}
    assert create(enrolled(admin.server)).status == 201, "of that account"
    assert owner.client.delete(f"/me/keys/{owner.client.get('/me/keys').json[0]['id']}").status == 204
    assert create(owner).status == 201 and create(owner).slug == "limit-reached"
    admin.server.move_clock(101)
    assert create(owner).status == 201, "expired ones do not count"


# What is refused.

def test_a_mistyped_and_an_unknown_key_get_the_same_bytes(admin):
    good = admin.make_key("products:read")["key"]
    revoked, late = admin.make_key("products:read"), admin.make_key("products:read", expires_in=10)
    assert admin.client.delete(f"/me/keys/{revoked['id']}").status == 204
    admin.server.move_clock(11)
    other = "A" if good[20] != "A" else "B"
    tokens = {"mistyped": good[:20] + other + good[21:], "bad checksum": good[:-1] + ("A" if good[-1] != "A" else "B"),
              "unknown": with_checksum("0" * 43), "another unknown": with_checksum(good[5:47] + other), "too large": with_checksum("z" * 43),
              "revoked": revoked["key"], "expired": late["key"]}
    seen = collections.defaultdict(list)
    for why, token in tokens.items():
        reply = Client(admin.server, token).get("/products")
        assert is_refused(reply), why
        assert reply.json["detail"].startswith("the key is not accepted"), "not: log in again"
        headers = [(name, value) for name, value in reply.headers if name.lower() not in ("date", "x-request-id")]
        seen[str((reply.json | {"request_id": ""}, headers))].append(why)
    assert any({"mistyped", "bad checksum", "unknown", "another unknown"} <= set(each) for each in seen.values()), seen
    for token in (good[:-1], good + "0", good.upper(), good.replace("dik_", "DIK_"), good[4:], "dik_", good + " x"):
        assert is_refused(Client(admin.server, token).get("/products")), token
    assert Client(admin.server, good).get("/products").status == 200


def test_it_works_until_it_expires(admin):
    made = admin.make_key("products:read", expires_in=1000)
    robot = program(made, admin.server)
    admin.server.move_clock(999)
    assert robot.get("/products").status == 200
    admin.server.move_clock(2)
    assert is_refused(robot.get("/products"))
    admin.sign_in()
    assert made["id"] not in [each["id"] for each in admin.client.get("/me/keys").json], "unexpired ones are listed"


def test_one_that_never_expires_outlives_every_session(admin):
    robot = program(admin.make_key("products:read", expires_in=None), admin.server)
    admin.server.move_clock(10 * 366 * DAY)
    assert robot.get("/products").status == 200


def test_it_is_revoked_at_once_and_stays_so_after_kill_9(admin):
    made = admin.make_key("products:read")
    robot = program(made, admin.server)
    assert robot.get("/products").status == 200
    assert admin.client.delete(f"/me/keys/{made['id']}").status == 204
    assert is_refused(robot.get("/products"))
    assert admin.client.delete(f"/me/keys/{made['id']}").slug == "not-found"
    admin.server.kill9().start()
    assert is_refused(robot.get("/products"))


def test_a_made_key_survives_kill_9(admin):
    robot = program(admin.make_key("products:read"), admin.server)
    admin.server.kill9().start()
    assert robot.get("/products").status == 200


def test_nobody_revokes_or_sees_the_keys_of_others(office):
    owner, other = enrolled(office.server), enrolled(office.server)
    made = owner.make_key("products:read")
    assert made["id"] not in str(other.client.get("/me/keys").json)
    for id in (made["id"], NOBODY, "x"):
        assert other.client.delete(f"/me/keys/{id}").slug == "not-found"
    assert program(made, office.server).get("/products").status == 200


# Its owner.

def test_with_its_owner_it_is_disabled_and_enabled(admin):
    owner = enrolled(admin.server)
    robot, late = program(owner.make_key("products:read"), admin.server), program(owner.make_key("products:read", expires_in=50), admin.server)
    assert admin.change(owner, state="disabled").status == 200
    assert is_refused(robot.get("/products")) and is_refused(late.get("/products"))
    admin.server.move_clock(60)
    assert admin.change(owner, state="active").status == 200
    assert robot.get("/products").status == 200
    assert is_refused(late.get("/products")), "expired meanwhile"


def test_its_owner_s_role_and_its_scopes_count_both_as_they_are_now(office):
    owner = member(office, "editor")
    robot = program(owner.make_key("products:read", "products:write"), office.server)
    only_reads = program(owner.make_key("products:read"), office.server)
    assert robot.post("/products", product()).status == 201
    assert office.change(owner, role="viewer").status == 200
    reply = robot.post("/products", product())
    assert (reply.status, reply.slug) == (403, "forbidden")
    assert reply.header("WWW-Authenticate") == 'Bearer error="insufficient_scope", scope="products:write"'
    assert robot.get("/me").json["key"]["scopes"] == ["products:read"], "those that it has now"
    assert office.change(owner, role="admin").status == 200
    assert robot.post("/products", product()).status == 201
    assert only_reads.post("/products", product()).status == 403, "no more than its own scopes"
    assert robot.get("/users").status == 403


def test_what_ends_the_owner_s_sessions_does_not_end_the_key(office):
    owner = enrolled(office.server)
    robot = program(owner.make_key("products:read"), office.server)
    assert office.client.delete(f"/users/{owner.id}/sessions").status == 204
    assert owner.client.get("/me").status == 401
    assert robot.get("/products").status == 200


# Where it never works.

def test_me_shows_the_key_and_no_session(office):
    made = office.make_key("products:read", "changes:read")
    me = program(made, office.server).get("/me").json
    assert me["user"]["id"] == office.id and me["role"] == "admin"
    assert me["key"] == {"id": made["id"], "name": made["name"], "scopes": made["scopes"], "expires_at": made["expires_at"]}
    assert not {"session", "factors", "recovery_codes_left"} & {name for name, value in me.items() if value is not None}


def test_it_cannot_do_what_is_for_people(office):
    made = office.make_key(*OF_KEYS)
    robot = program(made, office.server)
    for method, target, body in [
            ("POST", "/logout", None), ("PUT", "/me/password", {}), ("POST", "/me/recovery-codes", {}), ("POST", "/me/totp", {}),
            ("POST", "/me/proof", {}), ("GET", "/me/sessions", None), ("DELETE", "/me/sessions", None), ("GET", "/me/history", None),
            ("GET", "/me/keys", None), ("POST", "/me/keys", {"name": "another", "scopes": ["products:read"]}),
            ("DELETE", f"/me/keys/{made['id']}", None), ("PUT", f"/users/{office.id}", {"name": "x"}), ("POST", "/invitations", {"role": "admin"}),
            ("POST", f"/users/{office.id}/reset", {"factor": True}), ("DELETE", f"/users/{office.id}/sessions", None),
            ("DELETE", f"/users/{office.id}/keys/{made['id']}", None)]:
        reply = robot.request(method, target, body)
        assert (reply.status, reply.slug) == (403, "forbidden"), (method, target)
        assert reply.header("WWW-Authenticate") == 'Bearer error="insufficient_scope"', "no scope: a session is wanted"
    for target in ("/products", "/users", "/changes", "/invitations", f"/users/{office.id}/keys", f"/users/{office.id}/history"):
        assert robot.get(target).status == 200, target


def test_it_is_no_refresh_token_and_no_challenge(office):
    key = office.make_key("products:read")["key"]
    client = Client(office.server)
    assert client.post("/token/refresh", {"refresh_token": key}).slug == "invalid-token"
    assert client.post("/verify-2fa", {"challenge": key, "code": "123456"}).slug == "challenge-expired"
    assert client.get(f"/generate-2fa/{office.username}", token=key).status == 401


# Addresses.

def test_it_works_from_its_networks_only():
    with Server("--api-keys", "--trusted-proxies", "127.0.0.1", clock=True) as server:
        admin = enrolled(server)
        made = admin.make_key("products:read", addresses=["192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32"])
        assert made["addresses"] == ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32"]
        for address, status in (("192.0.2.1", 200), ("192.0.2.255", 200), ("192.0.3.1", 401), ("2001:db8:1::1", 200), ("2001:db9::1", 401),
                                ("198.51.100.7", 200), ("198.51.100.8", 401)):
            reply = Client(server, made["key"]).get("/products", headers={"X-Forwarded-For": address})
            assert reply.status == status and (status == 200 or is_refused(reply)), address


def test_without_a_proxy_the_connection_s_address_counts(office):
    here, elsewhere = (office.make_key("products:read", addresses=[network]) for network in ("127.0.0.0/8", "192.0.2.0/24"))
    forwarded = {"X-Forwarded-For": "192.0.2.1"}
    assert program(here, office.server).get("/products").status == 200
    assert is_refused(program(elsewhere, office.server).get("/products", headers=forwarded))


@pytest.mark.parametrize("addresses", [[], ["192.0.2.1/24"], ["192.0.2.0/33"], ["2001:db8::1/32"], ["somewhere"], [5], "192.0.2.0/24", ["192.0.2.0/024"],
                                       ["192.0.2/24"], [f"192.0.2.{n}/32" for n in range(21)], ["2001:db8::/129"], [""]])
def test_bad_networks_are_refused(office, addresses):
    reply = create(office, addresses=addresses)
    assert (reply.status, reply.slug) == (422, "invalid-value"), addresses
    assert all(each.startswith("#/addresses") for each in reply.pointers)


def test_one_to_twenty_networks_or_null_for_everywhere(office):
    owner = enrolled(office.server)
    assert create(owner, addresses=[f"192.0.2.{n}/32" for n in range(20)]).status == 201
    assert create(owner, addresses=None).json["addresses"] is None


# Off unless the operator says so.

def test_without_the_option_nothing_works_and_the_refusal_names_it(admin):
    made = admin.make_key("products:read")
    admin.server.options.remove("--api-keys")
    admin.server.restart()
    assert not admin.client.get("/me").json.get("api_keys")
    for method, target, body in (("GET", "/me/keys", None), ("POST", "/me/keys", {"name": "x", "scopes": ["products:read"]}),
                                 ("DELETE", f"/me/keys/{made['id']}", None), ("GET", f"/users/{admin.id}/keys", None),
                                 ("DELETE", f"/users/{admin.id}/keys/{made['id']}", None)):
        reply = admin.client.request(method, target, body)
        assert (reply.status, reply.slug) == (403, "forbidden"), target
        assert "--api-keys" in reply.json["detail"]
    assert program(made, admin.server).get("/products").status in (401, 403)
    done = admin.server.command("api-key", "add", "robot", "--user", admin.username, "--scope", "products:read")
    assert (done.returncode, done.stdout) == (1, "") and "--api-keys" in done.stderr
    admin.server.options.append("--api-keys")
    admin.server.restart()
    assert program(made, admin.server).get("/products").status == 200


# What is seen of it.

def test_when_it_was_used_is_right_to_within_five_minutes(admin):
    made = admin.make_key("products:read")
    robot = program(made, admin.server)
    used = []
    for _ in range(4):
        admin.server.move_clock(100)
        assert robot.get("/products").status == 200
        used.append(admin.server.now())
    admin.server.move_clock(5)
    [shown] = [each["last_used_at"] for each in admin.client.get("/me/keys").json if each["id"] == made["id"]]
    assert shown is not None and rfc3339(used[-1] - 300) <= shown <= rfc3339(used[-1])


def test_when_it_was_used_survives_a_restart(admin):
    made = admin.make_key("products:read")
    admin.server.move_clock(30)
    assert program(made, admin.server).get("/products").status == 200
    used = admin.server.now()
    admin.server.restart()
    admin.server.move_clock(300)
    [shown] = [each["last_used_at"] for each in admin.client.get("/me/keys").json]
    assert shown == rfc3339(used), "the server ends with everything finished"


def test_a_request_with_a_key_writes_nothing(admin):
    robot = program(admin.make_key("products:read"), admin.server)
    before = admin.client.get("/changes").json
    for _ in range(100):
        assert robot.get("/products").status == 200
    assert admin.client.get("/changes").json == before


def test_the_history_names_the_owner_and_the_key(office):
    owner = member(office, "editor")
    made = owner.make_key("products:read", "products:write", "stock:write")
    robot = program(made, office.server)
    path = robot.post("/products", product()).header("Location")
    assert robot.post(f"{path}/stock", {"delta": 1}).status == 200
    owner.client.put(path, {"price": 1})
    changes = owner.client.get(f"{path}/history").json
    named = {"id": owner.id, "username": owner.username, "key": {"id": made["id"], "name": made["name"]}}
    assert [each["actor"] for each in changes[1:]] == [named, named]
    assert changes[0]["actor"] == {"id": owner.id, "username": owner.username}
    assert owner.client.delete(f"/me/keys/{made['id']}").status == 204
    assert owner.client.get(f"{path}/history").json == changes, "also after it was revoked"
    created, revoked = (next(each for each in owner.client.get("/me/history").json if each["op"] == op) for op in ("key.create", "key.revoke"))
    assert created["actor"]["id"] == revoked["actor"]["id"] == owner.id
    assert made["key"] not in str((created, revoked))


def test_an_idempotency_key_is_the_owner_s(office):
    owner = member(office, "editor")
    robot = program(owner.make_key("products:write"), office.server)
    header = {"Idempotency-Key": fresh_name("once")}
    first = robot.post("/products", product(), headers=header)
    again = owner.client.post("/products", product(), headers=header)
    assert (first.status, again.header("Idempotency-Replayed"), again.body) == (201, "true", first.body)


@pytest.mark.embedded
def test_no_key_is_stored_in_clear(admin):
    key = admin.make_key("products:read")["key"]
    assert Client(admin.server, key).get("/products").status == 200
    admin.server.stop()
    everything = b"".join(path.read_bytes() for path in admin.server.data.rglob("*") if path.is_file())
    assert admin.username.encode() in everything
    assert key.encode() not in everything and key[4:47].encode() not in everything and key not in admin.server.log
    admin.server.start()


# By an admin.

def test_an_admin_lists_and_revokes_the_keys_of_others(office):
    owner = enrolled(office.server)
    made = [owner.make_key("products:read") for _ in range(3)]
    listed = office.client.get(f"/users/{owner.id}/keys").json
    assert all(set(each) == LISTED for each in listed) and {each["id"] for each in listed} == {each["id"] for each in made}
    assert listed == owner.client.get("/me/keys").json
    assert office.client.delete(f"/users/{owner.id}/keys/{made[0]['id']}").status == 204
    assert is_refused(program(made[0], office.server).get("/products"))
    assert program(made[1], office.server).get("/products").status == 200
    assert office.client.delete(f"/users/{owner.id}/keys/{made[0]['id']}").slug == "not-found"
    assert office.client.delete(f"/users/{office.id}/keys/{made[1]['id']}").slug == "not-found", "of another account"
    assert office.client.get(f"/users/{NOBODY}/keys").slug == "not-found"
    revoked = next(each for each in owner.client.get("/me/history").json if each["op"] == "key.revoke")
    assert revoked["actor"]["id"] == office.id


def test_the_newest_is_first(admin):
    made = []
    for _ in range(4):
        made.insert(0, admin.make_key("products:read")["id"])
        admin.server.move_clock(1)
    assert [each["id"] for each in admin.client.get("/me/keys").json] == made


def test_two_authorization_headers_are_400(office):
    key = office.make_key("products:read")["key"]
    raw = request_bytes("GET", "/products", token=key).replace(b"\r\n\r\n", f"\r\nAuthorization: Bearer {office.token}\r\n\r\n".encode())
    assert Connection(office.server).send(raw).reply("GET", "/products").status == 400
