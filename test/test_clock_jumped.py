"""`clock.jumped`: the log says when the clock of the host was set, by how much, and what that means."""

import pytest

from support.logs import wait_for_events

pytestmark = pytest.mark.embedded


def test_a_clock_that_is_set_forth_or_back_is_logged(clocked):
    clocked.move_clock(24 * 3600)
    [forth] = wait_for_events(clocked, "clock.jumped", 1)
    assert abs(int(forth["seconds"]) - 24 * 3600) < 10 and "set forward" in forth["means"]
    clocked.move_clock(-3600)
    _, back = wait_for_events(clocked, "clock.jumped", 2)
    assert abs(int(back["seconds"]) + 3600) < 10 and "set back" in back["means"]
