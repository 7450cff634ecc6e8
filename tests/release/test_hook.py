# SPDX-License-Identifier: BSD-3-Clause
"""The hook of tools/hooks refuses a commit by what is in the index, not by what is on the disk."""

import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOOD = {"a.py": "print(1)\n", "script": "#!/bin/sh\necho \"$1\"\n", "a.cpp": "int a = 1;\n",
        "notes.txt": "anything  \n"}
BAD = {"a.py": ("import os\n", "F401"), "script": ("#!/bin/sh\necho $1\n", "SC2086"),
       "a.cpp": ("int  a=1;\n", "-Wclang-format-violations")}


class Checkout:
    def __init__(self, path):
        self.path = path
        path.mkdir(parents=True)
        for name in ("tools", ".flake8", ".clang-format"):
            source = os.path.join(ROOT, name)
            (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, path / name)
        self.git("init", "-q")
        self.git("config", "core.hooksPath", "tools/hooks")

    def git(self, *arguments, check=True):
        return subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments], cwd=self.path,
            capture_output=True, text=True, check=check,
            env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"})

    def commit(self, name, text):
        (self.path / name).write_text(text)
        self.git("add", name)
        return self.git("commit", "-qm", "tests: add a file", check=False)


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "a space" / "lbd")


@pytest.mark.parametrize("name", GOOD)
def test_a_file_without_findings_is_committed(checkout, name):
    result = checkout.commit(name, GOOD[name])
    assert result.returncode == 0, result.stderr
    assert checkout.git("show", f"HEAD:{name}").stdout == GOOD[name]


@pytest.mark.parametrize("name", BAD)
def test_a_file_with_a_finding_is_refused_and_named(checkout, name):
    text, finding = BAD[name]
    if name.endswith(".cpp") and "version 14." not in subprocess.run(
            ["clang-format", "--version"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("the format is that of clang-format 14")
    result = checkout.commit(name, text)
    assert result.returncode != 0
    assert f"{name}:" in result.stderr and finding in result.stderr, result.stderr
    assert checkout.git("rev-parse", "--verify", "-q", "HEAD", check=False).returncode != 0


def test_the_index_counts_and_not_the_file_on_the_disk(checkout):
    (checkout.path / "a.py").write_text(BAD["a.py"][0])
    checkout.git("add", "a.py")
    (checkout.path / "a.py").write_text(GOOD["a.py"])
    assert checkout.git("commit", "-qm", "tests: add", check=False).returncode != 0
    checkout.git("add", "a.py")
    (checkout.path / "a.py").write_text(BAD["a.py"][0])
    assert checkout.git("commit", "-qm", "tests: add", check=False).returncode == 0


def test_a_file_that_is_removed_is_no_finding(checkout):
    checkout.commit("a.py", GOOD["a.py"])
    checkout.git("rm", "-q", "a.py")
    assert checkout.git("commit", "-qm", "tests: remove", check=False).returncode == 0
