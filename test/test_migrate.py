"""`integrity migrate`: from one store to the other and back, equal to the last row; interrupted, sealed, abandoned."""

import contextlib
import random
import shutil
import sqlite3
import subprocess
import threading
import time

import bson
import pytest

from support import pypi
from support.accounts import Account, enrolled
from support.http import Client
from support.mongod import ReplicaSet
from support.server import BINARY, Server, database_at, environment, run

pytestmark = pytest.mark.embedded

PRODUCTS = 2200  # more than two commits of a migration
KEYED = {"Idempotency-Key": '"made-before"'}
LAMP = {"name": "Lamp", "price": "129.90", "stock": 5}


class Shop:
    """The folder of a stopped server, with some of everything in it, made over the API."""

    def __init__(self, server):
        self.server, self.data = server, server.data
        self.account = enrolled(server)
        self.waiting = Account(server).sign_up()
        self.half = enrolled(server).login()
        self.first = self.account.client.post("/products", LAMP, headers=KEYED)
        makers = [threading.Thread(target=self._make, args=(number,)) for number in range(8)]
        for maker in makers:
            maker.start()
        for maker in makers:
            maker.join()
        for item in self.account.client.get("/products?limit=30").json[::3]:
            path = f"/products/{item['id']}"
            assert self.account.client.post(f"{path}/stock", {"delta": 2, "reason": "found"}).status == 200
            assert self.account.client.delete(path).status == 204 or item["sku"] is None
        page = self.account.client.get("/products?limit=700")
        self.next_page = page.header("Link").split(">")[0].lstrip("<")
        self.rest = self.account.client.get(self.next_page).body
        self.account.login()
        self.spent = self.account.recovery_codes[0]
        assert self.account.verify(recovery_code=self.spent).status == 200
        assert server.stop() == 0

    def _make(self, number: int):
        client = Client(self.server, self.account.token)
        for each in range(number, PRODUCTS, 8):
            body = {"name": f"Lamp {each % 50}", "price": f"{each}.25", "stock": each, "sku": f"S-{each}"}
            assert client.post("/products", body).status == 201
        client.close()


@pytest.fixture(scope="module")
def shop():
    with Server(store="") as server:
        yield Shop(server)


@pytest.fixture
def source(shop, tmp_path):
    """A copy of the shop's folder."""
    return shutil.copytree(shop.data, tmp_path / "source")


def migrate(source, target, *more, **rest):
    return run("migrate", "--from", source, "--to", target, *more, timeout=300, **rest)


def moved(source, target):
    done = migrate(source, target)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(status: int, *arguments) -> str:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (status, ""), done
    return done.stderr


def contents(folder) -> dict:
    """All rows of all tables except the migration state. Stored responses are in the order of their numbers, without
    the numbers. Of the index of words, which words are in which products. Deleted products have no places: a migration
    gives them others."""
    with contextlib.closing(sqlite3.connect(folder / "integrity.db")) as database:
        tables = [name for name, in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'product_words%' AND name <> 'moves'")]
        assert len(tables) == 14, tables
        found = {}
        for table in tables:
            columns = [column for _, column, *_ in database.execute(f"PRAGMA table_xinfo({table})")]
            found[table] = sorted(database.execute(f"SELECT {', '.join(columns)} FROM {table}"), key=repr)
            if table == "changes":
                changes_columns = columns
        found["deleted_products"] = deleted = [id for id, _ in found["deleted_products"]]
        found["changes"] = [tuple("deleted" if name == "product" and row[3] in deleted else value
                                  for name, value in zip(changes_columns, row)) for row in found["changes"]]
        found["kept_answers"] = [row[1:] for row in sorted(found["kept_answers"])]
        database.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, product_words, 'instance')")
        found["words"] = sorted(database.execute("SELECT term, doc FROM temp.words"))
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    assert len(found["changes"]) > PRODUCTS and found["kept_answers"] and found["challenges"]
    return found


