"""A data folder of the program as it was before roles, sessions with refresh and keys: test/vectors/old_database.tar.xz.

    with old_database() as (server, made): …    # a server of this program on a copy of it; its clock goes on there

To make it anew, with a program of that time:   INTEGRITY_BINARY=… python3 test/support/old_database.py"""

import contextlib
import json
import pathlib
import sys
import tarfile

if __name__ == "__main__":
    sys.path[0] = str(pathlib.Path(__file__).parent.parent)  # support/http.py would stand for the library http
from support.accounts import PASSWORD, Account, enrolled
from support.server import EVENING, Server

PACKED = pathlib.Path(__file__).parent.parent / "vectors/old_database.tar.xz"
MADE_AT = EVENING + 45  # when the last thing in it happened; its sessions live for ten minutes from the first one


def make(server) -> dict:
    """Some of everything; returns what a client knows of it."""
    ada, bob, dan, eve = (enrolled(server, name) for name in ("ada", "Bob.B", "dan", "eve"))
    pending = Account(server, "cyd").sign_up().scan()
    lamp = ada.client.post("/products", {"name": "Lamp", "price": "129.90", "stock": 5, "sku": "L-1"}).json
    path = f"/products/{lamp['id']}"
    bob.client.put(path, {"price": "99.00"})
    ada.client.post(f"{path}/stock", {"delta": -2, "reason": "broken"})
    gone = bob.client.post("/products", {"name": "Chair", "price": 10, "stock": 1}).json
    assert bob.client.delete(f"/products/{gone['id']}").status == 204
    server.move_clock(30)
    assert ada.client.post("/me/recovery-codes", {"code": ada.next_code()}).status == 200
    assert ada.login().verify(recovery_code="0" * 24).status == 401
    assert bob.client.post("/logout").status == 204
    for verb, name in (("disable", "dan"), ("reset-2fa", "eve")):
        assert server.command("user", verb, name).returncode == 0
    codes = ada.login().verify(ada.next_code())
    assert codes.status == 200
    histories = {each["id"]: json.loads(ada.client.get(f"/products/{each['id']}/history").body) for each in (lamp, gone)}
    return {"now": int(server.now()), "password": PASSWORD, "products": json.loads(ada.client.get("/products").body), "histories": histories,
            "accounts": {each.username: {"secret": each.secret, "token": each.token, "last_step": each.last_step, "challenge": each.challenge,
                                         "recovery_codes": each.recovery_codes if each is not ada else []}
                         for each in (ada, bob, dan, eve, pending)}}


def pack() -> None:
    with Server(clock=True, store="") as server:
        made = make(server)
        assert made["now"] == MADE_AT, made["now"]
        assert server.stop() == 0
        (server.data / "made.json").write_text(json.dumps(made, indent=1))
        with tarfile.open(PACKED, "w:xz", preset=9) as packed:
            for name in ("integrity.db", "keys", "made.json"):
                packed.add(server.data / name, name, filter=plain)


def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


@contextlib.contextmanager
def old_database(*options):
    server = Server(*options, clock=True, store="")
    server.data.mkdir(mode=0o700)
    with tarfile.open(PACKED) as packed:
        packed.extractall(server.data)
    made = json.loads((server.data / "made.json").read_text())
    (server.data / "made.json").unlink()
    server.set_clock(made["now"])
    with server:
        yield server, made


def account(server, made: dict, username: str) -> Account:
    known = made["accounts"][username]
    found = Account(server, username, made["password"])
    found.secret, found.last_step = known["secret"], known["last_step"]
    found.token = found.client.token = known["token"]
    found.challenge, found.recovery_codes = known["challenge"], list(known["recovery_codes"])
    return found


if __name__ == "__main__":
    pack()
    print(f"{PACKED}: {PACKED.stat().st_size} bytes")
