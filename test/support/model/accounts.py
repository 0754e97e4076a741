"""Accounts: the two login steps, the counters, and the changes of one's own account."""

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import replace
from urllib.parse import quote, unquote

from .values import LOG_IN, NEW_CODES, NEW_FACTOR, PASSWORD, PASSWORD_CHANGE, SIGN_UP, VERIFY, recovery_code, typed
from .world import (ID, NO_TOKEN, PROOF_LIFE, SECONDS, SESSION_IDLE, TOKEN, TOKEN_LIFE, Access, Answer, Challenge, Request, Session, Some, User,
                    World, body_of, caller_of, in_order, invalid, may, parsed, refusal, rfc3339, too_many)

PENDING_LIFE = 24 * 3600
ENROL_LIFE, VERIFY_LIFE = 600, 300
TRIES = 5  # of a challenge
FAILURES_BEFORE_WAIT, FAILURES_BEFORE_DISABLED = 10, 100
FREE_PASSWORD_FAILURES = 5
FORGET_PASSWORD_FAILURES = 15 * 60  # a choice: after this time without a failure the count restarts
WEAK = {"password1", "qwertyuiop", "iloveyou"}  # those that the stream sends

UNKNOWN_SECRET = "A" * 32

EXPIRED = refusal(401, "challenge-expired")


def totp(secret: str, step: int) -> str:
    """RFC 6238; oathtool would be slower than the server."""
    mac = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1)
    start = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[start:start + 4])[0] & 0x7fffffff) % 10**6:06d}"


# The first step.

def weak(password: str, username) -> bool:
    return password in WEAK or isinstance(username, str) and password.lower() == username.lower()


def with_weak(refused: Answer, body, name: str, username) -> Answer:
    """In a body that is refused anyway, a well-formed but weak password is named too."""
    if refused.errors and isinstance(body, dict) and PASSWORD(body.get(name)) and weak(body[name], username):
        return replace(refused, errors=refused.errors | {f"#/{name}"})
    return refused


def sign_up(world: World, request: Request) -> Answer:
    body, refused = body_of(request, SIGN_UP)
    if refused:
        return with_weak(refused, body, "password", body.get("username") if isinstance(body, dict) else None)
    username, password = body["username"], body["password"]
    if weak(password, username):
        return invalid({"#/password"}, "weak-password")
    if world.user(username):
        return refusal(409, "username-taken")
    user = User(username, "", body.get("name"), world.time(), password, pending_until=world.now + PENDING_LIFE)

    def effect(world, reply):
        new = replace(user, id=parsed(reply)["user"]["id"])
        world.put(new)
        begin(world, new, parsed(reply)["challenge"], "enrol", ENROL_LIFE)

    return Answer(201, body={"user": user.view() | {"id": ID}, "challenge": TOKEN, "next": "enrol",
                             "expires_in": ENROL_LIFE, "qr": f"/generate-2fa/{quote(username)}"}, effect=effect)


def begin(world: World, user: User, token: str, then: str, life: int) -> None:
    world.challenges[token] = Challenge(user.username.lower(), user.id, user.password_version, then, world.now + life)


def log_in(world: World, request: Request) -> Answer:
    body, refused = body_of(request, LOG_IN)
    if refused:
        return refused
    name = body["username"].lower()
    if wait := password_wait(world, name):
        return too_many(wait)
    user = world.user(name)
    if user is None or user.disabled or user.password != body["password"]:
        return refusal(401, "invalid-credentials", effect=lambda world, _: password_failed(world, name))
    enrols = user.confirmed_at is None
    then, life = ("enrol", ENROL_LIFE) if enrols else ("verify", VERIFY_LIFE)
    expected = {"challenge": TOKEN, "next": then, "expires_in": life}
    expected |= {"qr": f"/generate-2fa/{quote(user.username)}"} if enrols else {"methods": ["totp", "recovery_code"]}

    def effect(world, reply):
        world.password_failures.pop(name, None)
        if enrols:
            world.put(replace(user, pending_until=world.now + PENDING_LIFE))
        begin(world, user, parsed(reply)["challenge"], then, life)

    return Answer(200, body=expected, effect=effect)


