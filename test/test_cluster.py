"""The nginx configuration of docs/cluster.md, as it is, in front of two nodes."""

import asyncio
import collections
import gzip
import json
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from support.accounts import enrolled
from support.http import Client
from support.mongod import free_port
from support.server import Server, database_at

pytestmark = pytest.mark.embedded  # it has a store of its own

DOCUMENT = pathlib.Path(__file__).parent.parent / "docs/cluster.md"
NGINX = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
worker_rlimit_nofile 16384; events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  gzip on; gzip_types application/json; gzip_proxied any; gzip_min_length 1;  # as for other sites
  {site}
}}
"""
TRUSTING = ssl._create_unverified_context()  # the certificate is made here


def nginx_site(document: pathlib.Path) -> str:
    return re.search(r"^```nginx\n(.*?)^```", document.read_text(), re.M | re.S)[1]


class Balancer:
    def __init__(self, folder, site: str, *changes: tuple):
        """`site` as in the document, except for the changes: (old, new)."""
        self.port = free_port()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=example.org", "-keyout", folder / "key", "-out", folder / "certificate"],
                       check=True, capture_output=True)
        for old, new in [("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
                         ("/etc/ssl/example.org.pem", str(folder / "certificate")), ("/etc/ssl/example.org.key", str(folder / "key")),
                         *changes]:
            assert old in site
            site = site.replace(old, new)
        folder.chmod(0o755)
        (folder / "conf").write_text(NGINX.format(folder=folder, site=site))
        self.process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-c", folder / "conf"], stderr=subprocess.DEVNULL)
        while True:  # until it listens
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                assert self.process.poll() is None, (folder / "error.log").read_text()

    def ask(self, method: str, target: str, body=None, **headers):
        """(status, headers, body as JSON)"""
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{target}", method=method, headers=headers,
                                         data=None if body is None else json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, context=TRUSTING, timeout=60) as answer:
                read = gzip.decompress if answer.headers["Content-Encoding"] == "gzip" else bytes
                return answer.status, answer.headers, json.loads(read(answer.read()) or "null")
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, json.loads(answer.read())


@pytest.fixture(scope="module")
def cluster(mongo, tmp_path_factory):
    # So low that the connections of the balancer would be too many for one client.
    options = ["--trusted-proxies", "127.0.0.1", "--max-connections-per-address", "16"]
    with Server(*options, store=database_at(mongo.uri)) as first:
        with Server(*options, "--keys", first.data / "keys", store=first.store) as second:
            balancer = Balancer(tmp_path_factory.mktemp("nginx"), nginx_site(DOCUMENT),
                                ("10.0.0.11:8080", f"127.0.0.1:{first.port}"), ("10.0.0.12:8080", f"127.0.0.1:{second.port}"))
            try:
                yield balancer, first, second
            finally:
                balancer.process.terminate()
                balancer.process.wait()


def answering(balancer) -> str:
    """The node that answered: the first half of its request ids. Empty if no node did."""
    return (balancer.ask("GET", "/healthz")[1]["X-Request-Id"] or "")[:12]


def wait_for_both(balancer) -> None:
    seen: set = set()
    end = time.monotonic() + 30
    while len(seen) < 2 and time.monotonic() < end:
        seen |= {answering(balancer)} - {""}
    assert len(seen) == 2, "the balancer sends nothing to one node"


def test_an_etag_comes_through_as_it_was(cluster):
    """Compressed answers get weak ETags, which no If-Match ever matches."""
    balancer, first, _ = cluster
    token = {"Authorization": f"Bearer {enrolled(first).token}"}
    made = balancer.ask("POST", "/products", {"name": "Lamp", "price": 1, "stock": 1}, **token)[2]
    target = f"/products/{made['id']}"
    etag = balancer.ask("GET", target, **token, **{"Accept-Encoding": "gzip"})[1]["ETag"]
    assert etag == '"1"'
    assert balancer.ask("PUT", target, {"stock": 2}, **token, **{"If-Match": etag})[0] == 200


def test_both_nodes_serve_one_session(cluster):
    balancer, first, second = cluster
    token = enrolled(first).token
    wait_for_both(balancer)
    status, headers, made = balancer.ask("POST", "/products", {"name": "Lamp", "price": "1.25", "stock": 50}, Authorization=f"Bearer {token}")
    assert status == 201
    for _ in range(10):
        assert balancer.ask("POST", f"/products/{made['id']}/stock", {"delta": -1}, Authorization=f"Bearer {token}")[0] == 200
        assert balancer.ask("GET", headers["Location"], Authorization=f"Bearer {token}")[0] == 200
    assert balancer.ask("GET", headers["Location"], Authorization=f"Bearer {token}")[2]["stock"] == 40


def test_a_forwarded_address_from_a_client_is_ignored(cluster):
    balancer, first, second = cluster
    assert balancer.ask("GET", "/me", Authorization="Bearer x", **{"X-Forwarded-For": "192.0.2.7"})[0] == 401
    logged = [event for event in map(json.loads, (first.log + second.log).splitlines()) if event.get("operation") == "getMe"]
    assert [event["address"] for event in logged] == ["127.0.0.1"]


class Flood:
    """`connections` connections through the balancer, each of which repeats one request."""

    def __init__(self, balancer, connections: int, target: str, token: str = "", sources: tuple = ("127.0.0.1",)):
        head = f"GET {target} HTTP/1.1\r\nHost: example.org\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "") + "\r\n"
        self.request, self.port, self.sources, self.connections = head.encode(), balancer.port, sources, connections
        self.statuses: collections.Counter = collections.Counter()

    async def _one(self, number: int) -> None:
        source = self.sources[number % len(self.sources)]
        while not self.stop.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=TRUSTING, local_addr=(source, 0))
                while not self.stop.is_set():
                    writer.write(self.request)
                    head = await reader.readuntil(b"\r\n\r\n")
                    self.statuses[int(head.split()[1])] += 1
                    length = re.search(rb"(?i)content-length: *(\d+)", head)
                    if length is None:
                        break
                    await reader.readexactly(int(length[1]))
                writer.close()
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.05)

    async def _during(self, work) -> None:
        self.stop = asyncio.Event()
        tasks = [asyncio.create_task(self._one(number)) for number in range(self.connections)]
        try:
            while sum(self.statuses.values()) < self.connections:
                await asyncio.sleep(0.05)
            await asyncio.to_thread(work)
        finally:
            self.stop.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def during(self, work) -> collections.Counter:
        asyncio.run(self._during(work))
        return self.statuses


def test_after_one_users_flood_of_searches_no_node_counts_as_dead(cluster):
    """400 connections filled the pools of both nodes; nginx took their 503 for dead nodes, and every client got 503."""
    balancer, first, second = cluster
    token = enrolled(first).token
    for number in range(200):
        assert balancer.ask("POST", "/products", {"name": f"Lamp {number}", "price": 1, "stock": 1}, Authorization=f"Bearer {token}")[0] == 201
    wait_for_both(balancer)

    def check():
        for _ in range(40):
            assert balancer.ask("GET", "/healthz")[0] == 200
    statuses = Flood(balancer, 400, "/products?q=lamp&sort=name&limit=100", token).during(check)
    assert set(statuses) <= {200, 429, 503}, statuses


def test_with_many_connections_of_strangers_no_node_counts_as_dead(cluster):
    """All connections of nginx come from one address. Over the limit of that address they were closed without a
    response."""
    balancer, first, second = cluster
    wait_for_both(balancer)

    def check():
        for _ in range(40):
            assert balancer.ask("GET", "/healthz")[0] == 200
    statuses = Flood(balancer, 600, "/healthz", sources=("127.0.0.2", "127.0.0.3", "127.0.0.4")).during(check)
    assert set(statuses) == {200}, statuses


def test_a_write_goes_to_the_other_node_where_one_refuses_the_connection(cluster):
    """After a timeout it does not: see test_a_node_that_continues_overwrites_nothing_newer."""
    balancer, first, second = cluster
    token = enrolled(first).token
    path = f"/products/{balancer.ask('POST', '/products', {'name': 'Lamp', 'price': 1, 'stock': 1}, Authorization=f'Bearer {token}')[2]['id']}"
    port = second.port
    wait_for_both(balancer)
    second.process.kill()
    second.process.wait()
    answers = [balancer.ask("PUT", path, {"stock": number}, Authorization=f"Bearer {token}") for number in (1, 2, 3, 4)]
    assert [status for status, _, _ in answers] == [200, 200, 200, 200]
    start_at(second, port)
    wait_for_both(balancer)


def start_at(node, port: int) -> None:
    node.options[node.options.index("--listen") + 1] = f"127.0.0.1:{port}"
    node.start()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_reads_go_on_without_a_node(cluster, how):
    balancer, first, second = cluster
    token = enrolled(first).token
    path = f"/products/{balancer.ask('POST', '/products', {'name': 'Lamp', 'price': 1, 'stock': 1}, Authorization=f'Bearer {token}')[2]['id']}"
    port = second.port
    wait_for_both(balancer)
    second.process.send_signal(how)
    begun = time.monotonic()
    for _ in range(8):
        assert balancer.ask("GET", path, Authorization=f"Bearer {token}")[0] == 200
    assert time.monotonic() - begun < 60
    if how == signal.SIGSTOP:
        second.resume()
    else:
        second.process.wait()
        start_at(second, port)  # the port that nginx has configured
    wait_for_both(balancer)


def wait_for_turn_of(balancer, node, other) -> None:
    """The balancer takes turns: after a response of the other node it asks this one."""
    for _ in range(10):
        if balancer.ask("GET", "/me", Authorization="Bearer x")[1]["X-Request-Id"] in other.log:
            return
    raise AssertionError("the balancer sends nothing to one node")


# The old request of a stopped node must not overwrite what was acknowledged since. The balancer used to send the PUT to
# the other node too after its timeout.
def test_a_node_that_continues_overwrites_nothing_newer(cluster):
    balancer, first, second = cluster
    account = enrolled(second)
    bearer = {"Authorization": f"Bearer {account.token}"}
    path = f"/products/{balancer.ask('POST', '/products', {'name': 'Lamp', 'price': 1, 'stock': 1}, **bearer)[2]['id']}"
    wait_for_both(balancer)
    wait_for_turn_of(balancer, first, second)
    first.pause()
    try:
        status, _, answer = balancer.ask("PUT", path, {"stock": 2}, **bearer)
        assert (status, answer.get("type")) == (503, "/problems/unavailable"), "sent again to the other node"
        assert account.client.get(path).json["stock"] == 1
        assert account.client.put(path, {"stock": 3}).status == 200
    finally:
        first.resume()
    wait_for_both(balancer)
    Client(first, account.token).put(path, {"name": "Torch"})  # after everything that the node had under way
    found = account.client.get(path).json
    assert (found["stock"], found["name"]) == (3, "Torch")
    late = [event for event in map(json.loads, first.log.splitlines()) if event.get("cause") in ("the client has gone", "the request is too old")]
    assert [event["operation"] for event in late] == ["changeProduct"]


def test_without_any_node_the_response_is_a_problem(cluster):
    balancer, first, second = cluster
    ports = first.port, second.port
    for node in (first, second):
        assert node.stop() == 0
    status, headers, body = balancer.ask("GET", "/readyz")
    assert (status, headers["Content-Type"], body["type"], body["status"]) == (503, "application/problem+json", "/problems/unavailable", 503)
    assert int(headers["Retry-After"]) > 0
    for node, port in zip((first, second), ports):
        start_at(node, port)
    wait_for_both(balancer)
