"""The log. Known secrets must be neither in it nor in any file of the data folder."""

import base64
import json
import re

import pytest

from support.accounts import Account, enrolled
from support.http import Client, Connection, request_bytes
from support.server import Server

PASSWORD = "Zyzzogeton-planted-password"
OTHER = "Zyzzogeton-planted-mistake"
ANOTHER = "Zyzzogeton-planted-successor"


def changes_of_ones_own(account) -> set:
    """Makes every change of one's own account; returns the secrets that were sent and received."""
    me = account.client
    renewed = me.post("/me/recovery-codes", {"code": account.next_code()}).json["recovery_codes"]
    challenge = me.post("/me/totp", {"recovery_code": renewed[0]}).json["challenge"]
    pending = account.qr("application/json", challenge).json["secret"]
    change = {"current_password": OTHER, "new_password": ANOTHER, "code": account.next_code()}
    assert me.put("/me/password", change).status == 422
    assert me.put("/me/password", change | {"current_password": PASSWORD}).status == 204
    return {challenge, pending, ANOTHER, *renewed}


def test_no_secret_is_logged_or_stored_in_clear():
    with Server() as server:
        account = Account(server, password=PASSWORD).sign_up().scan()
        secrets = {PASSWORD, OTHER, account.secret, account.challenge}
        code = account.next_code()
        recovery_codes = account.verify(code).json["recovery_codes"]
        secrets |= {account.token, account.token.split(".")[2], *recovery_codes}
        secrets |= {code.replace("-", "") for code in recovery_codes}
        account.login().verify(code)  # spent
        account.verify(account.wrong_codes(1)[0])
        secrets.add(account.challenge)
        account.verify(recovery_code=recovery_codes[0])
        secrets |= {account.token, *changes_of_ones_own(account)}
        stranger = Client(server)
        stranger.post("/login", {"username": account.username, "password": OTHER})
        stranger.post("/login", {"username": "x\r\n{\"event\":\"forged\"}", "password": OTHER})
        stranger.get(f"/me?token={account.token}")
        stranger.get(f"/{account.token}")
        stranger.get("/me", token=account.token + "x")
        stranger.post("/login", body=f'{{"password":"{OTHER}'.encode())
        assert server.command("user", "set-password", account.username, stdin=OTHER + "\n").returncode == 0
        assert server.stop() == 0
        for secret in secrets:
            assert secret not in server.log, f"{secret} is in the log"
        assert f'"{code}"' not in server.log
        stored = b"".join(path.read_bytes() for path in server.data.rglob("*") if path.is_file())
        for secret in secrets:
            assert secret.encode() not in stored, f"{secret} is on the disk in clear"
        assert base64.b32decode(account.secret) not in stored


def test_each_line_is_one_event_and_names_actor_and_outcome():
    with Server() as server:
        account = enrolled(server)
        stranger = Client(server)
        stranger.post("/login", {"username": account.username, "password": OTHER})
        stranger.post("/login", {"username": 'x"\r\n{"event":"forged"}', "password": OTHER})
        account.login().verify(account.wrong_codes(1)[0])
        assert server.stop() == 0
        events = [json.loads(line) for line in server.log.splitlines()]
        assert not any("forged" in event.values() for event in events)
        refused = [event for event in events if "invalid-credentials" in event.values()]
        assert refused and "127.0.0.1" in refused[0].values()
        assert any("invalid-code" in event.values() for event in events)
        for what in ("signup.done", "login.first_step", "session.started"):
            done = next(event for event in events if event["event"] == what)
            assert (len(done["user"]), done["address"]) == (24, "127.0.0.1")


def test_what_was_not_allowed_is_logged_with_who_asked_for_what():
    """A missing scope, a value that is not acceptable, and a method that there is not."""
    with Server() as server:
        enrolled(server)  # the first account is an admin
        account = enrolled(server)
        before = len(server.log)
        assert account.client.get("/users").slug == "forbidden"
        assert account.client.post("/products", {"name": "Lamp", "price": 1, "stock": 1, "role": "admin"}).slug == "invalid-value"
        assert Client(server).request("PATCH", "/products").slug == "method-not-allowed"
        assert server.stop() == 0
        lines = [json.loads(line) for line in server.log[before:].splitlines()]
    logged = {line["outcome"]: line for line in lines if line["event"] == "request"}
    for outcome, operation, status in (("forbidden", "listUsers", "403"), ("invalid-value", "createProduct", "422")):
        line = logged[outcome]
        assert (line["operation"], line["user"], line["status"], line["address"]) == (operation, account.id, status, "127.0.0.1")
        assert len(line["session"]) == 24 and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", line["at"])
    assert logged["method-not-allowed"]["method"] == "PATCH"


@pytest.mark.embedded
def test_keys_and_folders_are_for_the_owner_only():
    with Server() as server:
        keys = server.data / "keys"
        assert keys.stat().st_mode & 0o777 == 0o700
        files = sorted(path.name for path in keys.iterdir())
        assert files == ["password.key", "secrets.key", "token.key"]
        for path in keys.iterdir():
            assert path.stat().st_mode & 0o777 == 0o600
        assert (server.data / "control.sock").stat().st_mode & 0o777 == 0o600


def test_a_flood_of_refusals_is_counted_not_written():
    """An unauthenticated client made 10 MB of log a second with requests that were refused."""
    with Server() as server:
        account = enrolled(server)
        raw = request_bytes("GET", "/me", token="x") * 100
        before = len(server.log)
        for _ in range(20):
            connection = Connection(server).send(raw)
            for _ in range(100):
                assert connection.reply("GET", "/me").status == 401
            connection.close()
        account.login().verify()
        assert server.stop() == 0
        log = server.log[before:]
    lines = [json.loads(line) for line in log.splitlines()]
    refused = [line for line in lines if line.get("operation") == "getMe"]
    assert len(log) < 20_000
    assert "repeated" not in refused[0] and refused[0]["request_id"]
    assert sum(int(line.get("repeated", 1)) for line in refused) == 2000
    assert all("request_id" not in line for line in refused[1:] if "repeated" in line)
    assert [line["event"] for line in lines if line["event"] in ("login.first_step", "session.started")] == [
        "login.first_step", "session.started"], "success is always logged"


def test_a_flood_of_reads_is_counted_not_written():
    """A stranger wrote 12 MB of log a second by reading the QR code of one pending account."""
    with Server() as server:
        account, pending = enrolled(server), Account(server).sign_up()
        code = f"/generate-2fa/{pending.username}"
        flood = {"/me": request_bytes("GET", "/me", token=account.token),
                 code: request_bytes("GET", code, token=pending.challenge, headers={"Accept": "application/json"})}
        before = len(server.log)
        for target, raw in flood.items():
            for _ in range(10):
                connection = Connection(server).send(raw * 100)
                for _ in range(100):
                    assert connection.reply("GET", target).status == 200
                connection.close()
        assert server.stop() == 0
        log = server.log[before:]
    assert len(log) < 20_000
    lines = [json.loads(line) for line in log.splitlines()]
    for operation in ("getMe", "getEnrolment"):
        read = [line for line in lines if line.get("operation") == operation]
        assert "repeated" not in read[0] and read[0]["request_id"], "the first is logged at once"
        assert sum(int(line.get("repeated", 1)) for line in read) == 1000
        assert {(line["outcome"], len(line["user"])) for line in read} == {("ok", 24)}
