# SPDX-License-Identifier: BSD-3-Clause
"""Builds the tree: once for the tests, and once for each sanitizer."""

import json
import os
import subprocess
import time

from . import ROOT

# Compiled for the shortest time to the end of the tests. Packages and benchmarks are for speed.
OPTIONS = ["-Dwerror=true", "-Doptimization=1", "-Ddebug=false"]


def build(tally, directory, sanitize=""):
    """Everything; with a sanitizer, what its tests need."""
    start = time.monotonic()
    options = list(OPTIONS)
    if sanitize:
        options += [f"-Db_sanitize={sanitize}", "-Db_lundef=false", "-Dcpp_args=-g1"]
    setup = ["meson", "setup", *options, directory, ROOT]
    if os.path.exists(os.path.join(directory, "build.ninja")):
        setup = ["meson", "configure", *options, directory]
    good = (subprocess.run(setup, stdout=subprocess.DEVNULL, check=False).returncode == 0
            and subprocess.run(["ninja", "-C", directory, "--quiet",
                                *(tested_programs(directory) if sanitize else [])],
                               check=False).returncode == 0)
    tally.add_one(f"build {sanitize}".strip(), good, start)
    return good


def tested_programs(directory):
    """The targets of the unit tests, of the model and of what the end-to-end tests start."""
    listed = subprocess.run(["meson", "introspect", "--targets", directory], capture_output=True,
                            check=True).stdout
    names = [os.path.relpath(target["filename"][0], directory) for target in json.loads(listed)
             if target["type"] == "executable"]
    return [name for name in names
            if name.startswith(("tests/unit/", "tests/model/", "tests/quiet/"))
            or name in ("lb/lbd", "tools/lbctl/lbctl")]
