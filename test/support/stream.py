"""A seeded stream of calls, many of them difficult: spent codes, stale versions, taken skus, limits, wrong bodies.

    stream = Stream(world, random.Random(seed))
    what = stream.next()            # a Request, or a Jump of the clock
    stream.tell(what, reply)

The next call depends on the seed and on the model, never on what the server chose (ids, tokens, secrets), so the same
seed gives the same calls.
"""

import itertools
import json
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

from .model import Request, World
from .model.accounts import FAILURES_BEFORE_DISABLED, WEAK, live_challenge, totp
from .model.values import PRICE_MAX, STOCK_MAX
from .roles_stream import RolesStream

AS_JSON = (("Accept", "application/json"),)
PEOPLE = ["ada", "Bob.B", "cyd-3", "dan+d@x"]  # are confirmed at some time, and used often
PASSERS_BY = [f"guest{number}" for number in range(12)]  # sign up, and often do nothing more
NAMES = ["Lamp", "lamp", "Lämp", "Étagère", "etagere", "Big red box", "Red  Box 2", "box", "Ångström rule", "Zebra",
         "x", "é" * 200, "Desk lamp", "lampshade"]
DESCRIPTIONS = [None, "", "two\nlines\tand a tab", "A red lamp", "für den Schreibtisch", "é" * 4000]
SKUS = ["A-1", "A-2", "a-1", "B/2", "C.3_x", "S" * 64]
PRICES = [0, "0", "0.0001", "0.10", "1.5", 1.5, 129.90, "129.90", 100, str(PRICE_MAX), "99999999999.9999", "19.9900", 7]
RAW_PRICES = ["1e2", "-0", "1.00000", "99999999999.9999", "0.00010", "1E-4", "12.340e1"]
BAD_PRICES = ["-0.01", "100000000000", "0.00001", '"1e2"', '"01"', '""', "null", "true", '"1,5"', "[1]", '" 1"']
STOCKS = [0, 1, 5, 5, 9, 100, STOCK_MAX, STOCK_MAX - 1]
MALFORMED = [b"", b"{", b"{}}", b'{"name":"a","name":"b"}', b"\xef\xbb\xbf{}", b'{"name":"\xff"}', b"{'name':1}",
             b'{"stock":01}', b'{"name":"\\ud800"}', b"NaN", b'{"name":"a",}']
QUERIES = ["lamp", "LAMP", "red lamp", "lamp re", "etag", "box 2", "angstrom", "schreib", "nothing-like-it", "a 1", "red b"]


@dataclass(frozen=True)
class Jump:
    """The clock moves."""
    seconds: int


