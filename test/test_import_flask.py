"""`integrity import-flask`: users keep their passwords and authenticators, products their ids and dates. Rows that do
not fit are reported, and nothing changes without --apply."""

import crypt
import datetime
import hashlib
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import uuid

import pytest
from bson.raw_bson import RawBSONDocument

from support import blessed, flask_rows, pypi
from support.accounts import Account, enrolled, totp
from support.flask_app import FlaskApp
from support.http import Client
from support.mongod import ReplicaSet
from support.server import Server, database_at, environment, run

pytestmark = pytest.mark.embedded  # tests that also run on MongoDB say so themselves

OLD, SHORT = "correct horse battery", "abc"
LONG = "žluťoučký " * 6  # 84 bytes, of which bcrypt uses 72


@pytest.fixture(scope="module")
def mongo():
    with pypi.needed("MongoDB"), ReplicaSet() as replica_set:
        replica_set.alone = replica_set.add_alone()
        yield replica_set


class Old:
    """A database on a mongod outside of any replica set; `uri` is its address."""

    def __init__(self, client, address):
        self.client, self.name, self.address = client, f"shop{uuid.uuid4().hex[:8]}", address
        self.uri = f"mongodb://{address}/{self.name}"
        self.db = client[self.name]

    def everything(self) -> dict:
        """Every document on that mongod, as bytes."""
        out = {}
        for name in self.client.list_database_names():
            if name not in ("admin", "config", "local"):
                for collection in self.client[name].list_collection_names():
                    raw = self.client[name].get_collection(collection, self.client[name].codec_options.with_options(document_class=RawBSONDocument))
                    out[name, collection] = sorted(row.raw for row in raw.find())
        return out


@pytest.fixture
def old(mongo):
    with mongo.alone.client() as client:
        database = Old(client, mongo.alone.address)
        yield database
        client.drop_database(database.name)


@pytest.fixture
def app(old):
    """A Flask server with three users and three products in its database."""
    with pypi.needed("Flask server"):
        flask = FlaskApp(old.uri)
    people = [{"name": "Ada Lovelace", "username": "Ada", "password": OLD, "rounds": 5},
              {"name": "Bob", "username": "bob", "password": SHORT, "rounds": 10},
              {"name": "Žofie", "username": "zofie", "password": LONG, "rounds": 11}]
    goods = [{"name": "Lamp", "description": "warm", "price": 129.9, "stock": 5},
             {"name": "Kettle", "price": "0.1", "stock": 0},
             {"name": "Violin", "price": 1250, "stock": 1}]
    answers = flask.calls(*(("POST", "/signup", each) for each in people), *(("POST", "/products", each) for each in goods),
                          *(("GET", f"/qrcode/{each['username']}", None) for each in people))
    flask.pids = [answer["_id"] for answer in answers[3:6]]
    flask.secrets = {each["username"]: answer["secret"] for each, answer in zip(people, answers[6:])}
    return flask


@pytest.fixture(params=["embedded", "mongodb"])
def new(request, mongo):
    """A server that is not running, and whose database does not exist yet."""
    with Server(store=database_at(mongo.uri) if request.param == "mongodb" else "") as server:
        server.stop()
        yield server
        if server.process.poll() is not None:
            server.start()  # so that its exit status is checked


def import_flask(server, old, *options, status=0):
    done = server.command("import-flask", old.uri, *options)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def person(server, app, username, password=OLD) -> Account:
    account = Account(server, username, password)
    account.secret = app.secrets[username]
    return account


def stored_hash(server, mongo, username) -> str:
    if server.store:
        with mongo.client() as client:
            name = server.store.split("/")[3].split("?")[0]
            return client[name].users.find_one({"username": username})["password_hash"]
    with sqlite3.connect(f"file:{server.data}/integrity.db?mode=ro", uri=True) as db:
        return db.execute("SELECT password_hash FROM users WHERE username = ?", [username]).fetchone()[0]


