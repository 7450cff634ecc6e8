# SPDX-License-Identifier: BSD-3-Clause
"""The checks behind tools/check. Each adds what passed and failed; none stops the others, except
that nothing can be tested that was not built."""

import argparse
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ALL = ["format", "build", "unit", "fuzz", "e2e", "tidy", "cppcheck", "sanitize"]
FAILURES_TRIED_AGAIN = 5
SANITIZERS = ["address,undefined", "thread"]


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def add(self, title, passed, failed, start):
        self.passed += passed
        self.failed += failed
        print(f"== {title}: {passed} passed, {failed} failed ({time.monotonic() - start:.0f} s)\n",
              flush=True)

    def add_one(self, title, good, start):
        self.add(title, int(good), int(not good), start)


def sources(*suffixes):
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()
    return [name for name in listed
            if name.endswith(suffixes) and os.path.exists(os.path.join(ROOT, name))]


def check_format(tally):
    start = time.monotonic()
    result = subprocess.run(["clang-format", "--dry-run", "-Werror", *sources(".h", ".cpp")],
                            cwd=ROOT, check=False)
    tally.add_one("format", result.returncode == 0, start)


def build(tally, directory, sanitize=""):
    """Everything; with a sanitizer, what its tests need, quickly compiled."""
    start = time.monotonic()
    options = ["-Dwerror=true"]
    if sanitize:
        options += [f"-Db_sanitize={sanitize}", "-Db_lundef=false", "-Doptimization=1"]
    else:
        # The demo may have made a release of it, in which GCC 12 suspects what there is not.
        options.append("-Dbuildtype=debugoptimized")
    setup = ["meson", "setup", *options, directory, ROOT]
    if os.path.exists(os.path.join(directory, "build.ninja")):
        setup = ["meson", "configure", *options, directory]
    good = (subprocess.run(setup, stdout=subprocess.DEVNULL, check=False).returncode == 0
            and subprocess.run(["ninja", "-C", directory, "--quiet",
                                *(sanitized_targets(directory) if sanitize else [])],
                               check=False).returncode == 0)
    tally.add_one(f"build {sanitize}, warnings as errors", good, start)
    return good


