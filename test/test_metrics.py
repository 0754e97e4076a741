"""/metrics: its families and labels, what is counted, and that clients cannot make it grow."""

import contextlib
import json
import pathlib
import random
import re
import signal
import socket
import time

import pytest

from support.accounts import PASSWORD, enrolled
from support.http import Client
from support.logs import wait_for
from support.metrics import LISTEN, Since, ask, metrics, metrics_port, page
from support.promtool import promtool
from support.server import MONGO, Server, database_at, run

ROOT = pathlib.Path(__file__).parent.parent
SERIES_MAX = 2000

# Family -> type, labels. docs/metrics.md has the same table.
FAMILIES = {
    "integrity_http_requests_total": ("counter", {"operation", "method", "status"}),
    "integrity_http_request_duration_seconds": ("histogram", {"operation", "method"}),
    "integrity_http_connections": ("gauge", set()),
    "integrity_http_received_bytes_total": ("counter", set()),
    "integrity_http_sent_bytes_total": ("counter", set()),
    "integrity_refusals_total": ("counter", {"slug"}),
    "integrity_logins_total": ("counter", {"outcome"}),
    "integrity_codes_total": ("counter", {"outcome"}),
    "integrity_sessions": ("gauge", set()),
    "integrity_hash_queue": ("gauge", set()),
    "integrity_hash_wait_seconds": ("histogram", set()),
    "integrity_write_queue": ("gauge", set()),
    "integrity_write_group_size": ("histogram", set()),
    "integrity_commit_seconds": ("histogram", set()),
    "integrity_cache_lookups_total": ("counter", {"cache", "outcome"}),
    "integrity_changes_total": ("counter", {"kind"}),
    "integrity_store_errors_total": ("counter", set()),
    "integrity_database_bytes": ("gauge", set()),
    "integrity_wal_bytes": ("gauge", set()),
    "integrity_backups_total": ("counter", {"outcome"}),
    "integrity_backup_last_success_timestamp_seconds": ("gauge", set()),
    "integrity_tls_certificate_not_after_timestamp_seconds": ("gauge", set()),
    "integrity_build_info": ("gauge", {"version", "store"}),
    "integrity_process_resident_memory_bytes": ("gauge", set()),
    "integrity_process_cpu_seconds_total": ("counter", set()),
    "integrity_process_open_fds": ("gauge", set()),
    "integrity_process_max_fds": ("gauge", set()),
    "integrity_process_start_time_seconds": ("gauge", set()),
}
LAMP = {"name": "Lamp", "price": "1.00", "stock": 5}
METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "other"}
OUTCOMES = {"right", "wrong", "spent", "throttled", "locked", "expired", "other"}


@pytest.fixture(scope="module")
def server():
    with Server(*LISTEN) as running:
        yield running


@pytest.fixture(scope="module")
def ada(server):
    return enrolled(server)


def operations() -> set:
    paths = json.loads((ROOT / "docs/api/openapi.json").read_text())["paths"]
    return {each["operationId"] for path in paths.values() for each in path.values() if "operationId" in each}


def test_every_family_is_there_from_the_start():
    with Server(*LISTEN) as fresh:
        found = metrics(fresh)
        names = {family.name + ("_total" if family.type == "counter" else ""): family for family in found.families}
        assert names.keys() == FAMILIES.keys()
        for name, (kind, labels) in FAMILIES.items():
            family = names[name]
            assert family.type == kind and family.documentation, name
            assert family.samples, name
            for sample in family.samples:
                assert sample.labels.keys() - {"le"} == labels, sample
        assert len(found.series) == len(found.samples) <= SERIES_MAX
        labels = found.labels
        assert labels["integrity_http_requests_total"]["operation"] == operations() | {"none"}
        assert labels["integrity_http_requests_total"]["method"] == METHODS
        assert labels["integrity_http_requests_total"]["status"] == {"2xx", "3xx", "4xx", "5xx"}
        assert labels["integrity_refusals_total"]["slug"] == {
            path.stem for path in (ROOT / "docs/api/problems").glob("*.http")}
        assert labels["integrity_logins_total"] == labels["integrity_codes_total"] == {"outcome": OUTCOMES}
        assert labels["integrity_cache_lookups_total"] == {"cache": {"token", "product", "page"}, "outcome": {"hit", "miss"}}
        assert labels["integrity_changes_total"]["kind"] == {"user", "session", "product", "key", "invitation", "store"}
        assert labels["integrity_backups_total"] == {"outcome": {"done", "failed"}}
        version = run("--version").stdout.split()[1]
        assert labels["integrity_build_info"] == {"version": {version}, "store": {"mongodb" if MONGO else "sqlite"}}
        bounds = labels["integrity_http_request_duration_seconds_bucket"]["le"]
        assert {"0.0001", "10", "+Inf"} <= bounds and len(bounds) == 12


