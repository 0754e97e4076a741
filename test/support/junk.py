"""Calls that lead nowhere, as attackers send them: forged tokens, guessed names, invented challenges, broken bodies.
Each has its own forwarded address. The same seed gives the same calls."""

import base64
import json
import random
import socket

NAMES = "abcdefghijklmnopqrstuvwxyz0123456789"


class Junk:
    def __init__(self, seed: int, username: str):
        self.random = random.Random(seed)
        self.username = username  # of an existing account
        self.kinds = [self.forged_token, self.invented_challenge, self.malformed_proof, self.guess, self.weak_sign_up,
                      self.qr, self.nowhere, self.broken, self.deep, self.query, self.own_account]
        # Each of these hashes a password. They are rare, so that the test does not only measure bcrypt.
        self.hashed = [self.login, self.long_login, self.sign_up]

    def calls(self, count: int):
        """Yields `count` requests as bytes."""
        for _ in range(count):
            kinds = self.hashed if self.random.randrange(300) == 0 else self.kinds
            yield self.random.choice(kinds)()

    def word(self, length: int = 12) -> str:
        return "".join(self.random.choices(NAMES, k=length))

    def opaque(self, size: int = 32) -> str:
        return base64.urlsafe_b64encode(self.random.randbytes(size)).decode().rstrip("=")

    def request(self, method, target, body=None, token=None, address=None) -> bytes:
        address = address or ".".join(str(self.random.randrange(1, 255)) for _ in range(4))
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {address}\r\n"
        if token is not None:
            head += f"Authorization: Bearer {token}\r\n"
        if body is None:
            return (head + "\r\n").encode()
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return (head + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body

    def forged_token(self):
        token = self.opaque() + "." + self.opaque(150) + "." + self.opaque(64)
        method, target = self.random.choice([("GET", "/products"), ("GET", "/me"), ("DELETE", "/products/x"),
                                             ("POST", "/logout")])
        return self.request(method, target, token=token)

    def invented_challenge(self):
        proof = self.random.choice([{"code": f"{self.random.randrange(10**6):06}"},
                                    {"recovery_code": self.word(24).replace("u", "v")}])
        return self.request("POST", "/verify-2fa", {"challenge": self.opaque(), **proof})

    def malformed_proof(self):
        return self.request("POST", "/verify-2fa", {"challenge": self.opaque(), "code": self.random.choice(
            [None, 123456, "12345", {"$ne": None}, "x" * 1000])})

    def login(self):
        return self.request("POST", "/login", {"username": self.word(), "password": self.word()})

    def long_login(self):
        return self.request("POST", "/login", {"username": self.word(1000), "password": self.word(1000)})

    def guess(self):
        """All guesses come from one network, which is slowed down."""
        body = {"username": self.username, "password": self.word()}
        return self.request("POST", "/login", body, address=f"192.0.2.{self.random.randrange(1, 255)}")

    def sign_up(self):
        return self.request("POST", "/signup", {"username": self.word(), "password": self.word(20)})

    def weak_sign_up(self):
        return self.request("POST", "/signup", {"username": self.word(), "password": "password1"})

    def qr(self):
        return self.request("GET", f"/generate-2fa/{self.random.choice([self.username, self.word()])}",
                            token=self.opaque())

    def nowhere(self):
        return self.request(self.random.choice(["GET", "PUT", "DELETE", "PATCH"]), "/" + self.word(40))

    def broken(self):
        return self.request("POST", self.random.choice(["/login", "/signup", "/verify-2fa"]),
                            self.random.randbytes(self.random.randrange(2000)))

    def deep(self):
        return self.request("POST", "/login", b"[" * 2000)

    def query(self):
        return self.request("GET", f"/healthz?{self.word()}={self.word()}&%zz=1")

    def own_account(self):
        method, target, body = self.random.choice([
            ("PUT", "/me/password", {"current_password": self.word(), "new_password": self.word(), "code": "123456"}),
            ("POST", "/me/totp", {"code": "123456"}), ("POST", "/me/recovery-codes", {"code": "123456"})])
        return self.request(method, target, body, token=self.opaque())


def send(port: int, calls, batch: int = 16) -> dict:
    """Sends the calls on persistent connections, `batch` at a time; returns how many replies had which status."""
    statuses: dict = {}
    connection, unsent = None, list(calls)
    while unsent:
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", port), 120)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = connection.makefile("rb")
        now, unsent = unsent[:batch], unsent[batch:]
        connection.sendall(b"".join(now))
        for number in range(len(now)):
            status, closes = _answer(answers)
            statuses[status] = statuses.get(status, 0) + 1
            if closes:  # the requests after it were not read
                unsent = now[number + 1:] + unsent
                connection.close()
                connection = None
                break
    if connection:
        connection.close()
    return statuses


def _answer(answers) -> tuple[int, bool]:
    line = answers.readline()
    assert line.startswith(b"HTTP/1.1 "), line
    status, length, closes = int(line[9:12]), 0, False
    while (line := answers.readline()) != b"\r\n":
        name, _, value = line.lower().partition(b":")
        if name == b"content-length":
            length = int(value)
        elif name == b"connection":
            closes = b"close" in value
    answers.read(length)
    return status, closes
