"""Accounts that sign up, enrol and log in; oathtool is their authenticator."""

import itertools
import os
import subprocess
import time

from .http import Client

PASSWORD = "correct horse battery"
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
        self.challenge = self.secret = self.token = None
        self.recovery_codes: list = []
        self.last_step = 0

    def sign_up(self) -> "Account":
        reply = self.client.post("/signup", {"username": self.username, "password": self.password})
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
            self.token = self.client.token = reply.json["access_token"]
        return reply

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


def product(**changes) -> dict:
    return {"name": "Lamp", "price": 129.90, "stock": 5, **changes}
