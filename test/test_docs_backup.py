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
SECONDS_MAX = 60  # of the whole, from the loss to the products; about one second on the release build

pytestmark = pytest.mark.embedded


def blocks() -> list:
    text = (ROOT / "docs/backup.md").read_text()
    return re.findall(r"^```sh\n(.*?)^```", text[text.index("## Walk-through"):], re.M | re.S)


def shell(script: str, folder, typed: str = "", **more) -> subprocess.CompletedProcess:
    path = f"{folder / 'bin'}:{pathlib.Path(program.BINARY).resolve().parent}:{os.environ['PATH']}"
    return subprocess.run(["bash", "-e", "-u", "-o", "pipefail", "-c", script], cwd=folder, text=True, input=typed, timeout=240,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=program.environment(PATH=path, **more))


def test_the_walk_through_from_a_loss_to_a_login(tmp_path):
    while_all_is_well, on_a_new_machine, login = blocks()
    assert len(blocks()) == 3 and "integrity backup" in while_all_is_well and "integrity restore" in on_a_new_machine
    with Server() as server:
        ada = enrolled(server, "ada")
        lamp = ada.client.post("/products", product()).json
        (tmp_path / "data").symlink_to(server.data)
        done = shell(while_all_is_well, tmp_path)
        assert done.returncode == 0, done.stdout
        told, summed = re.search(r"^sha256: (.*)$", done.stdout, re.M)[1], re.search(r"^(\w{64})  backups", done.stdout, re.M)[1]
        assert told == summed
    shutil.rmtree(server.folder, ignore_errors=True)  # the machine is lost, with everything on it
    (tmp_path / "data").unlink()

    # The code of the moment of the restore is not accepted, so the next one is typed, which is accepted early.
    began = time.monotonic()
    if 30 - time.time() % 30 < 12:
        time.sleep(30.05 - time.time() % 30)
    waited = time.monotonic() - began
    code = totp(ada.secret, int(time.time()) // 30 + 1)
    script = on_a_new_machine.replace("127.0.0.1:8080", "127.0.0.1:0") + r"""
port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' new.log)
trap 'kill %1; wait' EXIT
""" + login.replace("127.0.0.1:8080", "127.0.0.1:$port")
    done = shell(script, tmp_path, f"{PASSWORD}\n{code}\n")
    seconds = time.monotonic() - began - waited
    assert done.returncode == 0, done.stdout + (tmp_path / "new.log").read_text()
    assert f'"id":"{lamp["id"]}"' in done.stdout, done.stdout
    print(f"from the loss of the machine to a login on a new one: {seconds:.1f} s")
    assert seconds < SECONDS_MAX
