"""What counting and /metrics cost: `metrics.py build/release/integrity [another binary]`.

(p) GET of a product with a valid token: without --metrics-listen, and with it and a scrape each second. If another binary
    is named, such as the one before a change, it is measured in the same rounds.

The server and whatever reads its metrics run on core 0, wrk on core 1. They take turns in each round; figures are medians.
"""

import statistics
import sys
import threading

import run
from support.accounts import enrolled
from support.metrics import LISTEN, page

ROUNDS = 15


class Scraper:
    """Reads the page once a second while it is entered."""

    def __init__(self, server):
        self.server = server
        self.done = threading.Event()
        self.bytes = 0
        self.thread = threading.Thread(target=self.scrape)

    def scrape(self):
        while not self.done.wait(1):
            self.bytes = len(page(self.server))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def started(binary: str, *options):
    server = run.Pinned(*options)
    server.binary = binary
    server.__enter__()
    account = enrolled(server)
    target = account.client.post("/products", {"name": "Lamp", "price": "129.90", "stock": 5}).header("Location")
    return server, account, target


def main() -> None:
    measured = {"without": started(run.BINARY), "with, a scrape each second": started(run.BINARY, *LISTEN)}
    if len(sys.argv) > 2:
        measured = {"the other binary": started(sys.argv[2]), **measured}
    rates: dict = {name: [] for name in measured}
    cpu: dict = {name: [] for name in measured}
    size = 0
    try:
        for number in range(ROUNDS):
            names = list(measured)
            for name in names[number % len(names):] + names[:number % len(names)]:
                server, account, target = measured[name]
                scraper = Scraper(server) if name.startswith("with,") else None
                before = run.cpu_seconds(server.process.pid)
                if scraper:
                    scraper.__enter__()
                rate, count = run.wrk("get.lua", f"http://127.0.0.1:{server.port}{target}", 32, 2, TOKEN=account.token)
                if scraper:
                    scraper.__exit__()
                    size = max(size, scraper.bytes)
                rates[name].append(rate)
                cpu[name].append((run.cpu_seconds(server.process.pid) - before) / count * 1e6)
    finally:
        for server, _, _ in measured.values():
            server.__exit__(None, None, None)
    first = next(iter(measured))
    run.table(f"(p) GET /products/<pid>, 32 connections; {ROUNDS} rounds of 2 s; a page of /metrics has {size / 1000:.0f} kB",
              [("--metrics-listen", "requests/s", f"ratio to {first}", "CPU µs/request", "ratio")] +
              [(name, f"{statistics.median(rates[name]):.0f}",
                f"{statistics.median(ours / others for ours, others in zip(rates[name], rates[first])):.3f}",
                f"{statistics.median(cpu[name]):.2f}",
                f"{statistics.median(ours / others for ours, others in zip(cpu[name], cpu[first])):.3f}")
               for name in measured])


if __name__ == "__main__":
    main()
