"""The sessions of README: their lines are pasted into a shell as they are, and zbarimg and oathtool stand in for the
phone that reads the QR code from the terminal."""

import contextlib
import pathlib
import re
import subprocess
import sys
import threading
import time

import pytest

from support import mongod, pypi
from support.accounts import PASSWORD, enrolled, totp
from support.certificates import Certificate
from support.server import BINARY, Server, environment, run
from support.terminal_qr import to_pbm

ROOT = pathlib.Path(__file__).parent.parent
README = ROOT / "README.md"


def lines_under(heading: str) -> list[str]:
    """The lines of the ```sh blocks under that heading."""
    section = re.search(rf"^##+ [^\n]*{heading}[^\n]*\n(.*?)(?=^## |\Z)", README.read_text(), re.M | re.S | re.I)
    assert section, f"README has no heading with {heading!r}"
    blocks = re.findall(r"^```sh\n(.*?)^```", section[1], re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line.strip() and not line.startswith("#")]


def to_paste(heading: str = "first session") -> list[str]:
    return [line for line in lines_under(heading) if not re.match(r"git clone|cd |\./dev run", line)]


def test_at_most_eight_lines_lead_to_the_first_product():
    lines = lines_under("first session")
    created = next(i for i, line in enumerate(lines) if "/products" in line)
    assert created < 8, "\n".join(lines[:created + 1])
    assert not any(re.search(r"\bjq\b", line) for line in lines)