def test_the_report_is_complete_and_changes_nothing(old, tmp_path):
    old.db.users.insert_many(flask_rows.USERS)
    old.db.products.insert_many(flask_rows.PRODUCTS)
    old.db.orders.insert_many([{}, {}, {}])
    before = old.everything()
    done = run("import-flask", old.uri, "--data", tmp_path / "data")
    assert (done.returncode, done.stderr) == (3, "")
    assert not (tmp_path / "data").exists() and old.everything() == before
    assert run("import-flask", "--data", tmp_path / "data", env={"INTEGRITY_FROM": old.uri}).stdout == done.stdout
    assert all(c == "\n" or c.isprintable() for c in done.stdout)
    assert flask_rows.SECRET not in done.stdout and "hunter2" not in done.stdout and "$2" not in done.stdout.replace("$2a$, $2b$ or $2y$", "")
    blessed.compare("test/import_flask_report.txt", done.stdout.replace(old.name, "shop").replace(
        old.address, "127.0.0.1:27017").replace(str(tmp_path), "."))


def test_every_row_comes_over_or_is_listed(old, new):
    old.db.users.insert_many(flask_rows.USERS)
    old.db.products.insert_many(flask_rows.PRODUCTS)
    said = import_flask(new, old, "--apply", status=3)
    users, products = map(int, re.search(r"^Imported: (\d+) users, (\d+) products$", said, re.M).groups())
    assert users + len(re.findall(r'^    (?!.*secret (?:is|has))(?:65f0|\(|").*: ', said.split("products: ")[0], re.M)) == len(flask_rows.USERS)
    assert products + len(re.findall(r"^    (?:65f0|\().*: ", said.split("products: ")[1], re.M)) == len(flask_rows.PRODUCTS)
    new.start()
    listed = Client(new, enrolled(new).token).get("/products").json
    assert len(listed) == products
    assert [row["created_at"] for row in listed] == sorted(row["created_at"] for row in listed)
    prices = {row["id"][-2:]: str(row["price"]) for row in listed}
    assert prices == {"65": "129.90", "66": "0.10", "67": "25.00", "68": "99999999999.9999", "69": "12.50", "6a": "129.90",
                      "6b": "129.90", "6c": "0.00", "6d": "10000000000.00"}
    assert "Already here: %d users, %d products" % (users, products) in again(new, old)


def again(new, old):
    new.stop()
    return import_flask(new, old, "--apply", status=3)


def test_nothing_happens_without_apply(app, old, tmp_path):
    before = old.everything()
    done = run("import-flask", old.uri, "--data", tmp_path / "data")
    assert done.returncode == 0 and "Nothing was changed" in done.stdout and "--apply" in done.stdout
    assert "users: 3 of 3 come over" in done.stdout and "products: 3 of 3 come over" in done.stdout
    assert not (tmp_path / "data").exists() and old.everything() == before


def test_users_keep_their_passwords_and_authenticators(app, old, new, mongo):
    before = old.everything()
    assert "Imported: 3 users, 3 products" in import_flask(new, old, "--apply")
    assert old.everything() == before
    assert stored_hash(new, mongo, "Ada").startswith("bytes:$2b$05$")
    new.start()
    wrong = person(new, app, "Ada", "correct horse batterz")
    assert wrong.client.post("/login", {"username": "Ada", "password": wrong.password}).slug == "invalid-credentials"
    for username, password in (("Ada", OLD), ("bob", SHORT), ("zofie", LONG)):
        account = person(new, app, username, password)
        reply = account.client.post("/login", {"username": username.upper(), "password": password})
        assert (reply.status, reply.json["next"]) == (200, "verify"), "no session without a second factor"
        account.challenge = reply.json["challenge"]
        assert account.verify(account.wrong_codes(1)[0]).slug == "invalid-code"
        assert account.verify().status == 200
        assert stored_hash(new, mongo, username).startswith("$2b$10$"), "ours"
        account.sign_in()  # with that
        me = account.client.get("/me").json
        assert me["user"]["username"] == username and me["recovery_codes_left"] == 0
        assert me["user"]["created_at"] == created(me["user"]["id"])


