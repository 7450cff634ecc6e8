# SPDX-License-Identifier: BSD-3-Clause
"""Runs the tests that are written with pytest: end to end, and of the release command."""

import os
import subprocess
import tempfile
import time
import xml.etree.ElementTree as xml

from . import ROOT
from .sanitizers import count_reports, sanitizer_options

TESTS = os.path.join(ROOT, "tests")
FAILURES_TRIED_AGAIN = 5
# More at once take no less time: they start and stop directors most of the time, for which the kernel
# has one lock, and two processors are busy.
PROCESSES = "2"


def _cases(report):
    try:
        return list(xml.parse(report).getroot().iter("testcase"))
    except (OSError, xml.ParseError):
        return None


def _names(cases, *tags):
    """A test that fails twice, in the end of its fixtures as well, is one."""
    return {f"{case.get('classname')}::{case.get('name')}" for case in cases
            if not tags or any(case.find(tag) is not None for tag in tags)}


def run_pytest(path, scratch, environment, *options):
    """The names of passed and of failed tests, and whether the run got to its end; if it did not, at
    least one has failed."""
    report = os.path.join(scratch, "results.xml")
    if os.path.exists(report):
        os.remove(report)
    status = subprocess.run(
        ["/usr/bin/python3", "-m", "pytest", "-q", "--durations=10", f"--junitxml={report}",
         "-o", f"cache_dir={os.path.join(scratch, 'cache')}", *options, path],
        env=environment, cwd=ROOT, check=False).returncode
    all_passed, some_failed, nothing_selected = 0, 1, 5
    if status == nothing_selected:
        return set(), set(), True
    cases = _cases(report)
    if cases is None:
        return set(), {"no report of the tests"}, False
    failed = _names(cases, "failure", "error")
    passed = _names(cases) - failed - _names(cases, "skipped")
    if status != all_passed and not failed:
        failed = {f"pytest ended with status {status}"}
    return passed, failed, status in (all_passed, some_failed)


def some(outcome):
    """The outcome of a run, as a failure if it has no test: a wrong name selects none."""
    passed, failed, ended = outcome
    return passed, failed if passed or failed else {"no test ran"}, ended


def check_quick(tally, title, directory):
    """Tests without a lab, which take seconds."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        passed, failed, _ = some(run_pytest(os.path.join(TESTS, directory), scratch, os.environ))
        tally.add(title, len(passed), len(failed), start)


def check_e2e(tally, directory, options, selected="", sanitize="", packages=""):
    """All tests with af_packet, and once more with af_xdp those that depend on the device. Where a
    few fail, they are tried once more with the machine to themselves; they have to pass then, and
    the summary names them. `packages` is a directory of packages to test."""
    start = time.monotonic()
    title = f"end-to-end {sanitize or selected}".strip()
    path = os.path.join(TESTS, "e2e")
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "LBD_BUILD": directory,
                       **({"LBD_PACKAGES": packages} if packages else {}),
                       **(sanitizer_options(scratch) if sanitize else {})}
        passed, failed, ended = some(run_pytest(path, scratch, environment, "-n", PROCESSES, "--dist",
                                                "loadgroup", *options, "-m", selected))
        if ended and 0 < len(failed) <= FAILURES_TRIED_AGAIN:
            print(f"== {len(failed)} failed beside others, once more alone", flush=True)
            again, _, _ = run_pytest(
                path, scratch, environment, "-n", "1", "--dist", "loadgroup", "-rfEp", "--last-failed",
                "--last-failed-no-failures", "none", *options, "-m", selected)
            for name in sorted(failed & again):
                tally.note(f"Passed only when it ran alone, which is a fault to look at: {name}")
            passed |= again
            failed -= again
        tally.add(title, len(passed), len(failed), start)
        if sanitize:
            reports = count_reports(scratch)
            tally.add(f"reports of {sanitize}", 0 if reports else 1, reports, start)
