"""Products: records with versions, stock, histories, lists and Idempotency-Key."""

import re

from .values import (CHANGE, CHANGEABLE, CREATE, HISTORY, LIST, MOVEMENT, PRICE_MAX, STOCK_MAX, folded, money, read_query,
                     whole, words)
from .world import ID, Answer, Request, Some, Stored, World, body_of, invalid, may, parsed, refusal, same

STORED_FOR = 24 * 3600  # responses under an Idempotency-Key
GONE = refusal(404, "not-found")
STALE = refusal(412, "precondition-failed")


# Preconditions.

def etag(product: dict) -> str:
    return f'"{product["version"]}"'


def tags(header: str | None) -> list[str] | None:
    """The entity tags of If-Match or If-None-Match; None if the header is malformed."""
    tag = r'(?:W/)?"[!#-~]*"'
    if header is None or header == "*":
        return [header or ""]
    if not re.fullmatch(rf"{tag}(?:\s*,\s*{tag})*", header):
        return None
    return re.findall(tag, header)


def bad_head(request: Request) -> Answer | None:
    if tags(request.header("If-Match")) is None or tags(request.header("If-None-Match")) is None:
        return refusal(400, "bad-request")
    return None


def excluded(request: Request, product: dict) -> bool:
    """If-Match compares strongly, If-None-Match weakly (RFC 9110 §13.1)."""
    wanted, unwanted = request.header("If-Match"), request.header("If-None-Match")
    if wanted and wanted != "*" and etag(product) not in tags(wanted):
        return True
    return bool(unwanted) and request.method != "GET" and known(unwanted, product)


def known(header: str, product: dict) -> bool:
    return header == "*" or etag(product) in [tag.removeprefix("W/") for tag in tags(header)]


# Changes.

def record(world: World, actor, op: str, before: dict | None, after: dict | None, reason=None, reference=None) -> None:
    either = after or before
    change = {"log_index": None, "at": world.time(), "actor": actor.view(), "op": op,
              "version": after["version"] if after else before["version"] + 1, "before": before, "after": after,
              "reason": reason, "reference": reference}
    world.histories[either["id"]] = world.histories.get(either["id"], ()) + (change,)
    if after:
        world.products[either["id"]] = after
    else:
        del world.products[either["id"]]


def with_sku(world: World, sku: str | None, but: str | None = None) -> bool:
    return sku is not None and any(each["sku"] == sku and each["id"] != but for each in world.products.values())


def next_version(world: World, product: dict, **fields) -> dict:
    return product | fields | {"version": product["version"] + 1, "updated_at": world.time()}


def create(world: World, request: Request) -> Answer:
    user, refused = may(world, request, "products:write")
    if refused:
        return refused
    return once(world, request, user, lambda: create_now(world, request, user))


def create_now(world: World, request: Request, user) -> Answer:
    body, refused = body_of(request, CREATE)
    if refused:
        return refused
    if with_sku(world, body.get("sku")):
        return refusal(409, "sku-taken")
    product = {"id": ID, "sku": body.get("sku"), "name": body["name"], "description": body.get("description"),
               "price": money(body["price"]), "currency": body.get("currency", "EUR"), "stock": whole(body["stock"]),
               "version": 1, "created_at": world.time(), "updated_at": world.time()}

    def effect(world, reply):
        record(world, user, "create", None, product | {"id": parsed(reply)["id"]})

    return Answer(201, body=product, headers={"ETag": '"1"', "Location": Some("/products/[0-9a-f]{24}")}, effect=effect,
                  check=lambda reply: None if reply.header("Location") == f"/products/{parsed(reply)['id']}" else "Location")


def get(world: World, request: Request, pid: str) -> Answer:
    _, refused = may(world, request, "products:read")
    if refused:
        return refused
    if refused := bad_head(request) or no_parameters(request):
        return refused
    product = world.products.get(pid)
    if product is None:
        return GONE
    if excluded(request, product):
        return STALE
    if (header := request.header("If-None-Match")) and known(header, product):
        return Answer(304, headers={"ETag": etag(product)})
    return Answer(200, body=product, headers={"ETag": etag(product)})


def no_parameters(request: Request) -> Answer | None:
    wrong = read_query(request.query, {})[1]
    return invalid(wrong) if wrong else None


