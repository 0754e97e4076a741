"""A server whose every response is compared with the model's: one call at a time, or in bursts, which some order must
explain."""

import collections
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Iterator
from urllib.parse import quote

from .http import Client, Reply, all_at_once
from .model import Request, World, answer
from .model.products import Walk, WalkBack
from .stream import AS_JSON, Jump, Stream, post

HASHED = ("/signup", "/login", "/me/password")
HASHED_AT_ONCE = 2  # in one burst; a busy machine would refuse more
REMEMBERED = 25  # calls that a failure shows
ORDERS = 200  # of a burst that are tried


class Checked:
    def __init__(self, server, seed: int, prefix: str = ""):
        self.server, self.seed = server, seed
        self.world = World(int(server.now()))
        self.others: list[World] = []  # other possible states: a burst can leave open how many guesses counted
        self.chance = Random(f"{seed} {prefix}")
        self.stream = Stream(self.world, self.chance, prefix)
        self.client = Client(server)
        self.calls = 0
        self.last = collections.deque(maxlen=REMEMBERED)
        self.walks: list = []  # (Walk, its next target)
        self.statuses: collections.Counter = collections.Counter()

    # One at a time.

    def one(self) -> None:
        if self.walks and self.chance.random() < 0.04:
            return self.walk_on()
        what = self.stream.next()
        return self.jump(what.seconds) if isinstance(what, Jump) else self.call(what)

    def jump(self, seconds: int) -> None:
        self.last.append(f"       the clock moves {seconds} s")
        self.server.move_clock(seconds)
        for world in (self.world, *self.others):
            world.now = int(self.server.now())

    def send(self, request: Request) -> Reply:
        self.calls += 1
        self.last.append(f"{self.calls:6} {shown(request)}")
        reply = self.client.request(request.method, request.target, body=request.body, headers=dict(request.headers),
                                    token=request.token)
        self.last[-1] += f"\n       -> {reply.status} {reply.slug or reply.body[:200]!r}"
        return reply

    def call(self, request: Request) -> None:
        reply = self.send(request)
        expected = [(world, answer(world, request)) for world in (self.world, *self.others)]
        fitting = [(world, each) for world, each in expected if each.mismatch(reply) is None]
        self.demand(None if fitting else expected[0][1].mismatch(reply), reply)
        for world, each in fitting:
            each.effect(world, reply)
        self.become([world for world, _ in fitting])
        self.note(request, reply)
        if reply.header("Link") and len(self.walks) < 8:
            self.walks.append(begun(self.world, request, reply))

    def note(self, request: Request, reply: Reply) -> None:
        self.statuses["replayed" if reply.header("Idempotency-Replayed") else reply.slug or reply.status] += 1
        self.stream.tell(request, reply)

    def demand(self, wrong: str | None, reply=None) -> None:
        if wrong:
            calls = "\n".join(self.last)
            raise AssertionError(f"{wrong}\nin {reply}\nSEED={self.seed}, call {self.calls}; the last calls:\n{calls}")

    # Lists are read page by page while the records change.

    def walk_on(self) -> None:
        number = self.chance.randrange(len(self.walks))
        walk, target = self.walks[number]
        reply = self.send(Request("GET", target, token=self.reader(), meant="the next page"))
        target, wrong = walk.next(self.world, reply)
        self.demand(wrong, reply)
        if target is None:
            del self.walks[number]
        else:
            self.walks[number] = (walk, target)

    def promote(self, user) -> None:
        done = self.server.command("user", "role", user.username, "admin")
        self.last.append(f"       {user.username} is made admin on the host")
        self.demand(None if done.returncode == 0 else done.stderr)
        for world in (self.world, *self.others):
            world.put(replace(world.user(user.username), role="admin"))

    def reader(self) -> str:
        """An access token of an account that only reads, and changes others, as an admin."""
        while True:
            name = self.stream.reader
            user = self.world.user(name)
            mine = [token for token in self.stream.signed_in() if self.world.session(token).user == name]
            open_ones = [each for each in map(self.world.sessions.get, self.stream.living_sessions()) if each.user == name]
            if mine:
                if user.role != "admin":
                    self.promote(user)
                return mine[-1]
            if open_ones:
                self.call(self.stream.refresh_with(open_ones[-1].refresh_tokens[-1], "the reader goes on"))
                continue
            if user and (wait := max(user.locked_until - self.world.now, (user.last_step - self.world.step) * 30)) > 0:
                self.jump(wait)
            elif tokens := self.stream.live_challenges(name):
                self.call(self.stream.right_proof(name, tokens[0]))
            else:
                self.call(self.stream.right_log_in(name) if user else self.stream.sign_up_properly(name))

    # Several calls at once.

    def burst(self, size: int) -> None:
        """Different calls at once. The responses must be those of the calls in some order, one after the other."""
        requests: list = []
        living = list(self.world.products)
        self.stream.focus = self.chance.choice(living) if living and self.chance.random() < 0.7 else None
        while len(requests) < size:
            what = self.stream.next()
            if isinstance(what, Jump) or guesses_at_a_password(self.world, what):
                continue
            if what.path in HASHED and sum(each.path in HASHED for each in requests) >= HASHED_AT_ONCE:
                continue
            twice = self.chance.random() < 0.2 and len(requests) + 2 <= size and what.path not in HASHED
            requests += [what] * (2 if twice else 1)
        self.stream.focus = None
        self.together(requests)

    def together(self, requests: list[Request]) -> None:
        self.calls += len(requests)
        replies = all_at_once(self.server, [each.raw() for each in requests], [each.target for each in requests])
        for request, reply in zip(requests, replies):
            self.last.append(f"  all at once {shown(request)}\n       -> {reply.status} {reply.slug or reply.body[:200]!r}")
        calls = list(zip(requests, replies))
        after = [each for world in (self.world, *self.others) for each in islice(explained(world, world, calls), ORDERS)]
        self.demand(None if after else "no order of these calls gives these responses", replies)
        self.become(after)
        for request, reply in zip(requests, replies):
            self.note(request, reply)

    def become(self, worlds: list[World]) -> None:
        if worlds[0] is not self.world:
            vars(self.world).update(vars(worlds[0]))
        self.others = []
        for world in worlds[1:]:
            if world != self.world and world not in self.others:
                self.others.append(world)

    # The state as a whole.

    def agree(self) -> None:
        """The server has the same products, histories, sessions and challenges as the model."""
        token = self.reader()
        self.call(Request("GET", "/products", token=token, meant="everything"))
        for pid in self.stream.pids[-60:]:
            self.call(Request("GET", f"/products/{pid}/history", token=token, meant="all changes"))
        self.check_sessions_and_challenges()

    def check_sessions_and_challenges(self) -> None:
        """Ended sessions and challenges stay ended; live ones stay alive."""
        for token in [*list(self.world.access)[-20:], *[key for key in self.world.keys if key[0] == "d"][-10:]]:
            self.call(Request("GET", "/me", token=token, meant="is this session or key alive?"))
        for target in ("/me/sessions", "/me/keys"):
            self.call(Request("GET", target, token=self.reader(), meant="all of the reader's"))
        for token, challenge in list(self.world.challenges.items())[-20:]:
            self.call(Request("GET", f"/generate-2fa/{quote(challenge.user)}", token=token, headers=AS_JSON,
                              meant="is this challenge alive?"))


