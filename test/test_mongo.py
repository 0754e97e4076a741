"""The server on MongoDB: several nodes on one replica set are one service."""

import contextlib
import datetime
import json
import pathlib
import re
import shutil
import signal
import socket
import socketserver
import struct
import threading
import time

import bson
import pymongo
import pytest

from support.accounts import enrolled
from support.http import Client, Connection, request_bytes
from support.mongod import Member, program
from support.server import EVENING, Server, database_at, run

pytestmark = pytest.mark.embedded

LAMP = {"name": "Lamp", "price": "1.25", "stock": 5}


@pytest.fixture
def nodes(mongo):
    """Two nodes with the same keys."""
    with Server(store=database_at(mongo.uri)) as first:
        with Server("--keys", first.data / "keys", store=first.store) as second:
            yield first, second


def test_what_one_node_acknowledged_the_other_shows(nodes):
    here, there = nodes
    account = enrolled(here)
    other = Client(there, account.token)
    product = account.client.post("/products", {"name": "Lamp", "price": "1.25", "stock": 5})
    path = product.header("Location")
    assert other.get(path).body == product.body
    for number in range(20):
        moved = (other if number % 2 else account.client).post(f"{path}/stock", {"delta": 1})
        assert (moved.status, moved.json["stock"]) == (200, 6 + number)
    assert len(other.get(f"{path}/history").json) == 21
    assert [each["id"] for each in other.get("/products?q=lam").json] == [product.json["id"]]


def test_a_stored_response_is_given_by_every_node(nodes):
    here, there = nodes
    account = enrolled(here)
    body, headers = {"name": "Lamp", "price": "1.25", "stock": 5}, {"Idempotency-Key": '"one"'}
    first = account.client.post("/products", body, headers=headers)
    again = Client(there, account.token).post("/products", body, headers=headers)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert again.header("Idempotency-Replayed") == "true"


def test_sessions_and_codes_end_at_every_node_at_once(nodes):
    here, there = nodes
    account = enrolled(here)
    other = Client(there, account.token)
    assert other.get("/me").status == 200
    challenge = account.client.post("/login", {"username": account.username, "password": account.password}, token=None).json["challenge"]
    spent = {"challenge": challenge, "recovery_code": account.recovery_codes[0]}
    assert other.post("/verify-2fa", spent, token=None).status == 200
    assert account.client.post("/verify-2fa", spent, token=None).status == 401
    assert account.client.post("/logout").status == 204
    assert other.get("/me").status == 401


def test_commands_work_like_another_node(nodes):
    here, there = nodes
    enrolled(here)  # the first one is the only admin
    account = enrolled(here)
    assert account.username in here.command("user", "list").stdout
    done = there.command("user", "disable", account.username, "--keys", here.data / "keys")
    assert done.returncode == 0, done.stderr
    for node in nodes:
        assert Client(node, account.token).get("/me").status == 401


@pytest.mark.parametrize("key", ["password.key", "secrets.key", "token.key"])
def test_a_node_with_another_key_is_refused(nodes, tmp_path, key):
    here, there = nodes
    keys = tmp_path / "keys"
    shutil.copytree(here.data / "keys", keys)
    with Server() as other:
        shutil.copy(other.data / "keys" / key, keys / key)
    done = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path, "--keys", keys, "--store", here.store)
    assert (done.returncode, done.stdout) == (1, "") and key in done.stderr


def test_a_node_with_a_token_secret_is_refused_if_others_have_a_key(nodes, tmp_path):
    done = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path, "--keys", nodes[0].data / "keys", "--store", nodes[0].store,
               env={"JWT_SECRET_KEY": "9f2c47d1e8a3560b7cfe1124d5986ab3"})
    assert (done.returncode, done.stdout) == (1, "") and "JWT_SECRET_KEY: is not the key" in done.stderr