def test_promtool_is_content(server, ada):
    promtool("check", "metrics", text=page(server))


def test_requests_are_counted_by_operation_method_and_status(server, ada):
    target = ada.client.post("/products", LAMP).header("Location")
    since = Since(server)
    for _ in range(3):
        assert ada.client.get(target).status == 200
    assert ada.client.request("HEAD", target).status == 200
    assert ada.client.get("/products/000000000000000000000000").status == 404
    assert ada.client.get("/nowhere/at/all").status == 404
    assert ada.client.request("PATCH", target).status == 405
    assert Client(server).get(target).status == 401
    requests, refusals = "integrity_http_requests_total", "integrity_refusals_total"
    assert since(requests, operation="getProduct", method="GET", status="2xx") == 3
    assert since(requests, operation="getProduct", method="HEAD", status="2xx") == 1
    assert since(requests, operation="getProduct", method="GET", status="4xx") == 2
    assert since(requests, operation="none", method="GET", status="4xx") == 1
    assert since(requests, operation="none", method="PATCH", status="4xx") == 1
    assert since(refusals, slug="not-found") == 2
    assert since(refusals, slug="method-not-allowed") == 1
    assert since(refusals, slug="invalid-token") == 1
    for operation, method in (("getProduct", "GET"), ("none", "PATCH")):
        now = metrics(server)
        assert now("integrity_http_request_duration_seconds_count", operation=operation, method=method) == \
            now(requests, operation=operation, method=method)
    assert since("integrity_http_request_duration_seconds_sum", operation="getProduct", method="GET") > 0
    if not MONGO:
        assert since("integrity_cache_lookups_total", cache="product", outcome="hit") >= 2
    assert since("integrity_cache_lookups_total", cache="token", outcome="hit") >= 4


def test_what_is_not_http_is_counted_too(server):
    since = Since(server)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        said = b""
        while part := connection.recv(65536):
            said += part
    assert said.startswith(b"HTTP/1.1 400")
    assert since("integrity_http_requests_total", operation="none", method="other", status="4xx") == 1
    assert since("integrity_refusals_total", slug="bad-request") == 1
    assert since("integrity_http_received_bytes_total") == 6
    assert since("integrity_http_sent_bytes_total") == len(said)


def test_connections(server, ada):
    ada.client.close()  # the only client of this server that keeps its connection
    wait_for(lambda: metrics(server)("integrity_http_connections") == 0)
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(5)]
    for each in held:  # so that the server has accepted it
        each.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert each.recv(65536).startswith(b"HTTP/1.1 200")
    assert metrics(server)("integrity_http_connections") == 5
    for each in held:
        each.close()
    wait_for(lambda: metrics(server)("integrity_http_connections") == 0)


def test_logins_and_codes_are_counted_by_their_outcome():
    with Server(*LISTEN, clock=True) as server:
        account = enrolled(server)
        stranger = Client(server)
        since = Since(server)
        for outcome, password, count in (("wrong", "not the password of it", 5), ("throttled", PASSWORD, 1)):
            for _ in range(count):
                stranger.post("/login", {"username": account.username, "password": password})
            assert since("integrity_logins_total", outcome=outcome) == count
        server.move_clock(120)
        reply = stranger.post("/login", {"username": account.username, "password": PASSWORD})
        assert reply.status == 200 and since("integrity_logins_total", outcome="right") == 1
        challenge = reply.json["challenge"]
        stranger.post("/login", {"username": 5})
        assert since("integrity_logins_total", outcome="other") == 1

        code = account.next_code()
        for proof, outcome in (({"code": "000000" if code != "000000" else "000001"}, "wrong"), ({"code": code}, "right"),
                               ({"code": code}, "expired")):
            stranger.post("/verify-2fa", {"challenge": challenge, **proof})
            assert since("integrity_codes_total", outcome=outcome) == 1, outcome
        reply = stranger.post("/login", {"username": account.username, "password": PASSWORD})
        stranger.post("/verify-2fa", {"challenge": reply.json["challenge"], "code": code})
        assert since("integrity_codes_total", outcome="spent") == 1
        assert since("integrity_codes_total", outcome="locked") == 0


