"""`integrity user …` on the host: through the running server, and without one."""

import pathlib
import re
import subprocess

import pytest

from support.accounts import PASSWORD, Account, enrolled, fresh_name, totp
from support.http import Client
from support.server import BINARY, Server, environment, run
from support.terminal import Terminal
from support.terminal_qr import to_pbm

ROOT = pathlib.Path(__file__).parent.parent


def command(server, *arguments, stdin=""):
    done = server.command("user", *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def status_of_login(account, password=PASSWORD) -> str:
    reply = account.client.post("/login", {"username": account.username, "password": password}, token=None)
    return reply.slug or reply.json["next"]


@pytest.mark.parametrize("running", [True, False])
def test_add_without_a_terminal_prints_a_secret_that_the_first_login_takes(running):
    with Server() as server:
        name = fresh_name("host")
        if not running:
            assert server.stop() == 0
        said = command(server, "add", name, stdin=PASSWORD + "\n")
        if not running:
            server.start()
        uri = re.search(r"otpauth://totp/\S+", said)[0]
        account = Account(server, name).login()
        account.scan()
        assert f"secret={account.secret}" in uri
        assert len(account.verify().json["recovery_codes"]) == 10
        assert status_of_login(account) == "verify"


def test_the_printed_secret_is_taken_by_the_first_login_only(server):
    name = fresh_name("host")
    uri = command(server, "add", name, stdin=PASSWORD + "\n")
    first = Account(server, name).login().scan().secret
    second = Account(server, name).login().scan().secret
    assert first in uri and second not in uri


@pytest.mark.parametrize("name, password", [("x", PASSWORD), ("a b c", PASSWORD), ("somebody", "short"), ("somebody", "password1"),
                                            ("somebody", "")])
def test_add_refuses_what_sign_up_refuses(server, tmp_path, name, password):
    done = server.command("user", "add", name, stdin=password + "\n")
    assert done.returncode != 0 and done.stderr.strip()
    assert password == "" or password not in done.stderr
    nowhere = run("user", "add", name, "--data", tmp_path / "new", stdin=password + "\n")
    assert (nowhere.returncode, nowhere.stderr) == (done.returncode, done.stderr)
    assert not (tmp_path / "new").exists()


def test_a_byte_order_mark_before_a_password_is_not_part_of_it(server):
    """Editors on Windows write one; a user who logs in does not type it."""
    name = fresh_name("host")
    command(server, "add", name, stdin="\ufeff" + PASSWORD + "\r\n")
    assert status_of_login(Account(server, name)) == "enrol"
    command(server, "set-password", name, stdin="\ufeffanother horse battery\n")
    assert status_of_login(Account(server, name), "another horse battery") == "enrol"


def test_a_password_in_utf_16_is_refused_with_advice(server):
    done = subprocess.run([BINARY, "user", "add", fresh_name("host"), "--data", server.data, *server.store_option()],
                          input=PASSWORD.encode("utf-16"), capture_output=True, env=environment())
    assert done.returncode == 1 and b"UTF-16; save the file as UTF-8" in done.stderr


def test_add_refuses_a_name_that_is_taken(server, ada):
    done = server.command("user", "add", ada.username.upper(), stdin=PASSWORD + "\n")
    assert done.returncode == 1 and "taken" in done.stderr


def at_the_first_code(server, name, read_size=65536):
    """`user add NAME` at a terminal, up to the prompt for the first code."""
    terminal = Terminal("user", "add", name, "--data", server.data, *server.store_option())
    for prompt in ("password", "again"):
        terminal.until(f"(?i){prompt}[^\n]*: $")
        terminal.type(PASSWORD)
    terminal.until("(?i)code[^\n]*: $", read_size)
    return terminal


# Reads of seven bytes end in the middle of the QR code's characters, as reads on a busy machine do.
@pytest.mark.parametrize("read_size", [65536, 7])
def test_add_at_a_terminal_asks_draws_and_confirms(server, read_size):
    name = fresh_name("tty")
    with at_the_first_code(server, name, read_size) as terminal:
        (server.folder / "tty.pbm").write_bytes(to_pbm(terminal.said.replace("\r", "")))
        uri = subprocess.run(["zbarimg", "-q", "--raw", server.folder / "tty.pbm"], capture_output=True, text=True, check=True)
        account = Account(server, name)
        account.secret = re.search(r"secret=([A-Z2-7]{32})", uri.stdout)[1]
        assert account.secret in terminal.said, "for a phone that cannot scan"
        assert PASSWORD not in terminal.said, "the password is echoed"
        terminal.type("12345")
        terminal.until("six digits")
        terminal.type(account.next_code())
        assert terminal.end() == 0, terminal.said
    codes = re.findall(r"(?:[0-9A-HJKMNP-TV-Z]-?){24}", terminal.said.split("code")[-1])
    assert len(codes) == 10, terminal.said
    assert account.sign_in().client.get("/me").status == 200


def test_add_with_wrong_codes_only_names_commands_and_the_name_can_be_freed(server):
    name = fresh_name("tty")
    account = Account(server, name)
    with at_the_first_code(server, name) as terminal:
        account.secret = re.search(r"secret: ([A-Z2-7]{32})", terminal.said)[1]
        for tried, code in enumerate(account.wrong_codes(6), 1):
            terminal.until(rf"(?s)(First code: .*){{{tried}}}")
            terminal.type(code)
        assert terminal.end() == 1
    last = terminal.said.strip().splitlines()[-1]
    assert f"integrity user remove {name}" in last and "not confirmed" in last, terminal.said
    assert not re.search("POST|challenge|/login|#/", terminal.said), terminal.said
    assert server.command("user", "add", name, stdin=PASSWORD + "\n").returncode == 1, "the name is taken"
    assert "removed" in command(server, "remove", name)
    command(server, "add", name, stdin=PASSWORD + "\n")


@pytest.mark.parametrize("running", [True, False])
def test_remove_frees_the_name_of_an_account_that_was_never_confirmed_and_of_no_other(running):
    with Server() as server:
        pending, active = Account(server).sign_up(), enrolled(server)
        if not running:
            assert server.stop() == 0
        command(server, "remove", pending.username.upper())
        refused = server.command("user", "remove", active.username)
        assert refused.returncode == 1 and "never confirmed" in refused.stderr and "user disable" in refused.stderr
        if not running:
            server.start()
        assert pending.username not in command(server, "list")
        assert pending.verify("000000").slug == "challenge-expired"
        assert Account(server, pending.username).sign_up().challenge
        assert active.client.get("/me").status == 200


@pytest.mark.parametrize("running", [True, False])
def test_disable_takes_effect_at_once_and_enable_undoes_it(running):
    with Server() as server:
        other, account = enrolled(server), enrolled(server)  # the first one is the only admin
        if not running:
            assert server.stop() == 0
        command(server, "disable", account.username)
        if not running:
            server.start()
        assert account.client.get("/me").slug == "invalid-token"
        assert status_of_login(account) == "invalid-credentials"
        assert other.client.get("/me").status == 200
        command(server, "enable", account.username.upper())
        assert account.client.get("/me").status == 401, "its sessions have ended for good"
        assert account.sign_in().client.get("/me").status == 200


def test_disabling_an_account_ends_its_challenges(server):
    account = enrolled(server).login()
    command(server, "disable", account.username)
    assert account.verify().slug == "challenge-expired"


def test_set_password_ends_the_sessions(server):
    account = enrolled(server)
    account.login()
    challenge = account.challenge
    command(server, "set-password", account.username, stdin="another password entirely\n")
    assert account.client.get("/me").status == 401
    assert account.verify(totp(account.secret, account.step())).slug == "challenge-expired", challenge
    assert status_of_login(account) == "invalid-credentials"
    account.password = "another password entirely"
    assert account.sign_in().client.get("/me").status == 200


def test_set_password_refuses_a_weak_one(server):
    account = enrolled(server)
    assert server.command("user", "set-password", account.username, stdin="password1\n").returncode != 0
    assert status_of_login(account) == "verify"


def test_reset_2fa_ends_everything_and_opens_enrolment(server):
    account = enrolled(server)
    old = account.secret
    command(server, "reset-2fa", account.username)
    assert account.client.get("/me").status == 401
    account.login()
    assert account.verify(recovery_code=account.recovery_codes[0]).status in (401, 422)
    account.last_step = 0
    account.enrol()
    assert account.secret != old and len(account.recovery_codes) == 10
    assert account.client.get("/me").status == 200


def test_enrolment_after_a_reset_is_open_for_24_hours(clocked):
    account = enrolled(clocked)
    command(clocked, "reset-2fa", account.username)
    clocked.move_clock(24 * 3600 - 60)
    assert status_of_login(account) == "enrol"
    clocked.move_clock(120)
    assert status_of_login(account) == "enrolment-required"
    assert status_of_login(account, "not the password") == "invalid-credentials"
    command(clocked, "reset-2fa", account.username)
    account.last_step = 0
    assert account.login().enrol().token


def test_list_names_every_account_and_no_secret(server):
    pending, active, disabled = Account(server).sign_up(), enrolled(server), enrolled(server)
    command(server, "disable", disabled.username)
    said = command(server, "list")
    lines = {account: line for line in said.splitlines() for account in (pending, active, disabled)
             if account.username in line.split()}
    assert "disabled" in lines[disabled] and "disabled" not in lines[active] and "pending" in lines[pending]
    assert "$2b$" not in said and active.secret not in said


def test_list_says_which_store_it_read_and_calls_states_as_the_docs_do(server):
    account = enrolled(server)
    command(server, "reset-2fa", account.username)
    done = server.command("user", "list")
    line = next(line for line in done.stdout.splitlines() if line.endswith("\t" + account.username))
    assert line.split("\t")[1] == "active, factor enrol"
    table = re.findall(r"^\| [a-z ]+ \| ([a-z ,;:0-9]+) \| .* \| .* \|$", (ROOT / "docs/accounts.md").read_text(), re.M)
    states = [state for words in table for state in re.split("; after the 24 h: ", words)]
    assert {line.split("\t")[1] for line in done.stdout.splitlines()} <= set(states)
    assert f"Accounts in {server.store.partition('?')[0] or server.data / 'integrity.db'}" in done.stderr


@pytest.mark.parametrize("verb", ["disable", "enable", "remove", "reset-2fa", "set-password"])
def test_an_unknown_name_is_named(server, verb):
    done = server.command("user", verb, "nobody-here", stdin=PASSWORD + "\n")
    assert done.returncode == 1 and "nobody-here" in done.stderr


def test_a_host_command_is_in_effect_when_it_ends(server):
    """Nothing waits in between: the command returns after the server has carried it out."""
    for _ in range(5):
        account = enrolled(server)
        command(server, "disable", account.username)
        assert Client(server, account.token).get("/me").status == 401


@pytest.mark.embedded
def test_a_result_that_cannot_be_written_is_status_1_with_words(tmp_path):
    """`user add` prints the only copy of the secret."""
    def to_full_disk(*arguments, stdin=""):
        with open("/dev/full", "w") as full:
            return subprocess.run([BINARY, *map(str, arguments)], input=stdin, stdout=full, stderr=subprocess.PIPE, text=True, env=environment())
    data, file = tmp_path / "data", tmp_path / "backup.db"
    done = [to_full_disk("user", "add", "zoe", "--data", data, "--bcrypt-cost", "10", stdin=PASSWORD + "\n"),
            to_full_disk("user", "list", "--data", data), to_full_disk("user", "role", "zoe", "viewer", "--data", data),
            to_full_disk("backup", file, "--data", data)]
    (tmp_path / "new").mkdir(0o700)
    (data / "keys").rename(tmp_path / "new" / "keys")
    done.append(to_full_disk("restore", file, "--data", tmp_path / "new"))
    for each in done:
        assert each.returncode == 1 and "could not be written to stdout" in each.stderr, each
    assert (tmp_path / "new" / "integrity.db").exists(), "it is complete"
    assert "zoe" in run("user", "list", "--data", tmp_path / "new").stdout


def test_commands_do_not_create_a_folder(tmp_path):
    done = run("user", "list", "--data", tmp_path / "none")
    assert done.returncode == 1 and done.stderr.strip()
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("arguments", [[], ["serve"], ["config"], ["user"], ["user", "add"], ["user", "list"],
                                       ["user", "set-password"], ["user", "reset-2fa"], ["user", "disable"],
                                       ["user", "enable"], ["user", "remove"]])
def test_each_verb_has_help(arguments):
    done = run(*arguments, "--help")
    assert done.returncode == 0 and len(done.stdout) > 100 and not done.stderr


@pytest.mark.parametrize("arguments", [["user", "list"], ["user", "disable"], ["user", "remove"], ["user", "reset-2fa"], ["key", "accept"]])
def test_help_shows_only_options_that_concern_the_command(arguments):
    said = run(*arguments, "--help").stdout
    options = set(re.findall(r"^ +(?:-h,)?(--[a-z-]+)", said, re.M))
    assert options - {"--json"} == {"--help", "--data", "--keys", "--config", "--store", "--max-clock-offset"}
    assert "JWT_SECRET_KEY" not in said


@pytest.mark.parametrize("arguments", [[], ["bogus"], ["user"], ["user", "bogus"], ["user", "add"], ["user", "list", "extra"],
                                       ["config", "--bogus"]])
def test_wrong_arguments_are_exit_2(arguments):
    assert run(*arguments).returncode == 2
