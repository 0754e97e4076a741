"""Checks in the database itself, SQLite or MongoDB, that everything stored is consistent."""

import json
import sqlite3

import pymongo
from pymongo.read_concern import ReadConcern

MEMBERS = ("version", "name", "stock", "sku", "description")


def check_store(server) -> None:
    """Change numbers must be dense, histories must have no gaps, and every product must be what its history says."""
    changes, products = of_mongo(server.store) if server.store else of_file(server.data)
    assert [number for number, *_ in changes] == list(range(1, len(changes) + 1)), "numbers of changes are missing"
    last: dict = {}
    for number, kind, record, revision, after in changes:
        before = last.get((kind, record), (0, None))
        assert revision == before[0] + 1, f"the history of {kind} {record} has a gap before change {number}"
        last[kind, record] = revision, after
    for (kind, record), (_, after) in last.items():
        if kind == "product":
            now, then = products.pop(record, None), after and tuple(json.loads(after)[name] for name in MEMBERS)
            assert now == then, f"product {record} is {now}, its history says {then}"
    assert not products, f"products without a history: {products}"


def of_file(folder) -> tuple:
    [path] = [path for path in folder.iterdir() if path.is_file() and path.open("rb").read(15) == b"SQLite format 3"]
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    products = {id: tuple(rest) for id, *rest in database.execute(f"SELECT hex(id), {', '.join(MEMBERS)} FROM products")}

    def made(record, revision, after):
        """What a change made stands in the change after it, or is what the product is now."""
        now = dict(zip(MEMBERS, products.get(record, ())))
        return json.dumps(now) if after is None and now.get("version") == revision else after

    changes = [(number, kind, record, revision, made(record, revision, after)) for number, kind, record, revision, after in database.execute(
        "SELECT c.number, c.kind, hex(c.record), c.revision, coalesce(c.after, n.before) FROM changes c LEFT JOIN changes n"
        " ON n.product = c.product AND n.revision = c.revision + 1 ORDER BY c.number")]
    database.close()
    return changes, products


def of_mongo(address: str) -> tuple:
    with pymongo.MongoClient(address) as client, client.start_session() as session:
        database = client.get_default_database()
        with session.start_transaction(ReadConcern("snapshot")):
            changes = [(each["_id"], each["kind"], str(each["record"]), each["revision"], each.get("after"))
                       for each in database.changes.find(session=session).sort("_id")]
            products = {str(each["_id"]): tuple(each.get(name) for name in MEMBERS) for each in database.products.find(session=session)}
    return changes, products
