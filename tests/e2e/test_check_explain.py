# SPDX-License-Identifier: BSD-3-Clause
"""lbd --check --explain prints what is in effect, as a file that lbd takes."""

import os
import shutil
import subprocess

import pytest
from conftest import BUILD, ROOT

LBD = os.path.join(BUILD, "lb", "lbd")
EXAMPLES = os.path.join(ROOT, "tools", "examples")


def _lbd(*arguments):
    return subprocess.run([LBD, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", sorted(os.listdir(EXAMPLES)))
def test_what_is_printed_for_an_example_is_accepted_and_has_the_same_values(name, tmp_path):
    original = tmp_path / name
    shutil.copyfile(os.path.join(EXAMPLES, name), original)
    original.chmod(0o640)
    first = _lbd("--check", "--explain", str(original))
    assert first.returncode == 0 and first.stderr == ""
    assert "# default" in first.stdout
    again = tmp_path / "explained.yaml"
    again.write_text(first.stdout)
    again.chmod(0o640)
    checked = _lbd("--check", str(again))
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stderr
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


@pytest.mark.parametrize("name, mode, warned", [
    ("bare-metal.yaml", 0o644, True), ("two-directors-master.yaml", 0o604, True),
    ("bare-metal.yaml", 0o640, False), ("minimal.yaml", 0o644, False),
])
def test_a_file_with_secrets_that_everybody_can_read_is_warned_of(name, mode, warned, tmp_path):
    file = tmp_path / name
    shutil.copyfile(os.path.join(EXAMPLES, name), file)
    file.chmod(mode)
    result = _lbd("--check", str(file))
    assert result.returncode == 0
    assert ("everybody can read the password or key" in result.stderr) == warned, result.stderr
