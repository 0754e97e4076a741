"""`integrity check`: finds nothing in what the server wrote, names everything that is damaged, and changes nothing."""

import hashlib
import os
import pathlib
import pty
import re
import select
import shutil
import sqlite3
import subprocess
import tempfile
import threading

import pytest

from support import damage
from support.accounts import admin_of, enrolled, product
from support.checked import Checked
from support.http import Client
from support.server import BINARY, FAKETIME, Server, environment, run

CALLS = 400


def grown(server, seed) -> None:
    """A busy life, and some of everything that a damage is about."""
    founder = admin_of(server, "founder")
    checked = Checked(server, seed)
    while checked.calls < CALLS:
        checked.one()
    server.move_clock(60)
    founder.sign_in()
    founder.invite("viewer")
    founder.make_key("products:read")
    gone = founder.make_key("products:read")
    assert founder.client.delete(f"/me/keys/{gone['id']}").status == 204
    other = enrolled(server)
    other.login()  # leaves a challenge
    lamp = founder.client.post("/products", product(), headers={"Idempotency-Key": "lamp"}).header("Location")
    for _ in range(3):
        assert founder.client.post(f"{lamp}/stock", {"delta": 1}).status == 200
    assert founder.client.post("/products", product(name="Unmistakable")).status == 201


def digests(folder: pathlib.Path) -> dict:
    """Of every file but the two that SQLite needs for reading."""
    return {path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode, path.stat().st_mtime_ns)
            for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith(("-shm", "-wal"))}


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """(server, folder with its data after it has stopped)."""
    with Server("--api-keys", clock=True) as server:
        grown(server, int(os.environ["SEED"]))
        running = server.command("check")
        assert (running.returncode, running.stdout) == (0, ""), running
        assert server.stop() == 0
        yield server


@pytest.fixture
def folder(life, tmp_path):
    """A copy to damage."""
    shutil.copytree(life.data, tmp_path / "data", ignore=shutil.ignore_patterns("control.sock"))
    return tmp_path / "data"


def check(folder, *options, **rest):
    return run("check", "--data", folder, *options, **rest)


def test_nothing_is_found_after_a_busy_life_and_nothing_is_changed(life):
    before = digests(life.data)
    done = life.command("check")
    assert (done.returncode, done.stdout) == (0, ""), done
    assert digests(life.data) == before


def test_nothing_is_found_while_clients_write():
    with Server() as server:
        account = enrolled(server)
        stop = threading.Event()
        written = []

        def write(number: int):
            client = Client(server, account.token)
            while not stop.is_set():
                made = client.post("/products", product(name=f"lamp {number} {len(written)}"))
                client.put(made.header("Location"), {"stock": len(written)})
                written.append(made)
        writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
        for writer in writers:
            writer.start()
        try:
            for _ in range(4):
                already = len(written)
                done = server.command("check")
                assert (done.returncode, done.stdout) == (0, ""), done
                assert len(written) > already, "nobody wrote meanwhile"
        finally:
            stop.set()
            for writer in writers:
                writer.join()


@pytest.mark.embedded
@pytest.mark.parametrize("planted", damage.BY_SQL, ids=lambda each: each.__name__)
def test_a_damage_is_named(folder, planted):
    expected = damage.plant(planted, folder)
    before = digests(folder)
    done = check(folder)
    assert done.returncode == 1 and damage.named(expected, done.stdout), (expected, done)
    assert re.search(r" [0-9]+ findings? in ", done.stderr) and digests(folder) == before


@pytest.mark.embedded
def test_a_check_goes_on_after_a_text_that_is_not_utf8(folder):
    broken = damage.plant(damage.bit_flipped_in_a_description, folder)
    other = damage.plant(damage.account_promoted, folder)
    done = check(folder)
    assert done.returncode == 1 and str(folder / "integrity.db") in done.stderr, done
    assert damage.named(broken, done.stdout) and damage.named(other, done.stdout), done
    assert "word index" not in done.stdout, "its words are not known"


@pytest.mark.embedded
def test_figures_of_the_planner_are_not_a_finding(folder):
    with sqlite3.connect(folder / "integrity.db") as database:
        database.execute("ANALYZE")
    database.close()
    done = check(folder)
    assert (done.returncode, done.stdout) == (0, ""), done


@pytest.mark.embedded
def test_a_damaged_page_is_named(folder):
    at, size = damage.root_page(folder, "products_by_name")
    file = folder / "integrity.db"
    content = bytearray(file.read_bytes())
    content[at] ^= 0xFF
    file.write_bytes(content)
    done = check(folder)
    assert done.returncode == 1 and f"file {file}: " in done.stdout, done