def change(world: World, request: Request, pid: str) -> Answer:
    user, refused = may(world, request, "products:write")
    if refused:
        return refused
    if refused := bad_head(request):
        return refused
    body, refused = body_of(request, CHANGE)
    if refused:
        return refused
    fields = {name: body[name] for name in CHANGEABLE if name in body}
    if not fields:
        return invalid()
    product = world.products.get(pid)
    if product is None:
        return GONE
    if excluded(request, product) or "version" in body and whole(body["version"]) != product["version"]:
        return STALE
    differs = {f"#/{name}" for name in ("id", "created_at", "updated_at") if name in body and body[name] != product[name]}
    if differs:
        return invalid(differs)
    if with_sku(world, fields.get("sku"), but=pid):
        return refusal(409, "sku-taken")
    if "price" in fields:
        fields["price"] = money(fields["price"])
    if "stock" in fields:
        fields["stock"] = whole(fields["stock"])
    after = next_version(world, product, **fields)
    return Answer(200, body=after, headers={"ETag": None},
                  effect=lambda world, _: record(world, user, "update", product, after))


def remove(world: World, request: Request, pid: str) -> Answer:
    user, refused = may(world, request, "products:write")
    if refused:
        return refused
    if refused := bad_head(request) or no_parameters(request):
        return refused
    product = world.products.get(pid)
    if product is None:
        return GONE
    if excluded(request, product):
        return STALE
    return Answer(204, headers={"ETag": None}, effect=lambda world, _: record(world, user, "delete", product, None))


def move_stock(world: World, request: Request, pid: str) -> Answer:
    user, refused = may(world, request, "stock:write")
    if refused:
        return refused
    return once(world, request, user, lambda: move_now(world, request, user, pid))


def move_now(world: World, request: Request, user, pid: str) -> Answer:
    body, refused = body_of(request, MOVEMENT)
    if refused:
        return refused
    product = world.products.get(pid)
    if product is None:
        return GONE
    stock = product["stock"] + whole(body["delta"])
    if stock > STOCK_MAX:
        return invalid({"#/delta"})
    if stock < 0:
        return refusal(409, "insufficient-stock")
    after = next_version(world, product, stock=stock)
    return Answer(200, body=after, headers={"ETag": etag(after)},
                  effect=lambda world, _: record(world, user, "stock", product, after, body.get("reason"),
                                                 body.get("reference")))


# Idempotency-Key.

def once(world: World, request: Request, user, run) -> Answer:
    """The stored response to the request's key; otherwise what `run` expects, which is stored if it succeeds."""
    header = request.header("Idempotency-Key")
    if header is None:
        return run()
    key = header[1:-1] if len(header) > 2 and header[0] == header[-1] == '"' else header
    if not re.fullmatch("[!-~]{1,255}", key):
        return refusal(400, "bad-request")
    slot = (user.id, request.path, key)
    stored = world.stored.get(slot)
    if stored is None or world.now >= stored.at + STORED_FOR:
        return storing(slot, request, run())
    if stored.body != request.body:
        first = run()  # a malformed or invalid body may be reported first
        if first.status in (400, 415):
            return first
        if first.slugs == ("invalid-value",):
            return refusal(422, "idempotency-key-reused", "invalid-value")
        return refusal(422, "idempotency-key-reused")
    headers = {name: stored.reply.header(name) for name in ("ETag", "Location", "Content-Type")}
    return Answer(stored.reply.status, headers=headers | {"Idempotency-Replayed": "true"},
                  check=lambda reply: None if reply.body == stored.reply.body else "expected the stored bytes")


def storing(slot: tuple, request: Request, fresh: Answer) -> Answer:
    fresh.headers = fresh.headers | {"Idempotency-Replayed": None}
    if not 200 <= fresh.status < 300:
        return fresh
    effect = fresh.effect

    def stored(world, reply):
        effect(world, reply)
        world.stored[slot] = Stored(world.now, request.body, reply)

    fresh.effect = stored
    return fresh


# Lists.

def key_of(sort: str, product: dict):
    name = sort.removeprefix("-")
    return folded(product[name]) if name == "name" else product[name]


def in_order(sort: str, products) -> list:
    """Records with equal keys may come in any order."""
    return sorted(products, key=lambda each: key_of(sort, each), reverse=sort.startswith("-"))


def fits(asked: dict, product: dict) -> bool:
    if "q" in asked:
        here = words(" ".join(product[name] or "" for name in ("name", "description", "sku")))
        *whole_words, last = words(asked["q"])
        if not all(word in here for word in whole_words) or not any(word.startswith(last) for word in here):
            return False
    return (asked.get("sku", product["sku"]) == product["sku"]
            and money(asked.get("min_price", "0")) <= product["price"] <= money(asked.get("max_price", str(PRICE_MAX)))
            and int(asked.get("min_stock", 0)) <= product["stock"] <= int(asked.get("max_stock", STOCK_MAX)))


