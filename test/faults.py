"""`./dev faults [rounds]`: two servers on a replica set of three under load, with one fault in each round: the primary
is killed, a server is stopped for a minute, a server is killed, or its connections to the primary are cut
(support/cluster.py)."""

import sys

from support.cluster import Cluster

ROUNDS = 20


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with Cluster() as cluster:
        faults = [(cluster.primary_killed, 5), (cluster.node_stopped, 60), (cluster.node_killed, 1), (cluster.link_cut, 20)]
        for number in range(rounds):
            fault, seconds = faults[number % len(faults)]
            print(cluster.round(f"{number + 1} {fault.__name__.replace('_', ' ')}", fault, seconds), flush=True)
    print(f"{rounds} rounds: everything acknowledged is there once, no code was accepted twice")
    return 0


if __name__ == "__main__":
    sys.exit(main())
