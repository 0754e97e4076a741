"""Programs from PyPI at the versions in requirements.txt, installed once into a folder under build/."""

import contextlib
import fcntl
import hashlib
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent.parent
REQUIREMENTS = pathlib.Path(__file__).parent / "requirements.txt"


class Unreachable(Exception):
    """PyPI cannot be reached."""


@contextlib.contextmanager
def needed(what: str):
    """Put around code that needs PyPI. If PyPI cannot be reached, the test is skipped, which CI counts as a failure. A
    package that is missing or has changed is always a failure."""
    try:
        yield
    except Unreachable as reason:
        import pytest  # here, since other programs use this module without pytest

        pytest.skip(f"no {what} to test with: {reason}")


def programs() -> pathlib.Path:
    """The folder with the programs of requirements.txt."""
    with needed("program"):
        return installed(REQUIREMENTS) / "bin"


def installed(requirements: pathlib.Path) -> pathlib.Path:
    """A virtual environment with these packages, created once."""
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    home = ROOT / "build" / f"pypi-{wanted}"
    home.parent.mkdir(exist_ok=True)
    with open(home.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests of several files run side by side
        if not (home / "complete").exists():
            about = requirements.read_text().splitlines()[0].removeprefix("# ")
            print(f"Fetching from PyPI, once, which can take minutes: {about}", file=sys.stderr)
            install(home, "-r", requirements)
    return home


def install(home: pathlib.Path, *what) -> None:
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", home], check=True, capture_output=True)
    done = subprocess.run([home / "bin/pip", "install", "-q", "--disable-pip-version-check", *what],
                          capture_output=True, text=True)
    if unreachable(done.stderr):
        raise Unreachable(f"PyPI cannot be reached: {done.stderr[-500:]}")
    assert done.returncode == 0, done.stderr[-2000:]
    (home / "complete").touch()


def unreachable(said: str) -> bool:
    """Whether pip gave up on the connection. Its last message is the same as for a package that does not exist."""
    return "Retry(total=0," in said and "connection broken by" in said
