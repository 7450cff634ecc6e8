# SPDX-License-Identifier: BSD-3-Clause
"""lbctl doctor and lbctl init, as somebody uses them on a host without a running lbd."""

import json
import os

import pytest
from lab import ADDRESS

pytestmark = pytest.mark.any_device


def prefixed(address):
    return f"{address}/{ADDRESS.prefix_length}"


def lbctl(lab, *arguments):
    """In the director's network, and nobody at a terminal."""
    with open(os.devnull, encoding="ascii") as nobody:
        return lab.director_a.run(lab.director_a.lbctl_path, *arguments, check=False, stdin=nobody)


def init(lab, *more):
    return lbctl(lab, "init", "--port", "eth0", "--address", prefixed(ADDRESS.director_a),
                 "--vip", ADDRESS.vip, "--backend", ADDRESS.web(1), "--backend", ADDRESS.web(2), *more)


def examine(lab, config):
    result = lbctl(lab, "doctor", "--json", config)
    findings = json.loads(result.stdout)["data"]["findings"]
    return result.returncode, findings


def of_interface(findings):
    return [finding for finding in findings if finding["subject"] == "interface eth0"]


def test_what_init_writes_is_accepted_by_lbd(lab):
    written = init(lab, "--peer", ADDRESS.director_b, "--priority", 150)
    assert written.returncode == 0, written.stderr
    result = lab.director_a.check(written.stdout)
    assert result.returncode == 0 and "warning" not in result.stderr, result.stderr


def test_init_never_writes_over_a_file(lab, tmp_path):
    file = tmp_path / "lbd.yaml"
    assert init(lab, "--output", file).returncode == 0
    before = file.read_text(encoding="utf-8")
    again = init(lab, "--service-port", 443, "--output", file)
    assert again.returncode == 1 and "exists" in again.stderr
    assert file.read_text(encoding="utf-8") == before


def test_init_without_a_terminal_names_the_flag_that_is_missing(lab):
    result = lbctl(lab, "init", "--port", "eth0", "--address", prefixed(ADDRESS.director_a))
    assert result.returncode == 2 and "--vip: is needed" in result.stderr


def test_what_doctor_says_mends_the_host(lab, tmp_path):
    file = tmp_path / "lbd.yaml"
    init(lab, "--output", file)
    director = lab.director_a
    director.ip("address", "replace", prefixed(ADDRESS.director_a), "dev", "eth0")
    director.ip("link", "set", "eth0", "mtu", 1400)
    director.ip("address", "add", f"{ADDRESS.vip}/32", "dev", "lo")
    try:
        status, findings = examine(lab, file)
        assert status == 1
        problems = [finding for finding in findings if finding["severity"] == "problem"
                    and ("eth0" in finding["subject"] or ADDRESS.vip in finding["subject"])]
        assert len(problems) == 3, findings
        for problem in problems:
            for command in problem["mend"]:
                director.run("sh", "-c", command)
        _, findings = examine(lab, file)
        assert [finding["severity"] for finding in of_interface(findings)] == ["ok"], findings
        assert not [finding for finding in findings if ADDRESS.vip in finding["subject"]]
    finally:
        director.ip("address", "del", f"{ADDRESS.vip}/32", "dev", "lo", check=False)
        director.ip("link", "set", "eth0", "mtu", 1500)
        director.ip("address", "flush", "dev", "eth0")


def test_doctor_without_a_configuration_speaks_to_people(lab):
    result = lbctl(lab, "doctor")
    assert "/dev/net/tun" in result.stdout, result.stderr
    first_words = {line.split()[0] for line in result.stdout.splitlines()}
    assert first_words <= {"ok", "note", "warning", "problem", "mend:"}


def test_doctor_shows_the_mistakes_of_a_faulty_file(lab, tmp_path):
    file = tmp_path / "lbd.yaml"
    file.write_text("services: 5\n", encoding="utf-8")
    result = lbctl(lab, "doctor", file)
    assert result.returncode == 1 and "lbd.yaml:1:" in result.stderr
