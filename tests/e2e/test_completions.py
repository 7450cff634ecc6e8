# SPDX-License-Identifier: BSD-3-Clause
"""Completion in bash and zsh offers what --help says."""

import os
import re
import subprocess

import pytest
from conftest import BUILD, ROOT
from lab import ADDRESS

LBCTL = os.path.join(BUILD, "tools", "lbctl", "lbctl")
LBD = os.path.join(BUILD, "lb", "lbd")
COMPLETIONS = os.path.join(ROOT, "tools", "completions")

BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
"_${1##*/}" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""

# The shell's own functions, as far as ours call them, print what they would offer.
ZSH = """
_describe() { print -l -- ${(P)2} }
compadd() { print -l -- ${(P)2} }
_files() { print -l -- *.yaml }
file=$1; shift
words=("$@"); CURRENT=$#
source $file
"""


def _bash(*words, **options):
    return _offered("bash", BASH, os.path.basename(words[0]) + ".bash", words, options)


def _zsh(*words, **options):
    lines = _offered("zsh", ZSH, "_" + os.path.basename(words[0]), words, options)
    # With what _describe shows beside each.
    return [line.split(":", 1)[0] for line in lines]


def _offered(shell, code, file, words, options):
    result = subprocess.run([shell, "-c", code, shell, os.path.join(COMPLETIONS, file), *words],
                            capture_output=True, text=True, check=False, timeout=20, **options)
    assert not result.stderr, result.stderr
    return [line for line in result.stdout.splitlines() if line]


both = pytest.mark.parametrize(
    "complete", [pytest.param(_bash, id="bash"), pytest.param(_zsh, id="zsh")])


def _help(program):
    return subprocess.run([program, "--help"], capture_output=True, text=True,
                          check=True).stdout


@both
def test_every_command_of_lbctl_is_offered(complete):
    listed = _help(LBCTL).split("Commands:\n")[1].split("\n\n")[0]
    commands = [line.split()[0] for line in listed.splitlines()]
    assert {"stats", "reload", "backend", "log-level"} <= set(commands)
    assert complete(LBCTL, "") == commands


@both
@pytest.mark.parametrize("program", [LBCTL, LBD], ids=["lbctl", "lbd"])
def test_every_option_is_offered(complete, program):
    options = re.findall(r"^  (?:-. \[ )?(--[a-z-]+)", _help(program), re.MULTILINE)
    assert {"--help", "--version"} < set(options)
    assert complete(program, "--") == options


@both
def test_what_follows_a_command_is_offered(complete):
    assert complete(LBCTL, "backend", "") == ["drain", "enable", "disable", "weight"]
    levels = ["error", "warning", "notice", "info", "debug"]
    assert complete(LBCTL, "log-level", "") == levels
    assert complete(LBD, "--log-level", "") == levels


def test_bash_offers_only_what_begins_as_typed():
    assert _bash(LBCTL, "re") == ["reload"]
    assert _bash(LBCTL, "--json", "he") == ["health"]
    assert _bash(LBCTL, "backend", "d") == ["drain", "disable"]


@both
def test_lbd_is_offered_configuration_files(complete, tmp_path):
    (tmp_path / "lbd.yaml").touch()
    (tmp_path / "notes.txt").touch()
    assert complete(LBD, "", cwd=tmp_path) == ["lbd.yaml"]


@both
@pytest.mark.any_device
def test_names_and_addresses_come_from_the_running_lbd(lab, complete):
    lab.start_director([lab.service()])
    environment = {**os.environ, "LBD_SOCKET": lab.director_a.socket}
    assert complete(LBCTL, "failover", "", env=environment) == ["VI_1"]
    assert complete(LBCTL, "--service", "", env=environment) == ["web"]
    addresses = sorted(web.address for web in lab.webs.values())
    assert complete(LBCTL, "backend", "drain", "", env=environment) == addresses
    assert ADDRESS.vip not in addresses


@pytest.mark.parametrize("file", ["lbctl.bash", "lbd.bash", "_lbctl", "_lbd"])
def test_the_files_are_accepted_by_their_shell(file):
    shell = "bash" if file.endswith(".bash") else "zsh"
    subprocess.run([shell, "-n", os.path.join(COMPLETIONS, file)], check=True)
