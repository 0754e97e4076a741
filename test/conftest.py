"""Fixtures of the whole-program tests. The program is named by INTEGRITY_BINARY; `./dev test` sets it."""

import os
import random

import pytest

from support import pypi
from support.accounts import enrolled
from support.http import Client
from support.mongod import ReplicaSet
from support.server import MONGO, Server

UNREACHABLE = "unreachable"  # the value of INTEGRITY_TEST_STORE when MongoDB could not be installed


def pytest_configure(config):
    """One seed for all workers, which inherit the environment."""
    os.environ.setdefault("SEED", str(random.SystemRandom().randrange(10**6)))


def pytest_collection_modifyitems(config, items):
    if MONGO == UNREACHABLE:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="no MongoDB to test with"))


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"SEED={os.environ['SEED']}")


@pytest.fixture
def seed() -> int:
    """The seed of everything random in a test; SEED=… repeats a run."""
    return int(os.environ["SEED"])


@pytest.fixture(scope="module")
def server():
    """One server for the tests of a file."""
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def mongo():
    """A replica set of one for the tests of a file."""
    with pypi.needed("MongoDB"), ReplicaSet() as replica_set:
        yield replica_set


@pytest.fixture
def clocked():
    """A server for one test, whose clock stands still until it is moved."""
    with Server(clock=True) as running:
        yield running


@pytest.fixture(scope="module")
def ada(server):
    """A signed-in account. Tests that log in often, or end sessions, enrol one of their own."""
    return enrolled(server)


@pytest.fixture
def client(ada):
    """Requests with Ada's token."""
    return Client(ada.server, ada.token)


@pytest.fixture
def stranger(server):
    """Requests without a token."""
    return Client(server)
