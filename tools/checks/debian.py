# SPDX-License-Identifier: BSD-3-Clause
"""Checks the tree on Debian 13, whatever Debian this machine runs: warnings as errors, the unit
tests, one failover between two directors, and the packages, which are built, examined, installed
and purged. `python3 -m checks.debian` runs this on the machine itself; its last line is
`N passed, N failed`."""

import glob
import os
import re
import subprocess
import sys
import tempfile
import time

import debian_root

from . import ROOT
from .e2e import TESTS, run_pytest, some
from .packages import build_packages
from .tally import Tally
from .unit import check_unit

FAILOVER = "test_failover.py::test_a_crash_costs_no_more_than_the_master_down_interval"
PACKAGES = ["lbd", "lbd-realserver"]


def check_debian_root(tally):
    """Everything below, in a root directory of Debian 13 and without a network."""
    start = time.monotonic()
    root = debian_root.made_root()
    if root is None:
        tally.add_one("root directory of Debian 13", False, start)
        return
    counts = None
    with root.layer() as layer, root.start(
            "/usr/bin/python3", "-m", "checks.debian", layer=layer, network=False,
            stdout=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            counts = re.fullmatch(r"(\d+) passed, (\d+) failed\n", line) or counts
    passed, failed = map(int, counts.groups()) if counts else (0, 0)
    tally.add("Debian 13", passed, max(failed, int(process.returncode != 0)), start)


def _build(tally, directory):
    """Everything, optimized as CONTRIBUTING.md says, so that GCC warns of all that it can find."""
    start = time.monotonic()
    good = (subprocess.run(["meson", "setup", "-Dwerror=true", "-Ddebug=false", directory, ROOT],
                           stdout=subprocess.DEVNULL, check=False).returncode == 0
            and subprocess.run(["ninja", "-C", directory, "--quiet"], check=False).returncode == 0)
    tally.add_one("build", good, start)
    return good


def _check_e2e(tally, title, directory, test, *options):
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        passed, failed, _ = some(run_pytest(
            os.path.join(TESTS, "e2e", test), scratch,
            {**os.environ, "LBD_BUILD": directory, "LBD_DEVICES": "af_packet"}, *options))
        tally.add(title, len(passed), len(failed), start)


def _succeeds(*command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    if result.returncode != 0:
        print(*command)
        print(result.stdout[-3000:], flush=True)
    return result.returncode == 0


def _check_lintian(tally, directory):
    start = time.monotonic()
    # No bug of Debian's asks for the package.
    good = _succeeds("lintian", "--allow-root", "--fail-on", "error,warning", "--suppress-tags",
                     "initial-upload-closes-no-bugs", *glob.glob(f"{directory}/*.changes"))
    tally.add_one("lintian", good, start)


def _check_installation(tally, directory):
    """The dependencies can be satisfied, the programs run, and a purge leaves no file."""
    start = time.monotonic()
    files = [file for name in PACKAGES for file in glob.glob(f"{directory}/{name}_*.deb")]
    results = [
        _succeeds("apt-get", "install", "-y", "--no-install-recommends", *files),
        _succeeds("lbd", "--version"),
        _succeeds("lbd", "--check", "/etc/lbd/lbd.yaml.example"),
        _succeeds("lbctl", "--help"),
        _succeeds("lbd-realserver", "--help"),
    ]
    tally.add("installation", sum(results), len(results) - sum(results), start)


def _check_hardening(tally):
    """Of the installed programs, by the test that looks at a build."""
    with tempfile.TemporaryDirectory() as directory:
        for program, name in (("/usr/sbin/lbd", "lb/lbd"), ("/usr/bin/lbctl", "tools/lbctl/lbctl")):
            os.makedirs(os.path.dirname(os.path.join(directory, name)))
            os.symlink(program, os.path.join(directory, name))
        _check_e2e(tally, "hardening", directory, "test_hardening.py", "-k", "program or functions")


def _check_purge(tally):
    start = time.monotonic()
    installed = subprocess.run(["dpkg", "-L", *PACKAGES], stdout=subprocess.PIPE, text=True,
                               check=False).stdout.splitlines()
    purged = _succeeds("dpkg", "--purge", *PACKAGES)
    left = [path for path in installed if os.path.lexists(path) and not os.path.isdir(path)]
    if left:
        print("left behind:", *left)
    tally.add_one("purge", purged and bool(installed) and not left, start)


def check_here(tally):
    with tempfile.TemporaryDirectory() as scratch:
        build = os.path.join(scratch, "build")
        if _build(tally, build):
            check_unit(tally, build)
            _check_e2e(tally, "failover", build, FAILOVER)
        packages = os.path.join(scratch, "packages")
        if build_packages(tally, packages):
            _check_lintian(tally, packages)
            _check_installation(tally, packages)
            _check_hardening(tally)
            _check_purge(tally)


def main():
    tally = Tally()
    check_here(tally)
    tally.print_summary()
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
