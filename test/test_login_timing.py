"""Logins with an unknown name, a wrong password and a disabled account take the same time: the medians of 200 logins of
each kind differ by at most 5 %.

The three kinds take turns, so other work of the machine affects them equally. If the medians differ by more, another
round is added: noise becomes smaller with each round, a real difference does not."""

import contextlib
import random
import sqlite3
import statistics
import time

import pytest

from support.accounts import PASSWORD, enrolled, fresh_name
from support.http import Client
from support.server import Server

LOGINS = 200
ROUNDS = 3
APART_MAX = 0.05


def apart(samples: dict) -> float:
    """The difference between the greatest and the least median, relative to the least."""
    medians = [statistics.median(each) for each in samples.values()]
    return max(medians) / min(medians) - 1


def networks():
    """Every login comes from another network, so that no pair of account and network is slowed down."""
    for number in range(256 * 256):
        yield {"X-Forwarded-For": f"10.{number // 256}.{number % 256}.1"}


@pytest.mark.release  # many logins, whose time a sanitizer would only stretch
def test_medians_differ_by_at_most_five_percent():
    with Server("--trusted-proxies", "127.0.0.1") as server:
        known, disabled = enrolled(server), enrolled(server)
        assert server.command("user", "disable", disabled.username).returncode == 0
        who = {"unknown name": lambda: (fresh_name("nobody"), PASSWORD),
               "wrong password": lambda: (known.username, "not the password"),
               "disabled": lambda: (disabled.username, PASSWORD)}
        client, network, chance = Client(server), networks(), random.Random(1)

        def seconds(kind: str) -> float:
            name, password = who[kind]()
            begin = time.perf_counter()
            reply = client.post("/login", {"username": name, "password": password}, headers=next(network))
            taken = time.perf_counter() - begin
            assert (reply.status, reply.slug) == (401, "invalid-credentials"), reply
            return taken

        samples: dict = {kind: [] for kind in who}
        for _ in range(ROUNDS):
            for _ in range(LOGINS):
                for kind in chance.sample(list(who), len(who)):
                    samples[kind].append(seconds(kind))
            if apart(samples) <= APART_MAX:
                return
        raise AssertionError({kind: f"{statistics.median(each) * 1000:.2f} ms" for kind, each in samples.items()})


def test_a_lower_cost_reveals_nothing_about_older_accounts():
    """They are hashed at the higher cost, and once took four times as long as names that do not exist."""
    with Server("--trusted-proxies", "127.0.0.1") as server:
        cost = server.options.index("--bcrypt-cost") + 1
        server.options[cost] = "12"
        known = enrolled(server.restart())
        server.options[cost] = "10"
        client, network = Client(server.restart()), networks()
        samples: dict = {known.username: [], "nobody": []}
        for name in list(samples) * 12:
            begin = time.perf_counter()
            reply = client.post("/login", {"username": name, "password": "not the password"}, headers=next(network))
            samples[name].append(time.perf_counter() - begin)
            assert reply.slug == "invalid-credentials"
        assert apart(samples) < 0.5, samples


@pytest.mark.embedded
def test_a_login_hashes_the_password_again_at_a_lower_cost_too():
    """Otherwise every login would take the work of the highest cost for ever."""
    with Server() as server:
        cost = server.options.index("--bcrypt-cost") + 1
        account = enrolled(server)
        for number in ("11", "10"):
            server.options[cost] = number
            server.restart()
            account.login()
            with contextlib.closing(sqlite3.connect(f"file:{server.data}/integrity.db?mode=ro", uri=True)) as database:
                assert database.execute("SELECT password_hash FROM users").fetchone()[0].startswith(f"$2b${number}$")
