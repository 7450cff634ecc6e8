# SPDX-License-Identifier: BSD-3-Clause
"""The parts of tools/check, in the order in which they run."""

import argparse
import os
import sys

from . import ROOT
from .analyzers import check_cppcheck, check_format, check_tidy
from .background import Background
from .build import build
from .debian import check_debian_root
from .e2e import check_e2e, check_quick
from .packages import check_packages
from .sanitizers import SANITIZERS
from .tally import Tally
from .unit import check_fuzz, check_known_inputs, check_unit

# USUAL is for contributors; FULL adds the parts that take long.
USUAL = ["format", "build", "unit", "e2e"]
BESIDE_E2E = ["cppcheck", "tidy"]
FULL = [*USUAL, "release", "cppcheck", "tidy", "fuzz", "packages", "sanitize", "trixie"]


def check_sanitized(tally, sanitizer, wanted, options):
    """Unit tests and the quick end-to-end tests, in a build of its own."""
    directory = os.path.join(ROOT, "build-" + sanitizer.split(",")[0])
    if build(tally, directory, sanitizer):
        if "unit" in wanted:
            check_unit(tally, directory, f"unit tests {sanitizer}")
        if "e2e" in wanted:
            check_e2e(tally, directory, options, selected="quick", sanitize=sanitizer)


def check_sources(tally, wanted):
    if "cppcheck" in wanted:
        check_cppcheck(tally)
    if "tidy" in wanted:
        check_tidy(tally)


def check_build(tally, directory, wanted, options):
    """Builds the tree and runs the tests that need it."""
    if not build(tally, directory):
        return
    if "unit" in wanted:
        check_unit(tally, directory)
        check_known_inputs(tally, directory)
    if "e2e" in wanted:
        beside = [part for part in BESIDE_E2E if part in wanted]
        background = Background(beside) if beside else None
        check_e2e(tally, directory, options.pytest, selected="not package")
        if background:
            background.finish(tally)
    if "packages" in wanted:
        check_packages(tally, directory)


def check_all(tally, wanted, options):
    if "format" in wanted:
        check_format(tally)
    if {"build", "unit", "e2e", "packages"} & set(wanted):
        check_build(tally, os.path.abspath(options.build), wanted, options)
    if "release" in wanted:
        check_quick(tally, "release command", "release")
    if "e2e" not in wanted:
        check_sources(tally, wanted)
    if "fuzz" in wanted:
        check_fuzz(tally)
    if "sanitize" in wanted:
        for sanitizer in SANITIZERS:
            check_sanitized(tally, sanitizer, USUAL, [])
    if "trixie" in wanted:
        check_debian_root(tally)


def main():
    parser = argparse.ArgumentParser(prog="tools/check")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", type=lambda text: text.split(","))
    parser.add_argument("--without", type=lambda text: text.split(","), default=[])
    parser.add_argument("--sanitize", choices=SANITIZERS)
    parser.add_argument("--build", default=os.path.join(ROOT, "build-check"))
    parser.add_argument("pytest", nargs="*", help="after --: options for pytest, e.g. -- -k reload")
    options = parser.parse_args()
    wanted = options.only or (FULL if options.full else USUAL)
    if unknown := set([*wanted, *options.without]) - set(FULL):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(FULL)}")
    if early := [word for word in options.pytest if word.startswith(("-x", "--exitfirst", "--maxfail"))]:
        parser.error(f"{early[0]} would leave out tests after a failure, which the second try cannot know")
    wanted = [part for part in wanted if part not in options.without]
    tally = Tally()
    if options.sanitize:
        check_sanitized(tally, options.sanitize, wanted, options.pytest)
    else:
        check_all(tally, wanted, options)
    tally.print_summary()
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
