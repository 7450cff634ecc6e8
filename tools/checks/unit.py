# SPDX-License-Identifier: BSD-3-Clause
"""Runs the Catch2 executables and the known inputs of the fuzz targets, and searches for new ones."""

import json
import os
import re
import subprocess
import time
import xml.etree.ElementTree as xml

from . import ROOT
from .sanitizers import sanitizer_options


def catch_cases(test):
    """Passed and failed test cases in the XML a Catch2 executable wrote; the whole executable
    counts as one where it did not get that far."""
    found = re.findall(r"<OverallResultsCases successes=\"(\d+)\" failures=\"(\d+)\"",
                       test.get("stdout", ""))
    if not found:
        return (1, 0) if test["result"] == "OK" else (0, 1)
    passed, failed = map(int, found[-1])
    return passed, failed if failed or test["result"] == "OK" else 1


def print_catch_failures(test):
    try:
        root = xml.fromstring(test["stdout"])
    except (xml.ParseError, KeyError):
        print(test.get("stdout", "")[-3000:], test.get("stderr", "")[-3000:])
        return
    for case in root.iter("TestCase"):
        for failure in (e for e in case.iter("Expression") if e.get("success") == "false"):
            print(f"{failure.get('filename')}:{failure.get('line')}: {case.get('name')}\n"
                  f"    {(failure.findtext('Expanded') or '').strip()}")
        for failure in (e for tag in ("Exception", "Failure", "FatalErrorCondition")
                        for e in case.iter(tag)):
            print(f"{failure.get('filename')}:{failure.get('line')}: {case.get('name')}\n"
                  f"    {(failure.text or '').strip()}")


def meson_tests(directory, suite, *options, **more):
    """The record that meson writes of each test of a suite; a failed one beside them if it did not get
    to its end."""
    log = os.path.join(directory, "meson-logs", f"testlog-{suite}.json")
    if os.path.exists(log):
        os.remove(log)
    status = subprocess.run(
        ["meson", "test", "-C", directory, "--no-rebuild", "--suite", suite, "--logbase",
         f"testlog-{suite}", *options], check=False, **more).returncode
    tests = []
    try:
        with open(log, encoding="utf-8") as lines:
            tests += [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        print(f"meson test: {error}")
    if not tests or (status != 0 and all(test["result"] == "OK" for test in tests)):
        tests.append({"name": f"meson test, which ended with status {status}", "result": "FAIL"})
    return tests


def check_unit(tally, directory, title="unit tests"):
    start = time.monotonic()
    tests = meson_tests(directory, "unit", "--timeout-multiplier", "4", "--test-args", "-r xml",
                        stdout=subprocess.DEVNULL, env={**os.environ, **sanitizer_options()})
    passed, failed = 0, 0
    for test in tests:
        good, bad = catch_cases(test)
        print(f"{test['name']}: {good} passed, {bad} failed")
        if bad:
            print_catch_failures(test)
        passed += good
        failed += bad
    tally.add(title, passed, failed, start)


def check_known_inputs(tally, directory):
    """Replays the corpora of the fuzz targets, with all that fuzzing ever found."""
    start = time.monotonic()
    tests = meson_tests(directory, "fuzz", "--print-errorlogs", "--quiet")
    good = sum(test["result"] == "OK" for test in tests)
    tally.add("known inputs of fuzz targets", good, len(tests) - good, start)


def check_fuzz(tally):
    """Searches for new inputs for a moment, in a build of its own by clang."""
    start = time.monotonic()
    output = subprocess.run([os.path.join(ROOT, "tests", "fuzz", "run"), "--quick"], cwd=ROOT,
                            stdout=subprocess.PIPE, text=True, check=False).stdout
    print(output)
    counts = re.findall(r"^(\d+) passed, (\d+) failed$", output, re.MULTILINE)
    tally.add("fuzzing", *(map(int, counts[-1]) if counts else (0, 1)), start)
