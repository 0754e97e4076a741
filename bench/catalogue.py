"""The server with many products, and under mixed load: `catalogue.py build/release/integrity`.

(d) reads during 64 concurrent logins, and logins while reads saturate the server;
(e) a read, a page of 100 and a search, with 1 000 and with 1 000 000 products;
(g) nine reads to one write;
(h) a page of 100 products, next to nginx sending the same bytes;
(i) the whole list of 1 000 000 products: time and memory.

The server runs on core 0, the load generator on core 1. BENCH_PRODUCTS replaces the 1 000 000.
"""

import os
import pathlib
import random
import re
import sqlite3
import statistics
import tempfile
import threading
import time

from run import BENCH, BUDGETS, Nginx, Pinned, build, facts, memory_mb, on_core, output, raw_reply, table
from support.accounts import PASSWORD, enrolled
from support.http import Client

MANY = int(os.environ.get("BENCH_PRODUCTS", "1000000"))
WORDS = [f"{a}{b}{c}" for a in ("ba", "de", "fi", "ko", "lu", "mar", "nes", "pol", "sti", "tra")
         for b in ("bel", "cor", "dan", "fer", "gon", "hil", "jan", "kel", "lom", "mir", "nor")
         for c in ("a", "en", "is", "o", "um", "ex")]


def measured(folder: pathlib.Path, server, token: str, lines: list, connections: int, seconds: int = 5) -> tuple:
    """Requests per second, and the 99th percentile in ms."""
    targets = folder / "targets"
    targets.write_text("\n".join(lines) + "\n")
    said = output(*on_core(1, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s",
                           BENCH / "targets.lua", f"http://127.0.0.1:{server.port}/"),
                  env=os.environ | {"TOKEN": token, "TARGETS": str(targets)})
    requests, microseconds, wrong, p99 = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) P99 (\d+)", said).groups())
    if wrong or not requests:
        raise SystemExit(f"{wrong} of {requests} requests went wrong:\n{said}")
    return requests / (microseconds / 1e6), p99 / 1000


