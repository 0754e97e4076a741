"""The server and what it is compared with, measured in one run: `run.py build/release/integrity`.

(a) GET of a product with a valid token, next to nginx sending the same bytes from a file, and to a bare epoll loop that
    sends them without parsing the request;
(b) durable POST /products, next to a plain SQLite loop that writes the same rows;
(c) logins, next to bare bcrypt of the same cost;
(f) POST /products with an Idempotency-Key, next to the same without a key.

Servers and loops run on core 0, wrk runs on core 1. They take turns in each round; figures are medians.
"""

import contextlib
import os
import pathlib
import platform
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

BENCH = pathlib.Path(__file__).parent
BINARY = str(pathlib.Path(sys.argv[1]).resolve())
sys.path.insert(0, str(BENCH.parent / "test"))
os.environ["INTEGRITY_BINARY"] = BINARY
tempfile.tempdir = str(pathlib.Path(BINARY).parent)  # /tmp may be memory, where nothing is durable

from support.accounts import PASSWORD, enrolled  # noqa: E402
from support.http import Client  # noqa: E402
from support.server import Server  # noqa: E402

ROUNDS = 5
TICKS = os.sysconf("SC_CLK_TCK")
BUDGETS = ["--login-burst", "1000000", "--login-rate", "1000", "--signup-burst", "1000000"]


def on_core(core: int, *command) -> list:
    return ["taskset", "-c", str(core), *map(str, command)]


def output(*command, **rest) -> str:
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, **rest).stdout


def wrk(script: str, url: str, connections: int, seconds: int, **environment) -> tuple[float, int]:
    """Requests per second, and their number."""
    said = output(*on_core(1, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", BENCH / script, url),
                  env=os.environ | environment)
    requests, microseconds, wrong = map(int, re.search(r"RESULT (\d+) (\d+) (\d+)", said).groups())
    if wrong or not requests:
        raise SystemExit(f"{wrong} of {requests} requests to {url} went wrong:\n{said}")
    return requests / (microseconds / 1e6), requests


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def build(tool: str, folder: pathlib.Path, *libraries: str) -> pathlib.Path:
    subprocess.run(["g++", "-std=c++20", "-O2", BENCH / f"{tool}.cpp", "-o", folder / tool, *libraries], check=True)
    return folder / tool


def memory_mb(pid: int) -> float:
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


@contextlib.contextmanager
def pinned(core: int):
    """Processes that are started inside run on this core."""
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, range(os.cpu_count()))


class Pinned(Server):
    """The server on core 0, which sees one core and sizes its pools for it."""

    def start(self, within: float = 30):
        with pinned(0):
            return super().start(within)