def test_passwords_that_were_digested_before_bcrypt_are_accepted(old, new):
    """As by Flask-Bcrypt with BCRYPT_HANDLE_LONG_PASSWORDS. They were imported, and nobody could ever log in."""
    digest = hashlib.sha256(LONG.encode()).hexdigest()
    old.db.users.insert_one(flask_rows.user(1, "ada", password=crypt.crypt(digest, "$2b$05$" + "a" * 22)))
    assert "--prehashed sha256-hex" in import_flask(new, old)
    assert "SHA-256" in import_flask(new, old, "--apply", "--prehashed", "sha256-hex")
    new.start()
    for password, status in ((LONG, 200), (LONG + "x", 401), (digest, 401)):
        assert Client(new).post("/login", {"username": "ada", "password": password}).status == status, password


def test_an_imported_hash_of_the_empty_password_lets_nobody_in(old, new):
    old.db.users.insert_one(flask_rows.user(1, "ada", password=crypt.crypt("", "$2b$05$" + "a" * 22)))
    import_flask(new, old, "--apply")
    new.start()
    assert Client(new).post("/login", {"username": "ada", "password": ""}).status in (401, 422)


def created(object_id: str) -> str:
    made = datetime.datetime.fromtimestamp(int(object_id[:8], 16), datetime.timezone.utc)
    return made.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_products_come_over_unchanged(app, old, new):
    dates = {str(row["_id"]): row["created_at"] for row in old.db.products.find()}
    import_flask(new, old, "--apply", "--currency", "CZK")
    new.start()
    client = Client(new, enrolled(new).token)
    listed = client.get("/products")
    assert [row["id"] for row in listed.json] == app.pids, "oldest first"
    for row, price in zip(listed.json, ("129.90", "0.10", "1250.00")):
        assert f'"id":"{row["id"]}"' in listed.text and f'"price":{price},' in listed.text
        assert row["created_at"] == row["updated_at"] == dates[row["id"]].strftime("%Y-%m-%dT%H:%M:%S.") + f"{dates[row['id']].microsecond // 1000:03}Z"
        assert (row["currency"], row["version"]) == ("CZK", 1)
        change, = client.get(f"/products/{row['id']}/history").json
        assert (change["op"], change["actor"], change["before"], change["reason"]) == ("create", None, None, "import from Flask")
        assert change["after"] == row
    assert [row["id"] for row in client.get("/products?q=lam").json] == app.pids[:1]
    made = client.post("/products", {"name": "New", "price": 1, "stock": 1}).json["id"]
    assert [row["id"] for row in client.get("/products").json] == [*app.pids, made]
    assert client.post(f"/products/{app.pids[0]}/stock", {"delta": -5}).json["stock"] == 0


