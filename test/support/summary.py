"""Adds up the JUnit reports of a run: `summary.py REPORTS [LABEL]`.

Prints `N passed, N failed, N skipped`, and the names of skipped and failed tests. An expected report that is missing
(after a crash, for example) is a failure. So is a skipped test if CI=true, and a run without any test.
"""

import os
import pathlib
import sys
import xml.etree.ElementTree as xml


def outcomes(report: pathlib.Path):
    """(name, outcome) of each test; outcome is passed, failed or skipped."""
    try:
        cases = list(xml.parse(report).iter("testcase"))
    except (OSError, xml.ParseError) as error:
        yield f"{report.name}: ended without a report ({error})", "failed"
        return
    for case in cases:
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.get("status") == "notrun":
            yield name, "skipped"
        elif case.find("failure") is not None or case.find("error") is not None:
            yield name, "failed"
        elif case.find("skipped") is not None:
            yield name, "skipped"
        else:
            yield name, "passed"


def main() -> int:
    reports = pathlib.Path(sys.argv[1])
    label = sys.argv[2] + ": " if len(sys.argv) > 2 else ""
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for expected in (reports / "expected").read_text().split():
        for name, outcome in outcomes(reports / expected):
            if outcome == "skipped":
                print(f"SKIPPED {name}")
                if os.environ.get("CI") == "true":
                    outcome = "failed"
            elif outcome == "failed":
                print(f"FAILED  {name}")
            count[outcome] += 1
    print(f"{label}{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 0 if count["passed"] and not count["failed"] else 1


sys.exit(main())
