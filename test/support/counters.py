"""Several clients move the stock of the same few products at once, on a server that is killed. Every acknowledged
movement must be in the history once, one that was under way at most once, and the sum must be right."""

import random
import threading

from .http import Client, Ended
from .model.world import parsed

PRODUCTS = 3


class Counter(threading.Thread):
    def __init__(self, server, token: str, pids: list, seed: str):
        super().__init__()
        self.client, self.pids, self.seed = Client(server, token), pids, seed
        self.acknowledged: dict = {}  # reference -> (product id, delta, version)
        self.under_way: dict = {}  # reference -> (product id, delta), of at most one
        self.fault = None

    def run(self) -> None:
        chance = random.Random(self.seed)
        try:
            for number in range(10**9):
                pid, delta = chance.choice(self.pids), chance.choice([-5, -2, -1, 1, 2, 4])
                reference = f"{self.seed} {number}"
                self.under_way = {reference: (pid, delta)}
                reply = self.client.post(f"/products/{pid}/stock", {"delta": delta, "reference": reference})
                self.under_way = {}
                if reply.status == 200:
                    self.acknowledged[reference] = (pid, delta, reply.json["version"])
                else:
                    assert reply.slug == "insufficient-stock", reply
        except (OSError, Ended):
            pass  # the server was killed
        except BaseException as fault:
            self.fault = fault


class Shared:
    """The products that all counters use, and the state of each at the last check."""

    def __init__(self, client: Client):
        self.last: dict = {}  # id -> the product
        for number in range(PRODUCTS):
            reply = client.post("/products", {"name": f"shared {number}", "price": 1, "stock": 20})
            assert reply.status == 201, reply
            self.last[reply.json["id"]] = reply.json

    def check(self, client: Client, counters: list) -> int:
        """Checks what happened since the last check; returns the number of movements."""
        acknowledged = {key: value for counter in counters for key, value in counter.acknowledged.items()}
        under_way = {key: value for counter in counters for key, value in counter.under_way.items()}
        found = 0
        for pid, before in self.last.items():
            for change in self.changes_after(client, pid, before["version"]):
                assert (change["before"], change["op"]) == (before, "stock"), f"a gap before {change}"
                before, reference = change["after"], change["reference"]
                moved = (pid, change["after"]["stock"] - change["before"]["stock"])
                if reference in acknowledged:
                    assert acknowledged.pop(reference) == (*moved, change["version"]), change
                else:
                    assert under_way.pop(reference, None) == moved, f"happened twice, or was never sent: {change}"
                found += 1
            self.last[pid] = client.get(f"/products/{pid}").json
            assert self.last[pid] == before, f"the history leads to {before}, the product is {self.last[pid]}"
        assert not acknowledged, f"acknowledged and lost: {acknowledged}"
        return found

    @staticmethod
    def changes_after(client: Client, pid: str, version: int) -> list:
        """The changes after `version`, oldest first."""
        changes, target = [], f"/products/{pid}/history?limit=200"
        while target:
            reply = client.get(target)
            assert reply.status == 200, reply
            changes += [change for change in parsed(reply) if change["version"] > version]
            link = reply.header("Link")
            more = link and parsed(reply)[-1]["version"] > version + 1
            target = link.split(">")[0].removeprefix("<") if more else None
        return changes[::-1]
