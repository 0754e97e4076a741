"""Tools from npm, Maven Central and the Go module proxy, at the versions that test/clients names, installed once under
build/. If a registry cannot be reached, the test is skipped, which CI counts as a failure."""

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

from . import pypi
from .pypi import ROOT

CLIENTS = ROOT / "test" / "clients"
UNREACHABLE = re.compile(r"ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|dial tcp|i/o timeout|Unknown host|"
                         r"Connection refused|Could not transfer artifact|Connect(ion)? timed out|No route to host")


def run(command, cwd=None, fetches: bool = False, timeout: float = 600, **env) -> str:
    """Runs the command; returns its stdout. `fetches`: it needs a registry, which may be unreachable."""
    command = [str(each) for each in command]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=timeout, env={**os.environ, **env})
    said = done.stdout + done.stderr
    if done.returncode != 0 and fetches and UNREACHABLE.search(said):
        raise pypi.Unreachable(f"no registry for {command[0]}: {said[-300:]}")
    assert done.returncode == 0, f"{' '.join(command)}: exit {done.returncode}\n{said[-4000:]}"
    return done.stdout


def _made(name: str, version: str, make) -> pathlib.Path:
    """build/<name>-<digest of version>, filled by make(folder) unless it exists."""
    home = ROOT / "build" / f"{name}-{hashlib.sha256(version.encode()).hexdigest()[:16]}"
    home.parent.mkdir(exist_ok=True)
    with open(home.with_suffix(".lock"), "w") as lock, pypi.needed(name):
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            make(home)
            (home / "complete").touch()
    return home


def npm() -> pathlib.Path:
    """The folder with the node_modules of package.json."""
    package = CLIENTS / "package.json"

    def make(home):
        shutil.copy(package, home)
        run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"], home, fetches=True)

    return _made("npm", package.read_text(), make)


def maven(group: str, artifact: str, version: str) -> pathlib.Path:
    """The path of a jar that can be run."""

    def make(home):
        run(["mvn", "-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy",
             f"-Dartifact={group}:{artifact}:{version}", f"-DoutputDirectory={home}"], home, fetches=True)

    return _made(artifact, version, make) / f"{artifact}-{version}.jar"


def go(program: str, version: str) -> pathlib.Path:
    """The path of a program, built from its module."""

    def make(home):
        run(["go", "install", f"{program}@{version}"], home, fetches=True, GOBIN=str(home))

    return _made(pathlib.PurePath(program).name, version, make) / pathlib.PurePath(program).name


def python() -> pathlib.Path:
    """The folder with the programs of test/clients/requirements.txt."""
    with pypi.needed("openapi-python-client"):
        return pypi.installed(CLIENTS / "requirements.txt") / "bin"
