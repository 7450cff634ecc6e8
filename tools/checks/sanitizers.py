# SPDX-License-Identifier: BSD-3-Clause
"""The environment of programs that are built with a sanitizer, and what these report."""

import glob
import os

from . import ROOT

SANITIZERS = ["address,undefined", "thread"]


def sanitizer_options(scratch=""):
    """With `scratch`, reports become files there. Leaks at exit are the unit tests' business; DPDK
    keeps its own memory to the end. Paths are quoted, as they may have spaces."""
    suppressions = os.path.join(ROOT, "tests", "thread-sanitizer.supp")
    log = f":log_path='{os.path.join(scratch, 'report')}'" if scratch else ""
    leaks = ":detect_leaks=0" if scratch else ""
    return {"ASAN_OPTIONS": f"abort_on_error=1{leaks}{log}",
            "UBSAN_OPTIONS": f"halt_on_error=1:print_stacktrace=1{log}",
            "TSAN_OPTIONS": f"suppressions='{suppressions}'{log}"}


def count_reports(scratch):
    """Prints the reports, and returns how many processes wrote one."""
    reports = glob.glob(os.path.join(scratch, "report.*"))
    for report in reports:
        with open(report, encoding="utf-8", errors="replace") as file:
            print(file.read(20_000), flush=True)
    return len(reports)