def expect_everything(shop, folder=None, store=""):
    """A server on the new store continues as if nothing had happened."""
    account = shop.account
    there = Server("--keys", shop.data / "keys", store=store)
    if folder:
        shutil.copytree(folder, there.data)
    with there as server:
        client = Client(server, account.token)
        assert client.get("/me").json["user"]["username"] == account.username
        again = client.post("/products", LAMP, headers=KEYED)
        assert (again.status, again.body, again.header("Idempotency-Replayed")) == (201, shop.first.body, "true")
        assert client.get(shop.next_page).body == shop.rest, "a cursor of the other store continues where it was"
        assert client.get("/products?q=lamp&sort=-price&limit=1").json[0]["sku"] == f"S-{PRODUCTS - 1}"
        challenge = client.post("/login", {"username": account.username, "password": account.password}, token=None).json["challenge"]
        spent = client.post("/verify-2fa", {"challenge": challenge, "recovery_code": shop.spent}, token=None)
        assert spent.status == 401, "a spent code stays spent"
        half = {"challenge": shop.half.challenge, "recovery_code": shop.half.recovery_codes[0]}
        assert client.post("/verify-2fa", half, token=None).status == 200, "a login continues after its first step"
        assert client.get("/generate-2fa/" + shop.waiting.username, token=shop.waiting.challenge).status == 200


def test_there_and_back_everything_is_equal(shop, source, mongo, tmp_path):
    before = contents(source)
    there, back = database_at(mongo.uri), tmp_path / "back"
    said = moved(source, there)
    assert f"products          {len(before['products'])}\n" in said and f"--keys '{source}/keys'" in said
    assert there.split("?")[0] in said and "Key files are not copied" in said
    assert f"--data '{back}'" in moved(there, f"sqlite://{back}/integrity.db")
    assert contents(back) == before
    assert sorted(path.name for path in back.iterdir()) == ["integrity.db", "lock"]
    assert "finished before" in moved(there, back) and contents(back) == before
    expect_everything(shop, back)


def test_a_server_continues_on_mongodb(shop, source, mongo):
    there = database_at(mongo.uri)
    moved(source, there)
    expect_everything(shop, store=there)


@pytest.mark.parametrize("back", [False, True], ids=["to MongoDB", "from MongoDB"])
def test_after_each_kill_it_continues_where_it_was(source, mongo, tmp_path, seed, back):
    chance = random.Random(seed)
    before, middle, end = contents(source), database_at(mongo.uri), tmp_path / "end"
    ways = [(source, middle), (middle, end)]
    interrupted = ways.pop(0 if not back else 1)
    if back:
        moved(*ways[0])
    kills = continued = 0
    while kills < 12:
        process = subprocess.Popen([BINARY, "migrate", "--from", str(interrupted[0]), "--to", str(interrupted[1])], text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment())
        said = []
        for _ in range(chance.randrange(1, 2 + 2 * kills)):  # lines of progress
            said.append(process.stderr.readline())
        process.kill()
        rest = process.communicate()[1]
        continued += "going on with the migration" in "".join(said) + rest
        if process.returncode == 0:
            break
        kills += 1
        if kills == 1:
            assert run("serve", "--listen", "127.0.0.1:0", "--data", source).returncode == 1
    assert kills > 1 and continued, "it was never interrupted"
    moved(*interrupted)
    if not back:
        moved(*ways[0])
    assert contents(end) == before


def test_a_sealed_folder_opens_for_no_command_and_says_where_everything_went(shop, source, mongo):
    there = database_at(mongo.uri)
    moved(source, there)
    for command in (["serve", "--listen", "127.0.0.1:0"], ["user", "list"], ["user", "disable", shop.account.username],
                    ["key", "accept", "token.key"]):
        said = refused(1, *command, "--data", source)
        assert "sealed" in said and f"was moved to {there.split('?')[0]}" in said