def password_wait(world: World, name: str) -> int:
    count, last = world.password_failures.get(name, (0, 0))
    if count < FREE_PASSWORD_FAILURES:
        return 0
    return max(0, last + min(60, 1 << (count - FREE_PASSWORD_FAILURES)) - world.now)


def password_failed(world: World, name: str) -> None:
    count, last = world.password_failures.get(name, (0, 0))
    if world.now - last > FORGET_PASSWORD_FAILURES:
        count = 0
    world.password_failures[name] = (count + 1, world.now)


# The second step.

def live_challenge(world: World, token: str | None) -> tuple[Challenge | None, User | None]:
    challenge = world.challenges.get(token)
    if challenge is None or world.now >= challenge.expires_at or challenge.tries >= TRIES:
        return None, None
    user = world.user(challenge.user)
    if user is None or user.disabled or (user.id, user.password_version) != (challenge.user_id, challenge.password_version):
        return None, None
    return challenge, user


def enrolment(world: World, request: Request, username: str) -> Answer:
    challenge, user = live_challenge(world, request.token)
    if challenge is None or user.username.lower() != unquote(username).lower():
        return EXPIRED
    if challenge.next != "enrol":
        return refusal(409, "already-enrolled")
    kind = request.header("Accept") or "image/png"
    if kind != "application/json":
        return Answer(200, headers={"Content-Type": Some(re.escape(kind) + ".*")})
    secret = Some("[A-Z2-7]{32}") if challenge.secret is None else challenge.secret

    def effect(world, reply):
        world.challenges[request.token] = replace(challenge, secret=parsed(reply)["secret"])

    return Answer(200, body={"otpauth_uri": Some("otpauth://totp/.*"), "secret": secret, "issuer": "Data Integrity API",
                             "account": user.username, "algorithm": "SHA1", "digits": 6, "period": 30}, effect=effect)


def verify(world: World, request: Request) -> Answer:
    body, refused = body_of(request, VERIFY)
    if refused := one_proof(body, refused):
        return refused
    token = body.get("challenge")  # None counts as an unknown challenge
    challenge, user = live_challenge(world, token)
    if challenge is None or body.get("username", user.username).lower() != user.username.lower():
        return EXPIRED
    enrols = challenge.next == "enrol"
    if enrols and "recovery_code" in body:
        return invalid({"#/recovery_code"})  # a choice: not an attempt, nothing is spent

    def tried(world):
        world.challenges[token] = replace(challenge, tries=challenge.tries + 1)

    # The secret of an enrolment that was never scanned is unknown to the model too: no code is right.
    refused, proven = prove(world, user, body, (challenge.secret or UNKNOWN_SECRET) if enrols else None, tried)
    if refused:
        return refused
    first = enrols and user.confirmed_at is None
    if enrols:
        proven = replace(proven, secret=challenge.secret, confirmed_at=world.time(), pending_until=None)
    shown = {"recovery_codes": [Some(".{24,40}")] * 10} if first else {}
    amr = ("pwd", "recovery" if "recovery_code" in body else "otp")

    def effect(world, reply):
        del world.challenges[token]
        if enrols:  # all other challenges and sessions of the account end
            drop_challenges(world, user)
            end_sessions(world, user)
        codes = tuple(map(recovery_code, parsed(reply)["recovery_codes"])) if first else proven.codes
        world.put(replace(proven, codes=codes))
        start_session(world, proven, parsed(reply), amr)

    return Answer(200, body=given(user, TOKEN_LIFE, SESSION_IDLE) | shown | {
        "recovery_codes_left": 10 if first else len(proven.codes)}, effect=effect)


