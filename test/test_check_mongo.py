"""`integrity check` on MongoDB: every node may be writing, and damages are planted past the server."""

import copy
import threading

import bson
import pymongo
import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from support import damage
from support.accounts import admin_of, enrolled, product
from support.http import Client
from support.server import Server, database_at, run

pytestmark = pytest.mark.embedded

NOBODY = bson.ObjectId("00" * 12)


@pytest.fixture(scope="module")
def life(mongo):
    """A server with some of everything, and its database."""
    with Server("--api-keys", store=database_at(mongo.uri)) as server:
        admin = admin_of(server)
        admin.invite("viewer")
        admin.make_key("products:read")
        gone = admin.make_key("products:read")
        admin.client.delete(f"/me/keys/{gone['id']}")
        enrolled(server).login()
        lamp = admin.client.post("/products", product(), headers={"Idempotency-Key": "lamp"}).header("Location")
        admin.client.put(lamp, {"stock": 7})
        deleted = admin.client.post("/products", product(name="Unmistakable")).header("Location")
        admin.client.delete(deleted)
        with pymongo.MongoClient(server.store) as client:
            yield server, client.get_default_database()


@pytest.fixture
def database(life):
    """Everything is put back after the test."""
    _, db = life
    kept = {name: list(db[name].find()) for name in db.list_collection_names()}
    raw = CodecOptions(document_class=RawBSONDocument)  # the validators have dates of the year 0
    options = {each["name"]: each["options"] for each in db.command("listCollections", codec_options=raw)["cursor"]["firstBatch"]}
    yield db
    for name, documents in kept.items():
        if name not in db.list_collection_names():
            db.create_collection(name)
        validator = options[name]["validator"] if "validator" in options[name] else {}
        db.command("collMod", name, validator=validator, validationLevel="off")
        db[name].delete_many({})
        if documents:
            db[name].insert_many(documents)
        db.command("collMod", name, validationLevel="strict", validationAction="error")


def past(db, name: str, which: dict, how: dict):
    """An update that no validator refuses. Returns the id."""
    document = db[name].find_one(which)
    assert document, (name, which)
    db.command("update", name, updates=[{"q": {"_id": document["_id"]}, "u": how}], bypassDocumentValidation=True)
    return document["_id"]


def check(server):
    return server.command("check")


def test_nothing_is_found_while_a_node_writes(life):
    server, _ = life
    stop = threading.Event()
    account = enrolled(server)

    def write():
        client = Client(server, account.token)
        while not stop.is_set():
            client.put(client.post("/products", product()).header("Location"), {"stock": 1})
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            done = check(server)
            assert (done.returncode, done.stdout) == (0, ""), done
    finally:
        stop.set()
        writer.join()


def product_altered(db):
    return f"product {past(db, 'products', {'version': 2}, {'$inc': {'stock': bson.Int64(1)}})}: is not what its last change says"


def product_deleted(db):
    pid = db.products.find_one({"version": 2})["_id"]
    db.products.delete_one({"_id": pid})
    return f"product {pid}: is missing"


def change_deleted(db):
    db.changes.delete_one({"_id": 3})
    return "change 3: is missing in the history"


def last_change_deleted(db):
    number = db.changes.find_one(sort=[("_id", -1)])["_id"]
    db.changes.delete_one({"_id": number})
    return f"change {number}: is missing at the end"


def account_deleted(db):
    uid = db.users.find_one({"role": "admin"})["_id"]
    db.users.delete_one({"_id": uid})
    return f"recovery codes of user {uid}: there is no such account"


def account_promoted(db):
    return f"user {past(db, 'users', {'role': 'editor'}, {'$set': {'role': 'admin'}})}: is not what its last change says"


def session_of_nobody(db):
    return f"session {past(db, 'sessions', {}, {'$set': {'user': NOBODY}})}: names account"


def key_of_nobody(db):
    return f"key {past(db, 'api_keys', {}, {'$set': {'user': NOBODY}})}: names account"


