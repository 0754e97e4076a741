"""`clock.jumped`: the log says when the clock of the host was set, by how much, and what that means."""

import json
import time

import pytest

pytestmark = pytest.mark.embedded


def jumps(server, count: int) -> list:
    """The first `count` of them. The server compares its clocks once a second."""
    until = time.monotonic() + 20
    while True:
        found = [each for each in map(json.loads, server.log.splitlines()) if each["event"] == "clock.jumped"]
        if len(found) >= count or time.monotonic() > until:
            assert len(found) == count, server.log
            return found
        time.sleep(0.05)


def test_a_clock_that_is_set_forth_or_back_is_logged(clocked):
    clocked.move_clock(24 * 3600)
    [forth] = jumps(clocked, 1)
    assert abs(int(forth["seconds"]) - 24 * 3600) < 10 and "set forward" in forth["means"]
    clocked.move_clock(-3600)
    _, back = jumps(clocked, 2)
    assert abs(int(back["seconds"]) + 3600) < 10 and "set back" in back["means"]
