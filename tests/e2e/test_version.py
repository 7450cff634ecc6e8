# SPDX-License-Identifier: BSD-3-Clause
"""Programs, log and metrics name the same build."""

import os
import re
import subprocess

import pytest
from conftest import BUILD, ROOT
from prometheus_client.parser import text_string_to_metric_families

pytestmark = pytest.mark.any_device

PROGRAMS = {"lbd": os.path.join(BUILD, "lb", "lbd"),
            "lbctl": os.path.join(BUILD, "tools", "lbctl", "lbctl")}
TEXT = re.compile(r"(?P<version>\d+\.\d+\.\d+\S*) \(commit (?P<commit>[0-9a-f]{12}(-dirty)?|unknown), "
                  r"DPDK (?P<dpdk>\d+\.\d+\.\d+\S*), (?P<compiler>(gcc|clang) [\d.]+), [a-zO0-9, -]+\)")


def _said_by(program):
    return subprocess.run([PROGRAMS[program], "--version"], capture_output=True, text=True,
                          check=True).stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_names_version_commit_dpdk_and_compiler(program):
    said = re.fullmatch(rf"{program} {TEXT.pattern}\n", _said_by(program))
    assert said, _said_by(program)
    with open(os.path.join(ROOT, "meson.build"), encoding="utf-8") as file:
        assert f"version: '{said['version']}'" in file.read()


def test_both_programs_are_of_one_build():
    assert _said_by("lbd").split(" ", 1)[1] == _said_by("lbctl").split(" ", 1)[1]


def test_the_log_begins_with_the_version(lab):
    lab.start_director([lab.service()])
    first = lab.director_a.log().splitlines()[0]
    assert first.endswith(f"{_said_by('lbd').strip()} starts"), first


def test_the_metric_has_the_facts_of_the_version(lab):
    lab.start_director([lab.service()], metrics={})
    text = lab.director_a.run("curl", "-s", "--max-time", "4", "http://127.0.0.1:9419/metrics").stdout
    families = {family.name: family for family in text_string_to_metric_families(text)}
    [sample] = families["lbd_build_info"].samples
    assert sample.value == 1
    said = TEXT.search(_said_by("lbd"))
    assert {label: sample.labels[label] for label in ("version", "commit", "dpdk", "compiler")} == {
        label: said[label] for label in ("version", "commit", "dpdk", "compiler")}
