# SPDX-License-Identifier: BSD-3-Clause
"""The programs of every build are hardened as Debian's packages are."""

import os
import subprocess

import pytest
from conftest import BUILD

EXPECTED = ["Position Independent Executable: yes", "Stack protected: yes",
            "Fortify Source functions: yes", "Read-only relocations: yes", "Immediate binding: yes"]


@pytest.mark.parametrize("program", ["lb/lbd", "tools/lbctl/lbctl"])
def test_the_program_is_hardened(program):
    report = subprocess.run(["hardening-check", os.path.join(BUILD, program)], capture_output=True,
                            text=True, check=False).stdout
    missing = [feature for feature in EXPECTED if feature not in report]
    assert not missing, report


@pytest.mark.parametrize("program", ["lb/lbd", "tools/lbctl/lbctl"])
def test_functions_begin_with_a_landing_pad(program):
    """hardening-check looks for a note instead, which Debian's start-up objects take away."""
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", os.path.join(BUILD, program)],
                          capture_output=True, text=True, check=True).stdout
    assert code.count("endbr64") > 1000


def test_stack_clash_protection_is_asked_for():
    """hardening-check finds it only in functions whose stack frame is larger than a page."""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        assert "-fstack-clash-protection" in file.read()