@pytest.mark.embedded
def test_what_is_left_of_a_damaged_table_is_read(folder):
    at, size = damage.root_page(folder, "sessions")
    file = folder / "integrity.db"
    content = bytearray(file.read_bytes())
    content[at:at + size] = bytes(size)
    file.write_bytes(content)
    done = check(folder)
    assert done.returncode == 1 and "sessions cannot be read to the end" in done.stdout, done
    assert "product " not in done.stdout, "the other tables are well"


@pytest.mark.embedded
def test_whatever_part_is_lost_the_rest_is_checked(folder):
    """Every table and index in turn has zeros for its first page."""
    expected = damage.plant(damage.of_nobody("factor_counters", "code counters"), folder)
    file = folder / "integrity.db"
    with sqlite3.connect(file) as database:
        parts = [name for name, in database.execute("SELECT name FROM sqlite_schema WHERE rootpage > 0")]
    database.close()
    content = file.read_bytes()
    for name in parts:
        at, size = damage.root_page(folder, name)
        file.write_bytes(content[:at] + bytes(size) + content[at + size:])
        done = check(folder)
        assert done.returncode == 1 and f"file {file}: " in done.stdout and done.stderr.count("\n") == 1, (name, done)
        assert "not known to the store" not in done.stdout, (name, done)
        assert "factor_counters" in name or damage.named(expected, done.stdout), (name, done)
        file.write_bytes(content)