def living_sessions(server, wanted: float) -> float:
    """On MongoDB the number is looked at every two seconds."""
    until = time.monotonic() + (10 if MONGO else 0)
    while (found := metrics(server)("integrity_sessions")) != wanted and time.monotonic() < until:
        time.sleep(0.1)
    return found


def test_sessions_and_changes():
    with Server(*LISTEN) as server:
        assert metrics(server)("integrity_sessions") == 0
        since = Since(server)
        account = enrolled(server)
        assert living_sessions(server, 1) == 1
        made = account.client.post("/products", LAMP)
        assert account.client.post("/products", LAMP | {"price": "-1"}).status == 422
        assert account.client.delete(made.header("Location")).status == 204
        assert since("integrity_changes_total", kind="product") == 2
        assert since("integrity_changes_total", kind="session") == 1
        assert since("integrity_changes_total", kind="user") >= 1
        history = account.client.get("/changes").json
        assert since("integrity_changes_total") == len(history)
        assert account.client.post("/logout").status == 204
        assert living_sessions(server, 0) == 0
        now = metrics(server)
        assert now("integrity_commit_seconds_count") == now("integrity_write_group_size_count") > 3
        assert now("integrity_write_group_size_sum") >= now("integrity_write_group_size_count")
        assert now("integrity_hash_wait_seconds_count") >= 1
        assert now("integrity_database_bytes") > 4096 and now("integrity_store_errors_total") == 0
        if not MONGO:  # it may still move pages from one to the other
            for family, file in (("integrity_wal_bytes", "integrity.db-wal"), ("integrity_database_bytes", "integrity.db")):
                wait_for(lambda: metrics(server)(family) == (server.data / file).stat().st_size > 0)


def test_the_process(server):
    now = metrics(server)
    proc = pathlib.Path(f"/proc/{server.process.pid}")
    pages = int((proc / "statm").read_text().split()[1]) * 4096
    assert 0.5 * pages < now("integrity_process_resident_memory_bytes") < 2 * pages
    assert abs(now("integrity_process_open_fds") - len(list((proc / "fd").iterdir()))) <= 3
    assert now("integrity_process_max_fds") >= 1024
    assert now("integrity_process_cpu_seconds_total") > 0
    assert abs(now("integrity_process_start_time_seconds") - proc.stat().st_ctime) < 30
    assert now("integrity_process_start_time_seconds") == metrics(server)("integrity_process_start_time_seconds")


def test_there_is_nothing_else_on_that_listener(server):
    assert ask(server, "/metrics?x=1").status == 200
    response = ask(server)
    assert response.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    assert response.getheader("Cache-Control") == "no-store"
    head = ask(server, method="HEAD")
    assert head.status == 200 and head.text == "" and int(head.getheader("Content-Length")) > 10_000
    for target in ("/", "/metrics/", "/healthz", "/products", "/metrics/x", "/Metrics"):
        for method in ("GET", "POST"):
            assert ask(server, target, method).status == 404, target
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        refused = ask(server, method=method)
        assert refused.status == 405 and refused.getheader("Allow") == "GET, HEAD", method
    assert ask(server, headers={"Host": "evil.example"}).status == 421
    assert Client(server).get("/metrics").status == 404  # and not on the API's


@pytest.mark.embedded
def test_no_option_no_listener():
    with Server() as plain:
        assert "metrics.listening" not in plain.log
        sockets = [path for path in pathlib.Path(f"/proc/{plain.process.pid}/fd").iterdir()
                   if path.is_symlink() and str(path.readlink()).startswith("socket:")]
        listening = {line.split()[9] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
                     if line.split()[3] == "0A"}
        assert sum(re.search(r"\d+", str(path.readlink()))[0] in listening for path in sockets) == 1


