"""docs/operations.md against the program: what exists has a row, and each row is about something that exists."""

import json
import pathlib
import re
import shutil
import signal
import sys

import pytest

from support.accounts import PASSWORD
from support.server import BINARY, Server, environment, run

ROOT = pathlib.Path(__file__).parent.parent
PAGE = (ROOT / "docs/operations.md").read_text()
pytestmark = pytest.mark.embedded
sys.path.insert(0, str(ROOT / "contrib/package"))
import manual  # noqa: E402


def rows(section: str, header: str) -> list[list[str]]:
    """The cells of the table in that section whose first column has that header."""
    text = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)[1]
    table = re.search(rf"^\| {re.escape(header)} \|[^\n]*\n\|[ |-]+\n((?:\|[^\n]*\n)*)", text, re.M)[1]
    found = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
             for line in table.splitlines()]
    assert len({len(each) for each in found}) == 1 and all(each[-1] for each in found), "a cell is missing or empty"
    return found


def quoted(cell: str) -> list[str]:
    return re.findall("`([^`]+)`", cell)


def named(section: str, header: str) -> list[str]:
    """The names in the first column; each is there once."""
    names = [quoted(row[0])[0] for row in rows(section, header)]
    assert len(names) == len(set(names)), "a row is there twice"
    return names


def sources() -> dict[str, str]:
    """Path -> text, without tests and comments."""
    found = {}
    for path in sorted((ROOT / "src").rglob("*.?pp")):
        name = path.relative_to(ROOT / "src").as_posix()
        if not re.search(r"_test\.cpp|_fuzz\.cpp|_fixture\.hpp|/contract/|/test_[^/]*\.hpp|^testing/", name):
            found[name] = re.sub(r"(?m)^\s*//.*$|(?<=[;{,] )//.*$", "", path.read_text())
    return found


SOURCES = sources()
ALL = "\n".join(SOURCES.values())
# The texts of the program: literals that follow each other are one.
TEXTS = re.sub(r'"\s*\n\s*"', "", ALL).replace('\\"', '"').replace("\\n", "\n")


@pytest.fixture(scope="module")
def commands() -> list:
    return manual.all_commands(BINARY)


def leaves(commands) -> list:
    return [each for each in commands[1:] if not each.entries("Subcommands")]


# Options.

def test_every_option_of_the_server_with_its_default(commands):
    serve = next(each for each in commands if each.words == ["serve"])
    told = {}
    for entry in serve.entries("Options"):
        default = re.fullmatch(r".* \[(.+)\]", entry.meaning)
        if entry.name != "--help":
            told[entry.shown] = default[1] if default else "false"
    assert {quoted(row[0])[0]: quoted(row[1])[0] for row in rows("Options", "option")} == told


def test_the_defaults_are_those_in_force(tmp_path):
    said = run("config", cwd=tmp_path).stdout
    for row in rows("Options", "option"):
        name, default = quoted(row[0])[0].split()[0], quoted(row[1])[0]
        value = re.search(rf"^{name} = (.*)  \(default\)$", said, re.M)[1]
        if name != "--data":
            value = value.replace("./data", "DATA")
        assert value == default or (name, value) == ("--signup", "open"), name


def test_every_option_that_only_some_commands_have(commands):
    of_serve = {entry.name for each in commands if each.words == ["serve"] for entry in each.entries("Options")}
    told = [(" ".join(each.words), entry.name) for each in leaves(commands) for entry in each.entries("Options")]
    told = sorted(each for each in told if each[1] not in of_serve)
    assert sorted((quoted(row[0])[0], quoted(row[1])[0]) for row in rows("Options", "command")) == told


def test_every_variable():
    read = set(re.findall(r'(?:environment_?|getenv)\("([A-Z_]+)"', ALL))
    read |= set(re.findall(r'"((?:INTEGRITY|NOTIFY|WATCHDOG)_[A-Z_]+)"', ALL)) - {"INTEGRITY_LOGIN_RATE"}
    assert set(named("Options", "variable")) == read


# Files. Each row, and the literal by which the program knows it.

