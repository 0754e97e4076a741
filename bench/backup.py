"""A backup next to writers: `backup.py build/release/integrity`.

(o) a backup of 1 000 000 products next to 16 clients who create 2 000 products a second, durably: their 99th percentile
    next to that without a backup.

The server, with the thread that makes the backup, runs on core 0, wrk on core 1. BENCH_PRODUCTS replaces the 1 000 000.
"""

import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import threading
import time

from catalogue import MANY, fill
from run import BENCH, BINARY, BUDGETS, Pinned, facts, on_core, output, table
from support.accounts import enrolled

CLIENTS, PAUSE = 16, 7  # ms after each response, which takes about one
ROUNDS = 3
SECONDS = 20


class Writers:
    """Requests per second, 99th percentile and longest response in ms, of the requests of some seconds."""

    def __init__(self, server, token: str, stem: str, seconds: float):
        said = output(*on_core(1, "wrk", "-t1", f"-c{CLIENTS}", f"-d{max(1, round(seconds))}s", "--timeout", "10s", "-s", BENCH / "paced.lua",
                               f"http://127.0.0.1:{server.port}/"), env=os.environ | {"TOKEN": token, "STEM": stem, "PAUSE": str(PAUSE)})
        requests, microseconds, wrong, p99, longest = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) P99 (\d+) MAX (\d+)", said).groups())
        if wrong or not requests:
            raise SystemExit(f"{wrong} of {requests} requests went wrong:\n{said}")
        self.rate, self.p99, self.longest = requests / (microseconds / 1e6), p99 / 1000, longest / 1000


class Backup(threading.Thread):
    def __init__(self, server, file: pathlib.Path):
        super().__init__()
        self.server, self.file, self.log_bytes = server, file, 0
        self.start()

    def run(self):
        began = time.monotonic()
        command = subprocess.Popen(on_core(1, BINARY, "backup", self.file, "--data", self.server.data), stdout=subprocess.DEVNULL)
        while command.poll() is None:
            self.log_bytes = max(self.log_bytes, (self.server.data / "integrity.db-wal").stat().st_size)
            time.sleep(0.05)
        assert command.returncode == 0
        self.seconds, self.bytes = time.monotonic() - began, self.file.stat().st_size


def main(folder: pathlib.Path) -> None:
    with Pinned(*BUDGETS, "--session-max", "12h", generous=False) as server:
        account = enrolled(server)
        fill(server, account.client, MANY)
        alone_backup = Backup(server, folder / "alone.db")
        alone_backup.join()
        alone, beside, backups = [], [], []
        for number in range(ROUNDS):
            alone.append(Writers(server, account.token, f"a{number}", SECONDS))
            backup = Backup(server, folder / f"{number}.db")
            beside.append(Writers(server, account.token, f"b{number}", alone_backup.seconds))
            backup.join()
            backups.append(backup)

    def median(values) -> float:
        return statistics.median(values)

    ratio = median(two.p99 / one.p99 for one, two in zip(alone, beside))
    table(f"(o) a backup of {MANY:,} products next to {CLIENTS} clients who write; {ROUNDS} rounds, medians",
          [("writes per second alone, next to a backup", f"{median(each.rate for each in alone):.0f}, {median(each.rate for each in beside):.0f}"),
           ("write p99 alone, ms", f"{median(each.p99 for each in alone):.2f}"),
           ("write p99 next to a backup, ms", f"{median(each.p99 for each in beside):.2f}"), ("ratio", f"{ratio:.2f}"),
           ("longest write alone, next to a backup, ms", f"{median(each.longest for each in alone):.0f}, {median(each.longest for each in beside):.0f}"),
           ("seconds of a backup alone, next to writers", f"{alone_backup.seconds:.1f}, {median(each.seconds for each in backups):.1f}"),
           ("MB of a backup, most MB of the log meanwhile",
            f"{backups[-1].bytes / 1e6:.0f}, {max(each.log_bytes for each in backups) / 1e6:.0f}")])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="integrity-bench-") as name:
        facts()
        main(pathlib.Path(name))