def matching(world: World, asked: dict) -> list:
    return [product for product in world.products.values() if fits(asked, product)]


def may_be_short(asked: dict) -> bool:
    """Whether the search is a combination, whose pages may end early after 50 ms."""
    kinds = [name for name in ("q", "sku", "price", "stock") if any(part.endswith(name) for part in asked)]
    return len(kinds) + ("sort" in asked) > 1


def asked_of(target: str) -> dict:
    return read_query(target.partition("?")[2], LIST)[0]


def listed(world: World, request: Request) -> Answer:
    """A list from its beginning. Walk checks the pages after the first."""
    _, refused = may(world, request, "products:read")
    if refused:
        return refused
    asked, wrong = read_query(request.query, LIST)
    if wrong:
        return invalid(wrong)
    sort = asked.get("sort", "created_at")
    everything = in_order(sort, matching(world, asked))

    def check(reply):
        got = parsed(reply)
        limit = int(asked.get("limit", len(everything)))
        more = reply.header("Link") is not None
        if more and may_be_short(asked):
            limit = len(got)
        elif more != (len(everything) > limit):
            return f"expected a Link exactly if there is more: {len(everything)} match"
        return true_records(world, got) or out_of_order(sort, got, everything[:limit])

    return Answer(200, check=check)


def true_records(world: World, got: list) -> str | None:
    for product in got:
        if not same(world.products.get(product["id"], {}), product):
            return f"{product} is {world.products.get(product['id'])}"
    ids = [product["id"] for product in got]
    return "a record is there twice" if len(set(ids)) < len(ids) else None


def out_of_order(sort: str, got: list, expected: list) -> str | None:
    keys, right = ([key_of(sort, each) for each in side] for side in (got, expected))
    return None if keys == right else f"sort keys are {keys}, expected {right}"


def history(world: World, request: Request, pid: str) -> Answer:
    _, refused = may(world, request, "products:read")
    if refused:
        return refused
    asked, wrong = read_query(request.query, HISTORY)
    if wrong:
        return invalid(wrong)
    changes = world.histories.get(pid)
    if changes is None:
        return GONE
    newest = list(reversed(changes))
    limit = int(asked.get("limit", len(newest)))
    return Answer(200, body=newest[:limit], headers={"Link": Some(".*") if len(newest) > limit else None})


class Walk:
    """A list read page by page while records change. None may come twice, and none whose sort key did not change may be
    missing."""

    def __init__(self, world: World, target: str):
        self.asked = asked_of(target)
        self.sort = self.asked.get("sort", "created_at")
        self.steady = {each["id"]: key_of(self.sort, each) for each in matching(world, self.asked)}
        self.seen: dict = {}
        self.last = None

    def next(self, world: World, reply) -> tuple[str | None, str | None]:
        """Checks a page; returns the next target or None, and what is wrong or None."""
        assert reply.status == 200, reply
        got = parsed(reply)
        now = {each["id"]: key_of(self.sort, each) for each in matching(world, self.asked)}
        self.steady = {pid: key for pid, key in self.steady.items() if now.get(pid) == key}
        if wrong := true_records(world, got):
            return None, wrong
        for product in got:
            pid, key = product["id"], key_of(self.sort, product)
            if pid not in now:
                return None, f"{product} does not match the query"
            if pid in self.seen and self.seen[pid] == key:
                return None, f"{pid} for the second time"
            if self.last is not None and (key > self.last if self.sort.startswith("-") else key < self.last):
                return None, f"{pid} is out of order"
            self.seen[pid] = self.last = key
        link = reply.header("Link")
        if link is None:
            lost = [pid for pid in self.steady if pid not in self.seen]
            return None, f"lost {lost}" if lost else None
        if len(got) < int(self.asked.get("limit", 100)) and not may_be_short(self.asked):
            return None, "a short page with a Link"
        return next_target(link), None


class WalkBack:
    """A history read page by page, from the newest change to the first, without gaps, also while changes are added."""

    def __init__(self, world: World, target: str):
        self.pid = target.split("/")[2]
        self.version = len(world.histories[self.pid])

    def next(self, world: World, reply) -> tuple[str | None, str | None]:
        assert reply.status == 200, reply
        for change in parsed(reply):
            if not same(world.histories[self.pid][self.version - 1], change):
                return None, f"{change} is not change {self.version}"
            self.version -= 1
        link = reply.header("Link")
        if (link is None) != (self.version == 0):
            return None, "expected a Link exactly if there is more"
        return link and next_target(link), None


def next_target(link: str) -> str:
    return re.sub("^https?://[^/]+", "", re.fullmatch('<([^>]+)>; rel="next"', link)[1])
