"""Calls that lead nowhere do not make memory and files grow by more than docs/accounts.md allows.

Sends 20 000 of them; INTEGRITY_JUNK_CALLS=1000000 sends a million (some minutes with a release build)."""

import concurrent.futures
import os
import sqlite3

import pytest

from support import junk
from support.accounts import enrolled
from support.server import Server

CALLS = int(os.environ.get("INTEGRITY_JUNK_CALLS", "20000"))
MIB = 1024 * 1024
# The state of an address, or of a pair of account and network: 100 000 each of sign-ups, logins, failures.
KEPT_BYTES = 300 * min(CALLS, 3 * 100_000)
RSS_MAX = 8 * MIB + KEPT_BYTES
# The write-ahead log may grow to 32 MiB (src/store/sqlite/checkpointer.cpp); the rest is for rows of pending accounts.
FILES_MAX = 40 * MIB


def rss(server) -> int:
    pages = int(open(f"/proc/{server.process.pid}/statm").read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def rows(server) -> dict:
    tables = ("users", "challenges", "sessions", "factor_counters", "recovery_codes", "changes", "products", "kept_answers")
    database = sqlite3.connect(f"file:{next(server.data.glob('*.db'))}?mode=ro", uri=True)
    try:
        return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
    finally:
        database.close()


def file_bytes(server) -> int:
    return sum(path.stat().st_size for path in server.data.iterdir() if path.is_file())


def send(server, username: str, seeds, count: int) -> dict:
    """Sends from one process for each seed."""
    total: dict = {}
    with concurrent.futures.ProcessPoolExecutor(len(seeds)) as pool:
        for found in pool.map(_send, [(server.port, username, seed, count // len(seeds)) for seed in seeds]):
            for status, number in found.items():
                total[status] = total.get(status, 0) + number
    return total


def _send(work) -> dict:
    port, username, seed, count = work
    total: dict = {}
    calls = junk.Junk(seed, username)
    for begin in range(0, count, 1000):
        for status, number in junk.send(port, calls.calls(min(1000, count - begin))).items():
            total[status] = total.get(status, 0) + number
    return total


def insider(account) -> None:
    """Guesses codes with a valid session, and with a valid password."""
    for code in account.wrong_codes(12):  # two more than are checked
        account.client.post("/me/totp", {"code": code})
        account.client.post("/me/recovery-codes", {"code": code})
        account.login().client.post("/verify-2fa", {"challenge": account.challenge, "code": code}, token=None)


@pytest.mark.embedded
def test_junk_does_not_make_memory_or_files_grow():
    # The sanitizer holds freed memory back for a while; here only a little.
    with Server("--trusted-proxies", "127.0.0.1", env={"ASAN_OPTIONS": "quarantine_size_mb=8"}) as server:
        if CALLS > 100_000:
            server.log_path.unlink()
            server.log_path.symlink_to("/dev/null")
            server.restart()
        account = enrolled(server)
        send(server, account.username, range(100, 104), max(CALLS // 10, 2000))
        insider(account)
        before, memory, files = rows(server), rss(server), file_bytes(server)

        found = send(server, account.username, range(4), CALLS)
        insider(account)
        after = rows(server)
        print(f"{CALLS} calls, answered {found}\nrows {before} -> {after}\n"
              f"memory {memory / MIB:.1f} -> {rss(server) / MIB:.1f} MiB, "
              f"files {files / MIB:.1f} -> {file_bytes(server) / MIB:.1f} MiB")
        assert sum(found.values()) == CALLS // 4 * 4
        assert not {status for status in found if status not in (200, 201, 400, 401, 404, 405, 409, 422, 429, 503)}, found
        signed_up = after["users"] - before["users"]
        assert signed_up <= found.get(201, 0)
        for table in ("sessions", "recovery_codes", "changes", "products", "factor_counters", "kept_answers"):
            assert after[table] <= before[table], f"{table} grew"
        assert after["challenges"] - before["challenges"] <= signed_up + 12
        assert rss(server) - memory <= RSS_MAX
        assert file_bytes(server) - files <= FILES_MAX + signed_up * 2048
        assert account.client.get("/healthz").status == 200
