"""System calls of the server fail, or it is killed in place of one: nothing acknowledged is lost, nothing is half there,
no code can be spent again (support/injected.py). Here some calls of each kind; FAULTS=all, as in `./dev faults`: all."""

import os
import random
import re

import pytest

from support import fault_rows
from support.injected import FAULTS, SCENES, Scenes, loop

pytestmark = [pytest.mark.embedded, pytest.mark.release]  # strace and a sanitizer do not go together

ALL = os.environ.get("FAULTS") == "all"


@pytest.fixture(scope="module")
def scenes():
    made = Scenes()
    made.calls, made.traces = {}, {}
    for scene in SCENES:
        made.calls[scene] = getattr(made, scene)()
        made.traces[scene] = made.trace
    yield made
    made.close()


def chosen(calls: dict, scene: str, fault: str, seed: int) -> list:
    """(call, number) of those that are to fail: all, or one of each kind, with every fault where records are written and
    with one of the faults otherwise."""
    if ALL:
        return [(call, number) for call, numbers in calls.items() for number in numbers]
    picked = []
    for call, numbers in calls.items():
        chance = random.Random(f"{seed} {scene} {call}")
        if chance.choice(FAULTS) == fault or (scene == "writing" and call in ("pwrite64", "fdatasync")):
            picked.append((call, random.Random(f"{seed} {scene} {call} {fault}").choice(numbers)))
    return picked or [(call, numbers[0])]


def test_the_scenes_make_the_calls_that_matter(scenes):
    assert {"pwrite64", "fdatasync", "unlink", "ftruncate"} <= set(scenes.calls["writing"])
    assert {"openat", "mkdir", "write", "fsync", "renameat2", "fdatasync", "pwrite64"} <= set(scenes.calls["starting"])
    assert {"openat", "pwrite64", "fdatasync", "mmap"} <= set(scenes.calls["recovery"])
    assert len(scenes.calls["writing"]["pwrite64"]) > 100 and len(scenes.calls["writing"]["fdatasync"]) > 8


def test_the_names_of_new_folders_are_synced(scenes):
    """After a power cut the data folder itself could be missing."""
    calls = re.findall(r"(mkdir|fsync|fdatasync)\((?:\d+<)?\"?([^\">]*).* = 0$", scenes.traces["starting"], re.MULTILINE)
    for made, parent in (("/data", ""), ("/data/keys", "/data")):
        at = calls.index(("mkdir", made))
        assert calls[at + 1] == ("fsync", parent), calls[at:]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scene", SCENES)
def test_nothing_acknowledged_is_lost(scenes, scene, fault, seed):
    calls = chosen(scenes.calls[scene], scene, fault, seed)
    got, away = loop(scenes, scene, fault, calls)
    fault_rows.add(f"{scene}: {fault} in the n-th system call", len(calls), f"{away:.1f} s, with the restart",
                   ", ".join(f"{count} {what}" for what, count in sorted(got.items())))