def test_nodes_on_a_sealed_mongodb_write_nothing(mongo, tmp_path):
    with Server(store=database_at(mongo.uri)) as node:
        account = enrolled(node)
        assert account.client.post("/products", LAMP).status == 201
        assert account.client.get("/readyz").status == 200
        moved(node.store, tmp_path / "there")
        reply = account.client.post("/products", LAMP)
        assert (reply.status, reply.slug) == (503, "unavailable") and "moved" in reply.json["detail"]
        assert (account.client.get("/readyz").status, account.client.get("/healthz").status) == (503, 200)
        end = time.monotonic() + 20
        while (reply := account.client.get("/products")).status == 200 and time.monotonic() < end:
            time.sleep(0.05)
        assert (reply.status, reply.slug) == (503, "unavailable"), "what changed since is in the other store"
        for command in (["user", "list"], ["serve", "--listen", "127.0.0.1:0"]):
            done = node.command(*command)
            assert done.returncode == 1 and f"was moved to {tmp_path / 'there'}" in done.stderr
        done = run("migrate", "--unseal", "--finished-too", "--from", node.store)
        assert done.returncode == 0 and "DO NOT USE" in done.stdout and str(tmp_path / "there") in done.stdout
        while account.client.get("/readyz").status == 503 and time.monotonic() < end:
            time.sleep(0.05)
        assert account.client.post("/products", LAMP).status == 201
        assert account.client.get("/readyz").status == 200
        assert node.store.split("?")[0] in done.stdout


def test_a_database_with_a_foreign_collection_is_refused_as_a_target(source, mongo):
    address = database_at(mongo.uri)
    with mongo.client() as client:
        database = client[address.split("/")[-1].split("?")[0]]
        database.invoices.insert_one({"number": 1})
        done = run("migrate", "--from", source, "--to", address)
        assert done.returncode == 1 and "the collection invoices" in done.stderr
        assert database.list_collection_names() == ["invoices"]
    assert "is not sealed" in run("migrate", "--unseal", "--from", source).stderr


def test_a_document_that_cannot_be_read_ends_the_migration_and_is_named(mongo, tmp_path):
    with Server(store=database_at(mongo.uri)) as node:
        account = enrolled(node)
        made = account.client.post("/products", LAMP).json
        with mongo.client() as client:
            products = client[node.store.split("/")[-1].split("?")[0]].get_collection("products")
            products.database.command("update", "products", bypassDocumentValidation=True, updates=[
                {"q": {}, "u": {"$set": {"price": bson.Decimal128("1.00001")}}}])
        node.damaged = True
        assert account.client.get("/products").json == []
        assert account.client.get(f"/products/{made['id']}").status == 500
        assert f"products/{made['id']}" in node.log
    done = run("migrate", "--from", node.store, "--to", tmp_path / "there")
    assert done.returncode == 1 and f"products: the stored document {made['id']} cannot be read" in done.stderr


def test_what_a_node_acknowledges_during_sealing_comes_over(mongo, tmp_path):
    with Server(store=database_at(mongo.uri)) as node:
        account = enrolled(node)
        acknowledged, refusals, begun = [], [], threading.Event()

        def make(number: int):
            client = Client(node, account.token)
            for each in range(10_000):
                reply = client.post("/products", {**LAMP, "sku": f"{number}-{each}"})
                if reply.status != 201:
                    refusals.append(reply)
                    break
                acknowledged.append(reply.json["id"])
                begun.set()
            client.close()

        makers = [threading.Thread(target=make, args=(number,)) for number in range(4)]
        for maker in makers:
            maker.start()
        begun.wait(60)
        moved(node.store, tmp_path / "there")
        for maker in makers:
            maker.join()
        assert [(reply.status, reply.slug) for reply in refusals] == [(503, "unavailable")] * 4
        with contextlib.closing(sqlite3.connect(tmp_path / "there" / "integrity.db")) as database:
            assert sorted(row[0].hex() for row in database.execute("SELECT id FROM products")) == sorted(acknowledged)


def test_a_password_in_an_address_is_neither_stored_nor_shown(source, mongo):
    there = database_at(mongo.uri)
    with_password = there.replace("mongodb://", "mongodb://ada:hunter2@")
    done = migrate(source, with_password)
    assert done.returncode == 1 and "hunter2" not in done.stdout + done.stderr
    assert run("user", "list", "--data", source).returncode == 0, "the source was not sealed"


