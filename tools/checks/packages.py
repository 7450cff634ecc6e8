# SPDX-License-Identifier: BSD-3-Clause
"""Builds the packages once, for the tests that install them."""

import os
import subprocess
import tempfile
import time

from . import ROOT
from .e2e import check_e2e


def check_packages(tally, directory):
    """The packages of this machine's release, with lintian, installed, upgraded and purged."""
    with tempfile.TemporaryDirectory() as scratch:
        start = time.monotonic()
        log = os.path.join(scratch, "log")
        output = os.path.join(scratch, "packages")
        with open(log, "w", encoding="utf-8") as file:
            good = subprocess.run(
                [os.path.join(ROOT, "tools", "packaging", "build-deb"), "--output", output],
                stdout=file, stderr=subprocess.STDOUT, check=False).returncode == 0
        if not good:
            with open(log, encoding="utf-8", errors="replace") as file:
                print(file.read()[-5000:])
        tally.add_one("build packages", good, start)
        if good:
            check_e2e(tally, directory, [], selected="package", packages=output)
