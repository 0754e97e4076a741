"""The part of a stream that is about roles, refreshing and keys: refreshes that race or come again, keys that are made, used and
revoked, and an admin, the reader, who changes the roles of the others."""

import json

from .access import SCOPES
from .accounts import ROLES
from .model import Request
from .model.keys import KEY_LIFE
from .model.world import GRACE

NOBODY = "0" * 24


def as_json(body) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


class RolesStream:
    def roles_call(self) -> Request:
        calls = {self.refresh: 10, self.own_session: 4, self.own_key: 5, self.change_somebody: 4, self.prove_again: 2, self.program: 3}
        return self.chance.choices(list(calls), list(calls.values()))[0]()

    # Sessions.

    def living_sessions(self) -> list[str]:
        return [key for key, each in self.world.sessions.items() if self.world.living(key) and each.refresh_tokens
                and each.user in self.world.users and self.world.users[each.user].id == each.user_id]

    def refresh(self) -> Request:
        """Mostly with the token that can be used next; sometimes with the one before, which within the grace is a repetition and later
        the end of the session. The reader's session is never ended so."""
        sessions = self.living_sessions()
        odds = self.chance.random()
        if not sessions or odds < 0.05:
            over = [each for key, each in self.world.sessions.items() if key not in sessions and each.refresh_tokens][-5:]
            token = self.chance.choice([each.refresh_tokens[-1] for each in over] + ["x" * 70, "", 5])
            return self.refresh_with(token, "a token of no living session")
        session = self.world.sessions[self.chance.choice(sessions)]
        tokens = session.refresh_tokens
        if odds < 0.25 and len(tokens) > 1 and self.may_repeat(session):
            return self.refresh_with(tokens[-2], "the one before again")
        if odds < 0.28 and len(tokens) > 2 and session.user != self.reader:
            return self.refresh_with(self.chance.choice(tokens[:-2]), "an older one")
        return self.refresh_with(tokens[-1], f"{session.user} refreshes")

    def may_repeat(self, session) -> bool:
        age = self.world.now - session.refreshed_at
        return age < GRACE or age > GRACE and session.user != self.reader and self.chance.random() < 0.3

    def refresh_with(self, token, meant: str) -> Request:
        return Request("POST", "/token/refresh", as_json({"refresh_token": token}), meant=meant)

    def own_session(self) -> Request:
        token = self.token()
        session = self.world.session(token)
        odds = self.chance.random()
        if session is None or session.user == self.reader or odds < 0.7:
            return Request("GET", "/me/sessions", token=token, meant="lists sessions")
        if odds < 0.8:
            return Request("DELETE", "/me/sessions", token=token, meant="ends all others")
        known = [each.id for each in self.world.sessions.values() if each.id and each.user != self.reader][-6:]
        return Request("DELETE", f"/me/sessions/{self.chance.choice(known + [NOBODY, 'x'])}", token=token, meant="ends a session")

    def prove_again(self) -> Request:
        token = self.token()
        session = self.world.session(token)
        if session is None or session.user == self.reader and not self.alone:  # a proof that is lost with a kill costs the account
            return Request("POST", "/me/proof", b"{}", token, meant="no proof")
        proof, meant = self.proof(self.world.users[session.user])
        return Request("POST", "/me/proof", as_json(proof), token, meant=f"{session.user} proves with {meant}")

    # Keys.

    def living_keys(self) -> list[str]:
        return [key for key, each in self.world.keys.items() if self.world.key(key) and each.user in self.world.users and key[0] == "d"]

    def key_or(self, token: str | None) -> str | None:
        keys = self.living_keys()
        return self.chance.choice(keys) if keys and self.chance.random() < 0.15 else token

    def own_key(self) -> Request:
        token = self.token()
        session = self.world.session(token)
        user = session and self.world.users[session.user]
        odds = self.chance.random()
        if user is None or odds < 0.2:
            return Request("GET", "/me/keys", token=self.key_or(token), meant="lists keys")
        if odds < 0.45:
            ids = [each.id for each in self.world.keys.values() if each.user_id == user.id or self.chance.random() < 0.2]
            return Request("DELETE", f"/me/keys/{self.chance.choice(ids[-4:] + [NOBODY])}", token=token, meant="revokes a key")
        scopes = self.chance.sample(sorted(SCOPES[user.role] - {"accounts:write"} or {"products:read"}),
                                    1 if self.chance.random() < 0.4 or user.role == "viewer" else 2)
        body = {"name": self.chance.choice(["robot", "nightly import", "é" * 100]), "scopes": scopes}
        if self.chance.random() < 0.3:
            body["expires_in"] = self.chance.choice([1, 60, 3600, 366 * 24 * 3600])
        if self.chance.random() < 0.2:
            body |= self.chance.choice([{"scopes": []}, {"scopes": ["accounts:write"]}, {"name": ""}, {"expires_in": 0}, {"more": 1},
                                        {"scopes": ["products:read", "products:write", "changes:read"]}])
        return Request("POST", "/me/keys", as_json(body), token, meant=f"{user.username} makes a key")

    def program(self) -> Request:
        """What a key cannot do, and what it can."""
        keys = [key for key in self.world.keys if key[0] == "d"][-12:] + ["dik_" + "0" * 49]
        method, target = self.chance.choice([("GET", "/me"), ("GET", "/me"), ("GET", "/products?limit=1"), ("GET", "/me/sessions"),
                                             ("POST", "/logout"), ("DELETE", "/me/sessions")])
        if target.startswith("/products") and not self.alone:
            target = "/me"
        return Request(method, target, token=self.chance.choice(keys), meant="a program")

    # An admin.

    def change_somebody(self) -> Request:
        """Mostly the reader, who is admin, changes somebody's role; sometimes somebody tries who may not."""
        admins = [token for token in self.signed_in() if self.world.session(token).user == self.reader]
        token = self.chance.choice(admins) if admins and self.chance.random() < 0.85 else self.token()
        confirmed = [each for name, each in self.world.users.items() if each.confirmed_at and name != self.reader]
        if not confirmed:
            return Request("PUT", f"/users/{NOBODY}", as_json({"role": "clerk"}), token, meant="a change of nobody")
        away = [each for each in confirmed if each.disabled]
        user = self.chance.choice(away if away and self.chance.random() < 0.6 else confirmed)
        body = {"role": self.chance.choices(ROLES, [1, 2, 4, 1, 1])[0]}
        if user.disabled:
            body |= {"state": "active"}
        elif self.chance.random() < 0.1:
            body = {"state": "disabled"}
        if self.chance.random() < 0.15:
            body = self.chance.choice([{"name": None}, {"name": "Ada Lovelace"}, {"role": "boss"}, {"state": "pending!"}, {}, {"more": 1}])
        return Request("PUT", f"/users/{user.id}", as_json(body), token, meant=f"changes {user.username}")

    def limits_of_sessions_and_keys(self) -> list[tuple]:
        """Times at which a session or a key ends, and for each the call that checks it."""
        limits = [(each.ends, lambda each=each: self.refresh_with(each.refresh_tokens[-1], "over?"))
                  for each in map(self.world.sessions.get, self.living_sessions()) if each.user != self.reader]
        limits += [(each.expires_at, lambda key=key: Request("GET", "/me", token=key, meant="over?")) for key, each in self.world.keys.items()
                   if key in self.living_keys() and each.expires_at < self.world.now + KEY_LIFE / 2]
        return limits
