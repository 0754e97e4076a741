"""docs/security.md: every requirement of ASVS 5.0.0, levels 1 and 2, is in it once, and what it names exists."""

import collections
import pathlib
import re

import pytest

pytestmark = pytest.mark.embedded

ROOT = pathlib.Path(__file__).parent.parent
PAGE = (ROOT / "docs/security.md").read_text()
NUMBER = re.compile(r"\bV\d+\.\d+\.\d+\b")


def levels() -> dict:
    """Number -> level."""
    found = {}
    for line in (ROOT / "test/vectors/asvs-5.0.0.txt").read_text().splitlines():
        if not line.startswith("#"):
            section, digits = line.split()
            found |= {f"{section}.{number}": int(level) for number, level in enumerate(digits, 1)}
    return found


def parts() -> dict:
    """Heading of the second level -> the text under it."""
    return {part.partition("\n")[0]: part for part in re.split(r"^## ", PAGE, flags=re.M)[1:]}


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_every_requirement_is_there_once():
    level = levels()
    assert collections.Counter(level.values()) == {1: 70, 2: 183, 3: 92}
    named = collections.Counter(NUMBER.findall(PAGE))
    assert not set(named) - set(level), "there is no such requirement"
    assert [number for number in level if level[number] < 3 and named[number] != 1] == []
    assert {number for number in named if level[number] == 3} == set(NUMBER.findall(parts()["Of level 3"]))


def test_the_counts_are_right():
    found = {anchor(name): len(NUMBER.findall(text)) for name, text in parts().items()}
    told = re.findall(r"^\| \[[^]]*\]\(#([\w-]+)\) \| (\d+) \|$", PAGE, re.M)
    assert sum(int(count) for _, count in told) == 253
    assert {name: int(count) for name, count in told} == {name: found[name] for name, _ in told}


@pytest.mark.parametrize("name", ["Met", "Of level 3"])
def test_what_is_met_is_shown(name):
    """By a test or, where the standard asks for a document, by a document."""
    rows = [line for line in parts()[name].splitlines() if NUMBER.search(line)]
    assert [row for row in rows if "::" not in row and "](" not in row and "the same" not in row] == []


def named_tests() -> list:
    return sorted(set(re.findall(r"`([\w/]+\.(?:py|cpp))::([\w.]+)`", PAGE)))


def test_every_named_test_exists():
    assert len(named_tests()) > 150 and PAGE.count("::") == len(re.findall(r"`[\w/]+\.(?:py|cpp)::[\w.]+`", PAGE)) + PAGE.count("tl::")
    missing = []
    for file, name in named_tests():
        path = ROOT / ("test" if file.endswith(".py") else "src") / file
        suite, _, test = name.partition(".")
        form = rf"^def {name}\(" if file.endswith(".py") else rf"^TEST(_F|_P)?\({suite}, {test}\)"
        if not path.exists() or not re.search(form, path.read_text(), re.M):
            missing.append(f"{file}::{name}")
    assert missing == []


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        file, _, fragment = target.partition("#")
        if file.startswith("https:"):
            continue
        path = ROOT / "docs" / file if file else ROOT / "docs/security.md"
        assert path.exists(), target
        headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M) if fragment else []
        assert not fragment or fragment in map(anchor, headings), target


def test_every_library_is_named():
    """Those that ./dev installs to build the program with."""
    packages = re.search(r"^build_packages=\(([^)]*)\)", (ROOT / "dev").read_text(), re.M)[1].split()
    libraries = {name for name in packages if name.endswith("-dev")} - {"libgtest-dev"}
    assert libraries and {name for name in libraries if f"`{name}`" not in PAGE} == set()