def sanitized_targets(directory):
    listed = subprocess.run(["meson", "introspect", "--targets", directory], capture_output=True,
                            check=True).stdout
    names = [os.path.relpath(target["filename"][0], directory) for target in json.loads(listed)
             if target["type"] == "executable"]
    return [name for name in names
            if name.startswith(("tests/unit/", "tests/model/"))
            or name in ("lb/lbd", "tools/lbctl/lbctl")]


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
    """What meson tells of each test of a suite when it has run them; nothing if it cannot."""
    log = os.path.join(directory, "meson-logs", f"testlog-{suite}.json")
    if os.path.exists(log):
        os.remove(log)
    subprocess.run(["meson", "test", "-C", directory, "--no-rebuild", "--suite", suite, "--logbase",
                    f"testlog-{suite}", *options], check=False, **more)
    try:
        with open(log, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    except OSError:
        return []


def check_unit(tally, directory):
    start = time.monotonic()
    tests = meson_tests(directory, "unit", "--timeout-multiplier", "4", "--test-args", "-r xml",
                        stdout=subprocess.DEVNULL, env={**os.environ, **sanitizer_options()})
    passed, failed = 0, int(not tests)
    for test in tests:
        good, bad = catch_cases(test)
        print(f"{test['name']}: {good} passed, {bad} failed")
        if bad:
            print_catch_failures(test)
        passed += good
        failed += bad
    tally.add("unit tests", passed, failed, start)


def check_known_inputs(tally, directory):
    """What fuzzing ever found, and where it begins."""
    start = time.monotonic()
    tests = meson_tests(directory, "fuzz", "--print-errorlogs", "--quiet")
    good = sum(test["result"] == "OK" for test in tests)
    tally.add("known inputs of fuzz targets", good, len(tests) - good if tests else 1, start)


def check_fuzz(tally):
    """By clang, in a build of its own, a short search for more."""
    start = time.monotonic()
    output = subprocess.run([os.path.join(ROOT, "tests", "fuzz", "run"), "--quick"], cwd=ROOT,
                            stdout=subprocess.PIPE, text=True, check=False).stdout
    print(output)
    counts = re.findall(r"^(\d+) passed, (\d+) failed$", output, re.MULTILINE)
    tally.add("fuzzing", *(map(int, counts[-1]) if counts else (0, 1)), start)


def junit_counts(report):
    """Passed and failed tests in a JUnit file, or one failed without it. A test that fails twice, in
    the end of its fixtures as well, is one."""
    try:
        cases = list(xml.parse(report).getroot().iter("testcase"))
    except (OSError, xml.ParseError):
        return 0, 1

    def named(*tags):
        return {(case.get("classname"), case.get("name")) for case in cases
                if any(case.find(tag) is not None for tag in tags)}

    failed = named("failure", "error")
    every = {(case.get("classname"), case.get("name")) for case in cases}
    return len(every - failed - named("skipped")), len(failed)


def sanitizer_options(scratch=""):
    """The environment of programs that are built with a sanitizer; with `scratch`, what they report
    goes there. Leaks at exit are the unit tests' business; DPDK keeps its own memory to the end."""
    suppressions = os.path.join(ROOT, "tests", "thread-sanitizer.supp")
    log = f":log_path={os.path.join(scratch, 'report')}" if scratch else ""
    leaks = ":detect_leaks=0" if scratch else ""
    return {"ASAN_OPTIONS": f"abort_on_error=1{leaks}{log}",
            "UBSAN_OPTIONS": f"halt_on_error=1:print_stacktrace=1{log}",
            "TSAN_OPTIONS": f"suppressions={suppressions}{log}"}


def count_reports(scratch):
    """Prints the sanitizers' reports, and says how many processes made some."""
    reports = glob.glob(os.path.join(scratch, "report.*"))
    for report in reports:
        with open(report, encoding="utf-8", errors="replace") as file:
            print(file.read(20_000), flush=True)
    return len(reports)


def run_e2e(scratch, environment, *options):
    """Passed, failed, and whether it got to its end; if not, at least one has failed."""
    report = os.path.join(scratch, "results.xml")
    status = subprocess.run(
        ["/usr/bin/python3", "-m", "pytest", "-q", "--durations=10", f"--junitxml={report}",
         "-o", f"cache_dir={os.path.join(scratch, 'cache')}", *options,
         os.path.join(ROOT, "tests", "e2e")], env=environment, cwd=ROOT, check=False).returncode
    all_passed, some_failed, nothing_selected = 0, 1, 5
    if status == nothing_selected:
        return 0, 0, True
    passed, failed = junit_counts(report)
    ended = status in (all_passed, some_failed)
    return passed, failed if status == all_passed else max(1, failed), ended


def check_e2e(tally, directory, sanitize, extra):
    """Two processes share the tests, as a test mostly waits: all with af_packet, and once more with
    af_xdp what depends on the device. Where a few fail, they have another try with the machine to
    themselves: protocols that count in tenths of a second do not always get their share of two
    processors. They have to pass then, and are named either way."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "LBD_BUILD": directory,
                       **(sanitizer_options(scratch) if sanitize else {})}
        wanted = ["-m", "quick" if sanitize else "", *extra]
        passed, failed, ended = run_e2e(scratch, environment, "-n", "2", "--dist", "loadgroup",
                                        *wanted)
        if ended and 0 < failed <= FAILURES_TRIED_AGAIN:
            print(f"== {failed} failed beside others, once more alone", flush=True)
            passed_alone, failed_again, _ = run_e2e(
                scratch, environment, "-n", "1", "--dist", "loadgroup", "-rfEp",
                "--last-failed", "--last-failed-no-failures", "none", *wanted)
            passed += passed_alone
            failed = max(failed_again, failed - passed_alone)
        tally.add(f"end-to-end {sanitize}", passed, failed, start)
        if sanitize:
            reports = count_reports(scratch)
            tally.add(f"reports of {sanitize}", 0 if reports else 1, reports, start)


def check_tidy(tally, directory):
    """Every source of ours by itself; a file is a test. clang 14 has coroutines and does not say so
    in the macro that libstdc++ and Asio look at."""
    start = time.monotonic()
    with open(os.path.join(directory, "compile_commands.json"), encoding="utf-8") as file:
        compiled = {os.path.normpath(os.path.join(c["directory"], c["file"]))
                    for c in json.load(file)}
    files = [name for name in sources(".cpp")
             if os.path.join(ROOT, name) in compiled and not name.startswith("tests/")]

    def tidy(name):
        result = subprocess.run(
            ["clang-tidy", "-p", directory, "--quiet", "--extra-arg=-D__cpp_impl_coroutine=201902",
             "--extra-arg=-Wno-unknown-warning-option", name],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )
        return result.returncode == 0, result.stdout

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(tidy, files))
    for good, output in results:
        if not good:
            print(output)
    failed = sum(not good for good, _ in results)
    tally.add("clang-tidy", len(results) - failed, failed, start)


def check_cppcheck(tally):
    start = time.monotonic()
    result = subprocess.run(
        ["cppcheck", "--enable=warning,performance,portability", "--std=c++20", "--inline-suppr",
         "--quiet", f"-j{os.cpu_count()}", "-I.", "--suppressions-list=tests/cppcheck.supp",
         "--error-exitcode=1", "lb", "vrrp", "health", "config", "tools"], cwd=ROOT, check=False)
    tally.add_one("cppcheck", result.returncode == 0, start)


def check_sanitized(tally, sanitizers, steps, extra):
    """Unit tests and the quick end-to-end tests, each sanitizer in a build of its own."""
    for sanitizer in sanitizers:
        directory = os.path.join(ROOT, "build-" + sanitizer.split(",")[0])
        if build(tally, directory, sanitizer):
            if "unit" in steps:
                check_unit(tally, directory)
            if "e2e" in steps:
                check_e2e(tally, directory, sanitizer, extra)


def check_all(tally, options):
    wanted = set(options.only) - ({"fuzz", "tidy", "cppcheck", "sanitize"} if options.quick else set())
    directory = os.path.abspath(options.build or os.path.join(ROOT, "build"))
    if "format" in wanted:
        check_format(tally)
    if "cppcheck" in wanted:
        check_cppcheck(tally)
    if build(tally, directory):
        if "unit" in wanted:
            check_unit(tally, directory)
            check_known_inputs(tally, directory)
        if "fuzz" in wanted:
            check_fuzz(tally)
        if "e2e" in wanted:
            check_e2e(tally, directory, "", options.pytest)
        if "tidy" in wanted:
            check_tidy(tally, directory)
    if "sanitize" in wanted:
        check_sanitized(tally, SANITIZERS, ALL, [])


def main():
    parser = argparse.ArgumentParser(prog="tools/check")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", type=lambda text: text.split(","), default=ALL)
    parser.add_argument("--sanitize", default="")
    parser.add_argument("--build")
    parser.add_argument("pytest", nargs="*", help="after --: options for pytest, e.g. -- -k reload")
    options = parser.parse_args()
    if unknown := set(options.only) - set(ALL):
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    tally = Tally()
    if options.sanitize:
        check_sanitized(tally, [options.sanitize], options.only, options.pytest)
    else:
        check_all(tally, options)
    print(f"{tally.passed} passed, {tally.failed} failed", flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
