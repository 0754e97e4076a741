"""Keys for programs, and what an admin changes of other accounts."""

from dataclasses import replace

from .accounts import end_sessions
from .values import NEW_KEY, USER_CHANGE
from .world import ID, Answer, Key, Request, Some, World, body_of, in_order, invalid, may, parsed, refusal, rfc3339

KEYS_MAX = 50
KEY_LIFE = 90 * 24 * 3600
GONE = refusal(404, "not-found")
KEY = Some("dik_[0-9A-Za-z]{49}")


def own(world: World, user) -> list[Key]:
    return [each for token, each in world.keys.items() if each.user_id == user.id and world.key(token)]


def shown(key: Key) -> dict:
    return {"id": key.id, "name": key.name, "scopes": in_order(key.scopes), "addresses": None,
            "created_at": rfc3339(key.created_at), "expires_at": rfc3339(key.expires_at)}


def create(world: World, request: Request) -> Answer:
    caller, refused = may(world, request, fresh=True)
    if refused:
        return refused
    body, refused = body_of(request, NEW_KEY)
    if refused:
        return invalid() if refused.status == 422 else refused
    if not set(body["scopes"]) <= caller.scopes:
        return invalid()
    if len(own(world, caller.user)) >= KEYS_MAX:
        return refusal(409, "limit-reached")
    key = Key("", body["name"], caller.user.username.lower(), caller.id, tuple(body["scopes"]), world.now,
              world.now + body.get("expires_in", KEY_LIFE))

    def effect(world, reply):
        world.keys[parsed(reply)["key"]] = replace(key, id=parsed(reply)["id"])

    return Answer(201, body=shown(key) | {"id": ID, "key": KEY}, effect=effect)


def listed(world: World, request: Request) -> Answer:
    caller, refused = may(world, request)
    if refused:
        return refused
    expected = {each.id: shown(each) for each in own(world, caller.user)}

    def check(reply):
        got = parsed(reply)
        times = [each["created_at"] for each in got]
        if times != sorted(times, reverse=True):
            return "the newest is first"
        found = {each["id"]: {name: value for name, value in each.items() if name != "last_used_at"} for each in got}
        return None if found == expected and len(got) == len(found) else f"expected the keys {expected}"

    return Answer(200, check=check)


def revoke(world: World, request: Request, id: str) -> Answer:
    caller, refused = may(world, request)
    if refused:
        return refused
    token = next((token for token, each in world.keys.items() if each.id == id and each.user_id == caller.id and world.key(token)), None)
    if token is None:
        return GONE
    return Answer(204, effect=lambda world, _: world.keys.update({token: replace(world.keys[token], revoked=True)}))


def change_user(world: World, request: Request, id: str) -> Answer:
    caller, refused = may(world, request, "accounts:write", fresh=True)
    if refused:
        return refused
    body, refused = body_of(request, USER_CHANGE)
    if refused:
        names_nothing = isinstance(body, dict) and not {"name", "role", "state"} & set(body)
        return invalid() if names_nothing and refused.status == 422 else refused
    if not body:
        return invalid()
    user = next((each for each in world.users.values() if each.id == id), None)
    if user is None:
        return GONE
    pending = user.pending_until is not None
    if pending and world.now >= user.pending_until:
        return GONE
    if pending and body.get("state") == "active":
        return invalid({"#/state"})
    after = replace(user, role=body.get("role", user.role), name=body.get("name", user.name),
                    disabled=body["state"] == "disabled" if "state" in body else user.disabled)
    expected = after.view() | {"role": after.role, "state": "disabled" if after.disabled else "pending" if pending else "active"}

    def check(reply):
        wrong = {name: value for name, value in expected.items() if parsed(reply).get(name) != value}
        return f"expected {wrong}" if wrong else None

    def effect(world, _):
        world.put(after)
        if after.disabled:
            end_sessions(world, user)
            world.challenges = {token: each for token, each in world.challenges.items() if each.user_id != user.id}

    return Answer(200, headers={"ETag": None}, check=check, effect=effect)
