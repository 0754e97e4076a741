"""HTTP/1.1 on raw sockets: a request that two parsers could read differently is refused, and the connection is closed."""

import time

import pytest

from support.accounts import product
from support.http import Connection, request_bytes

pytestmark = pytest.mark.embedded

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("raw", [
    POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    POST + b"Content-Length: 2\r\ncontent-length: 3\r\n\r\n{}",
    POST + b"Content-Length: 2, 2\r\n\r\n{}",
    POST + b"Content-Length: +2\r\n\r\n{}",
    POST + b"Content-Length: -2\r\n\r\n{}",
    POST + b"Content-Length: 0x2\r\n\r\n{}",
    POST + b"Content-Length: 2 2\r\n\r\n{}",
    POST + b"Content-Length: \r\n\r\n{}",
    POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /healthz HTTP/1.1\nHost: localhost\n\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\n\r\n",
    GET + b"A: b\nC: d\r\n\r\n",
    GET + b"A: b\r\n folded\r\n\r\n",
    GET + b"A: b\r\n\tfolded\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n Host: localhost\r\n\r\n",
    GET + b"A: b\x00c\r\n\r\n",
    GET + b"A: b\rc\r\n\r\n",
    GET + b"A: b\x01c\r\n\r\n",
    GET + b"A : b\r\n\r\n",
    GET + b"A\r\n\r\n",
    GET + b": b\r\n\r\n",
    GET + b"A\x00: b\r\n\r\n",
    GET + b"A(: b\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n\r\n",
    GET + b"Host: y\r\n\r\n",
    b"GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /healthz\r\nHost: localhost\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /healthz\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /healthz#part HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /healthz HTTP/1.x\r\nHost: localhost\r\n\r\n",
    b"GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n",
    b"G(T /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    CHUNKED + b"x\r\n\r\n",
    CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b" 2\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"2\n{}\r\n0\r\n\r\n",
    CHUNKED + b"2\r\n{}0\r\n\r\n",
    CHUNKED + b"2\r\n{}\n0\r\n\r\n",
    CHUNKED + b"2;a\nb\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
], ids=lambda raw: ascii(raw[-40:]))
def test_ambiguous_framing_is_400_and_closes_the_connection(server, raw):
    connection = Connection(server)
    connection.send(raw)
    reply = connection.reply("GET", None)
    assert reply.status in (400, 505) if b"HTTP/2.0" in raw else (reply.status, reply.slug) == (400, "bad-request")
    connection.socket.shutdown(1)  # the server must not have read a second request from the rest
    assert connection.ended()


