"""The example clients, as they are shown at /docs, against a real server."""

import html
import pathlib
import shutil
import subprocess

import pytest

from support.http import Client
from support.server import environment

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"
RUN = {"client.sh": ["/bin/sh"], "client.py": ["/usr/bin/python3"],
       "client.mjs": [shutil.which("node") or shutil.which("nodejs") or "node"]}


@pytest.mark.parametrize("name", sorted(RUN))
def test_client(server, name):
    done = subprocess.run([*RUN[name], EXAMPLES / name, f"http://127.0.0.1:{server.port}"], capture_output=True,
                          text=True, timeout=60, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Lamp") >= 2, "made, and listed"
    assert "129.9" in done.stdout


def test_there_are_no_others_and_the_docs_show_them(stranger):
    assert {path.name for path in EXAMPLES.iterdir()} == set(RUN)
    page = html.unescape(stranger.get("/docs").text)
    for name in RUN:
        assert (EXAMPLES / name).read_text() in page, name