def explained(before: World, world: World, calls: list) -> Iterator[World]:
    """The world after the calls, for each order in which the model gives all these responses."""
    if not calls:
        yield world
        return
    for number, (request, reply) in enumerate(calls):
        rest = calls[:number] + calls[number + 1:]
        if refused_unprocessed(reply):
            yield from explained(before, world, rest)
            return
        for seen in (world, admitted(before, world, request)):
            expected = answer(seen, request)
            if expected.mismatch(reply) is None:
                after = world.copy()
                expected.effect(after, reply)
                yield from explained(before, after, rest)
                break


def refused_unprocessed(reply: Reply) -> bool:
    """The response says that nothing happened."""
    return reply.slug in ("overloaded", "idempotency-in-progress")


def admitted(before: World, world: World, request: Request) -> World:
    """Who sends a request, and what they may do, is checked when the head is read, so calls that overlap the end of a session or a
    change of role may still succeed, or still be refused."""
    key, access = before.keys.get(request.token), before.access.get(request.token)
    caller = key or access and before.sessions[access.session]
    then = caller and before.users.get(caller.user)
    if not then:
        return world
    seen = world.copy()
    if key:
        seen.keys[request.token] = key
    else:
        seen.sessions[access.session] = caller
    now = seen.users.get(caller.user, then)
    seen.put(replace(now, role=then.role, disabled=then.disabled))
    return seen


def begun(world: World, request: Request, reply: Reply) -> tuple:
    walk = (WalkBack if request.path.endswith("/history") else Walk)(world, request.target)
    target, wrong = walk.next(world, reply)
    assert target and not wrong, wrong
    return walk, target


def guesses_at_a_password(world: World, request: Request) -> bool:
    """Whether the call is a wrong password. It is counted after hashing, when other calls may be under way, so no order
    explains it."""
    if request.path not in HASHED:
        return False
    expected = answer(world, request)
    return expected.slugs == ("invalid-credentials",) or expected.errors == {"#/current_password"}


def shown(request: Request) -> str:
    token = f" token …{request.token[-6:]}" if request.token else ""
    headers = " ".join(f"{name}: {value[:40]}" for name, value in request.headers)
    return f"{request.method} {request.target} {(request.body or b'')[:300]!r} {headers}{token} ({request.meant})"
