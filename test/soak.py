"""`./dev soak [minutes]`: random calls on a server that is killed with SIGKILL at random moments. After each restart
everything acknowledged must be there, nothing may have happened twice, and the database must be intact
(support/life.py).

SEED=… repeats the calls of a run (but not the moments of its kills); SOAK_KILLS=… ends the run after so many kills."""

import collections
import os
import random
import sys
import time

from support.life import Life
from support.server import Server

ROUNDS_OF_A_FOLDER = 25


def main() -> int:
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else None
    kills = int(os.environ.get("SOAK_KILLS") or (10**9 if minutes else 100))
    end = time.monotonic() + 60 * minutes if minutes else float("inf")
    print(f"SEED={seed}", flush=True)
    tally: collections.Counter = collections.Counter()
    number = 0
    while tally["kills"] < kills and time.monotonic() < end:
        with Server("--api-keys", clock=True) as server:
            life = Life(server, f"{seed}.{number}", tally)
            for one in range(ROUNDS_OF_A_FOLDER):
                life.round(one)
                if tally["kills"] >= kills or time.monotonic() >= end:
                    break
            tally["calls"] += sum(shard.calls for shard in life.shards)
        number += 1
        print(f"{tally['kills']} kills", flush=True)
    print(f"SEED={seed}: " + ", ".join(f"{count} {what}" for what, count in sorted(tally.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