@pytest.mark.parametrize("coding", [b"gzip", b"gzip, chunked", b"identity", b"xchunked", b"chunked, chunked", b"\x0bchunked"])
def test_other_transfer_codings_are_refused(server, coding):
    connection = Connection(server)
    connection.send(POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n")
    assert connection.reply("POST", None).status in (400, 501)
    assert connection.ended()


def test_two_authorization_headers_are_400(server, ada):
    one = f"Authorization: Bearer {ada.token}\r\n".encode()
    connection = Connection(server).send(b"GET /me HTTP/1.1\r\nHost: localhost\r\n" + one + one + b"\r\n")
    assert connection.reply("GET", None).slug == "bad-request"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_trace_and_connect_are_refused(server, method):
    target = "localhost:80" if method == "CONNECT" else "/healthz"
    connection = Connection(server).send(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nX-Echo: me\r\n\r\n".encode())
    reply = connection.reply(method, None)
    assert reply.status in (400, 405, 501) and b"X-Echo" not in reply.body


@pytest.mark.parametrize("fields, status", [(98, 200), (101, 431)])
def test_a_hundred_fields(server, fields, status):
    connection = Connection(server).send(GET + b"A: b\r\n" * fields + b"\r\n")
    assert connection.reply("GET", "/healthz" if status == 200 else None).status == status


@pytest.mark.parametrize("size, status", [(15 * 1024, 200), (16 * 1024, 431), (1024 * 1024, 431)])
def test_headers_of_16_kib(server, size, status):
    connection = Connection(server)
    try:
        connection.send(GET + b"A: " + b"b" * size + b"\r\n\r\n")
    except ConnectionError:
        pass  # refused before all of it was sent
    assert connection.reply("GET", "/healthz" if status == 200 else None).status == status


def test_a_long_request_line_is_431(server):
    connection = Connection(server).send(b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert connection.reply("GET", None).slug == "headers-too-large"


def test_absolute_form_is_served(server, ada):
    for host in (b"localhost", b"127.0.0.1:8080"):
        connection = Connection(server).send(b"GET http://" + host + b"/healthz HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        assert connection.reply("GET", "/healthz").status == 200


def test_pipelined_requests_are_answered_in_order(server, ada):
    targets = ["/healthz", "/me", "/nothing", "/products", "/healthz"]
    connection = Connection(server).send(b"".join(request_bytes("GET", t, token=ada.token) for t in targets))
    assert [connection.reply("GET", t).status for t in targets] == [200, 200, 404, 200, 200]


def test_a_request_may_come_byte_by_byte(server, ada):
    connection = Connection(server)
    for byte in request_bytes("POST", "/products", product(), token=ada.token):
        connection.send(bytes([byte]))
    assert connection.reply("POST", "/products").status == 201


@pytest.mark.parametrize("chunks", [[b"{}"], [b"{", b"}"], [b" " * 5000, b"{}"]])
def test_chunked_bodies_are_read(server, chunks):
    body = b"".join(b"%X;ext=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nTrailer: x\r\n\r\n"
    connection = Connection(server).send(CHUNKED + body)
    assert connection.reply("POST", "/login").pointers == {"#/username", "#/password"}
    assert connection.send(GET + b"\r\n").reply("GET", "/healthz").status == 200


@pytest.mark.parametrize("method, target, status", [("POST", "/products", 401), ("POST", "/nothing", 404), ("GET", "/healthz", 415),
                                                    ("DELETE", "/login", 405)])
def test_a_body_that_was_not_read_is_never_a_request(server, method, target, status):
    smuggled = request_bytes("GET", "/problems/internal")
    connection = Connection(server)
    connection.send(request_bytes(method, target, body=smuggled) + request_bytes("GET", "/problems/forbidden"))
    assert connection.reply(method, target).status == status
    if connection.usable:
        assert "Forbidden" in connection.reply("GET", "/problems/forbidden").text
    else:
        connection.socket.shutdown(1)
        assert connection.ended()


def test_expect_continue(server, ada):
    whole = request_bytes("POST", "/products", product(), token=ada.token, headers={"Expect": "100-continue"})
    head, body = whole.split(b"\r\n\r\n")
    connection = Connection(server).send(head + b"\r\n\r\n")
    assert connection.interim() == 100
    assert connection.send(body).reply("POST", "/products").status == 201


def test_header_values_are_not_decoded(server):
    connection = Connection(server).send(GET + b"X-Request-Id: a%0d%0aSet-Cookie: b=c\r\nIf-None-Match: \"%0d%0aA: b\"\r\n\r\n")
    assert connection.reply("GET", "/healthz").header("A") is None


@pytest.mark.parametrize("version, header, closes", [("1.1", "", False), ("1.1", "Connection: close\r\n", True),
                                                     ("1.0", "", True)])
def test_connections_stay_open_unless_the_client_asks_otherwise(server, version, header, closes):
    connection = Connection(server).send(f"GET /healthz HTTP/{version}\r\nHost: localhost\r\n{header}\r\n".encode())
    assert connection.reply("GET", "/healthz").status == 200
    if closes:
        assert connection.ended()
    else:
        assert connection.send(GET + b"\r\n").reply("GET", "/healthz").status == 200


def test_slow_clients_are_dropped(server):
    """When the head is not complete after 10 s, or the body is idle for 15 s."""
    begin = time.monotonic()
    head = Connection(server).send(GET)
    body = Connection(server).send(POST + b"Content-Length: 100\r\n\r\n{")
    reply = head.reply("GET", None)
    assert (reply.status, reply.slug) == (408, "request-timeout")
    assert head.ended() and 9 < time.monotonic() - begin < 13
    assert body.reply("POST", None).slug == "request-timeout"
    assert body.ended() and 12 < time.monotonic() - begin < 19