def test_users_without_an_authenticator_enrol_one_within_a_week(app, old):
    with Server(clock=True) as new:
        new.stop()
        said = import_flask(new, old, "--apply", "--factors", "reenrol")
        assert "3 with none: a login within 7 days" in said
        new.start()
        old_code = totp(app.secrets["Ada"], int(new.now()) // 30)
        reply = Client(new).post("/login", {"username": "Ada", "password": OLD})
        assert reply.json["next"] == "enrol"
        assert Client(new).post("/verify-2fa", {"challenge": reply.json["challenge"], "code": old_code}).slug == "invalid-code"
        new.move_clock(7 * 86400 - 60)
        account = Account(new, "Ada", OLD).login().enrol()
        assert account.secret != app.secrets["Ada"] and len(account.recovery_codes) == 10
        account.sign_in()
        new.move_clock(120)
        late = Client(new).post("/login", {"username": "bob", "password": SHORT})
        assert (late.status, late.slug) == (403, "enrolment-required")
        assert Client(new).post("/login", {"username": "bob", "password": "abd"}).slug == "invalid-credentials"
        assert new.command("user", "reset-2fa", "bob").returncode == 0
        assert Account(new, "bob", SHORT).login().enrol().recovery_codes


def test_an_unusable_secret_leads_to_enrolment(app, old, new):
    old.db.users.update_one({"username": "bob"}, {"$set": {"secret": "JBSWY3DP"}})
    assert "secret has 5 bytes, not 10 to 128" in import_flask(new, old, "--apply")
    new.start()
    assert Account(new, "bob", SHORT).login().enrol().recovery_codes
    assert person(new, app, "Ada").sign_in().token


def test_names_that_do_not_fit_are_changed_by_rename(old, new, tmp_path):
    old.db.users.insert_many(flask_rows.USERS)
    said = import_flask(new, old, status=3)
    lines = re.search(r"For those above, perhaps:\n((?:  \S+ \S+\n)+)", said)[1]
    renames = tmp_path / "renames"
    renames.write_text("# old new\n\n" + lines + "leo leonard # his password is missing\n")
    said = import_flask(new, old, "--apply", "--rename", renames, status=3)
    assert "--rename" not in said
    assert not [line for line in said.splitlines() if ": username" in line], said
    new.start()
    names = new.command("user", "list").stdout
    for name in ("ivan-the-terrible", "ab-2", "ADA-2", "bob-2", "Ada", "bob"):
        assert f"\t{name}\n" in names
    again = new.command("user", "disable", "ADA-2")
    assert again.returncode == 0


@pytest.mark.parametrize("text, expected", [
    ("Ada ada-1\nnobody new-name\n", ':2: there is no user "nobody"'),
    ("Ada\n", ":1: must be two words"),
    ("Ada a b\n", ":1: must be two words"),
    ("# a comment\n\nAda x\n", ':3: the new name "x" must be 3 to 64 characters'),
    ("Ada ada-1\nAda ada-2\n", ':2: "Ada" has a new name already'),
    ("Ada same\nbob SAME\n", ':2: the new name "SAME" is given twice'),
    ("Ada BOB\n", ':1: the new name "BOB" is that of another user'),
    ("twin other\n", ':1: several users are named "twin"'),
    ("\x1b[2J new\n", ':1: there is no user "\\x1b[2J"'),
])
def test_a_wrong_line_of_renames_stops_everything(old, tmp_path, text, expected):
    old.db.users.insert_many([flask_rows.user(n, name) for n, name in enumerate(("Ada", "bob", "twin", "twin"))])
    renames = tmp_path / "renames"
    renames.write_text(text)
    done = run("import-flask", old.uri, "--apply", "--data", tmp_path / "data", "--rename", renames)
    assert (done.returncode, done.stdout) == (2, "") and f"{renames}{expected}" in done.stderr
    assert not (tmp_path / "data").exists()


def test_reenrol_after_keep_reports_the_authenticators_that_came_over(app, old, new):
    import_flask(new, old, "--apply")
    said = import_flask(new, old, "--apply", "--factors", "reenrol", status=3)
    assert said.count("is here already, with the authenticator from there: integrity user reset-2fa\n") == 3
    for name in ("Ada", "bob"):
        assert new.command("user", "reset-2fa", name).returncode == 0
    assert "Already here: 2 users, 3 products\n" in import_flask(new, old, "--apply", "--factors", "reenrol", status=3)


def test_an_import_can_be_run_again(app, old, new):
    import_flask(new, old, "--apply")
    assert "Imported: 0 users, 0 products\nAlready here: 3 users, 3 products\n" in import_flask(new, old, "--apply")
    new.start()
    account = person(new, app, "Ada").sign_in()
    assert account.client.post(f"/products/{app.pids[0]}/stock", {"delta": 1}).status == 200
    assert account.client.delete(f"/products/{app.pids[1]}").status == 204
    new.stop()
    old.db.users.insert_one(flask_rows.user(1, "late"))
    said = import_flask(new, old, "--apply", status=3)
    assert "Imported: 1 user, 0 products\nAlready here: 3 users, 1 product\n" in said
    assert f'    {app.pids[0]} "Lamp": is here already, and differs: "Lamp", version 2\n' in said
    assert f'    {app.pids[1]} "Kettle": was here, and was deleted\n' in said
    new.start()
    assert account.client.get(f"/products/{app.pids[0]}").json["stock"] == 6
    assert account.client.get(f"/products/{app.pids[1]}").status == 404


def test_a_name_that_is_taken_here_is_reported(app, old, new):
    new.start()
    here = enrolled(new, "BOB", "another battery staple")
    new.stop()
    said = import_flask(new, old, "--apply", status=3)
    assert re.search(r'^    [0-9a-f]{24} "bob": username is taken here$', said, re.M)
    new.start()
    assert here.login().challenge
    assert Client(new).post("/login", {"username": "bob", "password": SHORT}).slug == "invalid-credentials"


def test_a_running_server_locks_its_folder(app, old):
    with Server() as new:
        said = new.command("import-flask", old.uri, "--apply")
        assert said.returncode == 1 and "is in use by process" in said.stderr and "stop it, import" in said.stderr
        assert Client(new).post("/login", {"username": "Ada", "password": OLD}).slug == "invalid-credentials"


def test_with_a_running_server_on_mongodb_it_takes_effect_at_once(app, old, mongo):
    with Server(store=database_at(mongo.uri)) as new:
        import_flask(new, old, "--apply")
        assert person(new, app, "Ada").sign_in().token


@pytest.mark.parametrize("command", ["serve", "import-flask"])
def test_the_old_database_is_refused_as_a_store(mongo, tmp_path, command):
    store = database_at(mongo.uri)
    name = store.split("/")[3].split("?")[0]
    with mongo.client() as client:
        client[name].products.insert_one(flask_rows.product(1))
        where = ["--data", tmp_path, "--store", store]
        done = run("serve", "--listen", "127.0.0.1:0", *where) if command == "serve" else run("import-flask", store, "--apply", *where)
        assert done.returncode == 1 and "products of another program" in done.stderr
        assert client[name].list_collection_names() == ["products"]
        assert "validator" not in next(client[name].list_collections())["options"]


def test_without_a_name_the_database_is_found_or_the_choices_are_named(old, mongo):
    address = f"mongodb://{old.address}"
    assert "no database at" in run("import-flask", address).stderr
    old.db.users.insert_one(flask_rows.user(1, "Ada"))
    done = run("import-flask", address)
    assert done.returncode == 0 and f'The old database "{old.name}" at {old.address}' in done.stdout
    other = old.client[old.name + "b"]
    other.products.insert_one(flask_rows.product(1))
    done = run("import-flask", address)
    assert done.returncode == 1 and f'"{old.name}", "{old.name}b"' in done.stderr
    old.client.drop_database(other.name)
    done = run("import-flask", address + "/nothing")
    assert done.returncode == 1 and '"nothing"' in done.stderr


@pytest.mark.parametrize("uri, status", [("http://127.0.0.1/", 2), ("mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200", 1)])
def test_an_address_without_a_mongodb(uri, status):
    done = run("import-flask", uri)
    assert (done.returncode, done.stdout) == (status, "") and done.stderr


def test_a_replica_set_works_too(mongo, tmp_path):
    source = database_at(mongo.uri)
    with mongo.client() as client:
        client[source.split("/")[3].split("?")[0]].users.insert_one(flask_rows.user(1, "Ada"))
    assert "users: 1 of 1 comes over" in run("import-flask", source, "--data", tmp_path).stdout


def blocks() -> list[str]:
    text = (blessed.ROOT / "docs/from-flask.md").read_text()
    return re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)