def test_after_the_target_was_unreachable_it_continues(source, tmp_path):
    with pypi.needed("MongoDB"), ReplicaSet() as mongo:
        there = database_at(mongo.uri)
        process = subprocess.Popen([BINARY, "migrate", "--from", str(source), "--to", there], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        while not process.stderr.readline().startswith("sessions"):
            pass
        mongo.members[0].kill()
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 1 and "run the same command again" in said, said
        again = migrate(source, there)
        assert again.returncode == 1 and "no MongoDB answers" in again.stderr
        mongo.members[0].start()
        mongo.primary()
        before = contents(source)
        moved(source, there)
        moved(there, tmp_path / "back")
        assert contents(tmp_path / "back") == before


def test_the_folder_of_a_running_server_is_refused(tmp_path):
    with Server(store="") as server:
        account = enrolled(server)
        assert f"in use by process {server.process.pid}" in refused(1, "migrate", "--from", server.data, "--to", tmp_path / "there")
        assert not (tmp_path / "there").exists()
        assert account.client.post("/products", LAMP).status == 201


def test_the_target_folder_must_be_empty(source, shop, tmp_path):
    other = shutil.copytree(shop.data, tmp_path / "other")
    before = contents(other)
    assert f"{other}: is not empty" in refused(1, "migrate", "--from", source, "--to", other)
    assert contents(other) == before
    assert run("user", "list", "--data", source).returncode == 0, "the source was not sealed"
    there = tmp_path / "there"
    moved(f"file:{source}", f"file://{there}/")
    assert contents(there) == before
    assert "was moved to" in refused(1, "migrate", "--from", source, "--to", tmp_path / "elsewhere")
    assert "--finished-too" in refused(1, "migrate", "--unseal", "--from", source)
    done = run("migrate", "--unseal", "--finished-too", "--from", source)
    assert done.returncode == 0 and f"DO NOT USE {there}" in done.stdout
    expect_everything(shop, source)


@pytest.mark.parametrize("arguments, named", [
    ([], "--from"),
    (["--from", "data"], "--to"),
    (["--to", "data"], "--from"),
    (["--from", "data", "--to", "./data/integrity.db"], "same"),
    (["--from", "mongodb://h/a", "--to", "mongodb://h/a"], "same"),
    (["--from", "http://somewhere", "--to", "data"], "http://somewhere"),
    (["--from", "data", "--to", "there", "--finished-too"], "--finished-too"),
    (["--from", "data", "--to", "there", "--unseal"], "--to"),
    (["--from", "data", "--to", "there", "--data", "data"], "--data"),
    (["--from", "", "--to", "there"], "--from"),
])
def test_wrong_arguments_are_exit_2(tmp_path, arguments, named):
    done = run("migrate", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and named in done.stderr and not list(tmp_path.iterdir())


def test_a_source_that_does_not_exist_is_exit_1(tmp_path):
    assert "there is no database here" in refused(1, "migrate", "--from", tmp_path / "none", "--to", tmp_path / "there")
    nowhere = "mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=100"
    assert "127.0.0.1:1" in refused(1, "migrate", "--from", nowhere, "--to", tmp_path / "there")
    (tmp_path / "x" / "integrity.db").parent.mkdir()
    (tmp_path / "x" / "integrity.db").write_text("x" * 4096)
    assert "not a database" in refused(1, "migrate", "--from", tmp_path / "x", "--to", tmp_path / "there")
    assert "not sealed" in refused(1, "migrate", "--unseal", "--from", given_database(tmp_path / "y"))
    assert not (tmp_path / "there").exists()


def given_database(folder):
    assert run("user", "add", "somebody", "--data", folder, stdin="correct horse battery\n").returncode == 0
    return folder


def test_a_newer_programs_database_is_refused(tmp_path):
    folder = given_database(tmp_path / "data")
    with sqlite3.connect(folder / "integrity.db") as database:
        database.execute("PRAGMA user_version = 99")
    assert "made by a newer program" in refused(1, "migrate", "--from", folder, "--to", tmp_path / "there")
    assert not (tmp_path / "there").exists()
