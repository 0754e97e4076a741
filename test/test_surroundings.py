"""What a host does to the server: terminals that go, descriptors that are closed."""

import os
import signal
import subprocess

import pytest

from support.http import Client
from support.server import BINARY, Server

pytestmark = pytest.mark.embedded


def test_a_terminal_that_goes_does_not_take_the_server_with_it():
    with Server() as server:
        for _ in range(3):
            server.process.send_signal(signal.SIGHUP)
            assert Client(server).get("/healthz").status == 200
        assert '"event":"hangup.ignored"' in server.log
        assert server.stop() == 0


def test_no_file_gets_the_number_of_a_closed_standard_descriptor(tmp_path):
    """With stderr closed, the log was written into data/lock."""
    command = f"exec {BINARY} serve --listen 127.0.0.1:0 --data {tmp_path}/data <&- >&- 2>&-"
    process = subprocess.Popen(["/bin/sh", "-c", command])
    try:
        lock = tmp_path / "data/lock"
        while not (tmp_path / "data/control.sock").exists():
            assert process.poll() is None
        assert {os.readlink(f"/proc/{process.pid}/fd/{number}") for number in (0, 1, 2)} == {"/dev/null"}
        process.send_signal(signal.SIGHUP)  # is logged
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "event" not in lock.read_text()
    finally:
        process.kill()
        process.wait()
