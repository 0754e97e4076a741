"""Each problem of the server's table, provoked on a real server. docs/api/problems/<slug>.http has the request and the
response; the pages at /problems/<slug> show these files. `BLESS=1` writes them."""

import html
import json
import pathlib
import sqlite3

import pytest

from support import blessed, transcript
from support.accounts import PASSWORD, Account, enrolled, product, totp
from support.http import Client, Connection, all_at_once, request_bytes
from support.promises import SLUGS
from support.server import Server

FOLDER = "docs/api/problems"

scenarios: dict = {}


def provokes(slug: str):
    def add(scenario):
        scenarios[slug] = scenario
        return scenario
    return add


class Stage:
    """One server for most of the scenarios, and the signed-in account Ada, its admin."""

    def __init__(self, server):
        self.server = server
        self.ada = enrolled(server, "ada")

    @property
    def token(self) -> str:
        self.server.move_clock(90)  # each scenario gets its own token, and no code was used before
        return self.ada.sign_in().token

    def somebody(self, name: str) -> Account:
        return enrolled(self.server, name)

    def made(self, token: str, **changes) -> str:
        reply = Client(self.server, token).post("/products", product(**changes))
        assert reply.status == 201, reply
        return reply.header("Location")


@pytest.fixture(scope="module")
def stage():
    with Server(clock=True) as server:
        yield Stage(server)


def send(server, method: str, target: str, json_body=None, **rest):
    """(request, reply), on a connection of its own."""
    return exchange(server, request_bytes(method, target, json_body, **rest), method, target)


def exchange(server, raw: bytes, method: str, target: str | None):
    connection = Connection(server)
    reply = connection.send(raw).reply(method, target)
    connection.close()
    return raw, reply


def verify(account: Account, code: str):
    return send(account.server, "POST", "/verify-2fa", {"challenge": account.challenge, "code": code})


@provokes("bad-request")
def _(stage):
    return send(stage.server, "GET", "/products/" + "6925142bbf57d9d3a4b1c0de", token=stage.token,
                headers={"If-None-Match": "5"})


@provokes("request-timeout")
def _(stage):
    return exchange(stage.server, b"GET /products HTTP/1.1\r\nHost: localhost", "GET", None)


@provokes("headers-too-large")
def _(stage):
    return send(stage.server, "GET", "/products", headers={"X-Long": "x" * 16384})


@provokes("not-implemented")
def _(stage):
    return send(stage.server, "POST", "/products", headers={"Transfer-Encoding": "gzip, chunked"})


@provokes("malformed-json")
def _(stage):
    return send(stage.server, "POST", "/products", body=b'{"name":"Lamp","price":129.90,}', token=stage.token)


@provokes("invalid-value")
def _(stage):
    return send(stage.server, "POST", "/products", {"name": "", "price": "1.23456", "colour": "red"}, token=stage.token)


@provokes("weak-password")
def _(stage):
    return send(stage.server, "POST", "/signup", {"username": "bob", "password": "password1"})


@provokes("username-taken")
def _(stage):
    return send(stage.server, "POST", "/signup", {"username": "Ada", "password": PASSWORD})


@provokes("signup-closed")
def _(stage):
    with Server("--signup", "closed") as server:
        return send(server, "POST", "/signup", {"username": "bob", "password": PASSWORD})


@provokes("sku-taken")
def _(stage):
    token = stage.token
    stage.made(token, sku="L-1")
    return send(stage.server, "POST", "/products", product(sku="L-1"), token=token)


@provokes("invalid-credentials")
def _(stage):
    return send(stage.server, "POST", "/login", {"username": "nobody", "password": PASSWORD})


@provokes("invalid-code")
def _(stage):
    account = stage.somebody("wrong").login()
    return verify(account, account.wrong_codes(1)[0])


@provokes("code-already-used")
def _(stage):
    account = stage.somebody("again")
    return verify(account.login(), totp(account.secret, account.last_step))


