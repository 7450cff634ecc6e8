# SPDX-License-Identifier: BSD-3-Clause
"""lbd --check --explain prints what is in effect, as a file that lbd takes."""

import os
import shutil
import subprocess

import pytest
from conftest import BUILD, ROOT

LBD = os.path.join(BUILD, "lb", "lbd")
EXAMPLES = os.path.join(ROOT, "tools", "examples")


def _warnings(result):
    """All but those of an example's key, and of what this machine does not have: a script, isolated
    cores, a NIC near them."""
    expected = ("will not be run", "are not isolated", "NUMA node", "the key is an example's")
    return [line for line in result.stderr.splitlines()
            if not any(words in line for words in expected)]


def _lbd(*arguments):
    return subprocess.run([LBD, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", sorted(os.listdir(EXAMPLES)))
def test_what_is_printed_for_an_example_is_accepted_and_has_the_same_values(name, tmp_path):
    original = tmp_path / name
    shutil.copyfile(os.path.join(EXAMPLES, name), original)
    original.chmod(0o640)
    first = _lbd("--check", "--explain", str(original))
    assert (first.returncode, _warnings(first)) == (0, []), first.stderr
    assert "# default" in first.stdout
    again = tmp_path / "explained.yaml"
    again.write_text(first.stdout)
    again.chmod(0o640)
    checked = _lbd("--check", str(again))
    assert (checked.returncode, _warnings(checked)) == (0, []), checked.stderr
    second = _lbd("--check", str(again), "--explain")

    def values(text):
        return [line.split(" #")[0].rstrip() for line in text.splitlines()]

    assert values(second.stdout) == values(first.stdout)


def test_secrets_are_not_printed():
    text = _lbd("--check", "--explain", os.path.join(EXAMPLES, "bare-metal.yaml")).stdout
    assert "s3cret" not in text
    assert "password: '********' # not shown" in text


def test_a_file_with_errors_is_not_explained(tmp_path):
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text("ports: 5\n")
    result = _lbd("--check", "--explain", str(faulty))
    assert result.returncode == 78
    assert result.stdout == "" and "faulty.yaml:1" in result.stderr


def test_explain_without_check_is_a_usage_error():
    assert _lbd("--explain", os.path.join(EXAMPLES, "minimal.yaml")).returncode == 2
