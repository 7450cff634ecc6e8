# SPDX-License-Identifier: BSD-3-Clause
"""tools/upgrade restarts one director after the other, and nobody notices."""

import os
import subprocess
import time

import pytest
from conftest import BUILD, ROOT
from lab import wait_until
from test_sync import URL, _start, _Users, pair  # noqa: F401

UPGRADE = os.path.join(ROOT, "tools", "upgrade")
LBCTL = os.path.join(BUILD, "tools", "lbctl", "lbctl")


def _upgrade(director, restart, timeout=20):
    return subprocess.Popen(
        [UPGRADE, "--socket", director.socket, "--lbctl", LBCTL, "--restart", restart,
         "--timeout", str(timeout)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _upgrade_in_lab(lab, director):
    """The lab itself stops and starts its directors, when the script's command says so."""
    flag = os.path.join(lab.directory, f"restart-{director.letter}")
    script = _upgrade(director, f"touch {flag}; while test -e {flag}; do sleep 0.05; done")
    wait_until(lambda: os.path.exists(flag) or script.poll() is not None, 30, "the restart")
    if script.poll() is None:
        assert director.stop() == 0
        director.start()
        os.remove(flag)
    output, errors = script.communicate(timeout=60)
    assert script.returncode == 0, output + errors
    return output


@pytest.mark.any_device
def test_both_directors_are_restarted_under_load_without_a_failed_request(pair):  # noqa: F811
    users = _Users(pair, 500, 1.0)
    load = pair.client2.load(URL)
    assert "handing over" in _upgrade_in_lab(pair, pair.director_a)
    pair.director_a.wait_for_vrrp("MASTER")  # the better one again
    assert "handing over" not in _upgrade_in_lab(pair, pair.director_b)
    time.sleep(2)
    load.stop().expect_all_answered()
    users.expect_nothing_noticed()


@pytest.mark.any_device
def test_a_director_that_is_alone_is_not_restarted(lab):
    director = _start(lab, "a")
    director.wait_for_vrrp("MASTER")
    script = _upgrade(director, "false", timeout=2)
    _, errors = script.communicate(timeout=30)
    assert script.returncode == 1
    assert "another director that knows the connections" in errors
    assert director.vrrp_state() == "MASTER"
