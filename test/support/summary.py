"""Adds up the JUnit reports of a run: `summary.py REPORTS [LABEL]`.

Prints `N passed, N failed, N skipped`, and the names of failed and skipped tests, the latter with their reasons. An
expected report that is missing (after a crash, for example) is a failure. So is a skipped test if CI=true, and a run
without any test. CI lets one kind of skip pass: the kernel refuses to run a system of its own on this machine.
"""

import os
import pathlib
import sys
import xml.etree.ElementTree as xml

# How support/debian.py begins the reason.
ALLOWED = "this machine cannot run a system of its own: "


def outcomes(report: pathlib.Path):
    """(name, outcome, reason) of each test; outcome is passed, failed or skipped, and a skip has a reason."""
    try:
        cases = list(xml.parse(report).iter("testcase"))
    except (OSError, xml.ParseError) as error:
        yield f"{report.name}: ended without a report ({error})", "failed", ""
        return
    for case in cases:
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.get("status") == "notrun":
            yield name, "skipped", "not run"
        elif case.find("failure") is not None or case.find("error") is not None:
            yield name, "failed", ""
        elif (skipped := case.find("skipped")) is not None:
            yield name, "skipped", skipped.get("message", "")
        else:
            yield name, "passed", ""


def main() -> int:
    reports = pathlib.Path(sys.argv[1])
    label = sys.argv[2] + ": " if len(sys.argv) > 2 else ""
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for expected in (reports / "expected").read_text().split():
        for name, outcome, reason in outcomes(reports / expected):
            if outcome == "skipped":
                print(f"SKIPPED {name}: {reason}")
                if os.environ.get("CI") == "true" and not reason.startswith(ALLOWED):
                    outcome = "failed"
            elif outcome == "failed":
                print(f"FAILED  {name}")
            count[outcome] += 1
    print(f"{label}{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 0 if count["passed"] and not count["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