def test_the_commands_of_the_page_work(app, old):
    """The commands of docs/from-flask.md as they are, except for addresses."""
    old.db.users.update_one({"username": "Ada"}, {"$set": {"username": "ada"}})
    old.db.users.update_one({"username": "bob"}, {"$set": {"username": "b!ll"}})
    report, renamed, apply, login = blocks()
    with Server() as new:
        new.stop()
        shutil.rmtree(new.data)

        def type_in(block, *answers, status=0):
            for there, here in (("mongodb://127.0.0.1:27017/shop", old.uri), (":8080", f":{new.port}")):
                block = block.replace(there, here)
            done = subprocess.run(["bash", "-u", "-o", "pipefail", "-c", block], cwd=new.folder, input="".join(each + "\n" for each in answers),
                                  env=environment(PATH=f"{pathlib.Path(new.binary).resolve().parent}:{os.environ['PATH']}"),
                                  text=True, capture_output=True)
            assert done.returncode == status, done.stdout + done.stderr
            return done.stdout

        assert "  b!ll b-ll\n" in type_in(report, status=3)
        assert not new.data.exists()
        assert "users: 3 of 3 come over" in type_in(renamed)
        assert "Imported: 3 users, 3 products" in type_in(apply)
        new.start()
        said = type_in(login, OLD, totp(app.secrets["Ada"], int(new.now()) // 30))
        assert all(f'"id":"{pid}"' in said for pid in app.pids)
        assert Account(new, "bill", SHORT).login().challenge
