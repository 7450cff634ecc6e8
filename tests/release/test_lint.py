# SPDX-License-Identifier: BSD-3-Clause
"""The list of files that checks and copies of the tree go by."""

import os
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from lint import tree_files  # noqa: E402


@pytest.mark.skipif(not os.path.exists(os.path.join(ROOT, ".git")), reason="needs a checkout")
def test_a_tree_without_git_has_the_files_of_the_checkout(tmp_path):
    clone = tmp_path / "a clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    known = tree_files(clone)
    assert "lb/build_info/build_info.cpp" in known and "tools/packaging/build-deb" in known
    shutil.rmtree(clone / ".git")
    for left in ("build/object.o", "build-check/object.o", "tools/__pycache__/lint.pyc"):
        (clone / left).parent.mkdir(exist_ok=True)
        (clone / left).write_text("")
    assert tree_files(clone) == known
