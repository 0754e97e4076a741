"""Requests as existing programs send them: a request that has only one meaning is accepted."""

import pytest

from support.accounts import enrolled, product
from support.http import Client, Connection, request_bytes
from support.server import Server

pytestmark = pytest.mark.embedded

BODY = b'{"name":"Lamp","price":129.90,"stock":5}'


@pytest.mark.parametrize("accept", [
    "*/*;q=.8", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "application/json;version=1", "application/vnd.api+json",
    "application/json;", "text/html,application/xhtml+xml", "application/json; charset=iso-8859-1", "application/json;q=0", "nonsense", ""])
@pytest.mark.parametrize("target", ["/healthz", "/products?limit=1"])
def test_the_only_representation_is_sent_whatever_accept_says(client, accept, target):
    assert client.get(target, headers={"Accept": accept}).status == 200


@pytest.mark.parametrize("media", ["application/json; charset=utf8", "application/json;version=1", "application/json;",
                                   "application/json;charset='UTF-8'", "application/json, application/json", "application/json ; charset = us-ascii"])
@pytest.mark.parametrize("coding", [None, "identity", "utf-8"])
def test_forms_of_the_json_content_type(client, media, coding):
    headers = {"Content-Type": media} | ({"Content-Encoding": coding} if coding else {})
    assert client.post("/products", body=BODY, headers=headers).status == 201


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer ", "Bearer\t"])
def test_spaces_between_scheme_and_token(ada, stranger, scheme):
    assert stranger.get("/me", headers={"Authorization": f"{scheme} {ada.token}"}).status == 200


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearerx", "Basic eDp5"])
def test_a_header_without_a_token_is_401(stranger, value):
    assert stranger.get("/me", headers={"Authorization": value}).slug == "invalid-token"


@pytest.mark.parametrize("value", ['"1"', 'W/"1"', ', "7" ,, "1" ,', "*"])
def test_lists_of_tags(client, value):
    lamp = client.post("/products", product()).header("Location")
    assert client.get(lamp, headers={"If-None-Match": value}).status == 304


# ---- Bodies where none is expected

@pytest.mark.parametrize("body, headers", [
    (b"{}", {}), (b" { }\r\n", {}), (b"", {"Content-Type": "application/json"}), (b"", {"Content-Type": "text/plain"}),
    (b"{}", {"Content-Type": "text/plain"})])
def test_an_empty_body_counts_as_none(server, body, headers):
    client = Client(server, enrolled(server).token)
    lamp = client.post("/products", product()).header("Location")
    assert client.request("GET", "/me", body=body, headers=headers).status == 200
    assert client.request("DELETE", lamp, body=body, headers=headers).status == 204
    assert client.request("POST", "/logout", body=body, headers=headers).status == 204


@pytest.mark.parametrize("chunks, status", [(b"0\r\n\r\n", 204), (b"2\r\n{}\r\n0\r\n\r\n", 204), (b"2\r\n[]\r\n0\r\n\r\n", 415)])
def test_chunked_bodies_where_none_is_expected(server, ada, chunks, status):
    lamp = Client(server, ada.token).post("/products", product()).header("Location")
    raw = request_bytes("DELETE", lamp, token=ada.token, headers={"Transfer-Encoding": "chunked"})
    assert Connection(server).send(raw + chunks).reply("DELETE", lamp).status == status


@pytest.mark.parametrize("body", [b"[]", b'{"a":1}', b"x" * 100, b"x" * 100_000, b"null", b"{"])
def test_a_body_where_none_is_expected_is_415(client, body):
    assert client.request("DELETE", f"/products/{'0' * 24}", body=body).slug == "unsupported-media-type"
    assert client.get("/me").status == 200, "the session goes on"


# ---- OPTIONS

@pytest.mark.parametrize("target, allow", [
    ("/", "GET, HEAD, OPTIONS"), ("/products", "GET, HEAD, POST, OPTIONS"), ("/products/x", "GET, HEAD, PUT, DELETE, OPTIONS"),
    ("*", "GET, HEAD, POST, PUT, DELETE, OPTIONS")])
def test_options_lists_the_methods(stranger, target, allow):
    reply = stranger.request("OPTIONS", target)
    assert (reply.status, reply.header("Allow"), reply.body) == (204, allow, b"")


def test_options_for_an_unknown_path_is_404(stranger):
    assert stranger.request("OPTIONS", "/nothing").slug == "not-found"


def test_the_health_check_of_haproxy_has_no_host(server):
    reply = Connection(server).send(b"OPTIONS / HTTP/1.0\r\n\r\n").reply("OPTIONS", "/")
    assert reply.status == 204


# ---- Texts that say what to do instead

@pytest.mark.parametrize("target, words", [
    ("/products?q=caf\u00e9", "percent-encode"), ("/products?q=red lamp", "%20")])
def test_a_target_that_is_not_encoded(server, target, words):
    reply = Connection(server).send(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()).reply("GET", None)
    assert reply.slug == "bad-request" and words in reply.json["detail"]


@pytest.mark.parametrize("target, meant", [("/products/", "/products"), ("//products", "/products"), ("/problems/", "/problems"),
                                           ("/products/x/stock/", "/products/x/stock")])
def test_a_similar_path_is_suggested(stranger, target, meant):
    reply = stranger.get(target)
    assert (reply.slug, reply.json["detail"]) == ("not-found", f"there is nothing at this path; you may mean {meant}")


def test_the_text_around_a_json_error_is_quoted(client):
    detail = client.post("/products", body=b'{"name":"Lamp","price":12,50,"stock":1}').json["detail"]
    assert '"price":12,' in detail and "50,\"stock\":1}" in detail


@pytest.mark.parametrize("member, value, words", [
    ("price", "12,50", "12.50"), ("price", "1,234", "must be a decimal"), ("price", "abc", "must be a decimal"),
    ("sku", "a b", "must be 1 to 64 characters: letters (a-z, A-Z), digits and any of . _ / -")])
def test_words_instead_of_patterns(client, member, value, words):
    reply = client.post("/products", product(**{member: value}))
    assert reply.status == 422 and words in reply.json["errors"][0]["detail"]


def test_a_code_is_six_digits(stranger):
    reply = stranger.post("/verify-2fa", {"challenge": "x", "code": "12345x"})
    assert {"pointer": "#/code", "detail": "must be a code of six digits, as a string"} in reply.json["errors"]


# ---- The Host header

@pytest.mark.parametrize("options, host, status", [
    ([], "localhost:8080", 200), ([], "127.0.0.1", 200), ([], "[::1]:80", 200), ([], "evil.example", 421), ([], "x", 421),
    (["--hosts", "shop.example,10.0.0.7"], "Shop.Example:443", 200), (["--hosts", "shop.example"], "localhost", 200),
    (["--hosts", "shop.example"], "evil.example", 421), (["--trusted-proxies", "127.0.0.1"], "shop.example", 200),
    (["--trusted-proxies", "127.0.0.1", "--hosts", "shop.example"], "evil.example", 421)])
def test_only_known_hosts_are_answered(options, host, status):
    """A web page reached the server through a name of its own that resolves to 127.0.0.1 (DNS rebinding)."""
    with Server(*options) as server:
        client = Client(server)
        for method, target in (("GET", "/healthz"), ("POST", "/logout"), ("GET", "/products")):
            reply = client.request(method, target, headers={"Host": host})
            assert (reply.status == 421) == (status == 421), reply
        assert client.get("/healthz", headers={"Host": host}).status == status
        absolute = f"GET http://{host}/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        assert Connection(server).send(absolute).reply("GET", "/healthz").status == status, "the host of the target counts"