def given(user: User, seconds: int, refresh_seconds: int, refresh_token=TOKEN) -> dict:
    """What a client is given with an access token."""
    return {"access_token": TOKEN, "token_type": "Bearer", "expires_in": seconds, "refresh_token": refresh_token,
            "refresh_expires_in": refresh_seconds, "scope": " ".join(in_order(user.scopes)), "role": user.role, "user": user.view()}


def start_session(world: World, user: User, given: dict, amr: tuple) -> None:
    token = given["access_token"]
    world.access[token] = Access(token, world.now + TOKEN_LIFE)
    world.sessions[token] = Session(user.username.lower(), user.id, None, world.now, amr, world.now + SESSION_IDLE, world.now,
                                    refresh_tokens=(given["refresh_token"],))


def one_proof(body: dict, refused: Answer | None) -> Answer | None:
    """`refused`, or a refusal if there is not exactly one of the two members; its pointer is left open."""
    if isinstance(body, dict) and ("code" in body) == ("recovery_code" in body) and (
            refused is None or refused.slugs == ("invalid-value",)):
        return invalid()
    return refused


def drop_challenges(world: World, user: User) -> None:
    world.challenges = {token: each for token, each in world.challenges.items() if each.user_id != user.id}


def end_sessions(world: World, user: User, but: str | None = None) -> None:
    """`but`: an access token of the session that goes on."""
    for key, session in world.sessions.items():
        if session.user_id == user.id and (but is None or key != world.key_of(but)):
            world.sessions[key] = replace(session, ended=True)


def codes_wait(world: World, user: User, of_new: bool = False) -> Answer | None:
    """The refusal if no code of the account may be tried now."""
    if not of_new and user.unredeemed >= FAILURES_BEFORE_DISABLED:
        return refusal(403, "factor-disabled")
    return too_many(user.locked_until - world.now) if world.now < user.locked_until else None


def prove(world: World, user: User, body: dict, new_secret: str | None = None,
          tried=lambda world: None) -> tuple[Answer | None, User]:
    """Checks the proof in `body`. Returns a refusal, or the account after the proof was spent. `new_secret`: of an
    authenticator that is being enrolled. `tried`: the further effect of a refused proof."""
    if "recovery_code" in body:
        code = recovery_code(body["recovery_code"])
        if code not in user.codes:
            return refusal(401, "invalid-code", effect=lambda world, _: tried(world)), user
        return None, replace(user, codes=tuple(each for each in user.codes if each != code),
                             codes_gone=user.codes_gone + (code,), failures=0, locked_until=0)

    if refused := codes_wait(world, user, new_secret is not None):
        return refused, user
    step, kind = match(world, user, new_secret, typed(body["code"]))
    if kind == "fresh":
        return None, replace(user, last_step=step, failures=0, unredeemed=0, locked_until=0)

    failures = user.failures + 1
    wait = min(3600, 30 << (failures - FAILURES_BEFORE_WAIT)) if failures >= FAILURES_BEFORE_WAIT else 0
    worse = replace(user, failures=failures, unredeemed=user.unredeemed + 1,
                    locked_until=world.now + wait if wait else user.locked_until)

    def effect(world, reply):
        tried(world)
        world.put(worse)

    if kind == "spent":
        return refusal(401, "code-already-used", effect=effect, Retry_After=SECONDS), user
    wrong = refusal(401, "invalid-code", effect=effect)
    wrong.check = lambda reply: None if ("behind" in reply.json["detail"]) == (kind == "past") else (
        f"a code of a {kind} step is {'' if kind == 'past' else 'not '}answered with how late the phone is")
    return wrong, user


def match(world: World, user: User, new_secret: str | None, code: str) -> tuple[int, str]:
    """The step of a code (the latest, if there are two), and whether it is fresh, spent, past or wrong."""
    secret, last = (new_secret, 0) if new_secret else (user.secret, user.last_step)
    for step in range(world.step + 1, world.step - 21, -1):
        if totp(secret, step) == code:
            if step >= world.step - 1:
                return step, "fresh" if step > last else "spent"
            return step, "spent" if step == last else "past"
    return 0, "wrong"


