"""The queries that the server sends to MongoDB: each has a time limit, and there are no needless ones."""

import bson
import pytest

from support.accounts import enrolled, product
from support.http import Client
from support.server import Server, database_at

pytestmark = pytest.mark.embedded

COUNT = 20_000


@pytest.fixture(scope="module")
def full(mongo):
    """Half of the products are red, the others are lamps; ten are both."""
    with Server(store=database_at(mongo.uri)) as server:
        client = Client(server, enrolled(server).token)
        made = client.post("/products", product(sku="first")).json
        database = mongo.client().get_database(server.store.rsplit("/", 1)[1].split("?")[0])
        stored = database.products.find_one()
        database.products.insert_many(
            [stored | {"_id": bson.ObjectId(), "place": bson.Int64(stored["place"] + 1 + i), "name": f"No. {i}", "sku": f"n-{i}",
                     "name_key": f"no. {i}", "price": bson.Decimal128(f"{i % 1000}.00"),
                     "words": ["no", str(i)] + (["red"] if i % 2 or i % 2000 == 0 else []) + ([] if i % 2 else ["lamp"])}
             for i in range(COUNT)])
        client.path, client.database = f"/products/{made['id']}", database
        yield client


def reads(client, *targets: str) -> list[dict]:
    """The commands that these requests send: finds, aggregations, and fetches of more results."""
    database = client.database
    database.command("profile", 0)
    database.system.profile.drop()
    database.command("profile", 2)
    for target in targets:
        assert client.get(target).status == 200, target
    database.command("profile", 0)
    return list(database.system.profile.find({"ns": {"$ne": f"{database.name}.system.profile"},
                                              "op": {"$in": ["query", "getmore", "command"]}}))


def test_every_read_for_a_request_has_a_time_limit(full):
    targets = [full.path, "/me", f"{full.path}/history", "/products?limit=10", "/products?q=lamp+re", "/products?q=red+la&limit=10",
               "/products?q=lamp&sort=name&limit=10", "/products?sort=-price&min_stock=1&limit=5", "/products?sku=first",
               "/products?min_price=3&max_stock=4&q=re&sort=name"]
    asked = [each["command"] for each in reads(full, *targets) if each["op"] != "getmore"]
    # Without the node's own question for the clock (store/mongo/watch.cpp), which belongs to no request.
    finds = [command for command in asked if "find" in command or command.get("aggregate", "meta") != "meta"]
    assert {command["find"] for command in finds if "find" in command} >= {"products", "sessions", "changes", "meta"}
    unlimited = [command for command in finds
                 if not 0 < command.get("maxTimeMS", 0) <= 5000 and command.get("autocommit") is not False]
    assert not unlimited


def test_the_rest_of_a_large_page_is_read_in_parts(full):
    """What does not fit into the first 320 KiB of a page is read by id when its turn comes: it took one command for each product."""
    wide = full.database.products.find_one({"sku": "first"})
    full.database.products.insert_many(
        [wide | {"_id": bson.ObjectId(), "place": bson.Int64(wide["place"] + 1 + COUNT + i), "sku": f"w-{i}", "name": f"Wide {i}",
                 "name_key": f"wide {i}", "description": "d" * 2000, "words": ["wide", str(i)]} for i in range(600)])
    target = "/products?sort=-created_at&limit=600"  # without filters: a slow machine must not end the page early
    expected = [f"Wide {i}" for i in reversed(range(600))]
    assert [each["name"] for each in full.get(target).json] == expected
    by_id = [each["command"] for each in reads(full, target)
             if each["op"] == "query" and each["command"].get("find") == "products" and "_id" in each["command"].get("filter", {})]
    assert len(by_id) <= 20
    assert sum(len(command["filter"]["_id"]["$in"]) for command in by_id) > 400, "this test is about what is read by id"


def test_a_list_by_words_that_rarely_occur_together_costs_as_much_as_a_page(full):
    """Ten thousand products are read once. That takes three commands, or about twenty if an index takes too long and
    the order is walked in stretches. The list once took 238."""
    expected = [f"No. {i}" for i in range(0, COUNT, 2000)]
    for target in ("/products?q=lamp+red&limit=1000", "/products?q=lamp+red", "/products?q=red+lam"):
        assert [each["name"] for each in full.get(target).json] == expected
        asked = reads(full, target)
        assert len(asked) <= 40, target
