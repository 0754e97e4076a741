"""System calls of the server that fail: strace injects an error into the n-th call of a kind, or SIGKILL in its place.

Three scenes, each of which is first run without a fault to count its calls:
writing   a running server: products are made, changed, moved and deleted, codes are spent, a session is refreshed; then
          the server ends, which copies the log back
starting  the first start, which makes the folder, the keys and the database, and the end
recovery  the start after a kill, with a log that must be read, and the end

A call is counted for each thread, as strace does: the n-th call of every thread fails."""

import collections
import concurrent.futures
import contextlib
import copy
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time

from .accounts import admin_of, product, totp
from .http import Client, Ended
from .server import BINARY, Server
from .whole import check_store

SCENES = ("writing", "starting", "recovery")
CALLS = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "openat", "renameat2", "unlink", "unlinkat", "mkdir", "mmap")
FAULTS = ("EIO", "ENOSPC", "EINTR", "KILL")


def options(out, call: str, fault: str = "", number: int = 0) -> list:
    given = ["-f", "-y", "-s", "0", "-e", "signal=none", "-o", str(out), "-e", f"trace={call}"]
    if fault:
        effect = "signal=KILL" if fault == "KILL" else f"error={fault}"
        given += ["-e", f"inject={call}:{effect}:when={number}"]
    return given


def numbers(trace: str, folder) -> dict:
    """Which calls of each kind are about files in this folder, counted for each thread: {"fsync": [1, 3]}."""
    counts: collections.Counter = collections.Counter()
    found = collections.defaultdict(set)
    for thread, call, rest in re.findall(r"^(\d+) +(\w+)\((.*)$", trace, re.MULTILINE):
        counts[thread, call] += 1
        if f"{folder}/" in rest or f"{folder}>" in rest or f'{folder}"' in rest:
            found[call].add(counts[thread, call])
    return {call: sorted(each) for call, each in found.items()}


class Traced(Server):
    """A server that is started later, and that strace can watch from its start (-D: as a grandchild, so that the server
    is the test's child)."""

    tracer: list = []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return super().__exit__(*error) if self.process else self._end()

    def spawn(self):
        if not self.tracer:
            return super().spawn()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(["strace", "-D", *self.tracer, self.binary, "serve", *self.options], stderr=log,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=self.env)
        return self


@contextlib.contextmanager
def attached(server, tracer: list):
    """strace on the running server, until the server or strace ends."""
    process = subprocess.Popen(["strace", *tracer, "-p", str(server.process.pid)], stderr=subprocess.PIPE, text=True)
    try:
        line = process.stderr.readline()
        assert "attached" in line, line
        yield process
        process.wait(30)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


class Outcome:
    """What clients got in one run, and how long the service was away."""

    def __init__(self):
        self.got: collections.Counter = collections.Counter()
        self.failed_at = None
        self.away = 0.0

    def failed(self, what: str) -> None:
        self.got[what] += 1
        self.failed_at = self.failed_at or time.monotonic()

    def back(self) -> None:
        if self.failed_at:
            self.away = time.monotonic() - self.failed_at


