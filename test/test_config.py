"""Options and their sources, start and stop, exit codes."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import pytest

from support.accounts import PASSWORD, Account, enrolled
from support.http import Client, Connection, request_bytes
from support.server import BINARY, Server, environment, run


def setting(name: str, *arguments, env=None, cwd=None) -> str:
    """The line of `integrity config` with the value of NAME and its source."""
    done = run("config", *arguments, env=env, cwd=cwd)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if re.match(rf"(--)?{re.escape(name)}\s", line)]
    assert len(lines) == 1, done.stdout
    return lines[0]


def test_flag_before_environment_before_file_before_default(tmp_path):
    data = ["--data", tmp_path]
    assert re.search(r"\b30\b.*default", setting("login-burst", *data))
    (tmp_path / "integrity.toml").write_text("login-burst = 41\n")
    assert re.search(r"\b41\b.*integrity\.toml", setting("login-burst", *data))
    env = {"INTEGRITY_LOGIN_BURST": "42"}
    assert re.search(r"\b42\b.*INTEGRITY_LOGIN_BURST", setting("login-burst", *data, env=env))
    assert re.search(r"\b43\b.*flag", setting("login-burst", *data, "--login-burst", "43", env=env))


def test_a_misspelt_variable_is_named(tmp_path):
    done = run("config", "--data", tmp_path, env={"INTEGRITY_SIGN_UP": "closed", "INTEGRITY_SIGNUP": "closed"})
    assert done.returncode == 0
    assert [json.loads(line)["variable"] for line in done.stderr.splitlines()] == ["INTEGRITY_SIGN_UP"]


def test_the_file_may_be_elsewhere(tmp_path):
    (tmp_path / "other.toml").write_text('currency = "USD"\n')
    assert "USD" in setting("currency", "--config", tmp_path / "other.toml")
    done = run("config", "--config", tmp_path / "missing.toml")
    assert done.returncode == 2 and "missing.toml" in done.stderr


def test_the_defaults(tmp_path):
    for name, value in [("listen", "127.0.0.1:8080"), ("signup", "open"), ("issuer", "Data Integrity API"),
                        ("audience", "integrity"), ("currency", "EUR"), ("bcrypt-cost", "12"), ("login-burst", "30"),
                        ("signup-burst", "10"), ("signup-rate", "0.1"), ("max-connections", "16384"),
                        ("max-connections-per-address", "1024"), ("login-rate", "1")]:
        assert re.search(rf"(^|[\s\"=]){re.escape(value)}([\s\"]|$)", setting(name, cwd=tmp_path)), name
    assert re.search(r"./data\b", setting("data", cwd=tmp_path))
    assert not (tmp_path / "data").exists()


def test_secrets_are_hidden(tmp_path):
    secret = "correct-horse-battery-staple-of-the-test"
    done = run("config", "--data", tmp_path, env={"JWT_SECRET_KEY": secret})
    assert done.returncode == 0 and "JWT_SECRET_KEY" in done.stdout and secret not in done.stdout


@pytest.mark.parametrize("options, named", [
    (["--bogus"], "bogus"),
    (["--bcrypt-cost", "9"], "bcrypt-cost"),
    (["--bcrypt-cost", "17"], "bcrypt-cost"),
    (["--bcrypt-cost", "twelve"], "bcrypt-cost"),
    (["--login-burst", "-1"], "login-burst"),
    (["--login-rate", "0x1"], "login-rate"),
    (["--listen", "127.0.0.1"], "listen"),
    (["--listen", "127.0.0.1:99999"], "listen"),
    (["--listen", "localhost.invalid:1"], "listen"),
    (["--signup", "maybe"], "signup"),
    (["--currency", "eur"], "currency"),
    (["--listen", "0.0.0.0:0"], "signup"),
    (["--listen", "0.0.0.0:0", "--signup", "open"], "insecure-http"),
    (["--tls-cert", "cert.pem"], "--tls-key"),
    (["--tls-key", "cert.key"], "--tls-cert"),
    (["--trusted-proxies", "example.org"], "trusted-proxies"),
    (["--store", "mysql://h/shop"], "--store"),
    (["--store", "mongodb://"], "--store"),
    (["--store", "mongodb://h/a.b"], "--store"),
    (["--store", "mongodb://h/" + 64 * "a"], "--store"),
    (["--store", "mongodb+srv://h/shop"], "--store"),
    (["--data", __file__], "--data: must be a folder"),
    (["--keys", __file__], "--keys: must be a folder"),
])
def test_a_bad_option_is_named_and_exit_2(tmp_path, options, named):
    others = {"--data": tmp_path / "data", "--listen": "127.0.0.1:0"}
    done = run("serve", *(each for option in others.items() if option[0] not in options for each in option), *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text, named", [("bogus = 1\n", "bogus"), ("login-burst = \n", "integrity.toml"),
                                         ("bcrypt-cost = 9\n", "bcrypt-cost"), ("bcrypt-cost = 'x'\n", "bcrypt-cost")])
def test_a_bad_file_is_named_and_exit_2(tmp_path, text, named):
    (tmp_path / "integrity.toml").write_text(text)
    done = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path)
    assert done.returncode == 2 and named in done.stderr


def test_a_bad_environment_is_named_and_exit_2(tmp_path):
    done = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path, env={"INTEGRITY_BCRYPT_COST": "9"})
    assert done.returncode == 2 and "INTEGRITY_BCRYPT_COST" in done.stderr


def test_options_take_effect():
    with Server("--issuer", "Shop & Söhne", "--audience", "shop", "--currency", "USD") as server:
        account = Account(server).sign_up()
        assert account.qr("application/json").json["issuer"] == "Shop & Söhne"
        account.enrol()
        assert account.client.post("/products", {"name": "x", "price": 1, "stock": 1}).json["currency"] == "USD"


def serve_again(server, *options):
    return run("serve", "--listen", "127.0.0.1:0", "--data", server.data, *options)


@pytest.mark.embedded
def test_a_second_server_on_the_folder_is_refused(server):
    done = serve_again(server)
    assert (done.returncode, done.stdout) == (1, "")
    assert str(server.data) in done.stderr
    assert Client(server).get("/healthz").status == 200


@pytest.mark.embedded
def test_a_second_server_is_refused_also_after_the_lock_file_was_removed():
    with Server() as server:
        _, account = enrolled(server), enrolled(server)  # the first one is the only admin
        (server.data / "lock").unlink()
        done = serve_again(server)
        assert (done.returncode, done.stdout) == (1, "") and f"{server.data} is in use" in done.stderr
        assert server.command("user", "list").returncode == 0
        assert server.command("user", "disable", account.username).returncode == 0
        assert account.client.get("/me").status == 401, "done by the server that holds the folder"
        server.restart()


# Each refusal to start is one line that says what is wrong and what to do, and nothing is created.

def refusal(*arguments, status=1) -> str:
    done = run("serve", *arguments)
    assert (done.returncode, done.stdout) == (status, ""), done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_a_port_in_use_is_exit_1_and_nothing_is_created(server, tmp_path):
    said = refusal("--listen", f"127.0.0.1:{server.port}", "--data", tmp_path / "data")
    assert f"127.0.0.1:{server.port}" in said and "--listen" in said
    assert not list(tmp_path.iterdir())


def test_an_address_of_another_machine_is_named(tmp_path):
    said = refusal("--listen", "192.0.2.7:0", "--signup", "closed", "--insecure-http", "--data", tmp_path / "data")
    assert "192.0.2.7:0" in said and "--listen" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.embedded
def test_a_damaged_database_is_named(tmp_path):
    data = ["--data", tmp_path / "data"]
    assert run("user", "add", "ada", *data, stdin=PASSWORD + "\n").returncode == 0
    file = tmp_path / "data" / "integrity.db"
    for damage in (b"x" * 4096, file.read_bytes()[:100] + b"\xff" * 8192):
        file.write_bytes(damage)
        said = refusal("--listen", "127.0.0.1:0", *data)
        assert str(file) in said and "restore it from a backup" in said
        why = re.search(r"integrity\.db: ([^(;]+[^ (;])", said)[1]
        assert said.count(why) == 1, said
        done = run("user", "list", *data)
        assert done.returncode == 1 and str(file) in done.stderr and "restore it from a backup" in done.stderr


@pytest.mark.embedded
def test_the_folder_of_another_user_is_named():
    """Root may use any folder, so as root the test runs the program as another user. Without root it removes the
    permissions."""
    with tempfile.TemporaryDirectory(prefix="integrity-test-") as folder:
        data, program = pathlib.Path(folder) / "data", pathlib.Path(folder) / "integrity"
        assert run("user", "add", "ada", "--data", data, stdin=PASSWORD + "\n").returncode == 0
        shutil.copy(BINARY, program)
        root = os.geteuid() == 0
        os.chmod(folder, 0o755)
        data.chmod(0o755 if root else 0o000)
        as_another_user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if root else []
        for arguments in (["serve", "--listen", "127.0.0.1:0"], ["user", "list"], ["user", "disable", "ada"]):
            done = subprocess.run([*as_another_user, program, *arguments, "--data", data], capture_output=True, text=True, env=environment())
            assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done
            assert str(data) in done.stderr and "run as" in done.stderr, done.stderr
        data.chmod(0o700)


@pytest.mark.parametrize("words, said", [
    (["serve", "--lisen", "127.0.0.1:0"], "did you mean --listen?"),
    (["sevre"], "did you mean serve?"),
    (["user", "lst"], "did you mean list?"),
])
def test_the_nearest_option_or_command_is_suggested_in_one_line(words, said):
    done = run(*words)
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.embedded
@pytest.mark.parametrize("words", [["serve", "--bo\x1b[2Jgus"], ["s\x1b[2J\nintegrity: done"], ["serve", "--config", "no\x1b[2J\nwhere"],
                                   ["check", "--data", "no\x1b[2J\nwhere"], ["user", "list", "--data", "no\x1b[2J\nwhere"]])
def test_names_in_messages_do_not_move_the_cursor(tmp_path, words):
    done = run(*words, cwd=tmp_path)
    assert done.returncode in (1, 2) and len(done.stderr.splitlines()) == 1, done
    assert "\\x1b[2J" in done.stderr and "\x1b" not in done.stdout + done.stderr


@pytest.mark.embedded
@pytest.mark.parametrize("name", ["JWT_SECRET_KEY", "MONGO_URI"])
def test_a_secret_of_more_than_one_line_is_refused_in_words(tmp_path, name):
    value = {"JWT_SECRET_KEY": "q8Zr1mV0cP2Fq7Lw9XzR4tYkM1nPdSvG", "MONGO_URI": "mongodb://h/shop"}[name]
    for end in ("\r\n", "\nmore", "\0"):
        (tmp_path / name).write_bytes((value + end).encode())
        (tmp_path / name).chmod(0o600)
        done = run("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", env={"CREDENTIALS_DIRECTORY": str(tmp_path)})
        assert (done.returncode, done.stdout) == (1, "") and str(tmp_path / name) in done.stderr and value not in done.stderr
    if name == "JWT_SECRET_KEY":
        done = run("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", env={name: value + "\r\n"})
        assert (done.returncode, done.stdout) == (1, "") and name in done.stderr and value not in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("variable", ["INTEGRITY_CORS_ORIGINS", "INTEGRITY_TRUSTED_PROXIES", "INTEGRITY_SIGNUP", "INTEGRITY_STORE",
                                      "MONGO_URI", "JWT_SECRET_KEY"])
def test_an_empty_variable_is_refused_for_every_option(tmp_path, variable):
    done = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data", env={variable: ""})
    assert done.returncode == 2 and variable in done.stderr and "unset it" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.embedded
@pytest.mark.parametrize("key", ["password.key", "secrets.key", "token.key"])
@pytest.mark.parametrize("fault", ["missing", "short"])
def test_with_a_database_a_bad_key_is_an_error_and_never_replaced(key, fault):
    with Server() as server:
        account = enrolled(server)
        assert server.stop() == 0
        path = server.data / "keys" / key
        good = path.read_bytes()
        path.unlink()
        if fault == "short":
            path.write_bytes(good[:-1][:10])
            path.chmod(0o600)
        done = serve_again(server)
        assert (done.returncode, done.stdout) == (1, "")
        assert key in done.stderr
        assert not path.exists() or fault == "short" and len(path.read_bytes()) <= 10
        path.write_bytes(good)
        path.chmod(0o600)
        server.start()
        assert account.client.get("/me").status == 200


@pytest.mark.embedded
@pytest.mark.parametrize("key", ["password.key", "secrets.key"])
def test_a_key_that_is_not_the_databases_is_refused_until_it_is_accepted(key):
    with Server() as server:
        account = enrolled(server)
        assert server.command("key", "accept", key).returncode == 1  # the server holds the folder
        assert server.stop() == 0
        path = server.data / "keys" / key
        path.unlink()
        assert f"key accept {key}" in serve_again(server).stderr and not path.exists()
        path.write_text("5a" * 32 + "\n")
        for command in [serve_again(server), server.command("user", "enable", account.username)]:
            assert (command.returncode, command.stdout) == (1, "")
            assert key in command.stderr and "key accept" in command.stderr
        accepted = server.command("key", "accept", key)
        assert accepted.returncode == 0 and accepted.stdout.startswith(key), accepted.stderr
        assert server.command("key", "accept", "log.key").returncode == 2
        path.unlink()
        assert server.command("key", "accept", key).returncode == 0
        assert re.fullmatch(r"[0-9a-f]{64}\n", path.read_text()) and path.stat().st_mode & 0o777 == 0o600
        server.start()
        assert account.client.get("/me").status == 200


def test_a_key_is_accepted_for_a_database_only(tmp_path):
    done = run("key", "accept", "password.key", "--data", tmp_path)
    assert done.returncode == 1 and "no database" in done.stderr


def test_a_folder_that_cannot_be_created_is_exit_1(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data", "--keys", tmp_path / "file" / "keys")
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.strip()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_stop_lets_requests_finish(how):
    with Server() as server:
        account = enrolled(server)
        waiting = Connection(server)
        idle = Connection(server)
        waiting.send(request_bytes("POST", "/login", {"username": account.username, "password": PASSWORD}))
        Client(server).get("/healthz")  # by now the server has read the login
        assert server.stop(how) == 0
        assert waiting.reply("POST", None).status == 200
        assert idle.ended()
        assert server.process.stdout.read() == "", "stdout has one line only"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port), 1)


def test_stopping_does_not_wait_for_a_stalled_request():
    with Server("--shutdown-grace", "1") as server:
        stalled = Connection(server).send(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                          b"Content-Length: 100\r\n\r\n{")
        Client(server).get("/healthz")
        assert server.stop() == 0
        stalled.close()


def test_connections_of_an_address_are_bounded():
    with Server("--max-connections-per-address", "5") as server:
        held = [Connection(server) for _ in range(5)]
        for connection in held:
            connection.send(request_bytes("GET", "/healthz"))
            assert connection.reply("GET", "/healthz").status == 200
        sixth = Connection(server)
        try:
            refused = sixth.send(request_bytes("GET", "/healthz")).reply("GET", None).status == 503
        except (AssertionError, OSError):
            refused = True
        assert refused
        held.pop().close()
        for _ in range(50):
            try:
                assert Client(server).get("/healthz").status == 200
                break
            except (AssertionError, OSError):
                threading.Event().wait(0.1)
        else:
            raise AssertionError("a closed connection still counts")
