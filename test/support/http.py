"""An HTTP/1.1 client for tests: requests are sent byte by byte as given, replies are read strictly.

Every reply is checked against what the server promises of all its responses (promises.py).
"""

import json
import select
import socket
import ssl
from dataclasses import dataclass, field
from decimal import Decimal

from . import promises

ONCE = {"content-length", "content-type", "etag", "location", "retry-after", "www-authenticate", "allow", "date",
        "x-request-id", "cache-control", "content-security-policy", "transfer-encoding", "link"}


# Whatever the certificate: test_tls.py looks at those.
_TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_TRUSTING.check_hostname, _TRUSTING.verify_mode = False, ssl.CERT_NONE


class Ended(AssertionError):
    """The connection ended inside a reply."""


@dataclass
class Reply:
    method: str
    target: str | None  # None: the request cannot be read
    status: int = 0
    reason: str = ""
    headers: list = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} is there {len(values)} times: {values}"
        return values[0] if values else None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def json(self):
        """The body; numbers with a decimal point are Decimal."""
        return json.loads(self.text, parse_float=Decimal)

    @property
    def slug(self) -> str | None:
        if self.header("Content-Type") != "application/problem+json":
            return None
        return self.json["type"].removeprefix("/problems/")

    @property
    def pointers(self) -> set:
        """What the errors of a 422 are about: pointers of members, names of parameters."""
        return {error.get("pointer", error.get("parameter")) for error in self.json["errors"]}

    def __repr__(self):
        return f"<{self.method} {self.target} -> {self.status} {self.body[:400]!r}>"


class Connection:
    """One TCP connection, with TLS if the server speaks it: `send` sends bytes, `reply` reads one reply, `ended` says whether the server closed it."""

    def __init__(self, server, timeout: float = 60, receive_buffer: int | None = None, source: str = ""):
        self.server = server
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if receive_buffer:  # so small that most of an unread reply stays in the server
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:  # another address of loopback
            self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if getattr(server, "tls", False):
            self.socket = _TRUSTING.wrap_socket(self.socket)
        self.buffer = b""
        self.usable = True

    def send(self, data: bytes) -> "Connection":
        self.socket.sendall(data)
        return self

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise Ended(f"the connection ended inside a reply, after {self.buffer[:300]!r}")
        self.buffer += data

    def _take(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _head(self, reply: Reply) -> None:
        version, status, reason = self._line().split(b" ", 2)
        assert version == b"HTTP/1.1"
        reply.status, reply.reason = int(status), reason.decode("ascii")
        reply.headers = []
        while line := self._line():
            name, colon, value = line.partition(b":")
            assert colon and name.strip() == name, line
            reply.headers.append((name.decode("ascii"), value.decode("ascii").strip()))
        for name in ONCE:
            reply.header(name)  # at most once

    def interim(self) -> int:
        """Reads an interim (1xx) reply; returns its status."""
        reply = Reply("", None)
        self._head(reply)
        assert reply.status < 200, reply
        return reply.status

    def reply(self, method: str = "GET", target: str | None = None) -> Reply:
        reply = Reply(method, target)
        self._head(reply)
        while 100 <= reply.status < 200:
            self._head(reply)
        if method == "HEAD" or reply.status in (204, 304):
            pass
        elif reply.header("Transfer-Encoding") == "chunked":
            while size := int(self._line(), 16):
                reply.body += self._take(size)
                assert self._take(2) == b"\r\n"
            assert self._line() == b""
        else:
            length = reply.header("Content-Length")
            assert length is not None, f"no length: {reply}"
            reply.body = self._take(int(length))
        if (reply.header("Connection") or "").lower() == "close":
            self.usable = False
        promises.check(self.server, reply)
        return reply

    def idle(self) -> bool:
        """Whether there is nothing to read and the connection is open."""
        if self.buffer or not isinstance(self.socket, ssl.SSLSocket):
            readable = select.poll()  # not select(), which takes no descriptor above 1023
            readable.register(self.socket, select.POLLIN)
            return not self.buffer and not readable.poll(0)
        time_limit = self.socket.gettimeout()
        self.socket.settimeout(0)
        try:  # what can be read may be a ticket, which is nothing to read for us
            self.buffer += self.socket.recv(1)
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False
        finally:
            self.socket.settimeout(time_limit)
        return False

    def ended(self, within: float = 5) -> bool:
        """Whether the server closes the connection without sending more."""
        self.socket.settimeout(within)
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        self.socket.close()


def request_bytes(method: str, target: str, json_body=None, body: bytes | None = None, headers: dict | None = None,
                  token: str | None = None) -> bytes:
    fields = {"Host": "localhost"}
    if json_body is not None:
        body = json.dumps(json_body).encode()
    if body is not None:
        fields["Content-Type"] = "application/json"
        fields["Content-Length"] = str(len(body))
    if token is not None:
        fields["Authorization"] = f"Bearer {token}"
    for name, value in (headers or {}).items():
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = value
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + (body or b"")


class Client:
    """Sends requests one after the other on a persistent connection. Each thread needs its own client."""

    def __init__(self, server, token: str | None = None, timeout: float = 60, source: str = ""):
        self.server = server
        self.token = token
        self.timeout = timeout
        self.source = source
        self.connection = None

    def request(self, method: str, target: str, json_body=None, *, token: str | None = "", **rest) -> Reply:
        """`token=""` means the client's own token, None sends none. `body=` and `headers=` as in request_bytes."""
        if not (self.connection and self.connection.usable and self.connection.idle()):
            self.close()
            self.connection = Connection(self.server, self.timeout, source=self.source)
        used = self.token if token == "" else token
        self.connection.send(request_bytes(method, target, json_body, token=used, **rest))
        return self.connection.reply(method, target)

    def get(self, target, **rest):
        return self.request("GET", target, **rest)

    def post(self, target, json_body=None, **rest):
        return self.request("POST", target, json_body, **rest)

    def put(self, target, json_body=None, **rest):
        return self.request("PUT", target, json_body, **rest)

    def delete(self, target, **rest):
        return self.request("DELETE", target, **rest)

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None


def all_at_once(server, requests: list[bytes], target: str | None | list) -> list[Reply]:
    """Sends each request on its own connection. The last byte of each is held back until all others are sent, so that
    they are complete at once. `target` is one for all requests, or a list."""
    targets = target if isinstance(target, list) else [target] * len(requests)
    connections = [Connection(server) for _ in requests]
    for connection, data in zip(connections, requests):
        connection.send(data[:-1])
    for connection, data in zip(connections, requests):
        connection.send(data[-1:])
    replies = [connection.reply(data.split(b" ", 1)[0].decode(), each)
               for connection, data, each in zip(connections, requests, targets)]
    for connection in connections:
        connection.close()
    return replies