@provokes("challenge-expired")
def _(stage):
    account = stage.somebody("late").login()
    stage.server.move_clock(301)
    return verify(account, account.next_code())


@provokes("enrolment-required")
def _(stage):
    account = stage.somebody("reset")
    assert stage.server.command("user", "reset-2fa", "reset").returncode == 0
    stage.server.move_clock(24 * 3600 + 1)
    return send(account.server, "POST", "/login", {"username": "reset", "password": PASSWORD})


@provokes("already-enrolled")
def _(stage):
    account = stage.somebody("curious").login()
    return send(stage.server, "GET", "/generate-2fa/curious", token=account.challenge)


@provokes("factor-disabled")
def _(stage):
    """test_counters.py sends a hundred wrong codes; here ninety-nine of them are written into the store."""
    account = stage.somebody("guessed").login()
    with database(stage.server) as store:
        assert store.execute("UPDATE factor_counters SET failures_unredeemed = 99 WHERE user ="
                             " (SELECT id FROM users WHERE username = 'guessed')").rowcount == 1
    assert account.verify(account.wrong_codes(1)[0]).slug == "invalid-code"
    return verify(account, account.next_code())


@provokes("invalid-token")
def _(stage):
    token = stage.token
    stage.server.move_clock(601)
    return send(stage.server, "GET", "/products", token=token)


@provokes("forbidden")
def _(stage):
    viewer = stage.somebody("viewer")
    assert stage.token and stage.ada.change(viewer, role="viewer").status == 200
    return send(stage.server, "POST", "/products", product(), token=viewer.token)


@provokes("proof-required")
def _(stage):
    token = stage.token
    other = stage.somebody("promoted")
    stage.server.move_clock(301)
    return send(stage.server, "PUT", f"/users/{other.id}", {"role": "auditor"}, token=token)


@provokes("last-admin")
def _(stage):
    token = stage.token
    return send(stage.server, "PUT", f"/users/{stage.ada.id}", {"role": "editor"}, token=token)


@provokes("limit-reached")
def _(stage):
    with Server("--api-keys") as server:
        account = enrolled(server)
        body = {"name": "nightly import", "scopes": ["products:write"]}
        for _ in range(50):
            assert account.client.post("/me/keys", body).status == 201
        return send(server, "POST", "/me/keys", body, token=account.token)


@provokes("not-found")
def _(stage):
    token = stage.token
    gone = stage.made(token)
    Client(stage.server, token).delete(gone)
    return send(stage.server, "GET", gone, token=token)


@provokes("method-not-allowed")
def _(stage):
    return send(stage.server, "PATCH", "/products")


@provokes("not-acceptable")
def _(stage):
    return send(stage.server, "GET", "/", headers={"Accept": "image/png"})


@provokes("unsupported-media-type")
def _(stage):
    return send(stage.server, "POST", "/products", body=b"name=Lamp&price=129.90&stock=5", token=stage.token,
                headers={"Content-Type": "application/x-www-form-urlencoded"})


@provokes("payload-too-large")
def _(stage):
    return send(stage.server, "POST", "/login", headers={"Content-Type": "application/json", "Content-Length": "65537"})


@provokes("misdirected-request")
def _(stage):
    return send(stage.server, "GET", "/products", headers={"Host": "evil.example"})


@provokes("precondition-failed")
def _(stage):
    token = stage.token
    lamp = stage.made(token)
    assert Client(stage.server, token).put(lamp, {"stock": 4}).status == 200
    return send(stage.server, "PUT", lamp, {"price": "119.50"}, token=token, headers={"If-Match": '"1"'})


@provokes("precondition-required")
def _(stage):
    with Server("--require-version") as server:
        account = enrolled(server)
        lamp = account.client.post("/products", product()).header("Location")
        return send(server, "PUT", lamp, {"price": "119.50"}, token=account.token)


