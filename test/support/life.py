"""Rounds on one data folder: several writers, SIGKILL at a random moment, a restart, and a check of everything."""

import collections
import random
import shutil
import subprocess
import time
from types import SimpleNamespace

from .accounts import admin_of
from .counters import Counter, Shared
from .http import Client
from .model.world import parsed
from .server import BINARY, Server, environment, run
from .shard import Shard
from .whole import check_store

SHARDS = 3
COUNTERS = 2
SECONDS_OF_A_ROUND = (0.05, 1.2)
BACKUPS_OF_A_ROUND = 0.15  # in how many rounds one is begun
START_TAKES = 0.02  # seconds; a server that is killed earlier is killed during its start


class Life:
    def __init__(self, server: Server, seed: str, tally: collections.Counter):
        self.server, self.tally = server, tally
        self.chance = random.Random(seed)
        self.seed = seed
        admin_of(server, "founder")  # so that no account of a shard becomes admin
        self.shards: list = []
        self.shards += [Shard(server, seed, f"w{number}-", self.jump) for number in range(SHARDS)]
        self.shared = Shared(self.client())

    def client(self) -> Client:
        return Client(self.server, self.shards[0].reader())

    def jump(self, seconds: int) -> None:
        self.server.move_clock(seconds)
        for shard in self.shards:
            shard.world.now = int(self.server.now())

    def round(self, number: int) -> None:
        for shard in self.shards:
            shard.prepare()
        counters = [Counter(self.server, self.shards[i].reader(), list(self.shared.last), f"{self.seed} {number} {i}")
                    for i in range(COUNTERS)]
        for writer in self.shards + counters:
            writer.start()
        backup = self.backup() if self.chance.random() < BACKUPS_OF_A_ROUND else None
        time.sleep(self.chance.uniform(*SECONDS_OF_A_ROUND))
        self.kill(self.shards + counters)
        if backup:
            self.restore(backup)
        while self.chance.random() < 0.2:  # kill it again during its start
            self.server.spawn()
            time.sleep(self.chance.uniform(0, START_TAKES))
            self.kill([])
        self.server.start()
        self.check(counters)
        self.jump(self.chance.choice([0, 0, 1, 30, 30, 30, 60, 60, 90, 300, 601]))

    def kill(self, writers: list) -> None:
        self.server.kill9()
        self.tally["kills"] += 1
        for writer in writers:
            writer.join()
            if writer.fault:
                raise writer.fault

    def check(self, counters: list) -> None:
        for shard in self.shards:
            shard.world.password_failures.clear()  # the server keeps these in memory only
        seen = self.products()
        known = {pid for shard in self.shards for pid in shard.world.products}
        unknown = {pid: product for pid, product in seen.items() if pid not in known}
        for shard in self.shards:
            if outcome := shard.find_out(unknown):
                self.tally["under way: " + outcome.split(",")[0].split(":")[0]] += 1
        assert not unknown, f"no writer created {unknown}"
        seen = self.products()
        for shard in self.shards:
            shard.check(seen)
        self.tally["movements of shared stock"] += self.shared.check(self.client(), counters)
        check_store(self.server)
        self.tally["checks"] += 1

    def backup(self) -> subprocess.Popen:
        return subprocess.Popen([BINARY, "backup", self.server.folder / "life.db", "--data", self.server.data, *self.server.store_option()],
                                env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def restore(self, backup: subprocess.Popen) -> None:
        """The server was killed while it may have been making a backup. One that was made is whole."""
        made, place = self.server.folder / "life.db", self.server.folder / "restored"
        whole = backup.wait(60) == 0
        self.tally["backups" if whole else "backups cut off"] += 1
        assert made.exists() or not whole
        if made.exists():  # also where the command was not told any more
            shutil.copytree(self.server.data / "keys", place / "keys")
            done = run("restore", made, "--data", place)
            assert done.returncode == 0, done.stderr
            check_store(SimpleNamespace(store="", data=place))
            shutil.rmtree(place)
            made.unlink()
            self.tally["restores"] += 1

    def products(self) -> dict:
        reply = self.client().get("/products")
        assert reply.status == 200, reply
        return {product["id"]: product for product in parsed(reply) if product["id"] not in self.shared.last}