def counters_of_nobody(db):
    row = copy.copy(db.factor_counters.find_one())
    db.factor_counters.insert_one(row | {"_id": NOBODY})
    return f"code counters of user {NOBODY}: there is no such account"


def words_missing(db):
    return f"product {past(db, 'products', {}, {'$set': {'words': []}})}: is in the word index with other words"


def username_key_altered(db):
    return f"user {past(db, 'users', {'role': 'admin'}, {'$set': {'username_key': 'somebody'}})}: is found by another username"


def member_unknown(db):
    return f"product {past(db, 'products', {}, {'$set': {'colour': 'red'}})}: does not fit the validator"


def unreadable(db):
    return f"product {past(db, 'products', {}, {'$set': {'stock': 'many'}})}: cannot be read"


def secret_altered(db):
    return f"user {past(db, 'users', {'role': 'admin'}, {'$set': {'totp_secret': bson.Binary(bytes(49))}})}: has a TOTP secret that secrets.key does not decrypt"


def password_hash_altered(db):
    return f"user {past(db, 'users', {'role': 'admin'}, {'$set': {'password_hash': '$2b$10$'}})}: has a password hash that is none"


def index_dropped(db):
    db.products.drop_index("sku")
    return "index products.sku: is missing"


def index_added(db):
    db.products.create_index("currency", name="mine")
    return "index products.mine: is not this program's"


def validator_removed(db):
    db.command("collMod", "sessions", validator={})
    return "collection sessions: has another validator"


def collection_dropped(db):
    db.drop_collection("challenges")
    return "collection challenges: is missing"


def collection_added(db):
    db.create_collection("mine")
    return "collection mine: is not this program's"


def head_lost(db):
    db.meta.delete_one({"_id": "head"})
    return "document meta/head: is missing"


DAMAGES = [product_altered, product_deleted, change_deleted, last_change_deleted, account_deleted, account_promoted, session_of_nobody,
           key_of_nobody, counters_of_nobody, words_missing, username_key_altered, member_unknown, unreadable, secret_altered, password_hash_altered,
           index_dropped, index_added,
           validator_removed, collection_dropped, collection_added, head_lost]


@pytest.mark.parametrize("key", ["password.key", "secrets.key", "token.key"])
def test_a_key_of_another_store_is_named(life, tmp_path, key):
    server, _ = life
    for file in (server.data / "keys").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / file.name).chmod(0o600)
    with Server() as other:
        (tmp_path / key).write_bytes((other.data / "keys" / key).read_bytes())
    done = server.command("check", "--keys", tmp_path)
    assert done.returncode == 1 and done.stdout.startswith(f"file {tmp_path}/{key}: is not the key"), done
    assert len(done.stdout.splitlines()) == 1
    assert ("or give this command the nodes' JWT_SECRET_KEY" in done.stdout) == (key == "token.key")


def test_what_cannot_be_read_is_exit_2(life, database, mongo):
    server, _ = life
    done = run("check", "--store", database_at(mongo.uri), "--data", server.data)
    assert (done.returncode, done.stdout) == (2, "") and "no database here yet" in done.stderr
    done = run("check", "--store", "mongodb://127.0.0.1:1/shop", "--data", server.data)
    assert (done.returncode, done.stdout) == (2, "") and len(done.stderr.splitlines()) == 1, done
    for version, said in ((99, "Use the newer program"), (3, "Start the server once")):
        database.meta.update_one({"_id": "schema"}, {"$set": {"version": version}})
        done = check(server)
        assert (done.returncode, done.stdout) == (2, "") and said in done.stderr, done


# Indexes and collections that are gone do not come back between these tests, so they are the last ones.
@pytest.mark.parametrize("planted", DAMAGES, ids=lambda each: each.__name__)
def test_a_damage_is_named(life, database, planted):
    expected = planted(database)
    done = check(life[0])
    assert done.returncode == 1 and damage.named(expected, done.stdout), (expected, done)