@provokes("idempotency-key-reused")
def _(stage):
    token = stage.token
    key = {"Idempotency-Key": "order-4711"}
    assert Client(stage.server, token).post("/products", product(), headers=key).status == 201
    return send(stage.server, "POST", "/products", product(stock=6), token=token, headers=key)


@provokes("idempotency-in-progress")
def _(stage):
    """Of several requests at once one runs; the others get 409 meanwhile."""
    token = stage.token
    for attempt in range(50):
        raw = request_bytes("POST", "/products", product(), token=token, headers={"Idempotency-Key": f"order-{attempt}"})
        for reply in all_at_once(stage.server, [raw] * 8, "/products"):
            if reply.status == 409:
                return raw.replace(f"order-{attempt}".encode(), b"order-4711"), reply
    raise AssertionError("no request came while another ran")


@provokes("insufficient-stock")
def _(stage):
    token = stage.token
    return send(stage.server, "POST", stage.made(token) + "/stock", {"delta": -6, "reason": "sold"}, token=token)


@provokes("too-many-attempts")
def _(stage):
    account = stage.somebody("hammered")
    body = {"username": "hammered", "password": "not the password"}
    for _ in range(5):
        assert account.client.post("/login", body, token=None).slug == "invalid-credentials"
    account.client.post("/login", body, token=None)
    return send(stage.server, "POST", "/login", body)


@provokes("overloaded")
def _(stage):
    """More logins at once than may wait for the hash pool."""
    with Server("--login-burst", "1000", generous=False) as server:
        raw = request_bytes("POST", "/login", {"username": "ada", "password": PASSWORD})
        replies = all_at_once(server, [raw] * 120, "/login")
        return raw, next(reply for reply in replies if reply.slug == "overloaded")


@provokes("unavailable")
def _(stage):
    """Another program holds the store's write lock."""
    token = stage.token
    holder = database(stage.server)
    holder.execute("BEGIN IMMEDIATE")
    sent_and_reply = send(stage.server, "POST", "/products", product(), token=token)
    holder.close()
    return sent_and_reply


@provokes("internal")
def _(stage):
    """The encrypted secret of an enrolment was damaged in the database, so it cannot be decrypted."""
    with Server() as server:
        account = Account(server, "ada")
        challenge = account.sign_up().challenge
        with database(server) as store:
            assert store.execute("UPDATE challenges SET pending_secret = zeroblob(length(pending_secret))").rowcount == 1
        server.damaged = True
        return send(server, "GET", f"/generate-2fa/{account.username}", token=challenge)


def database(server) -> sqlite3.Connection:
    return sqlite3.connect(next(server.data.glob("*.db")), isolation_level=None, timeout=10)


def reached(slug: str):
    in_the_file = slug in ("factor-disabled", "unavailable", "internal")  # the test itself writes to it
    return pytest.param(slug, marks=pytest.mark.embedded if in_the_file else [])


@pytest.mark.parametrize("slug", [reached(slug) for slug in scenarios])
def test_problem(stage, slug):
    request, reply = scenarios[slug](stage)
    assert reply.slug == slug, reply
    text = transcript.of(request, reply)
    blessed.compare(f"{FOLDER}/{slug}.http", text)
    if not blessed.BLESS:  # the program shows the new text after the next build
        assert text in html.unescape(Client(stage.server).get(f"/problems/{slug}").text)


def test_every_problem_has_a_transcript(stage):
    table = json.loads(Client(stage.server).get("/openapi.json").text)["components"]["schemas"]["Problem"]
    slugs = {each.removeprefix("/problems/") for each in table["properties"]["type"]["x-extensible-enum"]}
    assert slugs == set(SLUGS)
    stored = {path.stem for path in (blessed.ROOT / FOLDER).glob("*.http")}
    assert stored == slugs, "a slug without a transcript, or a transcript without a slug"
    assert slugs == set(scenarios)
