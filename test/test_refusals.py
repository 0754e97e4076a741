"""Which refusal comes first when several apply; body limits; HEAD, OPTIONS and the problem pages."""

import pytest

from support.accounts import Account, product
from support.http import Client, Connection
from support.promises import SLUGS
from support.server import Server

NOWHERE = f"/products/{'0' * 24}"
TOO_LONG = {"Content-Length": str(2 * 1024 * 1024)}


@pytest.mark.parametrize("method, target, token, body, headers, slug", [
    # 404 route before 405 and 401
    ("DELETE", "/nothing", False, None, {}, "not-found"),
    ("GET", "/products/x/y", False, None, {}, "not-found"),
    ("GET", "/Products", False, None, {}, "not-found"),
    ("GET", "/products/", False, None, {}, "not-found"),
    ("GET", "//products", False, None, {}, "not-found"),
    # 405 before 401
    ("PATCH", "/products", False, b"{", {"Content-Type": "text/plain"}, "method-not-allowed"),
    ("DELETE", "/products", False, None, {}, "method-not-allowed"),
    ("GET", "/logout", False, None, {}, "method-not-allowed"),
    # 401 before 415, 413, 400, 422
    ("POST", "/products", False, b"{", {"Content-Type": "text/plain"}, "invalid-token"),
    ("POST", "/products", False, b"", TOO_LONG, "invalid-token"),
    ("POST", "/products?bogus=1", False, b"{", {}, "invalid-token"),
    # 415 before 413 and 400
    ("POST", "/products", True, b"", {"Content-Type": "text/plain"} | TOO_LONG, "unsupported-media-type"),
    ("POST", "/products", True, b"{", {"Content-Type": "text/plain"}, "unsupported-media-type"),
    # 413 before 400
    ("POST", "/products", True, b"{" * (1024 * 1024 + 1), {}, "payload-too-large"),
    ("POST", "/login", False, b"{" * (64 * 1024 + 1), {}, "payload-too-large"),
    # 400 JSON before 422 and 404
    ("PUT", NOWHERE, True, b"{", {}, "malformed-json"),
    # 422 before 404 record
    ("PUT", NOWHERE, True, b"{}", {}, "invalid-value"),
    ("GET", f"{NOWHERE}?bogus=1", True, None, {}, "invalid-value"),
    # 404 record before 412
    ("PUT", NOWHERE, True, b'{"stock":1}', {"If-Match": '"9"'}, "not-found"),
    ("DELETE", NOWHERE, True, None, {"If-Match": '"9"'}, "not-found"),
])
def test_order(ada, stranger, method, target, token, body, headers, slug):
    reply = stranger.request(method, target, token=ada.token if token else None, body=body, headers=headers)
    assert (reply.status, reply.slug) == (SLUGS[slug], slug)


def test_412_comes_before_409(client):
    client.post("/products", product(sku="order-1"))
    other = client.post("/products", product()).header("Location")
    assert client.put(other, {"sku": "order-1"}, headers={"If-Match": '"9"'}).slug == "precondition-failed"
    assert client.put(other, {"sku": "order-1"}, headers={"If-Match": '"1"'}).slug == "sku-taken"


def test_401_comes_before_406(server):
    account = Account(server).sign_up()
    assert account.qr("application/pdf", challenge="x" * 43).status == 401
    assert account.qr("application/pdf").status == 406


@pytest.mark.parametrize("target, limit", [("/login", 64 * 1024), ("/signup", 64 * 1024), ("/verify-2fa", 64 * 1024),
                                           ("/products", 1024 * 1024)])
def test_a_body_may_reach_its_limit_and_not_exceed_it(client, target, limit):
    head, tail = b'{"bogus":"', b'"}'
    full = head + b"x" * (limit - len(head) - len(tail)) + tail
    assert client.post(target, body=full).slug == "invalid-value"
    assert client.post(target, body=full + b" ").slug == "payload-too-large"


def chunked(size: int, chunk: int) -> bytes:
    whole, rest = divmod(size, chunk)
    parts = [b"%x\r\n" % chunk + b" " * chunk + b"\r\n"] * whole
    return b"".join(parts + ([b"%x\r\n" % rest + b" " * rest + b"\r\n"] if rest else []) + [b"0\r\n\r\n"])


@pytest.mark.parametrize("chunk", [1000, 65537])
def test_chunked_bodies_have_the_same_limit(server, chunk):
    for size, slug in ((64 * 1024, "malformed-json"), (64 * 1024 + 1, "payload-too-large")):
        connection = Connection(server)
        connection.send(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\n" + chunked(size, chunk))
        assert connection.reply("POST", "/login").slug == slug


def test_too_large_is_answered_before_the_body_is_sent(server):
    connection = Connection(server)
    connection.send(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
                    b"Content-Length: 10000000\r\n\r\n")
    assert connection.reply("POST", "/login").slug == "payload-too-large"


def test_405_lists_what_is_allowed(stranger):
    for target, allowed in [("/products", {"GET", "HEAD", "POST"}), ("/login", {"POST"}), ("/me", {"GET", "HEAD"}),
                            ("/products/x", {"GET", "HEAD", "PUT", "DELETE"}), ("/healthz", {"GET", "HEAD"})]:
        reply = stranger.request("PATCH", target)
        assert reply.status == 405
        assert set(reply.header("Allow").replace(" ", "").split(",")) == allowed, target


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_methods_are_not_overridden(client, name):
    lamp = client.post("/products", product()).header("Location")
    assert client.get(lamp, headers={name: "DELETE"}).status == 200
    assert client.get(lamp).status == 200


@pytest.mark.parametrize("slug", sorted(SLUGS))
def test_each_problem_has_a_page(stranger, slug):
    reply = stranger.get(f"/problems/{slug}")
    assert reply.status == 200
    assert len(reply.text) > 100 and str(SLUGS[slug]) in reply.text


def test_an_unknown_problem_is_not_found(stranger):
    assert stranger.get("/problems/none").status == 404


def test_alive_and_self_described(stranger):
    assert stranger.get("/healthz").status == 200
    document = stranger.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    for path, method in [("/signup", "post"), ("/login", "post"), ("/generate-2fa/{username}", "get"),
                         ("/verify-2fa", "post"), ("/products", "post"), ("/products", "get"),
                         ("/products/{pid}", "get"), ("/products/{pid}", "put"), ("/products/{pid}", "delete")]:
        assert method in document["paths"][path], (path, method)


@pytest.mark.parametrize("target", ["/healthz", "/.well-known/jwks.json", "/problems/not-found", "/products", "/me",
                                    "/nothing"])
def test_head_is_get_without_a_body(client, target):
    got, head = client.get(target), client.request("HEAD", target)
    assert head.status == got.status
    assert head.header("Content-Type") == got.header("Content-Type")
    assert head.header("Content-Length") in (None, got.header("Content-Length"))


def test_no_cors_unless_configured(client):
    for origin in ("https://example.org", "null"):
        assert client.get("/products", headers={"Origin": origin}).status == 200  # support/promises.py checks the headers
        assert client.request("OPTIONS", "/products", headers={
            "Origin": origin, "Access-Control-Request-Method": "POST"}).status in (204, 405)


def test_a_server_outside_loopback_starts_with_its_two_options():
    with Server("--signup", "closed", "--insecure-http", listen="0.0.0.0:0") as server:
        assert Client(server).get("/healthz").status == 200