def test_the_lines_work(tmp_path):
    with Server() as server:
        script = "\n".join(to_paste()).replace(":8080", f":{server.port}")
        assert f":{server.port}" in script
        shell = subprocess.Popen(["bash", "-e", "-u", "-o", "pipefail", "-c", script], cwd=tmp_path, text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env=environment(HOME=str(tmp_path)))
        said: list[str] = []
        reader = threading.Thread(target=lambda: said.extend(iter(lambda: shell.stdout.read(1), "")))
        reader.start()
        secret = phone(tmp_path, said, shell)
        shell.stdin.write(totp(secret, int(time.time()) // 30) + "\n")
        shell.stdin.close()
        assert shell.wait(30) == 0, "".join(said)
        reader.join()
        output = "".join(said)
        product = output[output.rindex('{"id"'):] if '{"id"' in output else output
        assert re.search(r'"price":\s*\d+\.\d\d', product) and '"version"' in product, output
        assert "/problems/" not in output, output


def phone(folder, said, shell) -> str:
    """Waits until the shell has printed a QR code that can be read; returns its secret."""
    for _ in range(300):
        picture = folder / "qr.pbm"
        try:
            picture.write_bytes(to_pbm("".join(said)))
            uri = subprocess.run(["zbarimg", "-q", "--raw", picture], capture_output=True, text=True).stdout
            if found := re.search("secret=([A-Z2-7]{32})", uri):
                return found[1]
        except AssertionError:
            pass
        assert shell.poll() is None, "".join(said)
        time.sleep(0.1)
    raise AssertionError("no QR code in\n" + "".join(said))


@contextlib.contextmanager
def dev_run(*options, **env):
    """What `./dev run` does after the build. stdout and stderr are one stream, which ends when the server is stopped."""
    shell = subprocess.Popen(["bash", "-c", 'source ./dev && serve_and_tell "$@"', "_", BINARY, *map(str, options)], cwd=ROOT, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(**env))
    try:
        yield shell
    finally:
        shell.terminate()
        shell.wait(30)


def until_quiet(shell, last: str) -> list[str]:
    """The lines of output up to one that equals `last`."""
    lines = []
    for line in shell.stdout:
        lines.append(line.rstrip("\n"))
        if line.strip() == last:
            return lines
    raise AssertionError(lines)


@pytest.mark.embedded
@pytest.mark.parametrize("options, env", [(["--listen=127.0.0.1:0"], {}), (["--listen", "127.0.0.1:0"], {}),
                                          ([], {"INTEGRITY_LISTEN": "127.0.0.1:0"})])
def test_dev_run_shows_the_lines_to_paste_once_it_listens(tmp_path, options, env):
    data = ["--data", tmp_path / "data"]
    with dev_run(*options, *data, **env) as shell:
        lines = until_quiet(shell, "")
        address = re.fullmatch("listening on http://(127.0.0.1:[1-9][0-9]*)", [line for line in lines if line[:1] not in "{"][0])[1]
        wanted = [line.replace("127.0.0.1:8080", address) for line in to_paste()]
        assert until_quiet(shell, wanted[-1])[-len(wanted):] == ["  " + line for line in wanted]


@pytest.mark.embedded
def test_dev_run_shows_a_login_where_there_are_accounts(tmp_path):
    data = ["--data", tmp_path / "data"]
    assert run("user", "add", "ada", *data, stdin=PASSWORD + "\n").returncode == 0
    with dev_run("--listen", "127.0.0.1:0", f"--data={tmp_path / 'data'}") as shell:
        said = "\n".join(until_quiet(shell, "read -rp 'code: ' code"))
        assert "/login" in said and "/signup" not in said


@pytest.mark.embedded
def test_dev_run_shows_lines_for_https(tmp_path):
    certificate = Certificate(tmp_path)
    with dev_run("--listen", "127.0.0.1:0", f"--data={tmp_path / 'data'}", *map(str, certificate.options)) as shell:
        lines = until_quiet(shell, "read -rp 'code: ' code")
        [line] = [line for line in lines if "/signup" in line]
        assert f" --cacert {certificate.path} https://127.0.0.1:" in line
        field = next(line for line in lines if "field()" in line)
        said = subprocess.run(["bash", "-c", f"{field}\n{line}"], capture_output=True, text=True, check=True)
        assert '"next":"enrol"' in said.stderr, said


@pytest.mark.embedded
def test_dev_run_shows_nothing_to_paste_where_the_server_cannot_start(server, tmp_path):
    with dev_run("--listen", f"127.0.0.1:{server.port}", "--data", tmp_path / "data") as shell:
        said = shell.stdout.read()
        assert shell.wait(30) == 1 and "in use" in said
        assert "curl" not in said
    assert not (tmp_path / "data").exists()


@pytest.mark.embedded
def test_the_mongodb_of_dev_run_takes_writes_before_the_server_starts(tmp_path):
    """A replica set of one needs a moment to elect its primary; a server that started earlier would find none."""
    with pypi.needed("MongoDB"):
        mongod.program()
    ask = "import os, pymongo; print(pymongo.MongoClient(os.environ['MONGO_URI'], directConnection=True).admin.command('hello')['isWritablePrimary'])"
    for start in ("first", "second"):
        done = subprocess.run([sys.executable, mongod.__file__, "--keep", tmp_path / "mongo", "--", sys.executable, "-c", ask],
                              capture_output=True, text=True, timeout=120)
        assert done.stdout == "True\n", (start, done.stdout, done.stderr)


def test_the_lines_of_the_next_login_work(tmp_path):
    with Server() as server:
        account = enrolled(server, "ada", "correct horse battery")
        script = "\n".join(to_paste("next login")).replace(":8080", f":{server.port}")
        done = subprocess.run(["bash", "-e", "-u", "-o", "pipefail", "-c", script], cwd=tmp_path, text=True, capture_output=True,
                              input=account.next_code() + "\n", env=environment(HOME=str(tmp_path)))
        assert done.returncode == 0 and done.stdout.strip().splitlines()[-1] == "[]", done.stdout + done.stderr


def test_a_program_can_be_the_authenticator(tmp_path):
    """README's lines for users without a phone, instead of the line that asks for the code."""
    section = README.read_text().split("Without a phone", 1)[1]
    oathtool = re.search(r"^```\n(.*?)^```", section, re.M | re.S)[1]
    with Server() as server:
        script = "\n".join(to_paste()).replace("read -rp 'code: ' code", oathtool).replace(":8080", f":{server.port}")
        assert "oathtool" in script
        done = subprocess.run(["bash", "-e", "-u", "-o", "pipefail", "-c", script], cwd=tmp_path, text=True, capture_output=True,
                              env=environment(HOME=str(tmp_path)))
        assert done.returncode == 0 and '"version":1' in done.stdout, done.stdout + done.stderr


def test_the_lines_of_changes_send_the_version_that_was_read(tmp_path):
    """Without If-Match a change overwrites what somebody else wrote; --require-version refuses it."""
    section = re.search(r"^## From here\n(.*?)^## ", README.read_text(), re.M | re.S)[1]
    block = "".join(re.findall(r"^```\n(.*?)^```", section, re.M | re.S))
    assert "--require-version" in README.read_text()
    with Server("--require-version") as server:
        account = enrolled(server)
        pid = account.client.post("/products", {"name": "Lamp", "price": 1, "stock": 5}).json["id"]
        script = f"token={account.token}\n" + block.replace("curl -sS", "curl -sS --fail").replace("ID", pid).replace("REFRESH", account.refresh_token).replace(":8080", f":{server.port}")
        done = subprocess.run(["bash", "-e", "-u", "-c", script], cwd=tmp_path, text=True, capture_output=True, env=environment(HOME=str(tmp_path)))
        assert done.returncode == 0, done.stdout + done.stderr
        assert account.client.get("/me").status == 401, "the last line logs out"


def test_what_the_lines_need_is_named_or_installed():
    """On a bare Debian there was no curl."""
    packages = 'source ./dev && need() { printf "%s\\n" "$@"; } && compile() { exit; } && verb_run'
    done = subprocess.run(["bash", "-c", packages], cwd=ROOT, text=True, capture_output=True)
    assert done.stdout.split() == ["curl"], done
    before = README.read_text().split("```", 1)[0]
    assert "`git`" in before and "`ca-certificates`" in before


@pytest.mark.embedded
def test_the_line_of_a_backup_leaves_the_keys_out(tmp_path):
    line = re.search(r"`(integrity backup [^`]*\.db)`", README.read_text())[1]
    assert run("user", "add", "ada", "--data", tmp_path / "data", stdin=PASSWORD + "\n").returncode == 0
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/integrity").symlink_to(pathlib.Path(BINARY).absolute())
    subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True, capture_output=True,
                   env=environment() | {"PATH": f"{tmp_path}/bin:/usr/bin:/bin"})
    held = (tmp_path / line.split()[-1]).read_bytes()
    keys = [path.read_bytes().strip() for path in (tmp_path / "data/keys").iterdir()]
    assert keys and held and not [key for key in keys if key in held or (len(key) == 64 and bytes.fromhex(key.decode()) in held)]


def test_it_names_only_what_exists():
    verbs = subprocess.run([ROOT / "dev"], capture_output=True, text=True, check=True).stdout
    for verb in re.findall(r"\./dev ([a-z]+)", README.read_text()):
        assert re.search(rf"\./dev {verb}\b", verbs), f"README names ./dev {verb}"
    for path in re.findall(r"\]\(([^)#:]+)\)", README.read_text()):
        assert (ROOT / path).exists(), f"README links to {path}"