class Scenes:
    """A folder with an account and two products, which each run gets a copy of."""

    def __init__(self):
        self.stock = 50
        self.trace = ""  # of the last run without a fault
        with Server() as server:
            self.ada = admin_of(server)
            self.lamp = self.ada.client.post("/products", product(stock=self.stock)).json
            self.kettle = self.ada.client.post("/products", product(name="Kettle")).json
            assert server.stop() == 0
            self.folder = shutil.copytree(server.data, f"{server.folder}-template")
            server.start()
            left = self.ada.client.post("/products", product(name="Left in the log", sku="log"))
            assert left.status == 201
            self.made_at = int(time.time()) + 1
            server.kill9()
            self.killed = shutil.copytree(server.data, f"{server.folder}-killed", ignore=shutil.ignore_patterns("*.sock"))
            server.start()

    def close(self) -> None:
        for folder in (self.folder, self.killed):
            shutil.rmtree(folder)

    # Each scene takes a call, a fault and a number, or only counts the calls; then it returns their numbers.

    def writing(self, call: str = "", fault: str = "", number: int = 0):
        with Traced(clock=True) as server:
            server.set_clock(self.made_at)  # so that the token of the template is as fresh in each run
            shutil.copytree(self.folder, server.data)
            server.start()
            ada = self.account(server)
            trace = server.folder / "trace"
            outcome = Outcome()
            with attached(server, options(trace, call or ",".join(CALLS), fault, number)):
                told = self.story(ada, outcome)
                end(server, fault, outcome)
            if not fault:
                assert not outcome.failed_at, outcome.got
                self.trace = trace.read_text()
                return numbers(self.trace, server.data)
            server.start()
            outcome.back()
            self.check(server, self.account(server), ada, told)
            return outcome

    def starting(self, call: str = "", fault: str = "", number: int = 0):
        return self.start_of(None, call, fault, number)

    def recovery(self, call: str = "", fault: str = "", number: int = 0):
        return self.start_of(self.killed, call, fault, number)

    def start_of(self, folder, call: str, fault: str, number: int):
        with Traced() as server:
            if folder:
                shutil.copytree(folder, server.data)
            trace = server.folder / "trace"
            server.tracer = options(trace, call or ",".join(CALLS), fault, number)
            outcome = Outcome()
            began = time.monotonic()
            try:
                server.start()
            except AssertionError:
                outcome.failed_at = began
                outcome.got["ended at its start"] += 1
                died(server, fault)
            else:
                end(server, fault, outcome)
            if not fault:
                self.trace = ended_trace(trace).replace(str(server.folder), "")
                return numbers(self.trace, "/data")
            server.tracer = []
            server.start()
            outcome.back()
            assert Client(server).post("/signup", {"username": "next", "password": "correct horse battery"}).status == 201
            assert server.stop() == 0
            whole(server)
            with contextlib.closing(sqlite3.connect(server.data / "integrity.db")) as database:
                [left] = database.execute("SELECT count(*) FROM products WHERE sku = 'log'").fetchone()
            assert left == bool(folder), "what was acknowledged before the kill"
            return outcome

    def account(self, server):
        ada = copy.copy(self.ada)
        ada.server, ada.client = server, Client(server, self.ada.token)
        return ada

    def story(self, ada, outcome: Outcome) -> dict:
        """Name -> reply of each call that succeeded."""
        told: dict = {}

        def call(name: str, send, success: int) -> None:
            try:
                reply = send()
            except (OSError, Ended):
                outcome.failed("no response")
                return
            if reply.status == success:
                outcome.got["success"] += 1
                told[name] = reply
            else:
                assert (reply.status, reply.slug) == (503, "unavailable"), reply
                outcome.failed("503")

        client, lamp, kettle = ada.client, self.lamp["id"], self.kettle["id"]
        ada.code = totp(ada.secret, ada.step() + 1)
        log_in = {"username": ada.username, "password": ada.password}
        call("made", lambda: made(client), 201)
        call("changed", lambda: client.put(f"/products/{lamp}", {"name": "Changed"}), 200)
        call("moved", lambda: moved(client, lamp), 200)
        call("login", lambda: client.post("/login", log_in, token=None), 200)
        if "login" in told:
            ada.challenge = told["login"].json["challenge"]
            call("code", lambda: client.post("/verify-2fa", {"challenge": ada.challenge, "code": ada.code}, token=None), 200)
        call("second login", lambda: client.post("/login", log_in, token=None), 200)
        if "second login" in told:
            proof = {"challenge": told["second login"].json["challenge"], "recovery_code": ada.recovery_codes[0]}
            call("recovery code", lambda: client.post("/verify-2fa", proof, token=None), 200)
        call("refresh", lambda: client.post("/token/refresh", {"refresh_token": ada.refresh_token}, token=None), 200)
        call("deleted", lambda: client.delete(f"/products/{kettle}"), 204)
        return told

    def check(self, server, ada, before, told: dict) -> None:
        """What succeeded is there. What failed is there wholly or not at all, and can be sent again."""
        client, lamp, kettle = ada.client, f"/products/{self.lamp['id']}", f"/products/{self.kettle['id']}"
        found = client.get("/products?sku=made").json
        assert len(found) <= 1 and (not told.get("made") or found == [told["made"].json]), found
        again = made(client)
        assert again.status == 201 and bool(found) == bool(again.header("Idempotency-Replayed")), again
        assert client.get("/products?sku=made").json == [again.json]

        now = client.get(lamp).json
        assert now["name"] in ({"Changed"} if "changed" in told else {"Changed", "Lamp"}), now
        assert now["stock"] in ({self.stock - 3} if "moved" in told else {self.stock, self.stock - 3}), now
        assert moved(client, self.lamp["id"]).status == 200
        assert client.get(lamp).json["stock"] == self.stock - 3, "moved twice"

        gone = client.get(kettle).status
        assert gone == 404 or "deleted" not in told and gone == 200, gone

        for name, proof in (("code", {"code": before.code}), ("recovery code", {"recovery_code": before.recovery_codes[0]})):
            reply = self.spend(ada, proof)
            if reply.status == 200:
                assert name not in told, f"the {name} was spent, and again: {reply}"
                reply = self.spend(ada, proof)
            assert reply.slug == ("code-already-used" if name == "code" else "invalid-code"), f"{name}: {reply}"

        token = told["refresh"].json["refresh_token"] if "refresh" in told else ada.refresh_token
        refreshed = client.post("/token/refresh", {"refresh_token": token}, token=None)
        assert refreshed.status == 200, refreshed
        assert server.stop() == 0
        whole(server)

    @staticmethod
    def spend(ada, proof: dict):
        challenge = ada.login().challenge
        return ada.client.post("/verify-2fa", {"challenge": challenge, **proof}, token=None)