FILES = {
    "DATA/": ("app/options.cpp", '"./data"'),
    "DATA/integrity.db": ("app/data_folder.hpp", '"integrity.db"'),
    "DATA/integrity.db-wal": ("store/sqlite/file_watch.cpp", '"-wal"'),
    "DATA/integrity.db-shm": None,  # SQLite's own
    "DATA/integrity.db-journal": ("store/sqlite/check.cpp", '"-journal"'),
    "DATA/lock": ("app/data_folder.cpp", '"lock"'),
    "DATA/control.sock": ("app/data_folder.hpp", '"control.sock"'),
    "DATA/integrity.toml": ("app/options.cpp", '"integrity.toml"'),
    "DATA/before-upgrade-OLD-NEW.db": ("store/sqlite/backup.cpp", '"before-upgrade-"'),
    "KEYS/": ("app/options.cpp", '"keys"'),
    "KEYS/password.key": ("app/keys.hpp", '"password.key"'),
    "KEYS/secrets.key": ("app/keys.hpp", '"secrets.key"'),
    "KEYS/token.key": ("app/keys.hpp", '"token.key"'),
    "KEYS/NAME.accepted": ("app/keys.cpp", '".accepted"'),
    "CERT": ("app/options.cpp", '"tls-cert"'),
    "KEY": ("app/options.cpp", '"tls-key"'),
    "BACKUP-DIR/integrity-TIME.db": ("app/backup_job.cpp", '"integrity-00000000T000000Z.db"'),
    "FILE": ("app/command_line.cpp", '"FILE"'),
    "FILE.partial-XXXXXX": ("base/new_file.cpp", '".partial-"'),
    "TMPDIR/integrity-XXXXXX": ("base/new_file.cpp", '"integrity-"'),
    "CREDENTIALS_DIRECTORY/NAME": ("app/options.cpp", '"CREDENTIALS_DIRECTORY"'),
}


def test_every_file_is_one_of_the_program():
    system = set(re.findall(r'"(/(?:proc|sys|etc|dev|run)/[^"]*?)/?"', ALL))
    assert set(named("Files and folders", "path")) == set(FILES) | system
    for name, known in FILES.items():
        assert known is None or known[1] in SOURCES[known[0]], name


def test_names_of_files_in_the_program_have_a_row():
    for name in set(re.findall(r'"([a-z]+\.(?:db|key|sock|toml))"', ALL)) - {"a.key"}:
        assert any(row.endswith("/" + name) for row in FILES), name


def test_what_a_server_makes_has_a_row(tmp_path):
    with Server("--backup-dir", tmp_path / "backups", "--backup-every", "1s") as server:
        assert server.command("user", "add", "ada", stdin=PASSWORD + "\n").returncode == 0
        assert server.command("backup", tmp_path / "one.db").returncode == 0
        made = [f"DATA/{path.relative_to(server.data)}" for path in server.data.rglob("*") if not path.is_dir()]
    rules = [re.escape(row).replace("KEYS", "DATA/keys") for row in FILES]
    assert len(made) >= 7 and [each for each in made if not any(re.fullmatch(rule, each) for rule in rules)] == []


def test_the_manual_page_names_files_of_the_table():
    names = " ".join(name for name, _ in manual.FILES)
    for name in re.findall(r"[a-z.-]+\.(?:db|key|sock|toml|accepted)", names.replace("-YYYYMMDDTHHMMSSZ", "-TIME")):
        assert name in PAGE or name.endswith(".key.accepted"), name


# Signals.

def test_every_signal():
    """Those that the program handles: the two files that set up handlers."""
    handled = set(re.findall(r"\bSIG[A-Z0-9]+\b", SOURCES["app/signals.cpp"] + SOURCES["app/main.cpp"]))
    assert set(named("Signals", "signal")) == handled
    assert set(re.findall(r"(?:::signal|sigaction)\((SIG[A-Z0-9]+)", ALL)) <= handled


