"""Backups of a server's store, what is in one, and restores of it."""

import hashlib
import pathlib
import re
import sqlite3

from .server import run


def backup(server, file, *more, **rest) -> dict:
    """Makes one; returns what the command printed."""
    done = server.command("backup", file, *more, **rest)
    assert done.returncode == 0, done.stderr
    told = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert set(told) == {"backup", "bytes", "last change", "taken at", "sha256"}, done.stdout
    return told


def check_file(file: pathlib.Path, told: dict) -> None:
    """It is what the command said, and an ordinary SQLite file."""
    content = file.read_bytes()
    assert told["backup"] == str(file) and int(told["bytes"]) == len(content)
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert file.stat().st_mode & 0o7777 == 0o600
    assert content[:16] == b"SQLite format 3\0" and content[18:20] == b"\1\1"
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    numbers = [number for number, in database.execute("SELECT number FROM changes ORDER BY number")]
    assert numbers == list(range(1, int(told["last change"]) + 1))
    database.close()
    assert not list(file.parent.glob(f"{file.name}?*")), "nothing is left next to it"


def restore(file, *where, **rest):
    return run("restore", file, *where, timeout=120, **rest)


def numbers_of(done) -> tuple[int, int]:
    """Of a restore: its change, and the last one before it."""
    assert done.returncode == 0, done.stderr
    return (int(re.search(r"^change: (\d+)$", done.stdout, re.M)[1]),
            int(re.search(r"^last change before it: (\d+)$", done.stdout, re.M)[1]))


def everything_in(folder: pathlib.Path) -> dict:
    """Path -> content, mode and time of every file."""
    return {path: (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
            for path in sorted(folder.rglob("*"))}