def fill(server, client, count: int) -> list:
    """Stops the server, inserts products into its database as it would, and starts it. Returns some of their ids."""
    chance = random.Random(7)
    client.post("/products", {"name": "Lamp", "price": "129.90", "stock": 5, "sku": "first"})
    assert server.stop() == 0
    database = sqlite3.connect(server.data / "integrity.db")
    database.row_factory = sqlite3.Row
    first = dict(database.execute("SELECT * FROM products").fetchone())  # the others differ from it in some columns
    oldest = int(time.time() * 1000) - count - 1000

    def words(least: int, most: int) -> str:
        return " ".join(WORDS[min(int(chance.expovariate(1 / 80)), len(WORDS) - 1)] for _ in range(chance.randint(least, most)))

    ids, products, texts = [], [], []
    for number in range(count - 1):
        at, pid, name, description = oldest + number, chance.randbytes(12), words(2, 4), words(3, 12)
        product = first | {"place": at << 21, "id": pid, "price": chance.randrange(10**7), "stock": chance.randrange(1000), "created_at": at,
                           "updated_at": at, "sku": f"M-{number}", "name": name, "name_key": name, "description": description}
        products.append(tuple(product.values()))
        texts.append((at << 21, f"{name} {description} m {number}"))
        if number % max(1, count // 10_000) == 0:
            ids.append(pid.hex())
    assert product.keys() == first.keys(), "products has no such column"
    with database:
        database.executemany(f"INSERT INTO products ({', '.join(first)}) VALUES ({', '.join('?' * len(first))})", products)
        database.executemany("INSERT INTO product_words (rowid, words) VALUES (?,?)", texts)
    database.close()
    server.start()
    return ids


def cursors(client, step: int = 1000) -> list:
    """Cursors spread over the whole list."""
    found, target = [], f"/products?limit={step}"
    while target:
        link = client.get(target).header("Link")
        target = re.search("<([^>]+)>", link)[1] if link else None
        if target:
            found.append(re.search(r"cursor=([^&]+)", target)[1])
    return found or [""]


def at_size(folder: pathlib.Path, count: int, results: dict) -> None:
    chance = random.Random(11)
    with Pinned() as server:
        account = enrolled(server)
        ids = fill(server, account.client, count)
        starts = cursors(account.client, min(1000, count // 2))
        loads = {
            "read, of 1 000": [f"GET /products/{pid}" for pid in ids[:1000]],
            "read, of 10 000": [f"GET /products/{pid}" for pid in ids],
            "page of 100, ten of them": [f"GET /products?limit=100&cursor={start}" for start in starts[:10]],
            "page of 100, anywhere": [f"GET /products?limit=100&cursor={start}" for start in starts],
            "search": [f"GET /products?limit=20&q={chance.choice(WORDS)}+{chance.choice(WORDS)[:chance.randint(1, 5)]}" for _ in range(2000)],
        }
        for name, lines in loads.items():
            results.setdefault(name, {})[count] = measured(folder, server, account.token, lines, 8)
        if count == MANY:
            whole_list(server, account)


def by_size(folder: pathlib.Path) -> None:
    results: dict = {}
    for count in (1000, MANY):
        at_size(folder, count, results)
    rows = [("", "at 1 000: /s", "p99 ms", f"at {MANY:,}: /s", "p99 ms", "ratio /s", "ratio p99")]
    for name, sizes in results.items():
        (small, small_p99), (large, large_p99) = sizes[1000], sizes[MANY]
        rows.append((name, f"{small:.0f}", f"{small_p99:.2f}", f"{large:.0f}", f"{large_p99:.2f}", f"{large / small:.2f}",
                     f"{large_p99 / small_p99:.2f}"))
    table("(e) 8 connections; 1 000 products have only ten pages; a search has one word and the beginning of another", rows)


def whole_list(server, account) -> None:
    before, peak, done = memory_mb(server.process.pid), 0.0, threading.Event()

    def watch():
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, memory_mb(server.process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.monotonic()
    size = int(output(*on_core(1, "curl", "-sS", "-o", "/dev/null", "-w", "%{size_download}", "-H", f"Authorization: Bearer {account.token}",
                               f"http://127.0.0.1:{server.port}/products")))
    seconds = time.monotonic() - start
    done.set()
    watcher.join()
    table(f"(i) the whole list of {MANY:,} products, streamed",
          [("seconds", f"{seconds:.1f}"), ("MB", f"{size / 1e6:.0f}"), ("products per second", f"{MANY / seconds:.0f}"),
           ("memory before, MB", f"{before:.1f}"), ("peak memory, MB", f"{peak:.1f}")])


def page_next_to_nginx(folder: pathlib.Path) -> None:
    with Pinned() as server:
        account = enrolled(server)
        for number in range(150):
            account.client.post("/products", {"name": f"Lamp {number}", "price": "129.90", "stock": 5, "sku": f"L-{number}"})
        reply = raw_reply(server.port, "/products?limit=100", account.token)
        (folder / "page").mkdir()
        nginx = Nginx(folder / "page", "/pages/page.json", reply)
        try:
            ours, theirs = [], []
            for _ in range(5):
                ours.append(measured(folder, server, account.token, ["GET /products?limit=100"], 32, 3)[0])
                theirs.append(measured(folder, nginx, account.token, ["GET /pages/page.json"], 32, 3)[0])
        finally:
            nginx.stop()
    rate, files = statistics.median(ours), statistics.median(theirs)
    table(f"(h) a page of 100 products, {len(reply)} bytes, 32 connections; 5 rounds of 3 s",
          [("", "requests/s"), ("integrity", f"{rate:.0f}"), ("nginx", f"{files:.0f}"), ("ratio", f"{rate / files:.2f}")])


def mixed(folder: pathlib.Path) -> None:
    with Pinned() as server:
        account = enrolled(server)
        paths = [account.client.post("/products", {"name": f"Lamp {n}", "price": "1.25", "stock": 5}).header("Location") for n in range(100)]
        reads = [f"GET {path}" for path in paths]
        writes = [f'POST {path}/stock {{"delta":1}}' for path in paths]
        rows = [("", "requests/s", "p99 ms")]
        for name, lines in (("reads", reads), ("9 reads to 1 change of stock", reads * 9 + writes), ("changes of stock", writes)):
            rate, p99 = measured(folder, server, account.token, lines, 32)
            rows.append((name, f"{rate:.0f}", f"{p99:.2f}"))
    table("(g) 100 products, 32 connections", rows)


def under_logins(folder: pathlib.Path) -> None:
    with Pinned(*BUDGETS, generous=False) as server:
        account = enrolled(server)
        target = account.client.post("/products", {"name": "Lamp", "price": "1.25", "stock": 5}).header("Location")
        loop = build("read_loop", folder)

        def reading() -> tuple:
            """The 99th percentile in ms, of the requests that were sent and as wrk computes it."""
            said = output(*on_core(1, loop, server.port, target, account.token, 8, 10))
            return float(said.split()[1]), measured(folder, server, account.token, [f"GET {target}"], 8)[1]

        alone, alone_wrk = reading()
        took: list = []
        stop = threading.Event()

        def log_in():
            client = Client(server)
            while not stop.is_set():
                start = time.monotonic()
                reply = client.post("/login", {"username": account.username, "password": PASSWORD})
                took.append((reply.status, time.monotonic() - start))
                if reply.status == 503:
                    stop.wait(int(reply.header("Retry-After")))

        os.sched_setaffinity(0, {1})
        threads = [threading.Thread(target=log_in) for _ in range(64)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        loaded, loaded_wrk = reading()
        stop.set()
        for thread in threads:
            thread.join()
        flood = list(took)
        took.clear()
        stop.clear()
        thread = threading.Thread(target=log_in)
        thread.start()
        rate, _ = measured(folder, server, account.token, [f"GET {target}"], 64, 10)
        stop.set()
        thread.join()
        os.sched_setaffinity(0, range(os.cpu_count()))
    succeeded = sorted(seconds for status, seconds in flood if status == 200)
    single = sorted(seconds for status, seconds in took if status == 200)
    table("(d) reads on 8 connections, and logins with bcrypt cost 12",
          [("read p99 alone, ms", f"{alone:.2f}"), ("read p99 during 64 concurrent logins, ms", f"{loaded:.2f}"), ("ratio", f"{loaded / alone:.2f}"),
           ("both by wrk, which weights a stall by its length, ms", f"{alone_wrk:.2f}, {loaded_wrk:.2f}"),
           ("successful logins", len(succeeded)), ("logins refused with 503", len(flood) - len(succeeded)),
           ("longest successful login, s", f"{succeeded[-1]:.2f}" if succeeded else "-"),
           (f"longest of single logins during {rate:.0f} reads/s, s", f"{single[-1]:.2f}" if single else "none succeeded")])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="integrity-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        facts()
        page_next_to_nginx(folder)
        mixed(folder)
        by_size(folder)
        under_logins(folder)