def test_signals_do_what_the_table_says():
    with Server() as server:
        for name in named("Signals", "signal"):
            if name not in ("SIGTERM", "SIGINT"):
                server.process.send_signal(getattr(signal, name))
        assert server.command("user", "list").returncode == 0
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(30) == 0
        assert '"event":"signal.hup"' in server.log and '"event":"stop.asked","signal":"2"' in server.log


# Exit status.

# Those that need a MongoDB, or were brought about above.
BY_SOURCE = {("import-flask", 0): "? 0 : 3", ("import-flask", 3): "? 0 : 3", ("serve", 0): "finish(serve("}


def with_database(folder: pathlib.Path) -> pathlib.Path:
    assert run("user", "add", "ada", "--data", folder, "--role", "editor", stdin=PASSWORD + "\n").returncode == 0
    return folder


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> dict:
    """(command, status) -> arguments and stdin that lead to it. Those with 0 are run in this order."""
    place = tmp_path_factory.mktemp("exit")
    data, none = with_database(place / "data"), place / "none"
    at, nowhere, password = ("--data", data), ("--data", none), PASSWORD + "\n"
    (none / "keys").mkdir(parents=True)
    shutil.copytree(data / "keys", place / "restored/keys")
    broken = with_database(place / "broken")
    (broken / "keys/password.key").write_text("5a" * 32 + "\n")
    found = {
        ("serve", 1): (("serve", "--listen", "203.0.113.1:80", "--signup", "closed", "--insecure-http", *nowhere), ""),
        ("config", 0): (("config", *at), ""),
        ("user add", 0): (("user", "add", "eve", *at), password),
        ("user add", 1): (("user", "add", "ada", *at), password),
        ("user set-password", 0): (("user", "set-password", "ada", *at), "another horse battery\n"),
        ("backup", 0): (("backup", place / "one.db", *at), ""),
        ("backup", 1): (("backup", data / "integrity.db", *at), ""),
        ("restore", 0): (("restore", place / "one.db", "--data", place / "restored"), ""),
        ("restore", 1): (("restore", place / "two.db", *nowhere), ""),
        ("check", 0): (("check", *at), ""),
        ("check", 1): (("check", "--data", broken), ""),
        ("check", 2): (("check", *nowhere), ""),
        ("user list", 0): (("user", "list", *at), ""),
        ("user reset-2fa", 0): (("user", "reset-2fa", "ada", *at), ""),
        ("user disable", 0): (("user", "disable", "ada", *at), ""),
        ("user enable", 0): (("user", "enable", "ada", *at), ""),
        ("user role", 0): (("user", "role", "ada", "viewer", *at), ""),
        ("api-key list", 0): (("api-key", "list", *at), ""),
        ("invitation add", 0): (("invitation", "add", "--role", "viewer", *at), ""),
        ("key accept", 0): (("key", "accept", "token.key", *at), ""),
        ("user remove", 0): (("user", "remove", "eve", *at), ""),
        ("migrate", 0): (("migrate", "--from", data, "--to", place / "moved"), ""),
        ("migrate", 1): (("migrate", "--from", none, "--to", place / "no"), ""),
        ("import-flask", 1): (("import-flask", "mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=100", *nowhere), ""),
    }
    for words in ("list", "reset-2fa ada", "disable ada", "enable ada", "remove ada", "role ada viewer",
                  "set-password ada"):
        found[("user " + words.split()[0], 1)] = (("user", *words.split(), *nowhere), password)
    found[("api-key add", 1)] = (("api-key", "add", "x", "--user", "ada", "--scope", "products:read", *nowhere), "")
    found[("api-key list", 1)] = (("api-key", "list", *nowhere), "")
    found[("api-key revoke", 1)] = (("api-key", "revoke", "0" * 24, *nowhere), "")
    found[("invitation add", 1)] = (("invitation", "add", "--role", "viewer", *nowhere), "")
    found[("key accept", 1)] = (("key", "accept", "token.key", *nowhere), "")
    return found


