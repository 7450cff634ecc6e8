# SPDX-License-Identifier: BSD-3-Clause
"""The time of day is set, forwards and back: nothing but what shows it cares."""

import os
import time

import pytest
from lab import ADDRESS, wait_until
from lab.lab import vrrp

pytestmark = pytest.mark.any_device

URL = f"http://{ADDRESS.vip}/"
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
STEPS = ["+5h", "-5h", "+4000d", "-4000d", "+0"]


def set_clock(path, offset):
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(offset + "\n")
    os.rename(path + ".new", path)


def hour_of_last_line(director):
    return int(director.log().splitlines()[-1][:2])


def test_steps_of_the_clock_change_nothing(lab):
    if not os.path.exists(FAKETIME):
        pytest.fail("libfaketime is missing; tools/setup installs it", pytrace=False)
    clock = os.path.join(lab.directory, "clock")
    set_clock(clock, "+0")
    services = [lab.service(), lab.service("sticky", port=8080, persistence="300s")]
    lab.director_a.start(
        lab.config("a", services, [vrrp(150, interval="200ms")]),
        env={**os.environ, "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": clock,
             "DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1", "FAKETIME_DISABLE_SHM": "1"})
    lab.director_b.start(lab.config("b", services, [vrrp(100, interval="200ms")]))
    lab.director_a.wait_for_vrrp("MASTER")
    for director in lab.directors:
        director.wait_for_all_up()
    home = lab.client.get(f"http://{ADDRESS.vip}:8080/")
    load = lab.client.load(URL)
    hours = []
    for step in STEPS:
        set_clock(clock, step)
        time.sleep(1)  # five adverts and two checks
        lab.director_a.reload()
        hours.append(hour_of_last_line(lab.director_a))
        stats = lab.director_a.lbctl("stats")
        assert 0 < stats["uptime_seconds"] < 120, step
        assert lab.client.get(f"http://{ADDRESS.vip}:8080/") == home, step
    assert len(set(hours)) > 2, f"the clock has been set: {hours}"
    load.stop().expect_all_answered()
    assert lab.director_a.vrrp_state() == "MASTER"
    assert "-> MASTER" not in lab.director_b.log()
    assert "is down" not in lab.director_a.log()
    lab.director_a.expect_balance()
    assert lab.director_a.stop() == 0
    wait_until(lambda: lab.director_b.has(ADDRESS.vip), 10, "director b takes over")
    lab.director_a.expect_nothing_left()
