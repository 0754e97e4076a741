"""Two servers on a replica set of three, clients that go to the other server when one does not answer, and faults
meanwhile. Afterwards everything acknowledged is there once, and no code was accepted twice.

Every request that changes something is sent again under its key until it gets a response."""

import collections
import itertools
import random
import signal
import threading
import time

from .accounts import enrolled
from .counters import Shared
from .http import Client, Ended
from .mongod import ReplicaSet
from .server import Server, database_at
from .whole import check_store

WORKERS = 6
PAUSE = 0.01  # seconds
TIME_LIMIT = 5  # seconds for one response, then the other server is tried
RECOVERY_MAX = 90


class Worker(threading.Thread):
    """Creates products, and moves the stock of shared ones."""

    def __init__(self, nodes: list, token: str, pids: list, name: str):
        super().__init__()
        self.clients = itertools.cycle([Client(node, token, TIME_LIMIT) for node in nodes])
        self.client = next(self.clients)
        self.pids, self.name, self.chance = pids, name, random.Random(name)
        self.acknowledged: dict = {}  # reference -> (product id, delta, version)
        self.under_way: dict = {}  # always empty: a worker repeats each call until it succeeds
        self.made: dict = {}  # sku -> product
        self.refusals: collections.Counter = collections.Counter()
        self.longest = 0.0  # seconds to a response other than 503
        self.enough = threading.Event()
        self.fault = None

    def run(self) -> None:
        try:
            for number in itertools.takewhile(lambda _: not self.enough.wait(PAUSE), itertools.count()):
                reference = f"{self.name} {number}"
                if number % 4 == 0:
                    sku = reference.replace(" ", "-")
                    reply = self.surely("/products", {"name": "Lamp", "price": "1.25", "stock": 1, "sku": sku}, reference)
                    assert reply.status == 201, reply
                    self.made[sku] = reply.json
                    continue
                pid, delta = self.chance.choice(self.pids), self.chance.choice([-5, -2, -1, 1, 2, 4])
                reply = self.surely(f"/products/{pid}/stock", {"delta": delta, "reference": reference}, reference)
                if reply.status == 200:
                    self.acknowledged[reference] = (pid, delta, reply.json["version"])
                else:
                    assert reply.slug == "insufficient-stock", reply
        except BaseException as fault:
            self.fault = fault

    def surely(self, target: str, body: dict, key: str):
        begun = time.monotonic()
        while time.monotonic() - begun < RECOVERY_MAX:
            try:
                reply = self.client.post(target, body, headers={"Idempotency-Key": key.replace(" ", "-")})
                if reply.status != 503 and reply.slug != "idempotency-in-progress":
                    self.longest = max(self.longest, time.monotonic() - begun)
                    return reply
                self.refusals[reply.slug] += 1
            except (OSError, Ended):
                self.refusals["no response"] += 1
                self.client.close()
            self.client = next(self.clients)
            time.sleep(0.1)
        raise AssertionError(f"{target} got no response for {RECOVERY_MAX} s: {dict(self.refusals)}")


class Spender(threading.Thread):
    """Sends each recovery code of an account to both servers at once, several times. At most one of these may succeed."""

    def __init__(self, nodes: list, account):
        super().__init__()
        self.nodes, self.account = nodes, account
        self.spent = 0
        self.fault = None

    def run(self) -> None:
        try:
            for code in self.account.recovery_codes:
                good = 0
                for _ in range(3):
                    attempts = [threading.Thread(target=self.spend, args=(node, code, good_ones := [])) for node in self.nodes * 2]
                    for each in attempts:
                        each.start()
                    for each in attempts:
                        each.join()
                    good += len(good_ones)
                assert good <= 1, f"a code was accepted {good} times"
                self.spent += good
        except BaseException as fault:
            self.fault = fault

    def spend(self, node, code: str, good: list) -> None:
        client = Client(node, timeout=TIME_LIMIT)
        try:
            login = client.post("/login", {"username": self.account.username, "password": self.account.password})
            if login.status == 200 and client.post(
                    "/verify-2fa", {"challenge": login.json["challenge"], "recovery_code": code}).status == 200:
                good.append(code)
        except (OSError, Ended):
            pass  # it may have been accepted; then no other one is
        finally:
            client.close()


class Cluster:
    def __init__(self):
        self.mongo = ReplicaSet(3, linked=True)

    def __enter__(self) -> "Cluster":
        self.mongo.__enter__()
        try:
            here = Server(store=database_at(self.mongo.uri)).start()
            there = Server("--keys", here.data / "keys", store=here.store).start()
            self.nodes = [here, there]
            self.shared = Shared(Client(here, enrolled(here).token))
        except BaseException:
            self.mongo.__exit__()
            raise
        return self

    def __exit__(self, *error) -> None:
        for node in self.nodes:
            node.process.send_signal(signal.SIGCONT)
            node.__exit__(*error)
        self.mongo.__exit__()

    # Faults. Each lasts `seconds`; afterwards everything runs again.

    def primary_killed(self, seconds: float) -> None:
        primary = self.mongo.primary()
        primary.kill()
        time.sleep(seconds)
        primary.start()

    def node_killed(self, seconds: float) -> None:
        node = self.nodes[0].kill9()
        time.sleep(seconds)
        node.start()

    def node_stopped(self, seconds: float) -> None:
        self.nodes[0].pause()
        time.sleep(seconds)
        self.nodes[0].resume()

    def link_cut(self, seconds: float) -> None:
        primary = self.mongo.primary()
        primary.link.cut(self.nodes[0].process.pid)
        time.sleep(seconds)
        primary.link.mend()

    def round(self, name: str, fault, seconds: float) -> str:
        """Works before, during and after a fault, then checks everything. Returns a line about the round."""
        workers = [Worker(self.nodes[i % 2:] + self.nodes[:i % 2], enrolled(self.nodes[1]).token, list(self.shared.last), f"{name} {i}")
                   for i in range(WORKERS)]
        spender = Spender(self.nodes, enrolled(self.nodes[1]))
        for each in [*workers, spender]:
            each.start()
        time.sleep(1)
        begun = time.monotonic()
        fault(seconds)
        ready = self.wait_until_ready(begun)
        for worker in workers:
            worker.enough.set()
        for each in [*workers, spender]:
            each.join()
            if each.fault:
                raise each.fault
        reader = Client(self.nodes[1], enrolled(self.nodes[1]).token)
        moved = self.shared.check(reader, workers)
        for worker in workers:
            for sku, product in worker.made.items():
                assert reader.get(f"/products?sku={sku}").json == [product], sku
        check_store(self.nodes[1])
        refusals = sum((worker.refusals for worker in workers), collections.Counter())
        return (f"{name}: {sum(len(worker.made) for worker in workers)} products, {moved} movements, {spender.spent} codes spent, "
                f"longest wait {max(worker.longest for worker in workers):.1f} s, ready again after {ready:.1f} s, "
                f"refused meanwhile {dict(refusals)}")

    def wait_until_ready(self, begun: float) -> float:
        while time.monotonic() - begun < RECOVERY_MAX + 60:
            try:
                if all(Client(node, timeout=TIME_LIMIT).get("/readyz").status == 200 for node in self.nodes):
                    return time.monotonic() - begun
            except (OSError, Ended):
                pass
            time.sleep(0.2)
        raise AssertionError("a server did not become ready again")