# With a session.

def log_out(world: World, request: Request) -> Answer:
    _, refused = may(world, request)
    return refused or Answer(204, effect=lambda world, _: world.change_session(request.token, ended=True))


def me(world: World, request: Request) -> Answer:
    caller = caller_of(world, request)
    if caller is None:
        return NO_TOKEN
    user, session, key = caller.user, caller.session, caller.key
    both = {"user": user.view(), "role": user.role}
    if key:
        return Answer(200, body=both | {"key": {"id": key.id, "name": key.name, "scopes": in_order(caller.scopes),
                                                "expires_at": rfc3339(key.expires_at)}})
    expected = both | {
        "api_keys": True, "scopes": in_order(user.scopes), "recovery_codes_left": len(user.codes),
        "factors": [{"type": "totp", "confirmed_at": user.confirmed_at}],
        "session": {"id": session.id or ID, "created_at": rfc3339(session.began), "expires_at": rfc3339(session.ends),
                    "amr": list(session.amr), "proven_until": rfc3339(session.proven_at + PROOF_LIFE)}}
    return Answer(200, body=expected,
                  effect=lambda world, reply: world.change_session(request.token, id=parsed(reply)["session"]["id"]))


def change_password(world: World, request: Request) -> Answer:
    caller, refused = may(world, request)
    if refused:
        return refused
    user = caller.user
    body, refused = body_of(request, PASSWORD_CHANGE)
    if refused:
        return with_weak(refused, body, "new_password", user.username)
    new, name = body["new_password"], user.username.lower()
    if wait := password_wait(world, name):  # a choice: before the new one is checked
        return too_many(wait)
    if refused := codes_wait(world, user):  # before any password is hashed
        return refused
    if weak(new, name):
        return invalid({"#/new_password"}, "weak-password")
    if user.password != body["current_password"]:
        wrong = invalid({"#/current_password"})
        wrong.effect = lambda world, _: password_failed(world, name)
        return wrong
    refused, proven = prove(world, user, body)
    expected = refused or Answer(204)
    unspent = expected.effect

    def effect(world, reply):
        world.password_failures.pop(name, None)  # the password was right, whatever the code is
        unspent(world, reply)
        if not refused:
            end_sessions(world, user, but=request.token)
            world.put(replace(proven, password=new, password_version=user.password_version + 1))

    return replace(expected, effect=effect)


def new_recovery_codes(world: World, request: Request) -> Answer:
    caller, refused = may(world, request)
    if refused:
        return refused
    user = caller.user
    body, refused = body_of(request, NEW_CODES)
    if refused:
        return refused
    refused, proven = prove(world, user, body)
    if refused:
        return refused

    def effect(world, reply):
        world.put(replace(proven, codes=tuple(map(recovery_code, parsed(reply)["recovery_codes"])),
                           codes_gone=user.codes_gone + user.codes))

    return Answer(200, body={"recovery_codes": [Some(".{24,40}")] * 10}, effect=effect)


def new_factor(world: World, request: Request) -> Answer:
    caller, refused = may(world, request)
    if refused:
        return refused
    user = caller.user
    body, refused = body_of(request, NEW_FACTOR)
    if refused := one_proof(body, refused):
        return refused
    refused, proven = prove(world, user, body)
    if refused:
        return refused

    def effect(world, reply):
        world.put(proven)
        begin(world, proven, parsed(reply)["challenge"], "enrol", ENROL_LIFE)

    return Answer(200, body={"challenge": TOKEN, "next": "enrol", "expires_in": ENROL_LIFE,
                             "qr": f"/generate-2fa/{quote(user.username)}"}, effect=effect)
