# SPDX-License-Identifier: BSD-3-Clause
"""A thread of a master hangs, and goes on some time later."""

import time

import pytest
from lab import ADDRESS, wait_until

URL = f"http://{ADDRESS.vip}/"
INTERVAL = "500ms"
MASTER_DOWN = 2.0  # of priority 100: three intervals and its skew time
SLACK = 10  # a busy machine
HOST_THREAD = "lbd-host"


@pytest.fixture
def pair(lab):
    lab.start_pair(realtime=True, interval=INTERVAL)
    lab.gave_way_before = lab.director_b.log().count("MASTER ->")
    return lab


def answers(lab):
    """Through whoever is master."""
    wait_until(lambda: lab.client.get(URL, timeout=1), SLACK, "an answer")


def expect_first_master_again(lab):
    lab.director_a.wait_for_vrrp("MASTER", SLACK + 10)
    lab.director_b.wait_for_vrrp("BACKUP", SLACK)
    lab.expect_one_holder(lab.director_a, SLACK)
    for director in lab.directors:
        director.wait_for_all_up()
    answers(lab)
    assert lab.client.pages(URL, 6) == {"web1": 3, "web2": 3}
    for director in lab.directors:
        director.expect_balance()
    assert lab.director_b.log().count("MASTER ->") == lab.gave_way_before + 1, \
        "to what is ready only, not to what was said before the fault"


def test_a_master_with_a_hung_worker_steps_down_and_says_so(pair):
    with pair.director_a.hanging_worker():
        pair.director_a.wait_for_vrrp("FAULT", SLACK)
        pair.director_b.wait_for_vrrp("MASTER", MASTER_DOWN + SLACK)
        assert not pair.director_a.has(ADDRESS.vip)
        answers(pair)
        assert "worker 0 does not poll" in str(pair.director_a.lbctl("vrrp"))
    expect_first_master_again(pair)


def test_a_master_whose_host_thread_hangs_steps_down_and_says_so(pair):
    """Nothing of VRRP leaves or arrives then, nor does anything else of the host's."""
    with pair.director_a.hanging_thread(HOST_THREAD):
        pair.director_a.wait_for_vrrp("FAULT", SLACK)
        pair.director_b.wait_for_vrrp("MASTER", MASTER_DOWN + SLACK)
        assert not pair.director_a.has(ADDRESS.vip)
        answers(pair)
        assert "host" in str(pair.director_a.lbctl("vrrp")["instances"])
    expect_first_master_again(pair)


def test_a_starved_control_thread_gives_way_before_it_speaks_again(pair):
    """Workers go on: until the peer has taken over, packets are forwarded as before."""
    with pair.director_a.hanging_control_thread():
        pair.director_b.wait_for_vrrp("MASTER", MASTER_DOWN + SLACK)
        answers(pair)
    expect_first_master_again(pair)
    log = pair.director_a.log()
    assert log.count("MASTER ->") == 1, "it has stepped down by itself, once"


def test_short_stalls_of_the_control_thread_change_nothing(pair):
    for _ in range(3):
        with pair.director_a.hanging_control_thread():
            pass
        time.sleep(0.2)
    assert pair.director_a.vrrp_state() == "MASTER"
    assert pair.director_b.vrrp_state() == "BACKUP"
    assert pair.client.pages(URL, 6) == {"web1": 3, "web2": 3}