@pytest.mark.embedded
@pytest.mark.parametrize("how", ["missing", "cut", "text", "empty", "foreign", "older", "newer", "negative", "zero", "folder"])
def test_what_cannot_be_read_is_exit_2_with_one_line_that_names_the_file(folder, how):
    file = folder / "integrity.db"
    content = file.read_bytes()
    said = {"missing": "no database", "cut": "damaged", "text": "damaged", "empty": "", "foreign": "another program",
            "older": "Start the server once", "newer": "Use the newer program", "folder": "",
            "negative": "schema version -1, which no program made", "zero": "schema version 0, which no program made"}[how]
    if how in ("foreign", "older", "newer", "negative", "zero"):
        if how == "foreign":
            file.unlink()
        db = sqlite3.connect(file)
        version = {"older": 3, "newer": 99, "negative": -1, "zero": 0}.get(how)
        db.executescript("CREATE TABLE mine (x)" if how == "foreign" else f"PRAGMA user_version = {version}")
        db.close()
    else:
        file.unlink()
        if how == "folder":
            file.mkdir()
        elif how != "missing":
            file.write_bytes({"cut": content[:len(content) // 2], "text": b"not a database " * 1000, "empty": b""}[how])
    done = check(folder)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert len(done.stderr.splitlines()) == 1 and str(folder) in done.stderr and said in done.stderr, done


@pytest.mark.embedded
def test_a_file_that_this_user_may_not_read_is_exit_2(folder):
    with tempfile.TemporaryDirectory(prefix="integrity-test-") as place:
        program = pathlib.Path(place) / "integrity"
        shutil.copy(BINARY, program)
        shutil.copytree(folder, pathlib.Path(place) / "data")
        data = pathlib.Path(place) / "data"
        root = os.geteuid() == 0
        os.chmod(place, 0o755)
        data.chmod(0o755)
        (data / "integrity.db").chmod(0o600 if root else 0)
        as_another_user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if root else []
        done = subprocess.run([*as_another_user, program, "check", "--data", data], capture_output=True, text=True, env=environment())
        assert (done.returncode, done.stdout) == (2, "") and len(done.stderr.splitlines()) == 1, done
        assert f"{data}/integrity.db" in done.stderr and "run as a user" in done.stderr, done


@pytest.mark.embedded
@pytest.mark.parametrize("key", ["password.key", "secrets.key", "token.key"])
@pytest.mark.parametrize("fault", ["missing", "short", "foreign", "readable"])
def test_keys_that_do_not_fit_are_named(folder, key, fault):
    path = folder / "keys" / key
    if fault == "missing":
        path.unlink()
    elif fault == "short":
        path.write_bytes(path.read_bytes()[:20])
    elif fault == "readable":
        path.chmod(0o644)
    elif key != "token.key":
        path.write_text("5a" * 32 + "\n")
    done = check(folder)
    if (key, fault) == ("token.key", "foreign"):  # one server may have any
        assert done.returncode == 0
        return
    assert done.returncode == 1, done
    [line] = done.stdout.splitlines()
    assert line.startswith(f"file {path}: "), line
    assert {"missing": "is missing", "short": "is not a", "foreign": "is not the key", "readable": "everybody can read it"}[fault] in line
    assert "1 finding in the files of the keys" in done.stderr and "backup" not in done.stderr, done
    if fault == "readable":
        assert path.stat().st_mode & 0o777 == 0o644, "left as it is"


def test_a_wrong_use_is_exit_2(tmp_path):
    assert run("check", "--dta", tmp_path).returncode == 2
    assert run("check", "extra", "--data", tmp_path).returncode == 2
    done = run("check", "--data", tmp_path)
    assert done.returncode == 2 and "no database" in done.stderr
    assert not list(tmp_path.iterdir()), "nothing is made"


@pytest.mark.embedded
def test_it_shows_its_progress_on_a_terminal_only(folder):
    """Its clock runs so fast that a second is soon over."""
    reader, writer = pty.openpty()
    with open(os.devnull, "w") as nowhere:
        process = subprocess.Popen([BINARY, "check", "--data", str(folder)], stdout=nowhere, stderr=writer, env=environment(
            LD_PRELOAD=FAKETIME, FAKETIME="+0 x2000", ASAN_OPTIONS="verify_asan_link_order=0"))
    os.close(writer)
    said = b""
    while select.select([reader], [], [], 60)[0]:
        try:
            said += os.read(reader, 4096)
        except OSError:
            break
    os.close(reader)
    assert process.wait(60) == 0
    assert b"checking " in said and said.rstrip().split(b"\r")[-1].endswith(b"integrity.db"), said


@pytest.mark.embedded
def test_a_finding_is_one_line_with_kind_and_id(folder):
    expected = damage.plant(damage.product_altered, folder)
    done = check(folder)
    [line] = done.stdout.splitlines()
    assert "1 finding in " in done.stderr and "restore the last backup" in done.stderr, done
    assert line == expected and damage.id_in(line)


@pytest.mark.embedded
def test_after_another_key_was_accepted_each_finding_says_what_to_do(folder):
    """A restore would not help: the secrets were made with a key that is lost."""
    (folder / "keys" / "secrets.key").unlink()
    assert run("key", "accept", "secrets.key", "--data", folder).returncode == 0
    done = check(folder)
    assert done.returncode == 1 and "; each says what to do" in done.stderr and "restore" not in done.stderr, done
    assert all("integrity user reset-2fa " in line for line in done.stdout.splitlines()), done.stdout


@pytest.mark.embedded
def test_a_finding_is_one_line_whatever_the_database_holds(folder):
    with sqlite3.connect(folder / "integrity.db") as database:
        database.execute("UPDATE changes SET op = 'x' || char(10) || '  product: ' || char(27) || '[2J' WHERE number = 2")
        database.execute('CREATE VIEW "a\n  user: " AS SELECT \'\n  change\' AS b')
    database.close()
    done = check(folder)
    assert len(done.stdout.splitlines()) == 2 and "\\x0a  product: \\x1b[2J" in done.stdout, done.stdout
    assert "\x1b" not in done.stdout and "view a\\x0a  user: : " in done.stdout, done.stdout


@pytest.mark.embedded
def test_of_many_findings_of_a_kind_a_thousand_are_shown(folder):
    with sqlite3.connect(folder / "integrity.db") as database:
        columns = [column[1] for column in database.execute("PRAGMA table_info(products)")]
        database.execute("CREATE TEMP TABLE lamp AS SELECT * FROM products LIMIT 1")
        for number in range(1500):
            database.execute("UPDATE temp.lamp SET id = ?, sku = NULL, place = created_at * 2097152 + 1000000 + ?", [number.to_bytes(12, "big"), number])
            database.execute(f"INSERT INTO products ({', '.join(columns)}) SELECT {', '.join(columns)} FROM temp.lamp")
    database.close()
    done = check(folder)
    lines = done.stdout.splitlines()
    about_products = [line for line in lines if line.startswith("product ")]
    [more] = [line for line in lines if line.startswith("product: ")]
    found = int(re.fullmatch(r"product: (\d+) more findings", more)[1]) + len(about_products)
    assert done.returncode == 1 and len(about_products) == 1000 and found >= 1500 and lines[-1] == more, done.stderr
    assert int(re.search(r"integrity: (\d+) findings", done.stderr)[1]) >= found
