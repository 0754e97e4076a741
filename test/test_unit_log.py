"""The unit tests show the log of failed tests only."""

import pathlib
import subprocess

import pytest

from support.server import BINARY, environment


@pytest.mark.embedded
@pytest.mark.parametrize("how, shown", [("", False), ("fail", True), ("abort", True)])
def test_only_the_log_of_a_failure_is_shown(how, shown):
    done = subprocess.run([pathlib.Path(BINARY).with_name("unit_tests"), "--gtest_filter=LogCapture.*"], capture_output=True,
                          text=True, env=environment(**({"INTEGRITY_TEST_SAMPLE": how} if how else {})))
    assert (done.returncode != 0) == shown, done.stdout
    assert ('"event":"sample"' in done.stderr) == shown, done.stderr
    assert shown or done.stderr == ""