def raw_reply(port: int, target: str, token: str, tls: ssl.SSLContext | None = None) -> bytes:
    """All bytes of one response."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        connection = tls.wrap_socket(plain, server_hostname="localhost") if tls else plain
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, body = data.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(body) < length:
            body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


class Nginx:
    """nginx on core 0. It sends a file, with a header that makes its response as long as `reply`."""

    def __init__(self, folder: pathlib.Path, target: str, reply: bytes, tls: str = ""):
        """`tls`: directives for a second listener."""
        self.folder, self.target, self.tls = folder, target, tls
        folder.chmod(0o755)
        (folder / target.lstrip("/")).parent.mkdir(parents=True)
        (folder / target.lstrip("/")).write_bytes(reply.split(b"\r\n\r\n", 1)[1])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = None
        bare = len(self.started("").response())
        self.stop()
        name = "add_header X-Padding "
        self.started(f'{name}"{"x" * max(1, len(reply) - bare - len("X-Padding: ") - 2)}" always;')

    def started(self, headers: str) -> "Nginx":
        text = (BENCH / "nginx.conf").read_text()
        for word, value in (("@FOLDER@", str(self.folder)), ("@PORT@", str(self.port)), ("@HEADERS@", headers), ("@TLS@", self.tls)):
            text = text.replace(word, value)
        if os.geteuid() == 0:
            text = "user root;\n" + text
        (self.folder / "nginx.conf").write_text(text)
        self.process = subprocess.Popen(on_core(0, "/usr/sbin/nginx", "-c", self.folder / "nginx.conf"), stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise SystemExit("nginx did not start:\n" + (self.folder / "error.log").read_text())

    def response(self) -> bytes:
        return raw_reply(self.port, self.target, "x")

    @property
    def worker(self) -> int:
        return int(output("cat", f"/proc/{self.process.pid}/task/{self.process.pid}/children").split()[0])

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Limit:
    """The epoll loop on core 0: the upper limit for a server on this core."""

    name, token = "bare epoll loop", "x"

    def __init__(self, folder: pathlib.Path, reply: bytes):
        (folder / "reply").write_bytes(reply)
        self.process = subprocess.Popen(on_core(0, folder / "epoll_loop", folder / "reply"), stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.terminate()
        self.process.wait()


def table(title: str, rows: list) -> None:
    print(f"\n{title}")
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(str(cell).ljust(w) if i == 0 else str(cell).rjust(w) for i, (cell, w) in enumerate(zip(row, widths))))


def facts() -> None:
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    filesystem = output("df", "--output=fstype", tempfile.gettempdir()).split()[-1]
    version = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())[1]
    print(f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores; Linux {platform.release()}, {version}; "
          f"{filesystem}; {time.strftime('%Y-%m-%d')}")


def reading(folder: pathlib.Path, tools: pathlib.Path) -> None:
    with Pinned() as server:
        account = enrolled(server)
        target = account.client.post("/products", {"name": "Lamp", "price": "129.90", "stock": 5, "sku": "L-1",
                                                   "description": "A lamp for the desk."}).header("Location")
        reply = raw_reply(server.port, target, account.token)
        nginx, limit = Nginx(folder, target, reply), Limit(tools, reply)
        try:
            results = {"integrity": [], "nginx": [], limit.name: []}
            for _ in range(ROUNDS):
                for name, port, pid in (("integrity", server.port, server.process.pid), ("nginx", nginx.port, nginx.worker),
                                        (limit.name, limit.port, limit.process.pid)):
                    before = cpu_seconds(pid)
                    rate, count = wrk("get.lua", f"http://127.0.0.1:{port}{target}", 32, 4, TOKEN=account.token)
                    results[name].append((rate, (cpu_seconds(pid) - before) / count * 1e6))
            sizes = {"integrity": len(reply), "nginx": len(nginx.response()), limit.name: len(reply)}
        finally:
            nginx.stop()
            limit.stop()
    medians = {name: [statistics.median(column) for column in zip(*rounds)] for name, rounds in results.items()}
    (ours, our_cpu), (theirs, their_cpu), (most, least_cpu) = medians["integrity"], medians["nginx"], medians[limit.name]
    table("(a) GET /products/<pid> with a valid token; nginx sends the same bytes from a file. 32 connections, "
          f"{ROUNDS} rounds of 4 s",
          [("", "requests/s", "CPU µs/request", "bytes/response")] +
          [(name, f"{rate:.0f}", f"{cpu:.2f}", sizes[name]) for name, (rate, cpu) in medians.items()] +
          [("ratio to nginx (more is better)", f"{ours / theirs:.2f}", f"{their_cpu / our_cpu:.2f}", ""),
           ("ratio to the loop", f"{ours / most:.2f}", f"{least_cpu / our_cpu:.2f}", "")])


def writing(tools: pathlib.Path) -> None:
    rates: dict = {}
    for round_number in range(3):
        for connections in (32, 256):
            with Pinned() as server:
                account = enrolled(server)
                account.client.post("/products", {"name": "Lamp 1", "price": "129.90", "stock": 5, "sku": "first-1"})
                if connections == 256:
                    measure_loops(server, tools, rates)
                rate, _ = wrk("post.lua", f"http://127.0.0.1:{server.port}/products", connections, 5, TOKENS=account.token,
                              STEM=f"r{round_number}")
                rates.setdefault(f"integrity, {connections} connections", []).append(rate)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    grouped = medians["SQLite loop, 64 rows a commit"]
    single = medians["SQLite loop, 1 row a commit"]
    table("(b) POST /products, durable (WAL, synchronous=FULL); 3 rounds of 5 s",
          [("", "rows/s", "ratio to loop with 64", "ratio to loop with 1")] +
          [(name, f"{rate:.0f}", f"{rate / grouped:.2f}", f"{rate / single:.2f}") for name, rate in sorted(medians.items())])


def measure_loops(server: Server, tools: pathlib.Path, rates: dict) -> None:
    """Runs the loops on copies of this server's database."""
    assert server.stop() == 0
    database = next(path for path in server.data.iterdir() if path.is_file() and path.open("rb").read(15) == b"SQLite format 3")
    for group, rows in ((64, 60_000), (1, 3_000)):
        copy = server.folder / f"copy-{group}.db"
        shutil.copy(database, copy)
        rates.setdefault(f"SQLite loop, {group} row{'s' * (group > 1)} a commit", []).append(
            float(output(*on_core(0, tools / "sqlite_loop", copy, rows, group))))
    server.start()