class Stream(RolesStream):
    """`prefix`: of the names and skus, if several streams run at once. Each of these has its own world, and makes no
    calls that would show the work of the others (lists) or move their clock."""

    def __init__(self, world: World, chance: Random, prefix: str = ""):
        self.world, self.chance, self.alone = world, chance, not prefix
        self.people = [prefix + name for name in PEOPLE]
        self.passers_by = [prefix + name for name in PASSERS_BY]
        self.skus = [(prefix + sku)[:64] for sku in SKUS]
        self.reader = prefix + "auditor"
        self.pids: list[str] = []  # all products so far, in the order of creation
        self.attack: tuple | None = None  # (username, wrong codes left) of an attack
        self.due = None  # after a jump to a limit: the call that checks the limit
        self.focus: str | None = None  # the product that all calls of a burst use
        self.keys = [f"key-{n}" for n in range(8)] + ['"quoted"', "quoted", "k" * 255]
        self.sent: dict = {}  # Idempotency-Key -> (target, body) of its last use
        self.passwords = itertools.count()

    # The next call.

    def next(self) -> Request | Jump:
        if self.due:
            due, self.due = self.due, None
            return due()
        if self.attack and self.chance.random() < 0.8:
            return self.guess()
        live = self.signed_in()
        if self.chance.random() < [0.95, 0.6, 0][min(len(live), 2)] * (1 if self.alone else 0.2):
            return self.towards_a_session(self.chance.choice(self.people))
        kinds = {"product": 80, "odd": 3, "roles": 14} | ({"account": 14, "jump": 3, "attack": 0.3} if self.alone else {"account": 4})
        kind = self.chance.choices(list(kinds), list(kinds.values()))[0]
        if kind == "product":
            return self.product_call()
        if kind == "roles":
            return self.roles_call()
        if kind == "account":
            return self.account_call()
        if kind == "jump":
            return self.jump()
        if kind == "attack" and not self.attack:
            self.attack = (self.chance.choice(self.people), self.chance.choice([4, 9, 10, 11, 14, FAILURES_BEFORE_DISABLED]))
        return self.odd()

    def jump(self) -> Jump:
        near = [1, 29, 30, 31, 60, 89, 90, 299, 300, 301]
        far = [599, 600, 601, 1800, 3600, 24 * 3600 - 1, 24 * 3600, 24 * 3600 + 1]
        limits = self.limits()
        if not limits or self.chance.random() < 0.4:
            return Jump(self.chance.choice(near if self.chance.random() < 0.9 else far))
        when, self.due = self.chance.choice(limits)
        return Jump(max(1, when - self.world.now - self.chance.choice([0, 0, 1])))

    def limits(self) -> list[tuple]:
        """Times at which something ends, and for each the call that checks it."""
        world = self.world
        limits = [(access.expires_at, lambda token=token: Request("GET", "/me", token=token, meant="over?"))
                  for token, access in world.access.items() if world.session(token)] + self.limits_of_sessions_and_keys()
        for token, challenge in world.challenges.items():
            if live_challenge(world, token)[0]:
                limits.append((challenge.expires_at, lambda name=challenge.user, token=token: self.right_proof(name, token)))
        for user in world.users.values():
            tokens = self.live_challenges(user.username)
            if user.locked_until > world.now and tokens:
                limits.append((user.locked_until, lambda name=user.username, token=tokens[-1]: self.right_proof(name, token)))
            if user.pending_until is not None and user.pending_until > world.now and self.chance.random() < 0.2:
                limits.append((user.pending_until, lambda user=user: self.log_in_as(user)))
        return limits

    def right_proof(self, name: str, token: str) -> Request:
        challenge, user = self.world.challenges[token], self.world.users[name.lower()]
        secret, last = (challenge.secret, 0) if challenge.next == "enrol" else (user.secret, user.last_step)
        if secret is None:
            return Request("GET", f"/generate-2fa/{quote(user.username)}", token=token, headers=AS_JSON, meant="over?")
        step = max(last + 1, self.world.step)
        return post("/verify-2fa", {"challenge": token, "code": totp(secret, step)}, meant=f"{name} verifies: too late?")

    def tell(self, request: Request, reply) -> None:
        """Notes what the stream needs from a reply."""
        if request.method == "POST" and request.path == "/products" and reply.status == 201:
            if (pid := reply.json["id"]) not in self.pids:
                self.pids.append(pid)

    def forget(self, name: str) -> None:
        """The state of an account is unknown. It is not used any more; another account replaces it."""
        self.people = [each + "+" if each == name else each for each in self.people]
        self.passers_by = [each + "+" if each == name else each for each in self.passers_by]
        self.reader += "+" if self.reader == name else ""

    # Sessions and challenges.

    def user(self, name: str):
        return self.world.user(name)

    def signed_in(self) -> list[str]:
        return [token for token in self.world.access if (session := self.world.session(token))
                and self.world.users[session.user].id == session.user_id]

    def token(self) -> str | None:
        live = self.signed_in()
        if live and self.chance.random() < 0.98:
            return self.chance.choice(live)
        over = [token for token in self.world.access if token not in live]
        return self.chance.choice(over[-5:] + [None])

    def live_challenges(self, name: str) -> list[str]:
        return [token for token, each in self.world.challenges.items()
                if each.user == name.lower() and live_challenge(self.world, token)[0]]

    # Accounts.

    def account_call(self) -> Request:
        live = self.signed_in()
        if live and self.chance.random() < 0.5:
            return self.own_account(self.chance.choice(live))
        if self.chance.random() < 0.12:
            return self.towards_a_session(self.chance.choice(self.passers_by))
        return self.towards_a_session(self.chance.choice(self.people))

    def towards_a_session(self, name: str) -> Request:
        user = self.user(name)
        if user is None:
            return self.sign_up(name)
        tokens = self.live_challenges(name)
        if not tokens or self.chance.random() < 0.08:
            return self.log_in(name)
        token = self.chance.choice(tokens)
        challenge = self.world.challenges[token]
        if challenge.next == "enrol" and challenge.secret is None or self.chance.random() < 0.1:
            return self.scan(name, token)
        return self.verify(name, token)

    def sign_up(self, name: str) -> Request:
        body = {"username": name, "password": self.password(name)}
        if self.chance.random() < 0.3:
            body["name"] = self.chance.choice([None, "Ada Lovelace", "é" * 100])
        if self.chance.random() < 0.2:
            body |= self.chance.choice([{"password": name + name}, {"username": "a"}, {"password": "short"}, {"extra": 1},
                                        {"name": "é" * 101}, {"name": ""}, {"password": self.chance.choice(sorted(WEAK))},
                                        {"username": 5, "password": None}])
        return post("/signup", body, meant=f"{name} signs up")

    def sign_up_properly(self, name: str) -> Request:
        return post("/signup", {"username": name, "password": self.password(name)}, meant=f"{name} signs up")

    def password(self, name: str) -> str:
        return f"the {next(self.passwords)}th long phrase of {name[:2]}"

    def log_in(self, name: str) -> Request:
        user = self.user(name)
        body = {"username": self.chance.choice([name, name.upper()]), "password": user.password if user else "no such one"}
        odds = self.chance.random()
        if odds < 0.1:
            body["password"] += "!"
        elif odds < 0.13:
            body |= self.chance.choice([{"username": "nobody-here"}, {"password": 5}, {"code": "123456"}])
        return post("/login", body, meant=f"{name} logs in")

    def scan(self, name: str, token: str) -> Request:
        kind = "application/json" if self.chance.random() < 0.8 else self.chance.choice(
            ["image/svg+xml", "text/plain", "image/png"])
        whose = name if self.chance.random() < 0.95 else self.chance.choice(self.people)
        return Request("GET", f"/generate-2fa/{quote(whose)}", token=token, headers=(("Accept", kind),), meant=f"{name} scans")

    def verify(self, name: str, token: str) -> Request:
        challenge, user = self.world.challenges[token], self.user(name)
        proof, meant = self.proof(user, challenge.secret if challenge.next == "enrol" else None)
        body = {"challenge": token, **proof}
        odds = self.chance.random()
        if odds < 0.1:
            body["username"] = self.chance.choice([name, name.upper(), "nobody-here"])
        elif odds < 0.14:
            dead = [each for each in self.world.challenges if each not in self.live_challenges(name)]
            body["challenge"] = self.chance.choice(dead[:3] + ["x" * 43, 5])
        return post("/verify-2fa", body, meant=f"{name} verifies with {meant}")

    def proof(self, user, new_secret: str | None = None, recovery: bool = True) -> tuple[dict, str]:
        secret, last = (new_secret, 0) if new_secret else (user.secret, user.last_step)
        if secret is None:
            return {"code": "123456"}, "a code of no secret"
        here = self.world.step
        kinds = ["right", "spent", "wrong", "past", "future", "malformed"]
        odds = [70, 12, 6, 3, 3, 3]
        if recovery:
            kinds, odds = kinds + ["recovery", "spent recovery"], odds + [5, 3]
        kind = self.chance.choices(kinds, odds)[0]
        if kind == "right":
            steps = [step for step in (here - 1, here, here + 1) if step > last]
            step = self.chance.choice(steps) if self.chance.random() < 0.3 and steps else (steps or [here + 1])[0]
            return {"code": totp(secret, step)}, f"the code of step {step - here:+d}"
        if kind == "spent":
            return {"code": totp(secret, last or here)}, "the last code"
        if kind in ("past", "future"):
            step = here - self.chance.choice([2, 3, 8, 20, 21]) if kind == "past" else here + self.chance.choice([2, 3, 20])
            return {"code": totp(secret, step)}, f"the code of step {step - here:+d}"
        if kind == "malformed":
            return self.chance.choice([{}, {"code": "12345"}, {"code": 123456}, {"code": "12345a"}, {"code": None},
                                       {"code": "123456", "recovery_code": "0" * 24}, {"recovery_code": "short"},
                                       {"code": "123456", "also": 1}]), "something malformed"
        if kind == "recovery" and user.codes:
            code = user.codes[0]
            typed = self.chance.choice([code, code.lower(), "-".join(code[i:i + 4] for i in range(0, 24, 4))])
            return {"recovery_code": typed}, "a recovery code"
        if kind == "spent recovery":
            return {"recovery_code": self.chance.choice([*user.codes_gone[-3:], "0" * 24])}, "a recovery code that is none"
        return {"code": self.wrong_code(secret)}, "a wrong code"

    def wrong_code(self, secret: str) -> str:
        right = {totp(secret, self.world.step + ahead) for ahead in range(-21, 3)}
        return next(code for code in map("{:06d}".format, range(30)) if code not in right)

    def own_account(self, token: str) -> Request:
        session = self.world.session(token)
        user = self.world.users[session.user]
        paths = {"/me": 12, "/logout": 1, "/me/password": 3, "/me/recovery-codes": 3, "/me/totp": 3}
        path = self.chance.choices(list(paths), list(paths.values()))[0]
        if session.user == self.reader:  # the reader's session must stay alive
            path = "/me"
        if path == "/me":
            return Request("GET", path, token=token)
        if path == "/logout":
            return Request("POST", path, token=token)
        proof, meant = self.proof(user, recovery=path == "/me/totp")
        if path == "/me/password":
            body = {"current_password": user.password, "new_password": self.password(user.username), **proof}
            if self.chance.random() < 0.2:
                body |= self.chance.choice([{"current_password": "not it"}, {"new_password": "short"}, {"code": "x"},
                                            {"new_password": self.chance.choice(sorted(WEAK))}])
            return Request("PUT", path, to_json(body), token, meant=f"{user.username} changes the password with {meant}")
        return post(path, proof, token, meant=f"{user.username} at {path} with {meant}")

    # An attack on the codes of one account, up to the waits and finally the last limit.

    def guess(self) -> Request | Jump:
        name, left = self.attack
        user = self.user(name)
        if user is None or user.disabled or user.secret is None or left <= 0:
            self.attack = None
            return self.account_call()
        if user.locked_until > self.world.now:
            return self.jump_to(user.locked_until)
        tokens = [token for token in self.live_challenges(name) if self.world.challenges[token].next == "verify"]
        if not tokens:
            wait = self.world.password_failures.get(name.lower())
            return self.jump_to(wait[1] + 60) if wait and wait[0] >= 5 else self.right_log_in(name)
        self.attack = (name, left - 1)
        if self.chance.random() < 0.02:
            return self.verify(name, tokens[0])
        body = {"challenge": tokens[0], "code": self.wrong_code(user.secret)}
        return post("/verify-2fa", body, meant=f"an attacker guesses {name}'s codes")

    def jump_to(self, when: int) -> Jump:
        return Jump(max(1, when - self.world.now))

    def right_log_in(self, name: str) -> Request:
        return self.log_in_as(self.user(name))

    def log_in_as(self, user) -> Request:
        return post("/login", {"username": user.username, "password": user.password}, meant=f"{user.username} logs in")

    # Products.

    def product_call(self) -> Request:
        token = self.key_or(self.token())
        count = len(self.world.products)
        weights = {self.create: 6 if count > 80 else 14, self.change: 22, self.delete: 8 if count > 60 else 3,
                   self.get: 14, self.stock: 20, self.history: 6, self.again: 4 if self.sent else 0}
        if self.alone:
            weights[self.list] = 12
        return self.chance.choices(list(weights), list(weights.values()))[0](token)

    def pid(self) -> str:
        if self.focus:
            return self.focus
        odds = self.chance.random()
        if odds < 0.03 or not self.pids:
            return self.chance.choice(["0" * 24, "x", "A" * 24])
        if odds < 0.1:
            return self.chance.choice(self.pids[-50:])  # may be deleted
        living = [pid for pid in self.pids[-200:] if pid in self.world.products]
        return self.chance.choice(living[-8:] if odds < 0.6 else living) if living else self.pids[-1]

    def fields(self, count: int | None = None) -> dict:
        pick = self.chance.choice
        fields = {"name": pick(NAMES), "price": pick(PRICES), "stock": pick(STOCKS), "description": pick(DESCRIPTIONS),
                  "sku": pick([None, *self.skus]), "currency": pick(["EUR", "USD", "JPY", "CHF", "XTS"])}
        for name in ("description", "sku", "currency"):
            if self.chance.random() < 0.4:
                del fields[name]
        if count is not None:
            fields = {name: fields[name] for name in self.chance.sample(sorted(fields), min(count, len(fields)))}
        return fields

    def spoilt(self, fields: dict) -> bytes:
        """The body; sometimes malformed, or with errors."""
        odds = self.chance.random()
        if odds < 0.015:
            return self.chance.choice(MALFORMED)
        if odds < 0.03:
            return self.chance.choice([b"[]", b"5", b"null", b'"x"'])
        if odds < 0.1:
            raw = {"price": self.chance.choice(BAD_PRICES)} if self.chance.random() < 0.4 else {}
            worse = self.chance.choice([{}, {"name": ""}, {"name": " "}, {"name": None}, {"stock": -1}, {"stock": 1.5},
                                        {"stock": STOCK_MAX + 1}, {"stock": True}, {"sku": "a b"}, {"sku": "x" * 65},
                                        {"currency": "ZZZ"}, {"currency": None}, {"bogus": 1},
                                        {"description": "bell\u0007"}, {"description": "é" * 4001}, {"name": "a\u0085b"}])
            return to_json(fields | worse, raw)
        if odds < 0.2:
            return to_json(fields | {"stock": 7.0} if "stock" in fields else fields,
                           {"price": self.chance.choice(RAW_PRICES)} if "price" in fields else {})
        return to_json(fields)

    def create(self, token) -> Request:
        return self.keyed(Request("POST", "/products", self.spoilt(self.fields()), token, meant="create"))

    def conditions(self, pid: str) -> tuple[tuple, dict]:
        """Headers and body members about versions: right, stale, or malformed."""
        version = self.world.products.get(pid, {"version": 1})["version"]
        near = self.chance.choice([version, version, version, max(1, version - 1), version + 1])
        odds = self.chance.random()
        if odds < 0.3:
            return (("If-Match", f'"{near}"'),), {}
        if odds < 0.4:
            return (("If-Match", self.chance.choice(["*", f'"x", "{near}"', f'W/"{near}"', "garbage", '"1', str(near)])),), {}
        if odds < 0.6:
            return (), {"version": near}
        if odds < 0.63:
            return (("If-None-Match", f'"{near}"'),), {}
        if odds < 0.66:
            return (("If-Match", f'"{near}"'),), {"version": version}
        return (), {}

    def change(self, token) -> Request:
        pid = self.pid()
        headers, members = self.conditions(pid)
        odds = self.chance.random()
        if odds < 0.15 and (product := self.world.products.get(pid)):
            fields = product | {"price": str(product["price"])} | self.fields(1)  # the response of a GET, sent back
            if odds < 0.05:
                fields |= {self.chance.choice(["id", "created_at", "updated_at"]): "2020-01-01T00:00:00.000Z"}
        else:
            fields = self.fields(self.chance.choice([0, 1, 1, 1, 2, 3]))
        return Request("PUT", f"/products/{pid}", self.spoilt(fields | members), token, headers, meant="change")

    def delete(self, token) -> Request:
        pid = self.pid()
        return Request("DELETE", f"/products/{pid}", None, token, self.conditions(pid)[0], meant="delete")

    def get(self, token) -> Request:
        pid = self.pid()
        version = self.world.products.get(pid, {"version": 1})["version"]
        odds = self.chance.random()
        headers = ()
        if odds < 0.4:
            headers = (("If-None-Match", self.chance.choice([f'"{version}"', f'W/"{version}"', "*", f'"{version + 1}"', "x"])),)
        elif odds < 0.5:
            headers = (("If-Match", self.chance.choice([f'"{version}"', f'"{version + 1}"', "*"])),)
        query = "?bogus=1" if odds > 0.98 else ""
        return Request("GET", f"/products/{pid}{query}", None, token, headers, meant="read")

    def stock(self, token) -> Request:
        pid = self.pid()
        here = self.world.products.get(pid, {"stock": 3})["stock"]
        delta = self.chance.choice([1, -1, 2, -3, -here, -here - 1, STOCK_MAX - here, STOCK_MAX - here + 1, STOCK_MAX, 0, 5.0])
        body = {"delta": delta}
        if self.chance.random() < 0.4:
            body["reason"] = self.chance.choice(["counted", "é" * 500, "broken", "", " "])
        if self.chance.random() < 0.4:
            body["reference"] = self.chance.choice(["order 7", "é" * 100])
        if self.chance.random() < 0.06:
            body |= self.chance.choice([{"delta": "1"}, {"delta": None}, {"delta": 1.5}, {"reason": "é" * 501}, {"more": 1},
                                        {"reference": "é" * 101}, {"delta": STOCK_MAX + 1}, {"reason": 5}])
        return self.keyed(Request("POST", f"/products/{pid}/stock", to_json(body), token, meant="stock"))

    def keyed(self, request: Request) -> Request:
        if self.chance.random() > 0.2:
            return request
        key = self.chance.choice(self.keys) if self.chance.random() < 0.97 else self.chance.choice(["k" * 256, "a b", ""])
        self.sent[key] = (request.target, request.body)
        return Request(request.method, request.target, request.body, request.token, (("Idempotency-Key", key),), request.meant)

    def again(self, token) -> Request:
        key = self.chance.choice(list(self.sent))
        target, body = self.sent[key]
        if self.world.stored and self.chance.random() < 0.6:  # by the user with the stored response
            user_id, target, key = self.chance.choice(list(self.world.stored)[-20:])
            body = self.world.stored[user_id, target, key].body
            token = next((each for each in self.signed_in() if self.world.session(each).user_id == user_id), token)
        return Request("POST", target, body, token, (("Idempotency-Key", key),), meant="the same once more")

    def list(self, token) -> Request:
        asked = {}
        if self.chance.random() < 0.6:
            asked["limit"] = self.chance.choice([1, 2, 3, 7, 50, 1000, 1000])
        if self.chance.random() < 0.2:
            asked["sku"] = self.chance.choice(self.skus).replace("/", "%2F")
        if self.chance.random() < 0.6:
            asked |= self.filters()
        if self.chance.random() < 0.05:
            asked |= self.chance.choice([{"limit": 0}, {"limit": 1001}, {"bogus": 1}, {"sku": "a%20b"}, {"cursor": "AAAA"}])
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        return Request("GET", "/products" + (f"?{query}" if query else ""), None, token, meant="list")

    def filters(self) -> dict:
        pick = self.chance.choice
        some = {"q": pick(QUERIES).replace(" ", "%20"), "sort": pick(["", "-"]) + pick(
            ["name", "price", "stock", "created_at", "updated_at"])}
        low, high = sorted(self.chance.sample([0, 1, 5, 9, 100, STOCK_MAX - 1, STOCK_MAX], 2))
        some |= {"min_stock": low, "max_stock": high, "min_price": pick(["0", "0.1", "1.5"]),
                 "max_price": pick(["1.50", "129.9", str(PRICE_MAX)])}
        chosen = self.chance.sample(sorted(some), self.chance.choice([1, 1, 1, 2, 3]))
        wrong = pick([{"q": "%20-"}, {"sort": "size"}, {"min_price": "x"}, {"max_stock": "-1"}]) \
            if self.chance.random() < 0.06 else {}
        return {name: some[name] for name in chosen} | wrong

    def history(self, token) -> Request:
        limit = self.chance.choice(["", "", "?limit=1", "?limit=2", "?limit=1000", "?limit=0", "?sort=at"])
        return Request("GET", f"/products/{self.pid()}/history{limit}", None, token, meant="history")

    def odd(self) -> Request:
        token = self.token()
        return self.chance.choice([
            Request("PATCH", "/products", b"{}", token), Request("GET", "/nowhere", None, token),
            Request("GET", "/signup"), Request("DELETE", "/products", None, token),
            Request("POST", "/products", b"name=x", token, (("Content-Type", "application/x-www-form-urlencoded"),)),
            Request("GET", "/me"), Request("POST", "/logout"), Request("GET", "/products", None, "x" * 40),
            Request("GET", f"/generate-2fa/{quote(self.people[0])}", None, "x" * 43),
            post("/verify-2fa", {"challenge": "y" * 43, "code": "123456"})])


def post(target: str, body, token: str | None = None, meant: str = "") -> Request:
    return Request("POST", target, to_json(body), token, meant=meant)


def to_json(body: dict, raw: dict | None = None) -> bytes:
    """`raw`: members whose value is already JSON text."""
    parts = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in body.items() if name not in (raw or {})]
    parts += [f"{json.dumps(name)}:{value}" for name, value in (raw or {}).items()]
    return ("{" + ",".join(parts) + "}").encode()
