"""GET /generate-2fa/<username>: one secret in four forms, read back by third-party programs."""

import re
import selectors
import subprocess
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from support.accounts import Account, enrolled, fresh_name, product
from support.http import Connection, request_bytes
from support.server import Server
from support.terminal_qr import to_pbm


def scan(path) -> str:
    done = subprocess.run(["zbarimg", "-q", "--raw", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def pending(server):
    return Account(server).sign_up()


@pytest.fixture(scope="module")
def uri(pending) -> str:
    return pending.qr("application/json").json["otpauth_uri"]


def test_json(pending, uri):
    body = pending.qr("application/json").json
    assert body == {"otpauth_uri": uri, "secret": body["secret"], "issuer": "Data Integrity API",
                    "account": pending.username, "algorithm": "SHA1", "digits": 6, "period": 30}
    assert re.fullmatch("[A-Z2-7]{32}", body["secret"])  # 160 bits: RFC 4226 R6
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert " " not in uri and "+" not in parts.query
    assert unquote(parts.path) == f"/Data Integrity API:{pending.username}"
    assert parse_qs(parts.query) == {"secret": [body["secret"]], "issuer": ["Data Integrity API"],
                                     "algorithm": ["SHA1"], "digits": ["6"], "period": ["30"]}


def test_png(pending, uri, tmp_path):
    reply = pending.qr()
    assert reply.header("Content-Type") == "image/png"
    (tmp_path / "qr.png").write_bytes(reply.body)
    assert scan(tmp_path / "qr.png") == uri


def test_svg(pending, uri, tmp_path):
    reply = pending.qr("image/svg+xml")
    assert reply.header("Content-Type") == "image/svg+xml"
    (tmp_path / "qr.svg").write_bytes(reply.body)
    subprocess.run(["rsvg-convert", "-w", "600", "-o", tmp_path / "qr.png", tmp_path / "qr.svg"], check=True)
    assert scan(tmp_path / "qr.png") == uri


def test_text(pending, uri, tmp_path):
    reply = pending.qr("text/plain")
    assert reply.header("Content-Type").startswith("text/plain")
    assert max(map(len, reply.text.splitlines())) <= 120, "wider than a terminal"
    (tmp_path / "qr.pbm").write_bytes(to_pbm(reply.text))
    assert scan(tmp_path / "qr.pbm") == uri


@pytest.mark.parametrize("accept, media", [
    ("*/*", "image/png"),
    ("image/*", "image/png"),
    ("text/*", "text/plain"),
    ("application/json", "application/json"),
    ("image/svg+xml;q=0.5, application/json", "application/json"),
    ("text/plain;q=0.1, image/svg+xml;q=0.9, image/gif", "image/svg+xml"),
    ("image/png;q=0, image/*", "image/svg+xml"),
    ("text/html, image/avif, image/*;q=0.8", "image/png"),
])
def test_accept_decides(pending, accept, media):
    assert pending.qr(accept).header("Content-Type").split(";")[0] == media


@pytest.mark.parametrize("accept", ["application/pdf", "image/gif, video/*", "image/png;q=0"])
def test_what_cannot_be_given_is_406(pending, accept):
    assert (pending.qr(accept).status, pending.qr(accept).slug) == (406, "not-acceptable")


def test_reading_it_changes_nothing_and_spends_nothing(server):
    account = Account(server).sign_up()
    assert len({account.qr("application/json").body for _ in range(8)}) == 1
    assert len({account.qr().body for _ in range(2)}) == 1
    assert account.scan().verify().status == 200


def test_the_secret_of_a_confirmed_factor_is_never_shown(ada):
    ada.login()
    reply = ada.qr("application/json")
    assert (reply.status, reply.slug) == (409, "already-enrolled")


def test_a_challenge_shows_its_owners_code_only_and_all_refusals_are_equal(server):
    account, pending, confirmed = Account(server).sign_up(), Account(server).sign_up(), enrolled(server)
    replies = [account.qr(username=pending.username), account.qr(username=confirmed.username),
               account.qr(username=fresh_name("nobody")), account.qr(challenge="x" * 43),
               account.client.get(f"/generate-2fa/{account.username}", token=None),
               account.client.get(f"/generate-2fa/{account.username}?challenge={account.challenge}", token=None)]
    *without_query, with_query = replies
    assert with_query.status in (401, 422)
    assert {reply.slug for reply in without_query} == {"challenge-expired"}
    assert len({re.sub(r'"request_id":"[^"]*"', "", reply.text) for reply in without_query}) == 1
    assert "send Authorization: Bearer <challenge>" in without_query[0].json["detail"]


def ask_for(connections, raw: bytes, seconds: float, served: list, refused: list) -> None:
    """Keeps 40 requests open on each connection, for so many seconds."""
    for connection in connections:
        connection.send(raw * 40)
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as ready:
        for connection in connections:
            ready.register(connection.socket, selectors.EVENT_READ)
        while time.monotonic() < end:
            for key, _ in ready.select(0.1):
                data = key.fileobj.recv(1 << 20)
                served.append(data.count(b"HTTP/1.1 200 OK\r\n"))
                if not data or b"application/problem" in data:
                    refused.append(data)
                key.fileobj.sendall(raw * served[-1])


@pytest.mark.embedded
@pytest.mark.parametrize("accept", ["image/png", "image/svg+xml", "text/plain"])
def test_pictures_for_a_stranger_do_not_stop_the_others(accept):
    """They were made on the threads of the connections, all of a connection's at once: others waited for 12 seconds."""
    with Server() as server:
        owner, stranger = enrolled(server), Account(server).sign_up()
        lamp = owner.client.post("/products", product()).header("Location")
        raw = request_bytes("GET", f"/generate-2fa/{stranger.username}", token=stranger.challenge,
                            headers={"Accept": accept})
        connections = [Connection(server) for _ in range(64)]
        served, refused, answered = [], [], 0
        flood = threading.Thread(target=ask_for, args=(connections, raw, 3, served, refused))
        flood.start()
        while flood.is_alive():
            assert owner.client.get(lamp).status == 200
            answered += 1
        flood.join()
        for connection in connections:
            connection.close()
        assert sum(served) > 100 and not refused
        assert answered >= 30
