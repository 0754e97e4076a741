"""Rules for the sources: which folder may include which, banned functions, the length of files, and that
ARCHITECTURE.md names every folder.

A folder may include the folders that DEPENDS of integrity_module(…) in CMakeLists.txt names, and not their
dependencies. Each rule is a function root -> complaints. The last test plants a violation of each rule into a copy and
expects the complaint."""

import pathlib
import re
import shutil

import pytest

ROOT = pathlib.Path(__file__).parent.parent
LINES_MAX = 500
TEXT = (".cpp", ".hpp", ".py", ".cmake", ".lua", ".sql")

# Tests, and files that only tests use.
TESTS = r".*(_test\.cpp|_fuzz\.cpp|/contract/.*|_fixture\.hpp|/test_[^/]*\.hpp)|testing/.*"

# Third-party headers, and the files that may include them.
WALLS = [
    (r"openssl/", r"crypto/|http/tls\.cpp"),
    (r"sqlite3\.h", r"store/sqlite/"),
    (r"(mongoc|bson)[./]", r"store/mongo/|flask/source\.cpp"),
    (r"boost/(asio|beast)", r"http/"),
    (r"boost/json", r"base/json\.cpp"),
    (r"CLI/", r"app/[^/]*\.cpp"),
    (r"qrencode\.h|png\.h|zxcvbn", r"auth/[^/]*\.cpp"),
    (r"crypt\.h", r"crypto/"),
    (r"utf8proc\.h", r"catalog/[^/]*\.cpp"),
    (r"re2/", r"schema/pattern\.cpp"),
    (r"boost/", r"(http|base)/"),
    (r"gtest/", TESTS),
]
BANNED = [
    (r"\bTODO\b|\bFIXME\b", "unfinished work belongs in an issue"),
    (r"\bstr(cpy|cat|tok)\b|\bv?sprintf\b|\bgets\b|\bato[ilf]\b", "unbounded or unchecked C"),
    (r"\bstd::rand\b|(?<![\w.:>])s?rand\(|\bmt19937|\brandom_device\b", "randomness is passed in as Random&"),
    (r"\bsystem_clock::now\b", "time is passed in as Clock&"),
    (r"(?<![\w.:>])system\(|\bpopen\(", "no shell"),
    (r"\busing namespace std\s*;", "names keep their namespace"),
    (r"#\s*pragma GCC", "warnings are fixed, not silenced"),
]
ALLOWED = {r"\bmt19937": TESTS, r"\bsystem_clock::now\b": r"base/time(_test)?\.[ch]pp"}
EXACT = ("base", "schema", "model", "store", "catalog")  # no binary floating point from the request to the disk


def modules(root: pathlib.Path) -> dict:
    """Folder -> folders it may include."""
    declared = re.findall(r"^integrity_module\(([^)]*)\)", (root / "CMakeLists.txt").read_text(), re.M)
    table = {}
    for words in map(str.split, declared):
        depends = words[words.index("DEPENDS") + 1:] if "DEPENDS" in words else []
        table[words[0]] = set(depends[:depends.index("LINKS")] if "LINKS" in depends else depends)
    return table


def sources(root: pathlib.Path) -> list:
    return sorted(path for path in (root / "src").rglob("*") if path.suffix in (".cpp", ".hpp"))


def home(path: str, table: dict) -> str | None:
    """The module of a file: the longest folder that is a module."""
    return max((name for name in table if path.startswith(name + "/")), key=len, default=None)