def test_a_mongod_without_a_replica_set_is_refused_with_advice(mongo, tmp_path):
    alone = mongo.add_alone()
    for address in (f"mongodb://{alone.address}/shop", f"mongodb://{alone.address}/shop?replicaSet=rs0&appName=shop"):
        assert re.search("--replSet.*\n.*rs.initiate", refused(address, tmp_path))


@contextlib.contextmanager
def old_mongod():
    """A server that greets as MongoDB 4.4 does."""
    def hello(number: int) -> bytes:
        said = bson.encode({"ok": 1, "ismaster": True, "setName": "rs0", "hosts": [address], "maxWireVersion": 9, "minWireVersion": 0,
                            "localTime": datetime.datetime.utcnow(), "maxBsonObjectSize": 1 << 24})
        reply = struct.pack("<iqii", 8, 0, 0, 1) + said
        return struct.pack("<iiii", 16 + len(reply), 0, number, 1) + reply

    class Greets(socketserver.BaseRequestHandler):
        def handle(self):
            while head := self.request.recv(16, socket.MSG_WAITALL):
                size, number, _, _ = struct.unpack("<iiii", head)
                self.request.recv(size - 16, socket.MSG_WAITALL)
                self.request.sendall(hello(number))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greets) as server:
        server.daemon_threads = True
        address = f"127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever).start()
        yield address
        server.shutdown()


def test_an_older_mongodb_is_refused(tmp_path):
    with old_mongod() as address:
        assert f"the MongoDB server at {address} is older than MongoDB 5.0" in refused(f"mongodb://{address}/shop", tmp_path)


def test_a_wrong_clock_is_logged(mongo):
    with Server(store=database_at(mongo.uri)) as right, Server("--keys", right.data / "keys", store=right.store, clock=True) as off:
        assert "clock.differs" not in right.log
        assert re.search(r'"event":"clock.differs","seconds_ahead_of_mongodb":"-?\d+"', off.log)


def test_a_node_with_a_wrong_clock_reads_but_writes_nothing(mongo):
    node = Server("--max-clock-offset", "60", store=database_at(mongo.uri), clock=True)
    node.set_clock(int(time.time()))
    with node:
        account = enrolled(node)
        path = account.client.post("/products", LAMP).header("Location")
        for ahead in (300, -300):
            node.move_clock(ahead)
            assert sooner_or_later(lambda: account.client.get("/readyz").status == 503), "it writes"
            refused = account.client.get("/readyz")
            assert (refused.status, refused.slug) == (503, "unavailable") and refused.header("Retry-After")
            assert re.search(f"clock is \\d+ s {'ahead of' if ahead > 0 else 'behind'} the database's", refused.json["detail"])
            # By a clock that is behind, the token was issued in the future.
            assert account.client.post("/products", LAMP).status == (503 if ahead > 0 else 401)
            assert account.client.get(path).status == (200 if ahead > 0 else 401), "reading goes on"
            node.move_clock(-ahead)
            assert account.client.post("/products", LAMP).status == 201
        node.move_clock(300)
        assert sooner_or_later(lambda: '"event":"clock.differs"' in node.log)
        assert len(account.client.get("/products").json) == 3


def test_a_node_with_a_wrong_clock_does_not_start(mongo):
    node = Server("--max-clock-offset", "60", store=database_at(mongo.uri), clock=True)
    node.set_clock(EVENING - 1000)
    with pytest.raises(AssertionError, match="this server's clock is .* behind the database's.*NTP"), node:
        pass


