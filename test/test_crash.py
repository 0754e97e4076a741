"""kill -9 during concurrent writes: every acknowledged product is there afterwards, no product is half written, and
spent codes stay spent. Three rounds; INTEGRITY_CRASH_ROUNDS=20 for more."""

import os
import random
import threading

import pytest

from support.accounts import enrolled
from support.http import Client, Connection, Ended, request_bytes
from support.server import Server
from support.whole import check_store

ROUNDS = int(os.environ.get("INTEGRITY_CRASH_ROUNDS", "3"))
WRITES = 1000
WRITERS = 8


class Writer(threading.Thread):
    """Creates and updates products until the server is gone; remembers what it sent and what was acknowledged."""

    def __init__(self, server, token, stem, done):
        super().__init__()
        self.client = Client(server, token)
        self.stem, self.done = stem, done
        self.sent: dict = {}  # sku -> the stocks that were sent, in order
        self.acknowledged: dict = {}  # sku -> the last product in a response
        self.fault = None

    def run(self):
        try:
            for number in range(WRITES):
                sku = f"{self.stem}-{number}"
                self.sent[sku] = [number]
                reply = self.client.post("/products", {"name": f"name {sku}", "price": f"{number}.25", "stock": number,
                                                       "sku": sku, "description": sku * 5})
                assert reply.status == 201, reply
                self.acknowledged[sku] = reply.json
                self.done()
                if number % 3 == 0:
                    self.sent[sku].append(number + 1)
                    reply = self.client.put(f"/products/{reply.json['id']}", {"stock": number + 1})
                    assert reply.status == 200, reply
                    self.acknowledged[sku] = reply.json
        except (OSError, Ended):
            pass  # the server was killed
        except AssertionError as fault:
            self.fault = fault


@pytest.mark.concurrent
def test_nothing_acknowledged_is_lost():
    chance = random.Random(20261123)
    with Server() as server:
        account = enrolled(server)
        for round_number in range(ROUNDS):
            left = [chance.randrange(50, WRITES)]
            enough = threading.Event()

            def done():
                left[0] -= 1
                if left[0] <= 0:
                    enough.set()

            writers = [Writer(server, account.token, f"r{round_number}w{i}", done) for i in range(WRITERS)]
            for writer in writers:
                writer.start()
            other = enrolled(server)
            spent = other.next_code()
            assert other.login().verify(spent).status == 200
            assert enough.wait(120)
            server.kill9()
            for writer in writers:
                writer.join()
                assert writer.fault is None, writer.fault
            server.start()
            assert other.login().verify(spent).slug == "code-already-used"
            found = {item["sku"]: item for item in other.client.get("/products").json}
            for writer in writers:
                check_products_of(writer, found)
            if account.client.get("/me").status != 200:
                account = enrolled(server)
        assert server.stop() == 0
        check_store(server)


def send_and_kill(server, token, stem, after: float) -> tuple[dict, set]:
    """Creates a thousand products at once, each on its own connection, and kills the server meanwhile. Returns the
    acknowledged products by sku, and all skus."""
    skus = [f"{stem}-{number}" for number in range(WRITES)]
    connections = []
    for sku in skus:
        data = request_bytes("POST", "/products", {"name": sku, "price": "1.25", "stock": 1, "sku": sku}, token=token)
        connections.append((Connection(server).send(data[:-1]), data[-1:]))
    killer = threading.Timer(after, server.process.kill)
    killer.start()
    acknowledged = {}
    for connection, last in connections:
        try:
            connection.send(last)
        except OSError:
            pass
    for sku, (connection, _) in zip(skus, connections):
        try:
            reply = connection.reply("POST", "/products")
            assert reply.status == 201, reply
            acknowledged[sku] = reply.json
        except (OSError, Ended):
            pass
        connection.close()
    killer.join()
    server.process.wait()
    return acknowledged, set(skus)


def test_a_thousand_writes_at_once():
    chance = random.Random(20261125)
    cut = 0
    with Server() as server:
        for round_number in range(ROUNDS):
            account = enrolled(server)
            acknowledged, sent = send_and_kill(server, account.token, f"t{round_number}", chance.uniform(0.02, 0.4))
            server.start()
            reader = enrolled(server)
            found = {item["sku"]: item for item in reader.client.get("/products").json}
            for sku, answered in acknowledged.items():
                assert found.get(sku) == answered, f"{sku} was acknowledged"
            cut += len(acknowledged) < len(sent)
            assert all(item["version"] == 1 for item in found.values())
        assert cut, "the server was never killed during the writes"
        assert server.stop() == 0
        check_store(server)


def check_products_of(writer: Writer, found: dict) -> None:
    for sku, answered in writer.acknowledged.items():
        assert sku in found, f"{sku} was acknowledged and is gone"
        assert found[sku]["version"] >= answered["version"], f"an acknowledged update of {sku} is gone"
        if found[sku]["version"] == answered["version"]:
            assert found[sku] == answered
    for sku, item in found.items():
        if not sku.startswith(writer.stem + "-"):
            continue
        assert sku in writer.sent
        number = int(sku.split("-")[1])
        assert (item["name"], str(item["price"]), item["description"]) == (f"name {sku}", f"{number}.25", sku * 5)
        assert item["stock"] == writer.sent[sku][item["version"] - 1], f"{sku} is half written"