def test_every_command_has_its_statuses(commands, cases):
    """Each status of the table is brought about, and those that are brought about are in the table."""
    table = {quoted(row[0])[0]: row[1:] for row in rows("Exit status", "command")}
    assert sorted(table) == sorted(" ".join(each.words) for each in leaves(commands))
    listed = {(name, status) for name, cells in table.items() for status, cell in enumerate(cells) if cell != "–"}
    shown = set(cases) | set(BY_SOURCE) | {(name, 2) for name in table}
    shown |= {("api-key add", 0), ("api-key revoke", 0)}  # need a confirmed account: test_surroundings and others
    assert listed == shown
    assert all(text in SOURCES["app/main.cpp"] for text in BY_SOURCE.values())


def test_a_wrong_option_is_status_2(commands):
    for each in leaves(commands):
        assert run(*each.words, "--no-such-option").returncode == 2, each.words


def test_the_statuses_are_right(cases):
    for (name, status), (arguments, typed) in cases.items():
        done = run(*arguments, stdin=typed)
        assert done.returncode == status, (name, done)


# Log events.

LAYERS = {  # a call whose event is a parameter: file, the parameter -> the names that are passed
    ("app/run_logged.hpp", "event"): r'run_logged\("([^"]+)"',
    ("store/sqlite/writer.cpp", "event"): r'follow\([^;]*, "([^"]+)"\)',
    ("auth/sessions.cpp", "kReused"): r'\bkReused = "([^"]+)"',
}


def balanced(text: str, at: int) -> str:
    """From the bracket at that place to the one that closes it; brackets in texts do not count."""
    depth, text = 0, text[at:]
    for end, mark in enumerate(re.sub(r'"(?:\\.|[^"\\])*"', lambda found: "_" * len(found[0]), text)):
        depth += (mark in "({") - (mark in ")}")
        if depth == 0:
            return text[:end + 1]
    raise AssertionError(text[:80])


def logged() -> dict[str, set[str]]:
    """Event -> its fields."""
    found: dict[str, set[str]] = {}
    for file, text in SOURCES.items():
        for start in re.finditer(r"\blog::(?:event|refusal)\(", text):
            call = balanced(text, start.end() - 1)
            first = re.match(r"\(\s*([^,)]+)", call)[1]
            fields = set(re.findall(r'\{\s*"([a-z_]+)",', call))
            if re.search(r"\bfields\)", call):
                fields = set(re.findall(r'\{"([a-z_]+)"', balanced(text, text.index("fields = {") + len("fields = "))))
            names = re.findall(r'"([^"]+)"', first)
            if not names:
                where = ALL if file.endswith(".hpp") else text
                names = re.findall(LAYERS[(file, first.strip())], where)
            assert names, (file, first)
            for name in names:
                found.setdefault(name, set()).update(fields)
    [fault] = re.findall(r'"event":"([a-z.]+)"', SOURCES["base/log.cpp"])
    return found | {fault: set(re.findall(r'append\(rest, "([a-z_]+)"', SOURCES["base/log.cpp"]))}


def test_every_log_event_and_its_fields():
    events = logged()
    table = {quoted(row[0])[0]: set(quoted(row[1])) for row in rows("Log", "event")}
    assert set(table) == set(events) and len(named("Log", "event")) == len(table)
    assert {name: fields for name, fields in table.items() if fields != events[name]} == {}


def test_events_of_a_run_are_in_the_table():
    with Server("--metrics-listen", "127.0.0.1:0") as server:
        server.command("user", "add", "ada", stdin=PASSWORD + "\n")
        assert server.stop() == 0
        lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    assert len(lines) > 3 and {line["event"] for line in lines} <= set(named("Log", "event"))


# Faults.

def plain(row: list[str]) -> list[str]:
    return [each for each in quoted(row[0]) if each != "integrity check"]


def test_every_line_of_a_refusal_is_a_text_of_the_program():
    for row in rows("Faults", "at the start, or of a command"):
        for text in plain(row):
            assert text in TEXTS, text


def in_switch(file: str, function: str) -> set[str]:
    """The texts that a function returns."""
    text = SOURCES[file]
    at = re.search(rf"{function}[^;{{]*\{{", text)
    body = re.sub(r'"\s*\n\s*"', "", balanced(text, at.end() - 1))
    return {re.sub("`.*", "", each).strip() for each in re.findall(r'"((?:[^"\\]|\\.)+)"', body)}