def sooner_or_later(condition, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("option, expected", [("replicaSet=other", "belongs to the replica set rs0, not to other"),
                                          ("maxPoolSize=1", "maxPoolSize below 2")])
def test_an_address_that_cannot_work_is_refused(mongo, tmp_path, option, expected):
    assert expected in refused(f"mongodb://{mongo.members[0].address}/shop?{option}", tmp_path, 2 if "Pool" in option else 1)


@pytest.mark.parametrize("secret", ["ge@heim", "ge:heim", "ge%heim"])
def test_a_password_that_is_not_escaped_is_refused_and_not_shown(mongo, tmp_path, secret):
    said = refused(f"mongodb://ada:{secret}@{mongo.members[0].address}/shop", tmp_path, 2)
    assert "codes" in said or "escapes in password" in said
    assert "heim" not in said


@pytest.mark.parametrize("name", ["admin", "config", "local"])
def test_a_database_of_mongodb_itself_is_refused(mongo, tmp_path, name):
    assert f"the database {name} is MongoDB's own" in refused(f"mongodb://{mongo.members[0].address}/{name}", tmp_path, 2)


def test_a_command_creates_no_database(mongo, tmp_path):
    address = f"mongodb://{mongo.members[0].address}/tpyo"
    for command in (("user", "list"), ("user", "disable", "ada"), ("key", "accept", "token.key")):
        done = run(*command, "--data", tmp_path, "--store", address)
        assert (done.returncode, done.stdout) == (1, "") and "no database here yet; see --store" in done.stderr
    with mongo.client() as client:
        assert "tpyo" not in client.list_database_names()
    assert not list(tmp_path.iterdir())


def refused(address: str, folder, status: int = 1) -> str:
    done = run("serve", "--listen", "127.0.0.1:0", "--data", folder, "--store", address)
    assert done.returncode == status and (status == 1 or "--store" in done.stderr)
    assert not (folder / "keys").exists()
    return done.stderr


def test_a_large_group_is_committed_in_parts(nodes):
    here, there = nodes
    account = enrolled(here)
    words = [chr(0x4E00 + number) for number in range(4000)]  # each a word of its own
    bodies = [json.dumps({"name": f"Lamp {number}", "description": "".join(words[number:] + words[:number]), "price": 1, "stock": 1},
                         ensure_ascii=False).encode() for number in range(60)]
    connections = [Connection(nodes[number % 2]) for number in range(len(bodies))]
    for connection, body in zip(connections, bodies):
        connection.send(request_bytes("POST", "/products", body=body, token=account.token))
    replies = [connection.reply("POST", "/products") for connection in connections]
    for connection in connections:
        connection.close()
    assert {reply.status for reply in replies} == {201}
    assert len(Client(there, account.token).get("/products").json) == len(bodies)


def test_while_the_primary_hangs_every_response_comes_within_ten_seconds(nodes, mongo):
    """Both to requests that are under way when it stops and to later ones."""
    account = enrolled(nodes[0])
    path = account.client.post("/products", LAMP).header("Location")
    answers, over = [], threading.Event()

    def ask(node, method: str, target: str, *body):
        client = Client(node, account.token, timeout=60)
        while not over.is_set():
            begun = time.monotonic()
            reply = getattr(client, method)(target, *body)
            answers.append((begun, time.monotonic() - begun, method, target, reply.status))
            time.sleep(0.02)
        client.close()

    kinds = [("post", "/products", LAMP), ("get", path), ("post", f"{path}/stock", {"delta": 1}), ("get", "/readyz")]
    askers = [threading.Thread(target=ask, args=(nodes[number % 2], *kinds[number % len(kinds)])) for number in range(72)]
    for asker in askers:
        asker.start()
    time.sleep(1)
    mongo.members[0].pause()
    paused = time.monotonic()
    try:
        time.sleep(14)
    finally:
        mongo.members[0].resume()
        over.set()
        for asker in askers:
            asker.join()
    slowest = max(answers, key=lambda answer: answer[1])
    assert slowest[1] < 10, slowest
    assert {answer[4] for answer in answers if paused < answer[0] < paused + 3} == {503}
    assert sooner_or_later(lambda: account.client.get("/readyz").status == 200)


def test_a_lost_head_document_is_reported_and_the_documented_command_restores_it(mongo):
    manual = (pathlib.Path(__file__).parent.parent / "docs/cluster.md").read_text()
    pipeline = json.loads(re.search(r"^db\.changes\.aggregate\((.*?)\)$", manual, re.M | re.S)[1])
    with Server(store=database_at(mongo.uri)) as node:
        account = enrolled(node)
        path = account.client.post("/products", LAMP).header("Location")
        with mongo.client() as client:
            database = client[node.store.split("/")[-1].split("?")[0]]
            lost = database.meta.find_one_and_delete({"_id": "head"})
            for reply in (account.client.get("/readyz"), account.client.post(f"{path}/stock", {"delta": 1})):
                assert (reply.status, reply.slug) == (503, "unavailable") and reply.header("Retry-After")
            assert account.client.get(path).json["stock"] == LAMP["stock"], "nothing was written, and reading goes on"
            assert "docs/cluster.md" in node.log
            database.changes.aggregate(pipeline)
            made = database.meta.find_one({"_id": "head"})
        assert {name: type(value) for name, value in made.items()} == {name: type(value) for name, value in lost.items()}
        assert made["number"] == lost["number"] and made["place"] >= lost["place"]
        assert account.client.get("/readyz").status == 200
        assert account.client.post("/products", LAMP).status == 201
        assert [change["version"] for change in account.client.get(f"{path}/history").json] == [1]


def database_of(node, client):
    return client[node.store.split("/")[-1].split("?")[0]]


def test_the_validator_refuses_what_cannot_be_read(mongo):
    """It let in a price of five places, which the server cannot read."""
    with Server(store=database_at(mongo.uri)) as node, mongo.client() as client:
        enrolled(node).client.post("/products", LAMP)
        with pytest.raises(pymongo.errors.WriteError, match="failed validation"):
            database_of(node, client).products.update_one({}, {"$set": {"price": bson.Decimal128("1.00001")}})


def test_a_document_that_cannot_be_read_is_left_out_of_lists(mongo):
    """The whole list broke off there."""
    with Server(store=database_at(mongo.uri)) as node, mongo.client() as client:
        account = enrolled(node)
        bad, good = (account.client.post("/products", LAMP).json for _ in range(2))
        database_of(node, client).command("update", "products", bypassDocumentValidation=True, updates=[
            {"q": {"_id": bson.ObjectId(bad["id"])}, "u": {"$set": {"price": bson.Decimal128("1.00001")}}}])
        node.damaged = True
        for target in ("/products", "/products?limit=10", "/products?q=lamp", "/products?sort=-price"):
            assert account.client.get(target).json == [good], target
        assert account.client.get(f"/products/{bad['id']}").status == 500
        assert account.client.get(f"/products/{good['id']}").json == good
        assert f"products/{bad['id']}" in node.log


def test_errors_that_pass_need_no_label(nodes, mongo):
    """Some were answered with 500, as if a document were broken."""
    account = enrolled(nodes[0])
    path = account.client.post("/products", LAMP).header("Location")
    found = {}
    with mongo.client() as client:
        for code in (24, 46, 136, 175, 202, 203, 211, 279, 290, 317, 365):
            for command in ("find", "insert"):
                before = client.admin.command("configureFailPoint", "failCommand", mode={"times": 1}, data={
                    "failCommands": [command], "errorCode": code, "errorLabels": []})["count"]
                reply = account.client.get(path) if command == "find" else account.client.post("/products", LAMP)
                assert client.admin.command("configureFailPoint", "failCommand", mode="off")["count"] > before
                found[code, command] = reply.status
    assert set(found.values()) <= {200, 201, 503}, found


def test_a_stopped_node_with_another_app_name_holds_nothing_up(mongo):
    """Each node looked for transactions of its own appName only, so the database ended those of others, after a minute."""
    base = database_at(mongo.uri)
    with Server(store=f"{base}&appName=here") as here, Server("--keys", here.data / "keys", store=f"{base}&appName=there") as there:
        account = enrolled(there)
        with mongo.client() as client:
            before = client.admin.command("configureFailPoint", "failCommand", mode={"times": 1}, data={
                "failCommands": ["insert"], "blockConnection": True, "blockTimeMS": 1000})["count"]
            stopped = Connection(here).send(request_bytes("POST", "/products", LAMP, token=account.token))
            time.sleep(0.5)
            here.process.send_signal(signal.SIGSTOP)  # it has the writer lock and waits for its insert
            try:
                time.sleep(1)
                assert client.admin.command("configureFailPoint", "failCommand", mode="off")["count"] > before
                assert sooner_or_later(lambda: account.client.post("/products", LAMP).status == 201)
            finally:
                here.process.send_signal(signal.SIGCONT)
        assert stopped.reply("POST", "/products").status in (201, 503)


def test_a_stored_response_costs_no_count_of_the_others(mongo):
    """All stored responses of the account were counted while it had the writer lock."""
    with Server(store=database_at(mongo.uri)) as node, mongo.client() as client:
        account = enrolled(node)

        def examined() -> int:
            executor = client.admin.command("serverStatus")["metrics"]["queryExecutor"]
            return executor["scanned"] + executor["scannedObjects"]

        def post(number: int) -> bytes:
            return request_bytes("POST", "/products", LAMP, token=account.token, headers={"Idempotency-Key": f"key-{number}"})

        busy = [Connection(node).send(b"".join(map(post, range(first, 400, 40)))) for first in range(40)]
        for each in busy:
            for _ in range(10):
                assert each.reply("POST", "/products").status == 201
            each.close()
        costs = []
        for number in range(5):
            before = examined()
            assert account.client.post("/products", LAMP, headers={"Idempotency-Key": f"one-{number}"}).status == 201
            costs.append(examined() - before)
        assert min(costs) < 100, costs


@pytest.fixture(scope="module")
def guarded(mongo, tmp_path_factory):
    """The address of a MongoDB with authentication; the user `ada` is in the database admin."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "key").write_text("c2VjcmV0" * 4)
    (folder / "key").chmod(0o600)
    member = Member(program(), folder / "data", options=("--keyFile", str(folder / "key")))
    try:
        with member.client() as client:
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": member.address}]})
            assert sooner_or_later(lambda: client.admin.command("hello")["isWritablePrimary"])
            client.admin.command("createUser", "ada", pwd="geheim", roles=["root"])
        yield member.address
    finally:
        member.kill()


def test_an_unknown_user_gets_advice_about_auth_source(guarded, tmp_path):
    said = refused(f"mongodb://ada:geheim@{guarded}/shop", tmp_path)
    assert "Authentication failed" in said and "authSource=admin" in said and "geheim" not in said


@pytest.mark.parametrize("rest", ["/shop?authSource=admin", ""])
def test_a_user_of_admin_is_accepted(guarded, rest):
    """An address without a database authenticates against admin."""
    with Server(store=f"mongodb://ada:geheim@{guarded}{rest}") as node:
        assert Client(node).get("/readyz").status == 200


def test_a_dns_name_without_servers_is_named(tmp_path):
    said = refused("mongodb+srv://ada:geheim@db.nowhere.invalid/shop?serverSelectionTimeoutMS=100", tmp_path)
    assert "mongodb+srv://db.nowhere.invalid were not found in the DNS" in said and "geheim" not in said


def test_tls_to_a_server_without_tls_gets_advice(mongo, tmp_path):
    said = refused(f"mongodb://{mongo.members[0].address}/shop?tls=true&serverSelectionTimeoutMS=500", tmp_path)
    assert "no MongoDB answers at 127.0.0.1" in said and "tls=false" in said


def test_a_killed_node_loses_nothing_and_an_unreachable_store_is_503(nodes, mongo):
    here, there = nodes
    account = enrolled(here)
    path = account.client.post("/products", {"name": "Lamp", "price": "1.25", "stock": 5}).header("Location")
    here.kill9()
    other = Client(there, account.token)
    assert other.get(path).status == 200
    mongo.members[0].pause()
    try:
        assert other.get("/healthz").status == 200
        lost = other.get(path)
        assert (lost.status, lost.slug) == (503, "unavailable") and lost.header("Retry-After")
        assert other.get("/readyz").status == 503
    finally:
        mongo.members[0].resume()
    here.start()
    assert Client(here, account.token).get(path).status == 200
    assert other.get(path).status == 200
