"""The walk-throughs of docs/accounts.md: their lines are typed into one shell, one after the other. What `read` asks
for is answered by the test, with zbarimg as the phone's camera."""

import os
import pathlib
import re
import subprocess

import pytest

from support import server as program
from support.accounts import Account, enrolled, product, totp
from support.http import Client
from support.server import Server
from support.terminal_qr import to_pbm

ROOT = pathlib.Path(__file__).parent.parent
TEXT = (ROOT / "docs/accounts.md").read_text()
GIVEN, CHANGED = "the operator gave me this", "and I changed it to that"


def walk_throughs() -> dict:
    """Heading -> lines of its blocks. Lines before the first heading are listed under "Walk-throughs"."""
    section = TEXT[TEXT.index("## Walk-throughs"):TEXT.index("## Passwords")]
    parts = re.split(r"^##+ (.*)\n", section, flags=re.M)[1:]
    return {heading: "".join(re.findall(r"^```sh\n(.*?)^```", body, re.M | re.S)).splitlines()
            for heading, body in zip(parts[::2], parts[1::2])}


class Shell:
    def __init__(self, server):
        path = f"{pathlib.Path(program.BINARY).resolve().parent}:{os.environ['PATH']}"
        # Without libfaketime, which removes its semaphore when a subshell ends. It is not needed: the commands are
        # carried out by the server.
        self.process = subprocess.Popen(["bash", "-e", "-u", "-o", "pipefail"], cwd=server.folder, text=True,
                                        env=program.environment(PATH=path), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = ""
        self.steps = 0

    def type(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def until(self, text: str) -> str:
        """Reads up to a line that contains `text`; returns what was read, and adds it to `said`."""
        said = ""
        while text not in said:
            line = self.process.stdout.readline()
            assert line, f"the shell ended: {self.said}{said}"
            said += line
        self.said += said.replace(text + "\n", "")
        return said

    def done(self) -> None:
        """Waits until everything typed before has run."""
        self.steps += 1
        self.type(f"echo done-{self.steps}-")
        self.until(f"done-{self.steps}-")

    def end(self) -> None:
        self.process.stdin.close()
        assert self.process.wait(30) == 0, self.said


class Person:
    """Answers prompts. The clock moves before every code, so that no TOTP step is used twice."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.account = enrolled(server)
        self.recovery_codes = list(self.account.recovery_codes)
        self.steps_behind = 0
        self.colleague = "nobody"  # the name of the account that an admin's walk-throughs are about
        self.told: dict = {}  # prompt -> what to answer: a text, or a function of what the shell said

    def answer(self, prompt: str, said: str) -> str:
        if prompt in self.told:
            told = self.told[prompt]
            return told if isinstance(told, str) else told(said)
        if prompt == "recovery code":
            return self.recovery_codes.pop()
        if prompt == "password":
            return self.account.password
        if prompt == "new password":
            self.account.password = CHANGED
            return CHANGED
        assert prompt == "code", prompt
        self.scan(said)
        self.server.move_clock(30)
        return totp(self.account.secret, int(self.server.now()) // 30 - self.steps_behind)

    def scan(self, said: str) -> None:
        if "▀" in said or "█" in said:
            self.account.secret = self.secret_in(said)

    def secret_in(self, said: str) -> str:
        picture = self.folder / "qr.pbm"
        picture.write_bytes(to_pbm(said))
        uri = subprocess.run(["zbarimg", "-q", "--raw", picture], capture_output=True, text=True).stdout
        return re.search("secret=([A-Z2-7]{32})", uri)[1]

    def code_of_another(self, said: str) -> str:
        """The code of somebody who scans the QR code that the shell has drawn."""
        return totp(self.secret_in(said), int(self.server.now()) // 30)


def walk(shell, person, lines) -> str:
    """Types the lines; returns what the shell printed."""
    shell.said = ""
    for line in lines:
        line = line.replace(":8080", f":{person.server.port}").replace("ada", person.account.username)
        line = line.replace("bob", person.colleague) if not line.startswith("read ") else line
        if prompt := re.match(r"read -rs?p '(.*): ' \w+(; echo)?$", line):
            shell.done()
            said = shell.said
            shell.type(line)
            shell.type(person.answer(prompt[1], said))
        elif line.startswith("integrity user set-password "):
            shell.done()
            person.account.password = GIVEN
            shell.type(line)
            shell.type(GIVEN)  # the next line must wait until the program has read this one
            shell.until(f"{person.account.username}: the password is set, sessions have ended")
        else:
            shell.type(line)
    shell.done()
    assert "/problems/" not in shell.said or person.steps_behind, shell.said
    return shell.said


@pytest.mark.embedded
def test_the_walk_throughs_work(tmp_path):
    lines = walk_throughs()
    with Server(clock=True) as server:
        person, shell = Person(server, tmp_path), Shell(server)
        first, client = person.account.token, person.account.client
        walk(shell, person, lines["Walk-throughs"])

        lost = person.account.secret
        renewed = walk(shell, person, lines["Lost phone"])
        assert person.account.secret != lost
        assert client.get("/me", token=first).status == 401
        codes = re.findall('"([0-9A-Z]{24})"', renewed)
        assert len(codes) == 10 and not set(codes) & set(person.account.recovery_codes)

        lost, person.recovery_codes = person.account.secret, codes
        fresh = walk(shell, person, lines["Lost everything"])
        assert person.account.secret != lost and person.account.password == GIVEN
        person.recovery_codes = re.findall('"([0-9A-Z]{24})"', fresh)
        assert len(person.recovery_codes) == 10 and '"access_token"' in fresh

        token = re.search('"access_token":"([^"]+)"', fresh)[1]
        assert client.get("/me", token=token).status == 200
        walk(shell, person, lines["Stolen password"])
        assert client.get("/me", token=token).status == 401, "every other session has ended"
        assert client.post("/login", {"username": person.account.username, "password": GIVEN}, token=None).status == 401

        at = next(i for i, line in enumerate(lines["The clock is off"]) if "field token_type" in line) - 2
        person.steps_behind = 8
        shell.type("set +e")  # since a refusal ends a function with an error
        assert "your phone is about 4 minutes behind" in walk(shell, person, lines["The clock is off"][:at])
        shell.type("set -e")
        person.steps_behind = 0
        said = walk(shell, person, lines["The clock is off"][at:])
        assert re.search("^date: .*GMT", said, re.I | re.M) and "Bearer" in said
        shell.end()


@pytest.mark.embedded
def test_the_walk_throughs_of_an_admin_work(tmp_path):
    lines = walk_throughs()
    with Server("--api-keys", clock=True) as server:
        ada, shell = Person(server, tmp_path), Shell(server)
        assert ada.account.role == "admin"
        bob, bobby = enrolled(server, "bob"), enrolled(server, "bobby")
        key = bob.make_key("products:read", "products:write")
        robot = Client(server, key["key"])
        assert robot.post("/products", product()).status == 201
        ada.colleague = bob.username
        walk(shell, ada, lines["Walk-throughs"])
        said = walk(shell, ada, lines["As an admin"])
        assert '"username":"bob"' in said and bob.id in said and bobby.id not in said

        ada.told = {"invitation": lambda said: re.search('"token":"([^"]+)"', said)[1], "password of cyd": GIVEN, "code": ada.code_of_another}
        said = walk(shell, ada, lines["A new colleague"])
        assert '"access_token"' in said and said.count('"role":"clerk"') == 2 and '"recovery_codes"' in said
        assert Account(server, "cyd", GIVEN).login().challenge and ada.account.client.get("/invitations").status == 200
        ada.told = {}

        said = walk(shell, ada, lines["A leaving employee"])
        assert '"state":"disabled"' in said and key["name"] in said and '"product.create"' in said
        assert bob.client.get("/me").status == robot.get("/products").status == 401
        assert bobby.client.get("/me").status == 200
        server.command("user", "enable", bob.username)
        assert robot.get("/products").status == 200

        stolen = ada.account.token
        server.move_clock(30)
        bob.sign_in()
        said = walk(shell, ada, lines["A stolen laptop"])
        assert len(re.findall('"user_agent":', said)) >= 2 and said.count('"current":true') == 1
        assert Client(server, stolen).get("/me").status == bob.client.get("/me").status == 401

        ada.told = {"reset token": lambda said: re.search('"reset_token":"([^"]+)"', said)[1], "new password of bob": CHANGED}
        walk(shell, ada, lines["A lost password without mail"])
        bob.password = CHANGED
        server.move_clock(60)
        assert bob.sign_in().client.get("/me").json["reset"]["password"] is True

        ada.told = {"id of the key": key["id"]}
        said = walk(shell, ada, lines["A key that leaked"])
        assert re.search("^ *1$", said, re.M), f"one change was made with it: {said}"
        assert robot.get("/products").slug == "invalid-token"
        assert '"name":"nightly import"' in said and "stock:write" in said
        shell.end()


@pytest.mark.embedded
def test_a_walk_through_stops_at_a_refusal_and_says_why(tmp_path):
    lines = walk_throughs()
    with Server(clock=True) as server:
        ada, shell = Person(server, tmp_path), Shell(server)
        enrolled(server, "bobby")
        walk(shell, ada, lines["Walk-throughs"])
        shell.type("set +e +o pipefail")  # as the shell of a person
        ada.account.password, right = CHANGED, ada.account.password
        with pytest.raises(AssertionError, match="/problems/invalid-credentials"):
            walk(shell, ada, lines["As an admin"][:2])
        shell.type('challenge=$(api /nothing | field challenge); echo "failed: $?, challenge: <$challenge>"')
        assert "failed: 1, challenge: <>" in shell.until("failed: ")
        ada.account.password, ada.colleague = right, "bob"
        with pytest.raises(AssertionError, match="(?s)the shell ended.*there is no account bob"):
            walk(shell, ada, lines["As an admin"])


@pytest.mark.parametrize("heading, least", [("Lost phone", 5), ("Lost everything", 5), ("Stolen password", 5), ("The clock is off", 5),
                                            ("As an admin", 5), ("A new colleague", 4), ("A leaving employee", 4), ("A stolen laptop", 5),
                                            ("A lost password without mail", 4), ("A key that leaked", 5)])
def test_each_walk_through_has_lines_to_run(heading, least):
    assert len(walk_throughs()[heading]) >= least
