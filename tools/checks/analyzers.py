# SPDX-License-Identifier: BSD-3-Clause
"""Checks that read the sources: format, scripts, clang-tidy, cppcheck."""

import concurrent.futures
import json
import os
import subprocess
import sys
import time

from . import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))
import lint  # noqa: E402


def check_format(tally):
    """clang-format on C++ sources, flake8 and shellcheck on scripts; a file is a test."""
    start = time.monotonic()
    counts = lint.lint(tuple(lint.TOOLS))
    tally.add("format and lint", sum(good for good, _ in counts.values()),
              sum(bad for _, bad in counts.values()), start)
    for tool, (good, bad) in counts.items():
        if good + bad == 0:
            tally.note(f"{tool} checked no file, as it is not installed in the version that is needed.")


def check_tidy(tally):
    """clang-tidy reads each source by itself, so it also finds one that does not include what it
    needs; a file is a test. clang 14 has coroutines and does not say so in the macro that libstdc++
    and Asio look at."""
    start = time.monotonic()
    directory = os.path.join(ROOT, "build-tidy")
    if subprocess.run(
            ["meson", "setup", *(["--reconfigure"] if os.path.exists(directory) else []),
             "-Dunity=off", "-Dtests=disabled", directory, ROOT],
            check=False, stdout=subprocess.DEVNULL).returncode != 0:
        tally.add_one("clang-tidy", False, start)
        return
    with open(os.path.join(directory, "compile_commands.json"), encoding="utf-8") as file:
        compiled = {os.path.normpath(os.path.join(c["directory"], c["file"]))
                    for c in json.load(file)}
    files = [name for name in lint.tree_files() if os.path.join(ROOT, name) in compiled]

    def tidy(name):
        result = subprocess.run(
            ["clang-tidy", "-p", directory, "--quiet", "--extra-arg=-D__cpp_impl_coroutine=201902",
             "--extra-arg=-Wno-unknown-warning-option", name],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )
        return result.returncode == 0, result.stdout + result.stderr

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(tidy, files))
    for good, output in results:
        if not good:
            print(output)
    failed = sum(not good for good, _ in results)
    tally.add("clang-tidy", len(results) - failed, failed if results else 1, start)


def check_cppcheck(tally):
    start = time.monotonic()
    result = subprocess.run(
        ["cppcheck", "--enable=warning,performance,portability", "--std=c++20", "--inline-suppr",
         "--quiet", f"-j{os.cpu_count()}", "-I.", "--suppressions-list=tests/cppcheck.supp",
         "--error-exitcode=1", "lb", "vrrp", "health", "config", "tools"], cwd=ROOT, check=False)
    tally.add_one("cppcheck", result.returncode == 0, start)
