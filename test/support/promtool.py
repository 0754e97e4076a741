"""promtool, which checks the output and the files for Prometheus. It is in Debian's package `prometheus`, which would
also start a server; so the package is fetched and unpacked under build/, once, and not installed."""

import fcntl
import pathlib
import shutil
import subprocess

from . import pypi

HOME = pypi.ROOT / "build" / "promtool"


def program() -> pathlib.Path:
    HOME.parent.mkdir(exist_ok=True)
    found = HOME / "usr/bin/promtool"
    with open(HOME.with_suffix(".lock"), "w") as lock, pypi.needed("promtool"):
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests of several files run side by side
        if not found.exists():
            shutil.rmtree(HOME, ignore_errors=True)
            HOME.mkdir()
            done = subprocess.run(["apt-get", "download", "prometheus"], cwd=HOME, capture_output=True, text=True)
            if done.returncode != 0:
                raise pypi.Unreachable(f"apt-get download prometheus: {done.stderr[-300:]}")
            package, = HOME.glob("prometheus_*.deb")
            subprocess.run(["dpkg-deb", "--extract", package, HOME / "unpacked"], check=True)
            package.unlink()
            found.parent.mkdir(parents=True)
            (HOME / "unpacked/usr/bin/promtool").rename(found)
            shutil.rmtree(HOME / "unpacked")
    return found


def promtool(*arguments, text: str = "") -> None:
    """Runs it; a complaint is a failure, with what it said."""
    done = subprocess.run([program(), *map(str, arguments)], input=text, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