@pytest.mark.embedded
def test_a_taken_port_ends_the_start(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", "--metrics-listen", f"127.0.0.1:{port}")
    assert done.returncode == 1 and f"127.0.0.1:{port}" in done.stderr and "--metrics-listen" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.embedded
def test_outside_loopback_it_must_be_wanted(tmp_path):
    wanted = ["--data", tmp_path / "data", "--listen", "127.0.0.1:0", "--metrics-listen", "0.0.0.0:0"]
    for command in ("serve", "config"):
        done = run(command, *wanted)
        assert done.returncode == 2 and "--insecure-metrics" in done.stderr
    assert not (tmp_path / "data").exists()
    for options in ((), ("--hosts", "shop.example")):  # the names of the API
        with Server("--metrics-listen", "0.0.0.0:0", "--insecure-metrics", *options) as server:
            assert ask(server, headers={"Host": "prometheus.example"}).status == 200


@pytest.mark.embedded
def test_on_loopback_no_web_page_gets_through():
    with Server(*LISTEN, "--hosts", "shop.example") as server:
        answers = {host: ask(server, headers={"Host": host}).status
                   for host in ("localhost:9464", "127.0.0.1", "shop.example", "evil.example")}
    assert answers == {"localhost:9464": 200, "127.0.0.1": 200, "shop.example": 200, "evil.example": 421}


@pytest.mark.embedded
def test_a_scraper_gets_through_half_requests():
    with Server(*LISTEN) as server, contextlib.ExitStack() as stack:
        for begun in (b"", b"GET /metrics HTTP/1.1\r\nHost: ") * 40:
            half = stack.enter_context(socket.create_connection(("127.0.0.1", metrics_port(server)), 10))
            half.sendall(begun)
        for _ in range(3):
            assert "integrity_build_info" in page(server, timeout=20)


WORDS = ["products", "users", "me", "..", "%2e%2e", "login", "changes", "metrics", "x" * 200, "é", "'\"\\", "{pid}", "a\nb"]


class Wild:
    """Requests with whatever a client may send. Each of a batch can be answered; the last ends the connection."""

    def __init__(self, seed: int, token: str):
        self.random = random.Random(seed)
        self.token = token

    def word(self) -> str:
        return "".join(self.random.choices("abcdefghijklmnopqrstuvwxyzABCDEF0123456789-._~", k=self.random.randrange(1, 12)))

    def request(self, more: str = "") -> bytes:
        pick = self.random.choice
        method = pick(["GET", "HEAD", "OPTIONS", "DELETE", "PATCH", "POST", "PUT", "TRACE", "get", self.word().upper()])
        path = "/" + "/".join(pick([pick(WORDS), self.word()]) for _ in range(self.random.randrange(4)))
        path = path.encode().decode("latin-1").replace("\n", "%0a")
        path = "".join(c if "!" <= c <= "~" else f"%{ord(c):02x}" for c in path)
        query = pick(["", f"?{self.word()}={self.word()}", "?limit=1"])
        lines = [f"{method} {path}{query} HTTP/1.1", "Host: " + pick(["localhost", "127.0.0.1", self.word() + ".example"])]
        if pick([True, False]):
            lines.append("Authorization: Bearer " + pick([self.token, self.word()]))
        for _ in range(self.random.randrange(3)):
            lines.append(f"{pick(['X-' + self.word(), 'User-Agent', 'Accept', 'Origin', 'Cookie'])}: {self.word()}")
        return ("\r\n".join(lines) + "\r\n" + more + "\r\n").encode()

    def batch(self) -> bytes:
        broken = [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/1.1\r\nbroken\r\n\r\n"]
        last = self.random.choice([self.request("Connection: close\r\n"), self.random.choice(broken)])
        return b"".join(self.request() for _ in range(80)) + last


def test_ten_thousand_random_calls_make_no_new_series(seed):
    with Server(*LISTEN, "--hosts", "known.example") as server:
        account = enrolled(server)
        wild = Wild(seed, account.token)
        before, since = metrics(server), Since(server)
        while since("integrity_http_requests_total") < 10_000:
            for _ in range(25):
                with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
                    connection.sendall(wild.batch())
                    while connection.recv(1 << 20):
                        pass
        after = metrics(server)
        assert after.series == before.series and len(after.series) <= SERIES_MAX
        for method in METHODS - {"CONNECT", "POST", "PUT"}:
            assert since("integrity_http_requests_total", operation="none", method=method) > 0, method
        for told in (account.username, account.id, account.token, account.secret, "evil", "127.0.0.1"):
            assert told is None or f'"{told}"' not in after.text
        assert since("integrity_refusals_total", slug="misdirected-request") > 0


@pytest.mark.embedded
def test_the_page_does_not_wait_for_the_store(mongo):
    with Server(*LISTEN, store=database_at(mongo.uri)) as server:
        member = mongo.members[0]
        errors = metrics(server)("integrity_store_errors_total")
        member.process.send_signal(signal.SIGSTOP)  # it takes connections, and answers nothing
        try:
            until, pages = time.monotonic() + 60, 0
            while (now := metrics(server))("integrity_store_errors_total") == errors:
                assert now("integrity_database_bytes") > 0
                assert time.monotonic() < until
                pages += 1
                time.sleep(0.2)
            assert pages > 2, "they waited until the store was given up"
        finally:
            member.process.send_signal(signal.SIGCONT)


# ---- contrib/

RULES = ROOT / "contrib/prometheus/integrity.rules.yml"
DASHBOARD = ROOT / "contrib/grafana/integrity.json"
OF_PROMETHEUS = {"job", "instance", "alertname", "le"}  # labels that it adds, or that a family of histograms has


def rules() -> list:
    """The expressions of the rules. Read without a YAML parser: one in a line, or the indented lines after `>-`."""
    found = re.findall(r"^( +)(?:- )?expr: (?:>-\n((?:\1  .*\n)+)|(.*)\n)", RULES.read_text(), re.M)
    return [" ".join((folded or line).split()) for _, folded, line in found]


def panels() -> list:
    return [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel.get("targets", [])]


def unknown_words(expression: str, known: dict) -> list:
    """What an expression asks of /metrics that is not there. `known`: name of a sample -> label -> its values."""
    wrong, names = [], []
    for name, selector in re.findall(r"\b(integrity_\w+|up\b)(\{[^}]*\})?", expression):
        if name not in known:
            wrong.append(name)
            continue
        names.append(name)
        for label, how, text in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', selector):
            values = known[name].get(label, set())
            if label in OF_PROMETHEUS and label != "le":
                continue
            missing = [each for each in (text.split("|") if "~" in how else [text]) if each not in values]
            wrong += [f"{name}{{{label}={each}}}" for each in missing]
    for grouped in re.findall(r"\b(?:by|without|on) ?\(([^)]*)\)", expression):
        for label in filter(None, re.split(r"[ ,]+", grouped)):
            if label not in OF_PROMETHEUS and not any(label in known[name] for name in names):
                wrong.append(f"by ({label})")
    return wrong if names else [*wrong, "no metric of ours"]


def test_expressions_ask_for_what_there_is(server, ada):
    assert len(rules()) == RULES.read_text().count("- alert:") > 10 and len(panels()) > 20
    known = metrics(server).labels | {"up": {}}  # Prometheus' own: whether it could read the page
    wrong = {expression: found for expression in rules() + panels() if (found := unknown_words(expression, known))}
    assert not wrong
    # The check itself.
    for expression in ("integrity_nothing", 'integrity_logins_total{outcome="righ"}', 'integrity_logins_total{outcom="right"}',
                       "sum by (slug) (integrity_logins_total)", "down"):
        assert unknown_words(expression, known), expression


@pytest.mark.embedded
def test_every_family_is_on_the_dashboard():
    shown = " ".join(panels())
    assert not [name for name in FAMILIES if name not in shown]


@pytest.mark.embedded
def test_promtool_accepts_the_rules_and_the_dashboard(tmp_path):
    promtool("check", "rules", RULES)
    records = "".join(f"  - record: panel:{number}\n    expr: {json.dumps(expression.replace('$__rate_interval', '5m'))}\n"
                      for number, expression in enumerate(panels()))
    (tmp_path / "panels.yml").write_text("groups:\n- name: panels\n  rules:\n" + records)
    promtool("check", "rules", tmp_path / "panels.yml")


@pytest.mark.embedded
def test_the_alerts_fire_when_they_should():
    promtool("test", "rules", *RULES.parent.glob("*.test.yml"))


@pytest.mark.embedded
def test_the_page_about_metrics_has_every_family():
    text = (ROOT / "docs/metrics.md").read_text()
    rows = dict(re.findall(r"^\| `(integrity_\w+)` \| (\w+) \|", text, re.M))
    assert rows == {name: kind for name, (kind, _) in FAMILIES.items()}
