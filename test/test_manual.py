"""The manual page and the bash completion, which contrib/package/manual.py makes from the help texts."""

import pathlib
import re
import subprocess
import sys

import pytest

from support.server import BINARY, environment

ROOT = pathlib.Path(__file__).parent.parent
pytestmark = pytest.mark.embedded
sys.path.insert(0, str(ROOT / "contrib/package"))
import manual  # noqa: E402


@pytest.fixture(scope="module")
def commands() -> list:
    return manual.all_commands(BINARY)


@pytest.fixture(scope="module")
def page(commands) -> str:
    """As a reader sees it: plain text, one space between words."""
    made = manual.page(commands, "integrity")
    groff = ["groff", "-Kutf8", "-man", "-Tutf8", "-ww", "-P-cbou"]
    done = subprocess.run(groff, input=made, capture_output=True, text=True, env=environment())
    assert (done.returncode, done.stderr) == (0, ""), "not one warning"
    return re.sub(r"\s+", " ", re.sub("‐\n *", "", done.stdout)).replace("‐", "-").replace("−", "-")


def test_every_command_and_every_option_is_in_the_page(commands, page):
    assert ["serve"] in [each.words for each in commands] and ["user", "add"] in [each.words for each in commands]
    for each in commands:
        said = subprocess.run([BINARY, *each.words, "--help"], capture_output=True, text=True, check=True).stdout
        options = re.findall(r"^  (?:-h,)?(--[a-z-]+)", said, re.M)
        assert [entry.name for entry in each.entries("Options")] == options, each.words
        assert " ".join(["integrity", *each.words]) in page
        for option in options:
            assert option in page, (each.words, option)
    for words in ("JWT_SECRET_KEY", "EXIT STATUS", "/etc/integrity/integrity.toml"):
        assert words in page


def test_the_meaning_of_an_option_is_in_the_page(commands, page):
    serve = next(each for each in commands if each.words == ["serve"])
    for entry in serve.entries("Options"):
        assert entry.meaning and entry.meaning.split(";")[0][:60] in page, entry


@pytest.mark.parametrize("typed, offered", [
    ("integrity ''", {"serve", "user", "migrate", "--version"}),
    ("integrity user ''", {"add", "list", "--help"}),
    ("integrity user r", {"reset-2fa", "remove", "role"}),
    ("integrity serve --sign", {"--signup", "--signup-role", "--signup-burst", "--signup-rate"}),
    ("integrity serve --signup ''", {"open", "closed"}),
    ("integrity user role ada ''", {"viewer", "admin", "--data"}),
    ("integrity user add ada --role a", {"auditor", "admin"}),
    ("integrity key accept ''", {"password.key", "secrets.key", "token.key"}),
    ("integrity serve --config /etc/pass", {"/etc/passwd"}),
    ("integrity serve --data /et", {"/etc"}),
    ("integrity serve --issuer ''", set()),
])
def test_the_shell_completes(commands, typed, offered):
    script = manual.completion(commands) + f"""
compopt() {{ :; }}  # only works while a completion is asked for
COMP_WORDS=({typed}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _integrity && printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-u", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    found = set(done.stdout.split())
    assert offered <= found and (offered or not found), found
    if not typed.endswith("''"):
        assert found - {"/etc/passwd-"} == offered
