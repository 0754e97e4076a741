"""The rows of the table of faults: what was injected, how often, what was lost, how long the service was away.

Tests add rows with `add`; `./dev faults` collects them in the file FAULT_ROWS and prints them at the end."""

import json
import os

COLUMNS = ("fault", "times", "lost", "away", "meanwhile")


def add(fault: str, times: int, away: str, meanwhile: str, lost: str = "nothing") -> None:
    """`away`: how long there was no successful response. `meanwhile`: what clients got. A test that finds a loss fails,
    so a row that is added lost nothing but what it says."""
    row = {"fault": fault, "times": times, "lost": lost, "away": away, "meanwhile": meanwhile}
    if path := os.environ.get("FAULT_ROWS"):
        with open(path, "a") as file:
            file.write(json.dumps(row) + "\n")


def table(path: str) -> str:
    with open(path) as file:
        rows = [dict(zip(COLUMNS, COLUMNS))] + [json.loads(line) for line in file]
    width = {name: max(len(str(row[name])) for row in rows) for name in COLUMNS}
    return "\n".join("  ".join(str(row[name]).ljust(width[name]) for name in COLUMNS).rstrip() for row in rows)
