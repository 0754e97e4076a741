"""Sessions: refreshing them, listing and ending one's own, and the fresh proof."""

from collections import Counter
from dataclasses import replace

from .accounts import end_sessions, given, one_proof, prove
from .values import NEW_FACTOR, REFRESH
from .world import (GRACE, ID, NO_TOKEN, PROOF_LIFE, SESSION_IDLE, SESSION_MAX, TOKEN, TOKEN_LIFE, Access, Answer, Request, Session,
                    World, body_of, may, parsed, refusal, rfc3339)

GONE = refusal(404, "not-found")


def refresh(world: World, request: Request) -> Answer:
    body, refused = body_of(request, REFRESH)
    if refused:
        return refused
    token = body["refresh_token"]
    key = next((key for key, each in world.sessions.items() if token in each.refresh_tokens), None)
    session = world.living(key) if key else None
    user = session and world.users.get(session.user)
    if not user or user.id != session.user_id or user.disabled:
        return NO_TOKEN
    newest = session.refresh_tokens[-1]
    if token == newest:
        after = replace(session, refreshed_at=world.now, ends=min(world.now + SESSION_IDLE, session.began + SESSION_MAX))
        return renewed(world, user, key, after, TOKEN)
    if token == session.refresh_tokens[-2] and world.now <= session.refreshed_at + GRACE:
        return renewed(world, user, key, session, newest)
    return replace(NO_TOKEN, effect=lambda world, _: world.sessions.update({key: replace(session, ended=True)}))


def renewed(world: World, user, key: str, session: Session, refresh_token) -> Answer:
    left = session.ends - world.now

    def effect(world, reply):
        answer = parsed(reply)
        tokens = session.refresh_tokens + ((answer["refresh_token"],) if refresh_token is TOKEN else ())
        world.sessions[key] = replace(session, refresh_tokens=tokens)
        world.access[answer["access_token"]] = Access(key, world.now + min(TOKEN_LIFE, left))

    return Answer(200, body=given(user, min(TOKEN_LIFE, left), left, refresh_token), effect=effect)


def listed(world: World, request: Request) -> Answer:
    caller, refused = may(world, request)
    if refused:
        return refused
    own = [(key, each) for key, each in world.sessions.items() if each.user_id == caller.id and world.living(key)]
    expected = [(rfc3339(each.began), each.refreshed_at and rfc3339(each.refreshed_at), rfc3339(each.ends), each.amr,
                 key == world.key_of(request.token)) for key, each in own]

    def check(reply):
        got = [(each["created_at"], each["refreshed_at"], each["expires_at"], tuple(each["amr"]), each["current"]) for each in parsed(reply)]
        if [each[0] for each in got] != sorted((each[0] for each in got), reverse=True):
            return "the newest is first"
        if any(not ID.fits(each["id"]) or each["address"] != "127.0.0.1" or each["user_agent"] is not None for each in parsed(reply)):
            return "expected ids, this address, and no user agent"
        return None if Counter(got) == Counter(expected) else f"expected the sessions {expected}"

    return Answer(200, check=check)


def end(world: World, request: Request, id: str) -> Answer:
    caller, refused = may(world, request)
    if refused:
        return refused
    key = next((key for key, each in world.sessions.items() if each.id == id and each.user_id == caller.id and world.living(key)), None)
    if key is None:
        return GONE
    return Answer(204, effect=lambda world, _: world.sessions.update({key: replace(world.sessions[key], ended=True)}))


def end_others(world: World, request: Request) -> Answer:
    caller, refused = may(world, request)
    return refused or Answer(204, effect=lambda world, _: end_sessions(world, caller.user, but=request.token))


def prove_again(world: World, request: Request) -> Answer:
    caller, refused = may(world, request)
    if refused:
        return refused
    body, refused = body_of(request, NEW_FACTOR)
    if refused := one_proof(body, refused):
        return refused
    refused, proven = prove(world, caller.user, body)
    if refused:
        return refused

    def effect(world, _):
        world.put(proven)
        world.change_session(request.token, proven_at=world.now)

    return Answer(200, body={"proven_until": rfc3339(world.now + PROOF_LIFE)}, effect=effect)