def included(path: pathlib.Path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := re.match(r'\s*#\s*include\s+(["<])([^">]+)', line):
            yield number, found[1] == '"', found[2]


def code_only(text: str) -> str:
    """Without comments and string literals; line numbers stay the same."""
    pattern = r'R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/'
    return re.sub(pattern, lambda found: "\n" * found[0].count("\n"), text, flags=re.S)


def wrong_includes(root):
    table = modules(root)
    for path in sources(root):
        name = path.relative_to(root / "src").as_posix()
        module = home(name, table)
        if module is None:
            yield f"{name}: in no module of CMakeLists.txt"
            continue
        may = {module, "base"} | table[module]
        if re.match(TESTS, name):
            may |= {"testing", "store", "store/contract", "store/sqlite"}  # tests may use the embedded engine
        if module == "app":
            may = set(table)
        for number, ours, target in included(path):
            if not ours or (root / "build/generated" / target).exists() or target.startswith("generated/"):
                continue
            owner = home(target, table)
            if owner is None and "/" not in target and not (root / "src" / target).exists():
                continue  # a generated table
            if owner not in may:
                yield f"{name}:{number}: {module} may not include {target}"


def broken_walls(root):
    for path in sources(root):
        name = path.relative_to(root / "src").as_posix()
        for number, ours, target in included(path):
            wall = next((where for what, where in WALLS if not ours and re.match(what, target)), None)
            if wall and not re.match(wall, name):
                yield f"{name}:{number}: <{target}> may be included only in {wall}"


def banned_words(root):
    for path in sources(root):
        name = path.relative_to(root / "src").as_posix()
        text = path.read_text()
        for words, why in BANNED:
            if any(re.search(where, name) for word, where in ALLOWED.items() if word in words):
                continue
            searched = text if "TODO" in words else code_only(text)
            for found in re.finditer(words, searched):
                yield f"{name}:{searched[:found.start()].count(chr(10)) + 1}: {found[0]}: {why}"


def binary_floats(root):
    for path in sources(root):
        name = path.relative_to(root / "src").as_posix()
        if name.split("/")[0] in EXACT:
            for number, line in enumerate(code_only(path.read_text()).splitlines(), 1):
                # The parser calls this for a number that is not an integer; we use the text that it passes along.
                if re.search(r"\b(double|float|stod|strtod)\b", line.replace("on_double(double,", "")):
                    yield f"{name}:{number}: binary floating point"


def long_files(root):
    folders = ["src", "test", "bench", "fuzz", "cmake"]
    for path in sorted(p for folder in folders for p in (root / folder).rglob("*") if p.suffix in TEXT):
        lines = path.read_text().count("\n")
        if lines > LINES_MAX:
            yield f"{path.relative_to(root)}: {lines} lines; at most {LINES_MAX}"


def unnamed_folders(root):
    plan = root / "ARCHITECTURE.md"
    if not plan.exists():
        yield "there is no ARCHITECTURE.md"
        return
    for module in modules(root):
        if not re.search(rf"(?<![\w/])(src/)?{re.escape(module)}/", plan.read_text()):
            yield f"ARCHITECTURE.md does not name {module}/"


def headers_of_tests_in_the_program(root):
    for path in sources(root):
        name = path.relative_to(root / "src").as_posix()
        for number, ours, target in included(path):
            if ours and re.match(TESTS, target) and not re.match(TESTS, name):
                yield f"{name}:{number}: {target} is for tests"


def missing_tests(root):
    """A test file outside of the modules is not compiled, so its tests never run."""
    table = modules(root)
    for path in sources(root):
        folder = path.relative_to(root / "src").parent.as_posix()
        if path.name.endswith(("_test.cpp", "_fuzz.cpp")) and folder not in table:
            yield f"{folder}/{path.name}: in a folder that is not a module, so it is not compiled"


def fuzz_targets_without_corpus(root):
    """A target has the name of its file and replays fuzz/corpus/<name>/; a corpus without a target is never read."""
    names = set()
    for path in sources(root):
        if path.name.endswith("_fuzz.cpp"):
            name = path.name.removesuffix("_fuzz.cpp")
            names.add(name)
            if f"FUZZ_TARGET({name})" not in path.read_text():
                yield f"{path.name}: has no FUZZ_TARGET({name})"
            if not any((root / "fuzz/corpus" / name).glob("*")):
                yield f"{path.name}: there is nothing in fuzz/corpus/{name}/"
    for folder in (root / "fuzz/corpus").glob("*"):
        if folder.name not in names:
            yield f"fuzz/corpus/{folder.name}/: belongs to no target"


RULES = [wrong_includes, broken_walls, banned_words, binary_floats, long_files, unnamed_folders, headers_of_tests_in_the_program, missing_tests,
         fuzz_targets_without_corpus]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule(rule):
    complaints = list(rule(ROOT))
    assert not complaints, "\n" + "\n".join(complaints)


def test_every_module_has_sources():
    empty = [module for module in modules(ROOT) if not any((ROOT / "src" / module).glob("*.?pp"))]
    assert not empty, f"CMakeLists.txt names modules without sources: {empty}"


@pytest.mark.parametrize("rule, file, text", [
    (wrong_includes, "src/model/planted.hpp", '#include "http/message.hpp"\n'),
    (wrong_includes, "src/store/planted.hpp", '#include "store/sqlite/planted.hpp"\n'),
    (wrong_includes, "src/api/planted.cpp", '#include "store/sqlite/db.hpp"\n'),
    (wrong_includes, "src/catalog/planted_test.cpp", '#include "http/message.hpp"\n'),
    (wrong_includes, "src/nowhere/planted.cpp", "\n"),
    (broken_walls, "src/auth/planted.cpp", "#include <openssl/evp.h>\n"),
    (broken_walls, "src/catalog/planted.cpp", "#  include <sqlite3.h>\n"),
    (broken_walls, "src/store/planted.cpp", "#include <mongoc/mongoc.h>\n"),
    (broken_walls, "src/app/planted.hpp", "#include <CLI/CLI.hpp>\n"),
    (broken_walls, "src/api/planted.cpp", "#include <boost/asio.hpp>\n"),
    (broken_walls, "src/auth/planted.hpp", "#include <png.h>\n"),
    (banned_words, "src/base/planted.cpp", "// TODO: later\n"),
    (banned_words, "src/base/planted.cpp", "void f(char* a) { strcpy(a, a); }\n"),
    (banned_words, "src/auth/planted.cpp", "int f() { return std::rand(); }\n"),
    (binary_floats, "src/catalog/planted.cpp", "double price = 0.1;\n"),
    (long_files, "src/base/planted.cpp", "\n" * (LINES_MAX + 1)),
    (headers_of_tests_in_the_program, "src/auth/planted.cpp", '#include "testing/clock.hpp"\n'),
    (unnamed_folders, "CMakeLists.txt", "integrity_module(planted DEPENDS base)\n"),
    (missing_tests, "src/store/planted/planted_test.cpp", "\n"),
    (missing_tests, "src/store/planted/planted_fuzz.cpp", "\n"),
    (fuzz_targets_without_corpus, "src/base/planted_fuzz.cpp", "FUZZ_TARGET(planted) {}\n"),
    (fuzz_targets_without_corpus, "fuzz/corpus/planted/input", "\n"),
    (headers_of_tests_in_the_program, "src/base/planted.cpp", '#include "testing/fuzzing.hpp"\n'),
], ids=lambda value: getattr(value, "__name__", "planted")[:40])
def test_a_planted_violation_is_found(tmp_path, rule, file, text):
    for folder in ("src", "test", "bench", "cmake", "fuzz"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "CMakeLists.txt", tmp_path)
    (tmp_path / "ARCHITECTURE.md").write_text("# Architecture\n")
    before = set(rule(tmp_path))
    planted = tmp_path / file
    planted.parent.mkdir(parents=True, exist_ok=True)
    with planted.open("a") as out:
        out.write(text)
    assert "planted" in "".join(set(rule(tmp_path)) - before)
