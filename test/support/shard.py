"""One of several writers on a server that is killed. It has its own accounts, products and model. After a kill it finds
out whether the call that was under way has happened."""

import json
import threading

from .checked import Checked
from .http import Ended, Reply
from .model import Request, answer
from .model.accounts import EXPIRED, totp
from .model.world import PROOF_LIFE, Answer, parsed, same
from .stream import Jump, post


class Shard(Checked):
    def __init__(self, server, seed, prefix: str, jump):
        super().__init__(server, seed, prefix)
        self.jump_all = jump  # the clock is common to all shards
        self.under_way: Request | None = None
        self.thread: threading.Thread | None = None
        self.fault: BaseException | None = None

    def jump(self, seconds: int) -> None:
        self.jump_all(seconds)

    def send(self, request: Request) -> Reply:
        self.under_way = request
        reply = super().send(request)
        self.under_way = None
        return reply

    # Until the server is gone.

    def start(self) -> None:
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        try:
            while True:
                what = self.stream.next()
                if not isinstance(what, Jump):
                    self.call(what)
        except (OSError, Ended):
            self.last.append("       the server is killed")
        except BaseException as fault:  # shown by join()
            self.fault = fault

    def join(self) -> None:
        self.thread.join()
        if self.fault:
            raise self.fault

    # After the kill.

    def find_out(self, unknown: dict) -> str | None:
        """Finds out whether the call that was under way happened; returns a text that says so. It must have happened
        completely or not at all. `unknown`: products that no shard knows; those that are found among them are removed
        from it."""
        request, self.under_way = self.under_way, None
        if request is None:
            return None
        expected = answer(self.world, request)
        if request.path.startswith("/products"):
            outcome = self.product_call_happened(request, expected, unknown)
        else:
            outcome = self.account_call_happened(request, expected)
        self.last.append(f"       what was under way: {outcome}")
        return outcome

    def product_call_happened(self, request: Request, expected: Answer, unknown: dict) -> str:
        if request.method == "GET" or expected.status >= 300:
            return "nothing could happen"
        if request.header("Idempotency-Key"):
            return self.sent_again(request, expected, unknown)
        if request.path == "/products":
            return self.creation_happened(request, expected, unknown)
        pid = request.path.split("/")[2]
        reply = self.read(f"/products/{pid}")
        if reply.status == 404:
            self.demand(None if request.method == "DELETE" else "the product is gone", reply)
            return self.happened(expected, Reply(request.method, request.target, 204))
        if same(self.world.products[pid], parsed(reply)):
            return "no"
        self.demand(None if same(expected.body, parsed(reply)) else "the product is half written", reply)
        return self.happened(expected, reply)

    def creation_happened(self, request: Request, expected: Answer, unknown: dict) -> str:
        for pid, product in unknown.items():
            if same(expected.body, product) and self.made_by(pid, request):
                del unknown[pid]
                self.stream.pids.append(pid)
                reply = Reply("POST", "/products", 201)
                reply.parsed = product
                return self.happened(expected, reply)
        return "no"

    def made_by(self, pid: str, request: Request) -> bool:
        [created] = parsed(self.read(f"/products/{pid}/history"))
        key = self.world.keys.get(request.token)
        return created["actor"]["id"] == (key or self.world.sessions[self.world.key_of(request.token)]).user_id

    def sent_again(self, request: Request, expected: Answer, unknown: dict) -> str:
        """A call with a key can be sent again, and happens once."""
        reply = super().send(request)
        replayed = reply.header("Idempotency-Replayed")
        expected.headers = expected.headers | {"Idempotency-Replayed": replayed}
        self.demand(expected.mismatch(reply), reply)
        expected.effect(self.world, reply)
        self.stream.tell(request, reply)
        if reply.status == 201:
            unknown.pop(parsed(reply)["id"], None)
        return "yes, and it was replayed" if replayed else "no, but now"

    def account_call_happened(self, request: Request, expected: Answer) -> str:
        if request.method == "GET" or expected.status >= 400 and self.changes_nothing(expected):
            return "nothing could happen"
        if request.path == "/login" and not self.is_pending(request):
            return "unknown, but at most there is a challenge that no client has"
        if request.path == "/logout" and expected.status == 204:
            reply = self.read("/me", request.token)
            self.demand(None if reply.status in (200, 401) else "neither signed in nor signed out", reply)
            return self.happened(expected, reply) if reply.status == 401 else "no"
        if request.path == "/verify-2fa" and expected.status == 200 and not self.is_pending(request):
            reply = super().send(request)
            if reply.status == 200:
                return self.happened(expected, reply, "no, but now")
            self.demand(EXPIRED.mismatch(reply), reply)  # the challenge is spent; there is a session, and only its tokens are lost
            lost = f"lost {self.calls}"
            reply.parsed = {"access_token": lost, "refresh_token": lost}
            self.happened(expected, reply)
            self.world.change_session(lost, refresh_tokens=())
            del self.world.access[lost]
            return "yes"
        if request.path == "/token/refresh":
            reply = super().send(request)  # the clock stands still: within the grace
            self.demand(expected.mismatch(reply), reply)
            return self.happened(expected, reply, "the refresh was repeated")
        if request.path == "/me/keys":
            return self.key_was_made(request, expected)
        if request.method == "DELETE" or request.path.startswith("/users/"):
            reply = super().send(request)
            done = (200,) if request.method == "PUT" else (204, 401, 404)
            self.demand(None if reply.status in done else f"expected {done}", reply)
            return self.happened(expected, reply, "it was repeated")
        if request.path == "/signup":
            reply = super().send(request)
            if reply.status == 201:
                return self.happened(expected, reply, "no, but now")
            self.demand(None if reply.slug == "username-taken" else "neither created nor refused as taken", reply)
            self.stream.forget(json.loads(request.body)["username"])
            return "yes"
        # What was lost with the response (a challenge, recovery codes) cannot be found out.
        for user in [each for each in self.world.users.values() if self.may_be_about(request, each)]:
            self.world.forget(user)
            self.stream.forget(user.username)
        return "unknown: the account is not used any more"

    def key_was_made(self, request: Request, expected: Answer) -> str:
        known = {each.id for each in self.world.keys.values()}
        made = [each["id"] for each in parsed(self.read("/me/keys", request.token)) if each["id"] not in known]
        if not made:
            return "no"
        reply = Reply("POST", "/me/keys", 201)
        reply.parsed = {"id": made[0], "key": f"lost {made[0]}"}
        return self.happened(expected, reply)

    def changes_nothing(self, refused: Answer) -> bool:
        after = self.world.copy()
        refused.effect(after, None)
        after.password_failures = self.world.password_failures  # the restart has cleared these
        return after == self.world

    def is_pending(self, request: Request) -> bool:
        return any(each.confirmed_at is None and self.may_be_about(request, each) for each in self.world.users.values())

    def may_be_about(self, request: Request, user) -> bool:
        access = self.world.access.get(request.token)
        if access:
            return self.world.sessions[access.session].user_id == user.id
        challenge = next((each for token, each in self.world.challenges.items() if token.encode() in request.body), None)
        if challenge:
            return challenge.user_id == user.id
        return f'"{user.username}"'.lower().encode() in request.body.lower()

    def happened(self, expected: Answer, reply: Reply, outcome: str = "yes") -> str:
        expected.effect(self.world, reply)
        return outcome

    def read(self, target: str, token: str | None = None) -> Reply:
        return super().send(Request("GET", target, token=token or self.reader(), meant="did it happen?"))

    # Between two kills, one shard after the other.

    def prepare(self) -> None:
        """Signs the reader in, keeps its failures few, and sometimes spends a recovery code."""
        token = self.reader()
        user = self.world.users[self.world.session(token).user]
        if self.world.now >= self.world.session(token).proven_at + PROOF_LIFE and user.last_step < self.world.step:
            code = totp(user.secret, self.world.step)
            return self.call(post("/me/proof", {"code": code}, token, meant="the reader proves again"))
        if user.codes and self.chance.random() < 0.3:
            self.call(post("/verify-2fa", {"challenge": self.fresh_challenge(), "recovery_code": user.codes[0]},
                           meant="spends a recovery code"))
        elif user.failures >= 4 and user.last_step < self.world.step:
            self.call(self.stream.right_proof(self.stream.reader, self.fresh_challenge()))

    def fresh_challenge(self) -> str:
        name = self.stream.reader
        if not self.stream.live_challenges(name):
            self.call(self.stream.right_log_in(name))
        return self.stream.live_challenges(name)[0]

    def check(self, seen: dict) -> None:
        """Everything acknowledged must be there. `seen`: all products of the server, by id."""
        for pid, product in self.world.products.items():
            self.demand(None if same(product, seen.get(pid)) else f"{product} is {seen.get(pid)}")
        for pid in self.stream.pids[-25:]:
            self.call(Request("GET", f"/products/{pid}/history", token=self.reader(), meant="all changes"))
        self.check_sessions_and_challenges()
        self.spent_stays_spent()

    def spent_stays_spent(self) -> None:
        """Sends an old code, recovery code and Idempotency-Key again."""
        user = self.world.users[self.world.session(self.reader()).user]
        proofs = [{"recovery_code": code} for code in user.codes_gone[-1:]]
        if user.failures < 6:
            proofs.append({"code": totp(user.secret, user.last_step)})
        for proof in proofs:
            self.call(post("/verify-2fa", {"challenge": self.fresh_challenge(), **proof}, meant="is it still spent?"))
        for (user_id, path, key), stored in list(self.world.stored.items())[-3:]:
            mine = [token for token in self.stream.signed_in() if self.world.session(token).user_id == user_id]
            if mine:
                self.call(Request("POST", path, stored.body, mine[0], (("Idempotency-Key", key),), "is it still stored?"))
