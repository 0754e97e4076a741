"""Who may do what, written from the contract, and the callers that try it."""

import re
from dataclasses import dataclass

from .accounts import ROLES, Account, admin_of, enrolled, member

SCOPES = {
    "viewer": {"products:read"},
    "clerk": {"products:read", "stock:write"},
    "editor": {"products:read", "stock:write", "products:write"},
    "auditor": {"products:read", "changes:read", "accounts:read"},
    "admin": {"products:read", "stock:write", "products:write", "changes:read", "accounts:read", "accounts:write"},
}
OF_KEYS = sorted(SCOPES["admin"] - {"accounts:write"})

# What an operation needs: a scope, or one of these.
ANYONE, CHALLENGE, SESSION, SESSION_OR_KEY = "anyone", "challenge", "session", "session or key"

# (method, path without the names of its parameters) -> (what it needs, whether it is fresh)
OPERATIONS = {
    ("GET", "/"): (ANYONE, False),
    ("GET", "/.well-known/jwks.json"): (ANYONE, False),
    ("GET", "/healthz"): (ANYONE, False),
    ("GET", "/readyz"): (ANYONE, False),
    ("GET", "/openapi.json"): (ANYONE, False),
    ("GET", "/docs"): (ANYONE, False),
    ("GET", "/problems"): (ANYONE, False),
    ("GET", "/problems/{}"): (ANYONE, False),
    ("POST", "/signup"): (ANYONE, False),
    ("POST", "/login"): (ANYONE, False),
    ("GET", "/generate-2fa/{}"): (CHALLENGE, False),
    ("POST", "/verify-2fa"): (ANYONE, False),
    ("POST", "/token/refresh"): (ANYONE, False),
    ("POST", "/reset-password"): (ANYONE, False),
    ("GET", "/me"): (SESSION_OR_KEY, False),
    ("PUT", "/me/password"): (SESSION, False),
    ("POST", "/me/recovery-codes"): (SESSION, False),
    ("POST", "/me/totp"): (SESSION, False),
    ("POST", "/me/proof"): (SESSION, False),
    ("GET", "/me/history"): (SESSION, False),
    ("GET", "/me/sessions"): (SESSION, False),
    ("DELETE", "/me/sessions"): (SESSION, False),
    ("DELETE", "/me/sessions/{}"): (SESSION, False),
    ("GET", "/me/keys"): (SESSION, False),
    ("POST", "/me/keys"): (SESSION, True),
    ("DELETE", "/me/keys/{}"): (SESSION, False),
    ("GET", "/products"): ("products:read", False),
    ("POST", "/products"): ("products:write", False),
    ("GET", "/products/{}"): ("products:read", False),
    ("PUT", "/products/{}"): ("products:write", False),
    ("DELETE", "/products/{}"): ("products:write", False),
    ("POST", "/products/{}/stock"): ("stock:write", False),
    ("GET", "/products/{}/history"): ("products:read", False),
    ("GET", "/users"): ("accounts:read", False),
    ("GET", "/users/{}"): ("accounts:read", False),
    ("PUT", "/users/{}"): ("accounts:write", True),
    ("POST", "/users/{}/reset"): ("accounts:write", True),
    ("DELETE", "/users/{}/sessions"): ("accounts:write", True),
    ("GET", "/users/{}/history"): ("changes:read", False),
    ("GET", "/users/{}/keys"): ("accounts:read", False),
    ("DELETE", "/users/{}/keys/{}"): ("accounts:write", True),
    ("GET", "/changes"): ("changes:read", False),
    ("GET", "/invitations"): ("accounts:read", False),
    ("POST", "/invitations"): ("accounts:write", True),
    ("DELETE", "/invitations/{}"): ("accounts:write", True),
    ("POST", "/logout"): (SESSION, False),  # the last one, since it ends the session
}

NO_SCOPE = 'Bearer error="insufficient_scope"'
STALE = 'Bearer error="insufficient_user_authentication", max_age=300'


@dataclass
class Caller:
    name: str
    token: str | None
    kind: str  # "nothing", "challenge", "session", "key"
    scopes: frozenset = frozenset()  # those that count now
    fresh: bool = True


@dataclass(frozen=True)
class Refusal:
    status: int
    slug: str
    challenge: str | None  # the whole WWW-Authenticate; None: its beginning is checked elsewhere


def expected(needs: str, fresh: bool, caller: Caller) -> Refusal | None:
    """The refusal that the table demands; None: the operation goes on to read the request."""
    if needs == ANYONE:
        return None
    if needs == CHALLENGE:
        return None if caller.kind == "challenge" else Refusal(401, "challenge-expired", None)
    if caller.kind in ("nothing", "challenge"):
        return Refusal(401, "invalid-token", "Bearer" if caller.kind == "nothing" else None)
    if caller.kind == "key":
        if needs == SESSION_OR_KEY:
            return None
        if needs in (SESSION, "accounts:write") or fresh:
            return Refusal(403, "forbidden", NO_SCOPE)
    if ":" in needs and needs not in caller.scopes:
        return Refusal(403, "forbidden", f'{NO_SCOPE}, scope="{needs}"')
    if fresh and not caller.fresh:
        return Refusal(401, "proof-required", STALE)
    return None


def bare(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


def declared(operation: dict) -> str:
    """What the description says that an operation needs."""
    wanted = operation["security"]
    schemes = {name for each in wanted for name in each}
    scopes = {scope for each in wanted for names in each.values() for scope in names}
    if not wanted:
        return ANYONE
    if schemes == {"challenge"}:
        return CHALLENGE
    assert len(scopes) <= 1, wanted
    return scopes.pop() if scopes else SESSION


def callers(server) -> list[Caller]:
    """All kinds of callers on a fresh server with a clock and --api-keys. The clock is moved once."""
    admin = admin_of(server)
    stale = member(admin, "admin")
    server.move_clock(301)
    admin.prove()
    found = [Caller("anonymous", None, "nothing"),
             Caller("challenge to enrol", Account(server).sign_up().challenge, "challenge"),
             Caller("challenge to verify", enrolled(server).login().challenge, "challenge"),
             Caller("admin without a fresh proof", stale.token, "session", frozenset(SCOPES["admin"]), fresh=False)]
    for role in ROLES:
        account = member(admin, role)
        found.append(Caller(f"session of a {role}", account.token, "session", frozenset(SCOPES[role])))
    for scope in OF_KEYS:
        key = admin.make_key(scope)
        found.append(Caller(f"key with {scope}", key["key"], "key", frozenset({scope})))
    for role in ("viewer", "clerk", "editor", "auditor"):
        owner = member(admin, "admin")
        key = owner.make_key(*OF_KEYS)
        assert admin.change(owner, role=role).status == 200
        found.append(Caller(f"key with every scope, owner demoted to {role}", key["key"], "key",
                            frozenset(SCOPES[role]) - {"accounts:write"}))
    owner = member(admin, "editor")
    key = owner.make_key("products:read", "products:write")
    assert admin.change(owner, state="disabled").status == 200
    found.append(Caller("key of a disabled owner", key["key"], "challenge"))  # refused like any unknown token
    return found