def made(client):
    return client.post("/products", product(name="Made", sku="made"), headers={"Idempotency-Key": "made-once"})


def moved(client, pid: str):
    return client.post(f"/products/{pid}/stock", {"delta": -3, "reference": "once"}, headers={"Idempotency-Key": "moved-once"})


def end(server, fault: str, outcome: Outcome) -> None:
    """Ends the server, unless the fault does."""
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGTERM)
    if (status := server.process.wait(60)) != 0:
        outcome.failed_at = outcome.failed_at or time.monotonic()
        died(server, fault)
    assert status == (-signal.SIGKILL if fault == "KILL" and status < 0 else 0), f"{status}\n{server.log[-2000:]}"


def died(server, fault: str) -> None:
    """A server that could not start, or was killed: it has said why."""
    status = server.process.returncode
    if fault == "KILL":
        assert status == -signal.SIGKILL, f"{status}\n{server.log[-2000:]}"
        return
    said = server.log.strip().splitlines()[-1]
    assert status == (2 if "integrity.toml" in said else 1), f"{status}\n{server.log[-2000:]}"
    assert str(server.data) in said and "terminate called" not in server.log, said


def ended_trace(trace) -> str:
    for _ in range(200):
        if "+++ exited" in (text := trace.read_text()):
            return text
        time.sleep(0.05)
    raise AssertionError("strace did not end")


def whole(server) -> None:
    """The store of a server that has ended is consistent; `integrity check` says so, too."""
    check_store(server)
    checked = server.command("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def loop(scenes: Scenes, scene: str, fault: str, calls: list) -> tuple:
    """Runs the scene once for each (call, number), as many at a time as there are cores. Returns the counts of what
    clients got, and the longest time away."""
    def once(which: tuple) -> Outcome:
        try:
            return getattr(scenes, scene)(which[0], fault, which[1])
        except AssertionError as broken:
            raise AssertionError(f"{scene}, {fault} in {which[0]} number {which[1]}: {broken}") from broken

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(once, calls))
    return sum((each.got for each in outcomes), collections.Counter()), max(each.away for each in outcomes)
