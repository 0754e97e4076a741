"""What CI makes of a skipped test (support/summary.py)."""

import os
import pathlib
import subprocess
import sys

import pytest

from support.summary import ALLOWED

pytestmark = pytest.mark.embedded
SUMMARY = pathlib.Path(__file__).parent / "support/summary.py"


@pytest.mark.parametrize("reason, ci, status, counted", [
    ("no MongoDB to test with", "true", 1, "1 passed, 1 failed, 0 skipped"),
    ("no MongoDB to test with", "", 0, "1 passed, 0 failed, 1 skipped"),
    (ALLOWED + "Operation not permitted", "true", 0, "1 passed, 0 failed, 1 skipped"),
])
def test_a_skip_fails_in_ci_unless_the_kernel_is_the_reason(tmp_path, reason, ci, status, counted):
    (tmp_path / "expected").write_text("one.xml")
    (tmp_path / "one.xml").write_text(f'''<testsuite><testcase classname="a" name="passes"/>
        <testcase classname="a" name="waits"><skipped message="{reason}"/></testcase></testsuite>''')
    done = subprocess.run([sys.executable, SUMMARY, tmp_path], capture_output=True, text=True,
                          env=os.environ | {"CI": ci})
    assert (done.returncode, done.stdout) == (status, f"SKIPPED a.waits: {reason}\n{counted}\n")
