"""The state of the model (World), a request to it (Request) and the response that it expects (Answer)."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from decimal import Decimal
from typing import Callable

from . import values
from ..access import NO_SCOPE, SCOPES, STALE
from ..http import Reply, request_bytes

TOKEN_LIFE = 600
SESSION_IDLE, SESSION_MAX = 1800, 12 * 3600
PROOF_LIFE = 300
GRACE = 10  # in which a refresh may be repeated
SCOPE_ORDER = ("products:read", "stock:write", "products:write", "changes:read", "accounts:read", "accounts:write")


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    body: bytes | None = None
    token: str | None = None
    headers: tuple = ()  # (name, value)
    meant: str = ""  # the purpose, for the report of a failure

    def raw(self) -> bytes:
        return request_bytes(self.method, self.target, body=self.body, headers=dict(self.headers), token=self.token)

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(frozen=True)
class User:
    username: str
    id: str
    name: str | None
    created_at: str
    password: str
    password_version: int = 1
    pending_until: int | None = None  # None: confirmed
    confirmed_at: str | None = None  # of the factor
    secret: str | None = None
    codes: tuple = ()  # recovery codes left
    codes_gone: tuple = ()  # spent or replaced
    last_step: int = 0
    failures: int = 0
    unredeemed: int = 0  # failures that a recovery code does not reset
    locked_until: int = 0
    role: str = "editor"
    disabled: bool = False

    @property
    def scopes(self) -> set:
        return SCOPES[self.role]

    def view(self) -> dict:
        return {"id": self.id, "username": self.username, "name": self.name, "created_at": self.created_at}


@dataclass(frozen=True)
class Challenge:
    user: str  # key in World.users
    user_id: str
    password_version: int
    next: str
    expires_at: int
    secret: str | None = None  # of an enrolment, once it was scanned
    tries: int = 0


@dataclass(frozen=True)
class Session:
    user: str
    user_id: str
    id: str | None  # None until /me was read
    began: int
    amr: tuple
    ends: int
    proven_at: int
    refreshed_at: int | None = None
    ended: bool = False
    refresh_tokens: tuple = ()  # all that were given, the oldest first; the last one can be used next


@dataclass(frozen=True)
class Access:
    """An access token."""
    session: str  # key in World.sessions: its first access token
    expires_at: int


@dataclass(frozen=True)
class Key:
    """A program's key."""
    id: str
    name: str
    user: str
    user_id: str
    scopes: tuple
    created_at: int
    expires_at: int
    revoked: bool = False


@dataclass(frozen=True)
class Stored:
    """A response stored under an Idempotency-Key."""
    at: int
    body: bytes
    reply: Reply


@dataclass
class World:
    now: int
    users: dict = field(default_factory=dict)  # username in lower case -> User
    challenges: dict = field(default_factory=dict)  # token -> Challenge
    sessions: dict = field(default_factory=dict)  # first access token -> Session
    access: dict = field(default_factory=dict)  # access token -> Access
    keys: dict = field(default_factory=dict)  # the key itself -> Key
    products: dict = field(default_factory=dict)  # id -> product as GET shows it
    histories: dict = field(default_factory=dict)  # id -> changes as GET shows them, oldest first
    password_failures: dict = field(default_factory=dict)  # username in lower case -> (count, time of the last)
    stored: dict = field(default_factory=dict)  # (user id, path, key) -> Stored

    def copy(self) -> "World":
        return World(self.now, *(dict(getattr(self, name)) for name in (
            "users", "challenges", "sessions", "access", "keys", "products", "histories", "password_failures", "stored")))

    @property
    def step(self) -> int:
        return self.now // 30

    def time(self) -> str:
        return rfc3339(self.now)

    def user(self, username: str) -> User | None:
        user = self.users.get(username.lower())
        over = user and user.pending_until is not None and self.now >= user.pending_until and not user.disabled
        return None if over else user

    def put(self, user: User) -> None:
        self.users[user.username.lower()] = user

    def forget(self, user: User) -> None:
        """Removes an account whose state is unknown; its changes of products stay."""
        self.users.pop(user.username.lower(), None)
        self.challenges = {token: each for token, each in self.challenges.items() if each.user_id != user.id}
        self.sessions = {key: each for key, each in self.sessions.items() if each.user_id != user.id}
        self.access = {token: each for token, each in self.access.items() if each.session in self.sessions}
        self.keys = {key: each for key, each in self.keys.items() if each.user_id != user.id}
        self.stored = {slot: each for slot, each in self.stored.items() if slot[0] != user.id}

    def session(self, token: str | None) -> Session | None:
        """The living session of a living access token."""
        access = self.access.get(token)
        return self.living(access.session) if access and self.now < access.expires_at else None

    def living(self, key: str) -> Session | None:
        session = self.sessions.get(key)
        return session if session and not session.ended and self.now < session.ends else None

    def key_of(self, token: str) -> str:
        """Where the session of an access token is in `sessions`."""
        return self.access[token].session

    def change_session(self, token: str, **changes) -> None:
        """`token`: an access token."""
        key = self.key_of(token)
        self.sessions[key] = replace(self.sessions[key], **changes)

    def key(self, token: str | None) -> Key | None:
        key = self.keys.get(token)
        return key if key and not key.revoked and self.now < key.expires_at else None


def rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Some:
    """Stands for a value that the server chooses."""

    def __init__(self, pattern: str):
        self.pattern = pattern

    def fits(self, value) -> bool:
        return isinstance(value, str) and re.fullmatch(self.pattern, value, re.S) is not None

    def __repr__(self):
        return f"Some({self.pattern})"


ID = Some("[0-9a-f]{24}")
TOKEN = Some("[A-Za-z0-9_.-]{43,}")


def same(expected, got) -> bool:
    """Equal in every digit: 1.50 is not 1.5, and 1 is not true."""
    if isinstance(expected, Some):
        return expected.fits(got)
    if isinstance(expected, dict):
        return isinstance(got, dict) and expected.keys() == got.keys() and all(
            same(value, got[name]) for name, value in expected.items())
    if isinstance(expected, (list, tuple)):
        return isinstance(got, list) and len(expected) == len(got) and all(map(same, expected, got))
    return type(expected) is type(got) and (str(expected) == str(got) if isinstance(expected, Decimal) else expected == got)


@dataclass
class Answer:
    status: int
    slugs: tuple = ()  # of a refusal; several if the contract leaves it open
    errors: frozenset | None = None  # pointers or parameters of a 422; None if they are left open
    body: object = None  # None: there is none, or it is not compared
    headers: dict = field(default_factory=dict)  # None: the header must be absent
    check: Callable[[Reply], str | None] = lambda reply: None  # a further check; returns what is wrong
    effect: Callable[[World, Reply], None] = lambda world, reply: None

    def mismatch(self, reply: Reply) -> str | None:
        if reply.status != self.status or self.slugs and reply.slug not in self.slugs:
            return f"expected {self.status} {' or '.join(self.slugs)}"
        if self.errors is not None and reply.pointers != self.errors:
            return f"expected errors at {sorted(self.errors)}"
        for name, value in self.headers.items():
            got = reply.header(name)
            if not (value.fits(got) if isinstance(value, Some) else got == value):
                return f"expected {name}: {value}, not {got}"
        if self.body is not None and not same(self.body, parsed(reply)):
            return f"expected {self.body}"
        return self.check(reply)


def parsed(reply: Reply):
    """The parsed body; cached, because it is compared many times."""
    if not hasattr(reply, "parsed"):
        reply.parsed = reply.json
    return reply.parsed


def refusal(status: int, *slugs: str, effect=lambda world, reply: None, **headers) -> Answer:
    return Answer(status, slugs, headers={name.replace("_", "-"): value for name, value in headers.items()}, effect=effect)


def invalid(errors=None, slug: str = "invalid-value") -> Answer:
    return Answer(422, (slug,), frozenset(errors) if errors else None)


SECONDS = Some("[1-9][0-9]*")


def too_many(seconds: int) -> Answer:
    return refusal(429, "too-many-attempts", Retry_After=str(seconds))


def body_of(request: Request, form: dict) -> tuple[dict, Answer | None]:
    """The body, or a refusal: 415, 400, 422."""
    if (kind := request.header("Content-Type")) and kind != "application/json":
        return {}, refusal(415, "unsupported-media-type")
    try:
        body = values.read_json(request.body or b"")
    except values.Malformed:
        return {}, refusal(400, "malformed-json")
    wrong = values.faults(form, body)
    if request.query:
        wrong |= values.read_query(request.query, {})[1]
    return body, invalid(wrong if wrong != {"#"} else None) if wrong else None


def signed_in(world: World, request: Request) -> tuple[Session | None, User | None]:
    session = world.session(request.token)
    user = world.users.get(session.user) if session else None
    return (session, user) if user and user.id == session.user_id and not user.disabled else (None, None)


NO_TOKEN = refusal(401, "invalid-token")
FOR_PEOPLE = refusal(403, "forbidden", WWW_Authenticate=NO_SCOPE)
NOT_PROVEN = refusal(401, "proof-required", WWW_Authenticate=STALE)


def in_order(scopes) -> list:
    return [scope for scope in SCOPE_ORDER if scope in scopes]


@dataclass(frozen=True)
class Caller:
    user: User
    session: Session | None = None
    key: Key | None = None

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def scopes(self) -> set:
        return self.user.scopes & set(self.key.scopes) if self.key else self.user.scopes

    def view(self) -> dict:
        """The actor of a change."""
        named = {"key": {"id": self.key.id, "name": self.key.name}} if self.key else {}
        return {"id": self.user.id, "username": self.user.username} | named


def caller_of(world: World, request: Request) -> Caller | None:
    if key := world.key(request.token):
        user = world.users.get(key.user)
        return Caller(user, key=key) if user and user.id == key.user_id and not user.disabled else None
    session, user = signed_in(world, request)
    return Caller(user, session) if session else None


def may(world: World, request: Request, scope: str | None = None, fresh: bool = False) -> tuple[Caller | None, Answer | None]:
    """The caller, or a refusal. Without a scope, or for something fresh, a session is needed."""
    caller = caller_of(world, request)
    if caller is None:
        return None, NO_TOKEN
    if caller.key and (scope is None or fresh):
        return None, FOR_PEOPLE
    if scope and scope not in caller.scopes:
        return None, refusal(403, "forbidden", WWW_Authenticate=f'{NO_SCOPE}, scope="{scope}"')
    if fresh and world.now >= caller.session.proven_at + PROOF_LIFE:
        return None, NOT_PROVEN
    return caller, None
