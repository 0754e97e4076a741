"""schemathesis reads /openapi.json and sends what it allows and what it forbids, with a session of each role and with a key. Every
response must be a declared one; nothing valid may be refused, nothing invalid accepted. schemathesis.toml adds what a schema cannot
say. INTEGRITY_FUZZ_EXAMPLES=500 makes a longer run."""

import os
import pathlib
import subprocess

import pytest

from support import pypi
from support.accounts import ROLES, enrolled
from support.server import Server

pytestmark = pytest.mark.embedded

SUPPORT = pathlib.Path(__file__).parent / "support"
EXAMPLES = os.environ.get("INTEGRITY_FUZZ_EXAMPLES")


@pytest.mark.parametrize("caller", [*ROLES, "key"])
def test_no_failure(tmp_path, caller):
    programs = pypi.programs()
    # What the other roles may do is a part of what an admin may do, and who is refused what has tests of its own.
    phases, examples = ("examples,coverage,fuzzing,stateful", 10) if caller == "admin" else ("examples,fuzzing", 3)
    with Server("--api-keys") as server:
        enrolled(server)  # the first admin
        done = subprocess.run(
            [programs / "st", "--config-file", SUPPORT / "schemathesis.toml", "run",
             f"http://127.0.0.1:{server.port}/openapi.json", "--checks", "all", "--phases", phases,
             "--max-examples", str(EXAMPLES or examples),
             "--seed", "20261123", "--continue-on-failure"],
            cwd=tmp_path, capture_output=True, text=True,
            env=server.env | {"SCHEMATHESIS_HOOKS": str(SUPPORT / "schemathesis_hooks.py"), "PYTHONDONTWRITEBYTECODE": "1",
                              "INTEGRITY_PORT": str(server.port), "INTEGRITY_BINARY": server.binary,
                              "INTEGRITY_CALLER": caller, "INTEGRITY_DATA": str(server.data),
                              "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)})
        assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-4000:]
