"""`./dev faults [rounds]`: every fault that the tests know, in its long form, and one table at the end: what was injected,
how often, what was lost, how long the service was away.

1. power cuts: 1 000, on a simulated disk (src/store/sqlite/power_cut_test.cpp); UNIT_TESTS names the program
2. every system call of the write path fails once (test_system_calls.py)
3. what the host runs out of or takes away (test_resource_faults.py, test_surroundings.py)
4. `rounds` (20) on two servers and a replica set of three under load: the primary is killed, a server is stopped for a
   minute, a server is killed, or its connections to the primary are cut (support/cluster.py)

FAULTS_ONLY=2,3 runs some of them."""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from support import fault_rows
from support.cluster import Cluster

ROUNDS = 20
HERE = pathlib.Path(__file__).parent


def power_cuts() -> bool:
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        done = subprocess.run([os.environ["UNIT_TESTS"], "--gtest_filter=PowerCuts.*", "--gtest_brief=1", f"--gtest_output=json:{report.name}"],
                              env={**os.environ, "INTEGRITY_POWER_CUTS": "1000"})
        tests = json.loads(pathlib.Path(report.name).read_text())["testsuites"][0]["testsuite"] if done.returncode in (0, 1) else []
    for test in tests:
        if "cuts" in test and "failures" not in test:
            fault_rows.add("power cut, on a simulated disk", int(test["cuts"]), "not measured",
                           "{acknowledged} writes acknowledged; {unsynced} unsynced operations torn or lost; cuts while opening "
                           "{while_opening}, copying the log {while_copying}, closing {while_closing}; of the writes under way "
                           "{there} there, {absent} not".format(**test))
    return done.returncode == 0


def tests(*files: str) -> bool:
    """The long forms of tests; those of one file run one after the other."""
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "release", *files], cwd=HERE,
                          env={**os.environ, "FAULTS": "all"}).returncode == 0


def cluster(rounds: int) -> bool:
    times: collections.Counter = collections.Counter()
    away: dict = {}
    with Cluster() as nodes:
        faults = [(nodes.primary_killed, 5), (nodes.node_stopped, 60), (nodes.node_killed, 1), (nodes.link_cut, 20)]
        for number in range(rounds):
            fault, seconds = faults[number % len(faults)]
            name = fault.__name__.replace("_", " ")
            print(line := nodes.round(f"{number + 1} {name}", fault, seconds), flush=True)
            times[name] += 1
            away[name] = max(away.get(name, 0), float(line.split("longest wait ")[1].split(" s")[0]))
    for name, count in times.items():
        fault_rows.add(f"cluster: {name}", count, f"{away[name]:.1f} s for one request", "503 or no response, then the other server")
    print(f"{rounds} rounds: everything acknowledged is there once, no code was accepted twice")
    return True


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    parts = {"1": power_cuts, "2": lambda: tests("test_system_calls.py"),
             "3": lambda: tests("test_resource_faults.py", "test_surroundings.py"), "4": lambda: cluster(rounds)}
    with tempfile.NamedTemporaryFile() as rows:
        os.environ["FAULT_ROWS"] = rows.name
        passed = True
        try:
            for number in os.environ.get("FAULTS_ONLY", ",".join(parts)).split(","):
                passed = parts[number]() and passed
        finally:
            print("\n" + fault_rows.table(rows.name))
    print("nothing was lost" if passed else "some of it FAILED: see above")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
