"""The walk-through of docs/backup.md: a machine is lost, and somebody logs in on a new one with the authenticator that they
had before. Its lines are typed into one shell, with the time that they take."""

import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

from support import server as program
from support.accounts import PASSWORD, enrolled, product, totp
from support.server import Server

ROOT = pathlib.Path(__file__).parent.parent
SECONDS_MAX = 120  # of the whole, from the loss to the products; about one second on the release build

pytestmark = pytest.mark.embedded


def blocks() -> list:
    text = (ROOT / "docs/backup.md").read_text()
    return re.findall(r"^```sh\n(.*?)^```", text[text.index("## Walk-through"):], re.M | re.S)


def shell(script: str, folder, clock: dict) -> subprocess.Popen:
    path = f"{pathlib.Path(program.BINARY).resolve().parent}:{os.environ['PATH']}"
    return subprocess.Popen(["bash", "-e", "-u", "-o", "pipefail", "-c", script], cwd=folder, text=True, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=program.environment(PATH=path, **clock))


def said_by(process: subprocess.Popen, typed: str = "") -> str:
    said, _ = process.communicate(typed, timeout=240)
    assert process.returncode == 0, said
    return said


def test_the_walk_through_from_a_loss_to_a_login(tmp_path):
    while_all_is_well, on_a_new_machine, login = blocks()
    assert len(blocks()) == 3 and "integrity backup" in while_all_is_well and "integrity restore" in on_a_new_machine
    with Server(clock=True) as server:
        clock = {name: text for name, text in server.env.items() if "FAKE" in name or name in ("LD_PRELOAD", "TZ", "ASAN_OPTIONS", "INTEGRITY_MAX_CLOCK_OFFSET")}
        ada = enrolled(server, "ada")
        lamp = ada.client.post("/products", product()).json
        (tmp_path / "data").symlink_to(server.data)
        said = said_by(shell(while_all_is_well, tmp_path, clock))
        told, summed = re.search(r"^sha256: (.*)$", said, re.M)[1], re.search(r"^(\w{64})  backups", said, re.M)[1]
        assert told == summed
        clock["FAKETIME_TIMESTAMP_FILE"] = shutil.copy(server.time_path, tmp_path / "time")
    shutil.rmtree(server.folder, ignore_errors=True)  # the machine is lost, with everything on it
    (tmp_path / "data").unlink()

    began = time.monotonic()
    script = on_a_new_machine.replace("127.0.0.1:8080", "127.0.0.1:0") + r"""
port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' new.log)
trap 'kill %1; wait' EXIT
""" + login.replace("127.0.0.1:8080", "127.0.0.1:$port")
    process, log = shell(script, tmp_path, clock), tmp_path / "new.log"
    while process.poll() is None and not (log.exists() and "listening" in log.read_text()):
        time.sleep(0.05)
    # The next code, which an authenticator shows within half a minute.
    server.folder, server.time_path = tmp_path, tmp_path / "time"
    server.move_clock(30)
    code = totp(ada.secret, int(server.now()) // 30)
    said = said_by(process, f"{PASSWORD}\n{code}\n")
    seconds = time.monotonic() - began
    assert f'"id":"{lamp["id"]}"' in said, said + log.read_text()
    print(f"from the loss of the machine to a login on a new one: {seconds:.1f} s")
    assert seconds < SECONDS_MAX
