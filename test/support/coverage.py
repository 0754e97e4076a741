"""Coverage with clang's instrumentation: `coverage.py BUILD`. The programs have written their profiles into
BUILD/profiles.

Prints the coverage of lines in src/ and of branches in src/auth/. Writes BUILD/coverage.txt, a row for each file, and
BUILD/missed.txt, the sources with their counts. Test code is left out."""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent.parent
TESTS = r".*(_test\.cpp|_fuzz\.cpp|/contract/.*|_fixture\.hpp|/testing/.*|/test_[^/]*\.hpp|/generated/.*)"


def tool(*arguments) -> str:
    return subprocess.run(list(map(str, arguments)), check=True, capture_output=True, text=True).stdout


def percent(part: dict) -> str:
    return f"{100 * part['covered'] / part['count']:6.2f} %" if part["count"] else "     –"


def total(files: list, kind: str) -> dict:
    return {key: sum(file["summary"][kind][key] for file in files) for key in ("covered", "count")}


def main() -> None:
    build = pathlib.Path(sys.argv[1])
    profile = build / "profile"
    tool("llvm-profdata-14", "merge", "-sparse", "-o", profile, *sorted((build / "profiles").glob("*.profraw")))
    objects = [build / "unit_tests", "-object", build / "integrity", f"-instr-profile={profile}",
               f"-ignore-filename-regex={TESTS}"]
    files = json.loads(tool("llvm-cov-14", "export", "-summary-only", *objects))["data"][0]["files"]
    files = [file | {"filename": os.path.relpath(file["filename"], ROOT)} for file in files]  # as built: build/coverage/../../src/…
    files = [file for file in files if file["filename"].startswith("src/")]
    assert files, "nothing of src/ was measured"
    auth = [file for file in files if file["filename"].startswith("src/auth/")]
    rows = [f"{'file':44} {'lines':>8}   {'branches':>8}"]
    rows += [f"{file['filename']:44} {percent(file['summary']['lines'])}   {percent(file['summary']['branches'])}"
             for file in sorted(files, key=lambda file: file["filename"])]
    (build / "coverage.txt").write_text("\n".join(rows) + "\n")
    (build / "missed.txt").write_text(tool("llvm-cov-14", "show", "-show-branches=count", *objects))
    print(f"lines of src/: {percent(total(files, 'lines'))}")
    print(f"branches of src/auth/: {percent(total(auth, 'branches'))}")
    print(f"by file: {build}/coverage.txt; what was missed: {build}/missed.txt")


main()
