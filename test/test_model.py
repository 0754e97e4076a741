"""The server is compared with a small model of it (support/model): random calls, one at a time, in bursts, and with
kills.

SEED=… repeats a run, MODEL_CALLS=… makes it longer. A repeated run has the same bursts, but perhaps other outcomes."""

import collections
import os

import pytest

from support.accounts import admin_of
from support.checked import Checked
from support.life import Life
from support.server import Server

CALLS = int(os.environ.get("MODEL_CALLS", "2500"))


@pytest.fixture
def checked(seed):
    with Server("--api-keys", clock=True) as server:
        admin_of(server, "founder")  # so that no account of the model becomes admin
        yield Checked(server, seed)


def test_one_call_at_a_time(checked):
    while checked.calls < CALLS:
        checked.one()
        if checked.calls % 500 == 0:
            checked.agree()
    checked.agree()
    print(dict(checked.statuses))


def test_bursts_have_an_order(checked):
    while checked.calls < CALLS // 2:
        checked.one()
        if checked.chance.random() < 0.3:
            checked.burst(checked.chance.randrange(2, 6))
    checked.agree()
    print(dict(checked.statuses))


def test_with_kills(seed):
    """A few rounds of `./dev soak`."""
    tally: collections.Counter = collections.Counter()
    with Server("--api-keys", clock=True) as server:
        life = Life(server, str(seed), tally)
        for number in range(4):
            life.round(number)
    print(dict(tally))
