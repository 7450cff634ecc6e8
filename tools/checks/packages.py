# SPDX-License-Identifier: BSD-3-Clause
"""Builds the packages once, for the tests that install them."""

import os
import subprocess
import tempfile
import time

from . import ROOT
from .e2e import check_e2e


def build_packages(tally, output):
    """Of this machine's release; whether they are in the directory `output` then."""
    start = time.monotonic()
    result = subprocess.run(
        [os.path.join(ROOT, "tools", "packaging", "build-deb"), "--output", output],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if result.returncode != 0:
        print(result.stdout[-5000:])
    tally.add_one("build packages", result.returncode == 0, start)
    return result.returncode == 0


def check_packages(tally, directory):
    """The packages are examined by lintian, installed, upgraded and purged."""
    with tempfile.TemporaryDirectory() as scratch:
        output = os.path.join(scratch, "packages")
        if build_packages(tally, output):
            check_e2e(tally, directory, [], selected="package", packages=output)