def test_every_cure_and_every_advice_has_a_row():
    told = [text for row in rows("Faults", "`cure` in the log") for text in plain(row)[:1]]
    assert set(told) == in_switch("store/sqlite/writer.cpp", r"std::string_view cure\(int primary\) ")
    given = [text.strip() for row in rows("Faults", "at the start, or of a command") for text in plain(row)]
    asked = in_switch("base/file_error.cpp", r"const char\* advice\(int why\) ")
    asked |= in_switch("store/sqlite/backup.cpp", r"std::string cure_of_copy\(int primary\) ")
    asked |= in_switch("store/sqlite/db.cpp", "Failure about_file")
    asked |= {text for text in in_switch("app/serve.cpp", "Error cannot_listen") if text.startswith(";")}
    missing = [text for text in asked if text.startswith(";") and not any(each in text for each in given)]
    assert len(asked) > 10 and missing == []


@pytest.mark.parametrize("file", [
    "app/host.cpp", "app/data_folder.cpp", "app/keys.cpp", "app/file.cpp", "app/serve.cpp", "app/restore_command.cpp",
    "base/new_file.cpp", "store/bulk.cpp", "store/sqlite/schema.cpp", "store/sqlite/backup.cpp",
    "store/sqlite/check.cpp", "store/mongo/connect.cpp", "store/mongo/mongo_store.cpp", "store/mongo/check.cpp",
    "store/mongo/schema.cpp", "store/mongo/bulk.cpp", "app/backup.cpp"])
def test_every_refusal_has_a_row(file):
    """What these files throw or return as the reason why the server does not start, or a command fails."""
    text = re.sub(r'"\s*\n\s*"', "", SOURCES[file])
    made = [balanced(text, found.end() - 1)
            for found in re.finditer(r"\b(?:throw Unavailable|return (?:Error|refused)?) ?[({]", text)]
    made = [each for each in made if re.search('"[^"]*[a-z]{2} [^"]*[a-z]{2}', each)]
    made = [each for each in made if not re.search(r"\b(?:advice|file_fault)\b", each)]  # these are compared above
    made = [each for each in made if re.sub(r'[^"]*"', "", each, count=1) != '. Nothing was changed")']  # after another
    # A short one must be the whole literal, or it would stand for texts that nobody has thought of.
    given = "|".join(re.escape(part) if len(part) > 16 else f'" ?{re.escape(part)} ?"'
                     for row in rows("Faults", "at the start, or of a command") for part in plain(row))
    assert [each for each in made if not re.search(given, each)] == []


def test_every_problem_for_the_operator_and_its_status():
    known = dict(re.findall(r'Code::[a-z_]+,\s*"([a-z-]+)",\s*(\d+)', SOURCES["base/error.cpp"]))
    table = {quoted(row[0])[0]: row[1] for row in rows("Faults", "problem")}
    assert {name: known.get(name) for name in table} == table
    assert {name for name, status in known.items() if status >= "500"} <= set(table)
    assert {row[1] for row in rows("Faults", "`cure` in the log")} == {known["unavailable"]}


def test_every_event_and_metric_that_the_faults_name_exists():
    text, metrics = PAGE.split("## Faults\n")[1], (ROOT / "docs/metrics.md").read_text()
    for name in re.findall(r"`([a-z]+(?:\.[a-z_]+)+)`", text):
        assert name in [*named("Log", "event"), "control.sock"], name
    for name in re.findall(r"`(integrity_[a-z_]+)`", text):
        assert f"| `{name}` |" in metrics, name


def test_every_link_leads_somewhere():
    for file, fragment in re.findall(r"\]\(([a-z-]+\.md)(?:#([a-z0-9-]+))?\)", PAGE):
        headings = re.findall(r"^#+ (.*)$", (ROOT / "docs" / file).read_text(), re.M)
        assert not fragment or fragment in [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]
