"""HTTPS by the program itself, seen by OpenSSL's client, curl and Python's ssl."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from support.accounts import enrolled, product
from support.certificates import Certificate, trusting
from support.http import Client, Connection, request_bytes
from support.logs import events, wait_for_events
from support.server import Server, run

pytestmark = pytest.mark.embedded

HSTS = "max-age=31536000; includeSubDomains"


def s_client(server, *options, stdin: str = "Q\n") -> str:
    """What `openssl s_client` says, on both streams."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", *map(str, options)],
                          input=stdin, capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr


def curl(*arguments) -> str:
    return subprocess.run(["curl", "-sS", "-i", "--max-time", "20", *map(str, arguments)], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return Certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(certificate):
    with Server(*certificate.options) as running:
        yield running


def subject(server, path) -> str:
    with socket.create_connection(("127.0.0.1", server.port), 20) as plain:
        with trusting(path).wrap_socket(plain, server_hostname="localhost") as encrypted:
            return dict(pair[0] for pair in encrypted.getpeercert()["subject"])["commonName"]


# ---- What it says and serves

def test_the_api_over_https(server, ada, certificate):
    """Every response is checked for HSTS by support/promises.py."""
    assert server.tls
    for number in range(30):
        assert ada.client.post("/products", product(sku=f"s-{number}", description="d" * 4000)).status == 201
    assert len(ada.client.get("/products").json) == 30  # in parts
    connection = Connection(server)
    targets = ["/healthz", "/me", "/nothing", "/products", "/docs", "/healthz"]
    connection.send(b"".join(request_bytes("GET", target, token=ada.token) for target in targets))
    assert [connection.reply("GET", target).status for target in targets] == [200, 200, 404, 200, 200, 200]
    connection.send(b"POST /products HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}")
    assert connection.reply("GET", None).slug == "bad-request" and connection.ended()
    assert Client(server, ada.token).post("/products", {"description": "x" * 1_000_000}).status in (413, 422)
    said = curl("--cacert", certificate.path, f"https://localhost:{server.port}/healthz")
    assert said.startswith("HTTP/1.1 200 ") and f"Strict-Transport-Security: {HSTS}\n" in said.replace("\r", "")


@pytest.mark.parametrize("hsts, value", [("off", None), ("host", "max-age=31536000"), ("all", HSTS)])
def test_hsts(certificate, hsts, value):
    with Server(*certificate.options, "--hsts", hsts) as server:
        reply = Client(server).get("/nothing")
        assert (reply.status, reply.header("Strict-Transport-Security")) == (404, value)


def test_plain_http_on_the_port_gets_one_problem(server):
    said = curl(f"http://127.0.0.1:{server.port}/products")
    head, body = said.replace("\r", "").split("\n\n", 1)
    assert head.startswith("HTTP/1.1 400 ") and "Content-Type: application/problem+json" in head and "Connection: close" in head
    assert "Strict-Transport" not in said and "Location" not in said
    assert json.loads(body)["type"] == "/problems/bad-request" and "https" in json.loads(body)["detail"]


def test_outside_loopback_no_other_option_is_needed(certificate, tmp_path):
    with Server(*certificate.options, "--signup", "closed", listen="0.0.0.0:0") as server:
        assert Client(server).get("/healthz").status == 200
    done = run("serve", "--listen", "0.0.0.0:0", "--signup", "closed", "--data", tmp_path / "data")
    assert done.returncode == 2 and "--tls-cert" in done.stderr and "--insecure-http" in done.stderr


# ---- The protocol

def test_the_versions_and_ciphers(server):
    for version, suite in (("-tls1_3", "TLS_"), ("-tls1_2", "ECDHE-")):
        said = s_client(server, version)
        assert re.search(rf"Cipher is {suite}\S*(GCM|POLY1305)", said), said
        assert "Compression: NONE" in said or version == "-tls1_3"
    assert "Max Early Data: 0" in s_client(server, "-tls1_3", "-ign_eof", stdin="GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    for refused in (["-tls1_1"], ["-tls1"]):
        said = s_client(server, *refused, "-cipher", "ALL:@SECLEVEL=0")
        assert "alert protocol version" in said or "no protocols available" in said, said
    for suites in ("ECDHE+AES:!AESGCM:!AESCCM", "DHE", "kRSA", "PSK", "aNULL:@SECLEVEL=0", "ECDHE+CAMELLIA"):
        said = s_client(server, "-tls1_2", "-cipher", suites)
        assert "Cipher is (NONE)" in said, f"{suites}: {said}"
    assert "Cipher is (NONE)" in s_client(server, "-tls1_3", "-groups", "ffdhe2048")


@pytest.mark.parametrize("offered, chosen", [("http/1.1", "http/1.1"), ("h2,http/1.1", "http/1.1"), ("h2", None), ("http/1.0", None)])
def test_alpn(server, offered, chosen):
    said = s_client(server, "-alpn", offered)
    assert f"ALPN protocol: {chosen}" in said if chosen else "alert no application protocol" in said, said


def test_renegotiation_is_refused(server):
    said = s_client(server, "-tls1_2", stdin="R\nQ\n")
    assert "RENEGOTIATING" in said and "no renegotiation" in said, said
    assert Client(server).get("/healthz").status == 200


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_sessions_are_resumed_also_after_a_new_certificate(tmp_path, version):
    certificate = Certificate(tmp_path)
    ticket = tmp_path / "session"
    asking = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with Server(*certificate.options) as server:
        assert "New, TLS" in s_client(server, version, "-sess_out", ticket, "-ign_eof", stdin=asking)
        assert "Reused, TLS" in s_client(server, version, "-sess_in", ticket, "-ign_eof", stdin=asking)
        server.process.send_signal(signal.SIGHUP)
        wait_for_events(server, "tls.loaded", 1)
        assert "Reused, TLS" in s_client(server, version, "-sess_in", ticket, "-ign_eof", stdin=asking)
        server.restart()
        assert "New, TLS" in s_client(server, version, "-sess_in", ticket, "-ign_eof", stdin=asking), "keys are of the process"


# ---- Bad clients

def test_half_open_handshakes_and_broken_clients_do_not_hurt_others(server, ada):
    greetings = [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x80\x2e\x01\x00\x02", b"\x16\x03\x01\xff\xff" + b"x" * 100]
    open_ones = []

    def seconds_of_calls() -> float:
        begin = time.monotonic()
        for _ in range(20):
            assert Client(server, ada.token).get("/me").status == 200
        return time.monotonic() - begin
    usual = seconds_of_calls()
    for number in range(200):
        half_open = socket.create_connection(("127.0.0.1", server.port))
        half_open.sendall(greetings[number % len(greetings)])
        open_ones.append(half_open)
    assert seconds_of_calls() < 5 + 10 * usual
    for half_open in open_ones:
        half_open.close()
    for _ in range(20):  # ends inside a record, and inside a request
        connection = Connection(server)
        raw = socket.socket(fileno=os.dup(connection.socket.fileno()))
        connection.send(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        raw.sendall(b"\x17\x03\x03\x00\x40half")
        raw.close()
        connection.close()
    assert ada.client.get("/me").status == 200


def test_a_client_that_sends_end_and_one_that_reads_slowly(server, ada):
    connection = Connection(server)
    connection.send(request_bytes("GET", "/me", token=ada.token))
    connection.reply("GET", "/me")
    assert connection.socket.unwrap(), "the server answers close_notify with its own"
    for number in range(30):
        ada.client.post("/products", product(sku=f"t-{number}", description="\U0001d11e" * 4000))
    slow = Connection(server, receive_buffer=4096)
    slow.send(request_bytes("GET", "/products", token=ada.token, headers={"Connection": "close"}))
    received = b""
    while part := slow.socket.recv(700):
        received += part
    assert received.endswith(b"]\r\n0\r\n\r\n") and len(received) > 300_000


def test_it_stops_while_handshakes_are_open(certificate):
    """At once: `stop` waits for less than the grace."""
    with Server(*certificate.options, "--shutdown-grace", "60") as server:
        half_open = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(5)]
        half_open[0].sendall(b"\x16\x03\x01")
        idle = Connection(server)
        idle.send(request_bytes("GET", "/healthz"))
        idle.reply("GET", "/healthz")
        assert server.stop() == 0
        assert idle.ended() and all(connection.recv(1) == b"" for connection in half_open)


# ---- Files

def refused(folder, *options) -> str:
    done = run("serve", "--listen", "127.0.0.1:0", "--data", folder / "data", *options)
    assert done.stdout == "" and not (folder / "data").exists()
    return f"{done.returncode}: {done.stderr}"


def test_what_is_refused_at_the_start(tmp_path):
    good, other = Certificate(tmp_path), Certificate(tmp_path, "other")
    root = Certificate(tmp_path, "root", authority=True)
    issuer = Certificate(tmp_path, "issuer", issuer=root, authority=True)
    issued = Certificate(tmp_path, "issued", issuer=issuer)
    chain, wrong, encrypted = (tmp_path / name for name in ("chain.pem", "wrong.pem", "encrypted.key"))
    chain.write_bytes(issued.pem + issuer.pem + root.pem)
    wrong.write_bytes(issuer.pem + issued.pem)
    Certificate.write(encrypted, good.key_pem(b"hush"))
    open_key = tmp_path / "open.key"
    Certificate.write(open_key, good.key_pem(), 0o644)
    past, future = Certificate(tmp_path, "past", begins=-9, ends=-1), Certificate(tmp_path, "future", begins=1)
    for options, status, named in (
            (["--tls-cert", good.path], 2, "--tls-key"), (["--tls-key", good.key_path], 2, "--tls-cert"),
            (["--tls-cert", good.path, "--tls-key", good.key_path, "--hsts", "on"], 2, "--hsts"),
            (["--tls-cert", good.path, "--tls-key", open_key], 1, f"{open_key}: others can read"),
            (["--tls-cert", good.path, "--tls-key", encrypted], 1, f"{encrypted}: is encrypted"),
            (["--tls-cert", good.path, "--tls-key", other.key_path], 1, f"{other.key_path}: does not fit"),
            (past.options, 1, f"{past.path}: ran out"), (future.options, 1, f"{future.path}: is not valid before"),
            (["--tls-cert", wrong, "--tls-key", issued.key_path], 1, f"{wrong}: the chain is in the wrong order"),
            (["--tls-cert", tmp_path / "none", "--tls-key", good.key_path], 1, f"{tmp_path / 'none'}: cannot read"),
            (["--tls-cert", good.path, "--tls-key", tmp_path / "none"], 1, f"{tmp_path / 'none'}: cannot read"),
            (["--tls-cert", good.key_path, "--tls-key", good.key_path], 1, f"{good.key_path}: holds no certificate")):
        said = refused(tmp_path, *options)
        assert said.startswith(f"{status}: integrity: ") and named in said and said.count("\n") == 1, said
    os.chmod(good.key_path, 0o640)  # a group may read it, as Debian's ssl-cert does
    with Server("--tls-cert", chain, "--tls-key", issued.key_path) as server:
        assert subject(server, root.path) == "issued", "a client that knows only the root"
        assert s_client(server, "-showcerts").count("BEGIN CERTIFICATE") >= 3
    with Server(*good.options) as server:
        assert Client(server).get("/healthz").status == 200


def test_a_new_certificate_is_taken_at_sighup(tmp_path):
    first, second = Certificate(tmp_path), Certificate(tmp_path, "second", ends=13)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(first.pem)
    with Server(*first.options) as server:
        assert not events(server, "tls.expires")
        before = Connection(server)
        Certificate.write(first.path, second.pem)  # half-replaced: the key is still the old one
        for count in (1, 2):
            server.process.send_signal(signal.SIGHUP)
            wait_for_events(server, "signal.hup", count)
        assert subject(server, trusted) == "localhost"
        Certificate.write(first.key_path, second.key_pem())
        server.process.send_signal(signal.SIGHUP)
        wait_for_events(server, "tls.loaded", 1)
        [refusal] = events(server, "tls.refused")
        assert str(first.key_path) in refusal["cause"]
        assert subject(server, first.path) == "second"
        assert [event["days"] for event in wait_for_events(server, "tls.expires", 1)] == ["12"]
        before.send(request_bytes("GET", "/healthz"))
        assert before.reply("GET", "/healthz").status == 200


def test_an_end_that_is_near_is_logged_at_the_start(tmp_path):
    for days, expected in ((13.5, ["13"]), (14.5, [])):
        certificate = Certificate(tmp_path, ends=days)
        with Server(*certificate.options) as server:
            assert Client(server).get("/healthz").status == 200
            assert [event["days"] for event in events(server, "tls.expires")] == expected


@pytest.mark.concurrent
def test_certificates_change_while_clients_come_and_go(tmp_path):
    certificate = Certificate(tmp_path)
    with Server(*certificate.options) as server:
        account = enrolled(server)
        stop, errors = threading.Event(), []

        def call():
            try:
                while not stop.is_set():
                    client = Client(server, account.token)
                    assert [client.get("/me").status for _ in range(3)] == [200] * 3
                    client.close()
            except Exception as error:  # noqa: BLE001
                errors.append(error)
        threads = [threading.Thread(target=call) for _ in range(6)]
        for thread in threads:
            thread.start()
        for count in range(1, 21):
            server.process.send_signal(signal.SIGHUP)
            wait_for_events(server, "tls.loaded", count)
        stop.set()
        for thread in threads:
            thread.join()
        assert not errors, errors


# ---- Signals

def test_signals_without_tls():
    with Server() as server:
        for number in (signal.SIGUSR1, signal.SIGPIPE, signal.SIGHUP):
            server.process.send_signal(number)
            assert Client(server).get("/healthz").status == 200
        wait_for_events(server, "signal.hup", 1)
        assert not events(server, "tls.loaded")
