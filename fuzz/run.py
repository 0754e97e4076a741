"""Runs fuzz targets one after the other: `run.py BUILD SECONDS [TARGET…]`.

Prints how many inputs each target ran and what it found. Inputs that violate a property are stored in BUILD/found/;
after the fault is fixed, add them to fuzz/corpus/<target>/ under a name that says what they were. New inputs that reach
new code are stored in BUILD/corpus/<target>/, so that the next run continues where this one ended."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent
INPUT_BYTES_MAX = 4096
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=0", "UBSAN_OPTIONS": "print_stacktrace=1"}


def run(program: pathlib.Path, seconds: int, build: pathlib.Path) -> tuple[int, list]:
    """The number of inputs that ran, and the files of those that violated a property."""
    name = program.name.removesuffix("_fuzz")
    kept, found = build / "corpus" / name, build / "found"
    for folder in (kept, found):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(found.glob(f"{name}-*"))
    command = [program, f"-max_total_time={seconds}", f"-max_len={INPUT_BYTES_MAX}", "-timeout=10", "-rss_limit_mb=2048",
               "-print_final_stats=1", f"-artifact_prefix={found}/{name}-", kept, ROOT / "corpus" / name]
    if (ROOT / f"{name}.dict").exists():
        command.insert(1, f"-dict={ROOT / name}.dict")
    with open(build / f"{name}.log", "wb") as log:
        ended = subprocess.run(["nice", "-n", "10", *map(str, command)], stdout=log, stderr=subprocess.STDOUT,
                               env={**os.environ, **ENVIRONMENT})
    text = (build / f"{name}.log").read_text(errors="replace")
    tried = re.search(r"stat::number_of_executed_units: +(\d+)", text)
    new = sorted(set(found.glob(f"{name}-*")) - before)
    if ended.returncode != 0 and not new:
        new = [build / f"{name}.log"]  # it did not fail because of an input: the log says why
    return int(tried[1]) if tried else 0, new


def main() -> int:
    build, seconds, wanted = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    programs = sorted(path for path in build.glob("*_fuzz") if not wanted or path.name.removesuffix("_fuzz") in wanted)
    if not programs:
        print(f"no fuzz target {' '.join(wanted)}", file=sys.stderr)
        return 2
    broken = 0
    for program in programs:
        tried, found = run(program, seconds, build)
        broken += len(found)
        print(f"{program.name.removesuffix('_fuzz'):16} {tried:>12,} runs  {' '.join(map(str, found)) or 'nothing found'}", flush=True)
    return 1 if broken else 0


sys.exit(main())
