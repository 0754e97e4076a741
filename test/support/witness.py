"""A normal client during a fault: it makes products one after the other, each under an Idempotency-Key until it is made,
and remembers what was acknowledged, what was refused, and how long responses took."""

import collections
import itertools
import threading
import time

from .accounts import fresh_name, product
from .http import Client, Ended
from .whole import check_store

PAUSE = 0.005  # seconds


class Witness(threading.Thread):
    """`with Witness(server, token) as witness`. Its connections come from an address of their own."""

    def __init__(self, server, token: str):
        super().__init__()
        self.server = server
        self.client = Client(server, token, timeout=30, source="127.0.0.2")
        self.stem = fresh_name("witness")
        self.acknowledged: dict = {}  # sku -> product
        self.refusals: collections.Counter = collections.Counter()
        self.times: list = []  # (end, seconds) of each success
        self.enough = threading.Event()
        self.fault = None

    def __enter__(self) -> "Witness":
        self.start()
        self.wait_for(3)
        return self

    def __exit__(self, *_):
        self.enough.set()
        self.join()
        if self.fault:
            raise self.fault

    def run(self) -> None:
        try:
            for number in itertools.takewhile(lambda _: not self.enough.wait(PAUSE), itertools.count()):
                self.make(f"{self.stem}-{number}")
        except BaseException as fault:
            self.fault = fault

    def make(self, sku: str) -> None:
        while not self.enough.is_set():
            begun = time.monotonic()
            try:
                reply = self.client.post("/products", product(sku=sku), headers={"Idempotency-Key": sku})
            except (OSError, Ended):
                self.refusals["no response"] += 1
                self.client.close()
                time.sleep(0.02)
                continue
            if reply.status == 201:
                self.acknowledged[sku] = reply.json
                self.times.append((time.monotonic(), time.monotonic() - begun))
                return
            assert reply.status == 503, reply
            self.refusals["503"] += 1
            time.sleep(0.02)

    def wait_for(self, count: int, within: float = 60) -> float:
        """Until so many more were made; returns how long the first one took."""
        begun, before = time.monotonic(), len(self.times)
        while len(self.times) < before + count:
            assert not self.fault, self.fault
            assert time.monotonic() - begun < within, f"no success for {within} s: {dict(self.refusals)}\n{self.server.log[-2000:]}"
            time.sleep(0.005)
        return self.times[before][0] - begun

    def wait_until_refused(self, within: float = 60) -> None:
        begun, before = time.monotonic(), self.refusals.total()
        while self.refusals.total() < before + 3:
            assert not self.fault, self.fault
            assert time.monotonic() - begun < within, f"nothing was refused for {within} s"
            time.sleep(0.005)

    def slowest(self) -> float:
        return max(seconds for _, seconds in self.times)

    def told(self) -> str:
        return ", ".join([f"{len(self.acknowledged)} made"] + [f"{count} {what}" for what, count in sorted(self.refusals.items())])

    def check(self, client) -> None:
        """After the end: everything acknowledged is there once, and the store is consistent."""
        found = {each["sku"]: each for each in client.get("/products").json
                 if (each["sku"] or "").startswith(f"{self.stem}-")}
        for sku, made in self.acknowledged.items():
            assert found.get(sku) == made, f"{made} was acknowledged, there is {found.get(sku)}"
        assert len(found) <= len(self.acknowledged) + 1
        check_store(self.server)
