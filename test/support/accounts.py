"""Accounts that sign up, enrol and log in; oathtool is their authenticator. The first one of a fresh store is admin."""

import itertools
import os
import subprocess
import time

from .http import Client

PASSWORD = "correct horse battery"
ROLES = ("viewer", "clerk", "editor", "auditor", "admin")
PROOF_LIFE = 300  # seconds in which a proof counts as fresh
_numbers = itertools.count(1)


def fresh_name(stem: str = "user") -> str:
    return f"{stem}-{os.getpid()}-{next(_numbers)}"


def totp(secret: str, step: int) -> str:
    """The code of a 30-second step, counted from 1970."""
    done = subprocess.run(["oathtool", "--totp", "--base32", "--now", f"@{step * 30}", secret],
                          capture_output=True, text=True, check=True)
    return done.stdout.strip()


def window(secret: str, step: int, back: int = 25, ahead: int = 2) -> set:
    """Every code from `back` steps ago to `ahead` steps from now."""
    done = subprocess.run(["oathtool", "--totp", "--base32", "--now", f"@{(step - back) * 30}",
                           "--window", str(back + ahead), secret], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


class Account:
    def __init__(self, server, username: str | None = None, password: str = PASSWORD):
        self.server = server
        self.username = username or fresh_name()
        self.password = password
        self.client = Client(server)
        self.challenge = self.secret = self.token = self.refresh_token = self.id = self.role = None
        self.recovery_codes: list = []
        self.last_step = 0
        self.proven_at = 0.0

    def sign_up(self, **members) -> "Account":
        reply = self.client.post("/signup", {"username": self.username, "password": self.password, **members}, token=None)
        assert reply.status == 201, reply
        self.challenge = reply.json["challenge"]
        return self

    def scan(self) -> "Account":
        """Reads the pending secret, as an authenticator does from the QR code."""
        reply = self.qr("application/json")
        assert reply.status == 200, reply
        self.secret = reply.json["secret"]
        return self

    def qr(self, accept: str | None = None, challenge: str | None = None, username: str | None = None):
        return self.client.get(f"/generate-2fa/{username or self.username}", token=challenge or self.challenge,
                               headers={"Accept": accept} if accept else {})

    def enrol(self) -> "Account":
        self.scan()
        reply = self.verify()
        assert reply.status == 200, reply
        self.recovery_codes = reply.json["recovery_codes"]
        return self

    def step(self) -> int:
        """The current TOTP step. If the next one is about to begin in real time, waits for it, so that the server sees
        the same step."""
        if not self.server.time_path and 30 - time.time() % 30 < 3:
            time.sleep(30.05 - time.time() % 30)
        return int(self.server.now()) // 30

    def next_code(self) -> str:
        """A code that the server must accept. Its window of three steps allows three logins in a row."""
        step = max(self.last_step + 1, self.step() - 1)
        assert step <= self.step() + 1, "no fresh code without waiting: use a server with a clock"
        self.last_step = step
        return totp(self.secret, step)

    def wrong_codes(self, count: int) -> list[str]:
        right = window(self.secret, self.step())
        return list(itertools.islice((code for code in map("{:06d}".format, range(1_000_000))
                                      if code not in right), count))

    def verify(self, code: str | None = None, **members):
        """Sends `code`, or the next right code, or `recovery_code=`."""
        body = {"challenge": self.challenge, **members}
        if "recovery_code" not in members:
            body["code"] = code or self.next_code()
        reply = self.client.post("/verify-2fa", body, token=None)
        if reply.status == 200:
            self._signed_in(reply)
            self.proven_at = self.server.now()
        return reply

    def _signed_in(self, reply) -> None:
        self.token = self.client.token = reply.json["access_token"]
        self.refresh_token, self.role = reply.json.get("refresh_token"), reply.json.get("role")
        self.id = reply.json["user"]["id"]

    def refresh(self, token: str | None = None, node=None, **rest):
        """Sends `token`, or the refresh token that is next; to `node` where it is given."""
        reply = (Client(node) if node else self.client).post(
            "/token/refresh", {"refresh_token": token or self.refresh_token}, token=None, **rest)
        if reply.status == 200:
            self._signed_in(reply)
        return reply

    def prove(self, code: str | None = None, **members):
        """POST /me/proof with `code`, with `recovery_code=`, or with the next right code."""
        reply = self.client.post("/me/proof", members or {"code": code or self.next_code()})
        if reply.status == 200:
            self.proven_at = self.server.now()
        return reply

    def stay_fresh(self) -> "Account":
        """Proves the second factor again if the last proof will soon be too old."""
        if self.server.now() - self.proven_at > PROOF_LIFE - 100:
            reply = self.prove(recovery_code=self.recovery_codes.pop())
            assert reply.status == 200, reply
        return self

    def make_key(self, *scopes: str, **members) -> dict:
        reply = self.stay_fresh().client.post("/me/keys", {"name": fresh_name("key"), "scopes": list(scopes), **members})
        assert reply.status == 201, reply
        return reply.json

    def invite(self, role: str, **members) -> dict:
        reply = self.stay_fresh().client.post("/invitations", {"role": role, **members})
        assert reply.status == 201, reply
        return reply.json

    def change(self, account: "Account", **members):
        """PUT /users/<id>, as an admin."""
        return self.stay_fresh().client.put(f"/users/{account.id}", members)

    def login(self) -> "Account":
        reply = self.client.post("/login", {"username": self.username, "password": self.password}, token=None)
        assert reply.status == 200, reply
        self.challenge = reply.json["challenge"]
        return self

    def sign_in(self) -> "Account":
        reply = self.login().verify()
        assert reply.status == 200, reply
        return self


def enrolled(server, username: str | None = None, password: str = PASSWORD) -> Account:
    """Signed up, factor confirmed, signed in."""
    return Account(server, username, password).sign_up().enrol()


def admin_of(server, username: str | None = None) -> Account:
    """The first account of a fresh store on loopback: it becomes admin."""
    account = enrolled(server, username)
    assert account.role == "admin", f"the first account is {account.role}"
    return account


def member(admin: Account, role: str, username: str | None = None) -> Account:
    """A new account with this role, signed in."""
    account = enrolled(admin.server, username)
    reply = admin.change(account, role=role)
    assert (reply.status, reply.json["role"]) == (200, role), reply
    account.role = role
    return account


def product(**changes) -> dict:
    return {"name": "Lamp", "price": 129.90, "stock": 5, **changes}