def logging_in(tools: pathlib.Path) -> None:
    ours, bare = [], []
    with Pinned(*BUDGETS, generous=False) as server:
        account = enrolled(server)
        for _ in range(3):
            bare.append(float(output(*on_core(0, tools / "bcrypt_loop", 12, 10))))
            rate, _ = wrk("login.lua", f"http://127.0.0.1:{server.port}/login", 4, 15, NAME=account.username, PASSWORD=PASSWORD)
            ours.append(rate)
            time.sleep(3)  # until the server has finished what wrk left in the queue
    rate, hashes = statistics.median(ours), statistics.median(bare)
    table("(c) POST /login, bcrypt cost 12; 3 rounds of 15 s",
          [("", "per second"), ("integrity", f"{rate:.2f}"), ("bare bcrypt", f"{hashes:.2f}"), ("ratio", f"{rate / hashes:.2f}")])


def sending_under_keys() -> None:
    """With twenty accounts, since each has at most 10 000 stored responses. Every round starts with an empty database."""
    rates: dict = {}
    for round_number in range(ROUNDS):
        for name, environment in (("without a key", {}), ("with a key", {"KEYED": "1"})):
            with Pinned() as server:
                tokens = " ".join(enrolled(server).token for _ in range(20))
                rate, _ = wrk("post.lua", f"http://127.0.0.1:{server.port}/products", 256, 5, TOKENS=tokens,
                              STEM=f"r{round_number}", **environment)
                rates.setdefault(name, []).append(rate)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    ratio = statistics.median(keyed / bare for keyed, bare in zip(rates["with a key"], rates["without a key"]))
    table(f"(f) POST /products by twenty accounts, 256 connections; {ROUNDS} rounds of 5 s",
          [("", "rows/s")] + [(name, f"{rate:.0f}") for name, rate in medians.items()] + [("ratio", f"{ratio:.2f}")])


def at_rest() -> None:
    durations = []
    with Server() as server:
        for _ in range(ROUNDS):
            assert server.stop() == 0
            start = time.monotonic()
            server.start()
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert connection.recv(100).startswith(b"HTTP/1.1 200")
            durations.append(time.monotonic() - start)
        time.sleep(1)
        resident = memory_mb(server.process.pid)
        stripped = server.folder / "stripped"
        subprocess.run(["strip", "-o", stripped, BINARY], check=True)
        size = stripped.stat().st_size
    table("At rest", [("start to first response", f"{statistics.median(durations) * 1000:.0f} ms"),
                      ("resident memory, idle", f"{resident:.1f} MB"), ("stripped binary", f"{size / 1e6:.1f} MB")])


def main() -> None:
    if os.cpu_count() < 2:
        raise SystemExit("this needs two cores: one for the server, one for wrk")
    with tempfile.TemporaryDirectory(prefix="integrity-bench-") as name:
        folder = pathlib.Path(name)
        build("sqlite_loop", folder, "-lsqlite3")
        build("bcrypt_loop", folder, "-lcrypt")
        build("epoll_loop", folder)
        facts()
        at_rest()
        (folder / "nginx").mkdir()
        folder.chmod(0o755)
        reading(folder / "nginx", folder)
        writing(folder)
        logging_in(folder)
        sending_under_keys()


if __name__ == "__main__":
    main()
