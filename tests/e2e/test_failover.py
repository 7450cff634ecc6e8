# SPDX-License-Identifier: BSD-3-Clause
"""Two directors share a virtual address."""

import time

import pytest
from lab import ADDRESS, wait_until
from lab.lab import SINGLE, vrrp

URL = f"http://{ADDRESS.vip}/"

# RFC 9568 6.1: Skew_Time is (256 - priority) / 256 and Master_Down_Interval three more intervals.
# With an interval of 1 s and priority 100 the latter is 3.61 s.
AFTER_SILENCE = 3.61
SLACK = 1.0  # gratuitous ARP, the client's own pause and retry, a busy machine


@pytest.fixture
def pair(lab):
    lab.start_pair()
    lab.client.get(URL)
    return lab


@pytest.mark.quick
def test_the_higher_priority_is_master_and_alone_has_the_address(pair):
    assert pair.director_b.vrrp_state() == "BACKUP"
    pair.expect_one_holder(pair.director_a, 3)
    assert pair.client.pages(URL, 4) == {"web1": 2, "web2": 2}


def test_a_crash_costs_no_more_than_the_master_down_interval(pair):
    load = pair.client.load(URL)
    time.sleep(0.3)
    pair.director_a.kill()
    pair.director_b.wait_for_vrrp("MASTER")
    load.wait_for_answers(10, timeout=3)
    requests = load.stop()
    requests.expect_outage_below(AFTER_SILENCE + SLACK)
    assert len(requests.failed) <= (AFTER_SILENCE + SLACK) / 0.5 + 1, requests


def test_a_returning_master_takes_over_without_a_gap(pair):
    pair.director_a.stop()
    pair.director_b.wait_for_vrrp("MASTER")
    wait_until(lambda: pair.client.get(URL, timeout=1), 5, "an answer through director b")
    load = pair.client.load(URL)
    pair.director_a.start()
    pair.director_a.wait_for_vrrp("MASTER")
    pair.director_b.wait_for_vrrp("BACKUP")
    time.sleep(1)
    load.stop().expect_outage_below(SLACK)
    pair.expect_one_holder(pair.director_a, 3)


def test_without_preempt_the_returning_director_stays_backup(lab):
    calm = {"preempt": False, "interval": "200ms"}
    lab.director_a.start(lab.config("a", [lab.service()], [vrrp(150, **calm)]))
    lab.director_a.wait_for_vrrp("MASTER")
    lab.director_b.start(lab.config("b", [lab.service()], [vrrp(100, **calm)]))
    lab.director_a.stop()
    lab.director_b.wait_for_vrrp("MASTER")
    lab.director_a.start()
    time.sleep(2)
    assert lab.director_a.vrrp_state() == "BACKUP"
    assert lab.director_b.vrrp_state() == "MASTER"


@pytest.mark.any_device
def test_a_fast_interval_makes_a_fast_failover(lab):
    fast = {"interval": "100ms"}
    lab.director_a.start(lab.config("a", [lab.service()], [vrrp(150, **fast)]))
    lab.director_b.start(lab.config("b", [lab.service()], [vrrp(100, **fast)]))
    lab.director_a.wait_for_vrrp("MASTER")
    for director in lab.directors:
        director.wait_for_all_up()
    load = lab.client.load(URL, timeout=0.2)
    time.sleep(0.5)
    lab.director_a.kill()
    lab.director_b.wait_for_vrrp("MASTER")
    load.wait_for_answers(20, timeout=3)
    load.stop().expect_outage_below(1.2)


def test_version_2_with_a_password(lab):
    old = {"version": 2, "password": "s3cret"}
    lab.director_a.start(lab.config("a", [lab.service()], [vrrp(150, **old)]))
    lab.director_b.start(lab.config("b", [lab.service()], [vrrp(100, **old)]))
    lab.director_a.wait_for_vrrp("MASTER")
    time.sleep(4)
    assert lab.director_b.vrrp_state() == "BACKUP"
    lab.director_a.stop()
    lab.director_b.wait_for_vrrp("MASTER", 3)


def test_the_backup_forwards_nothing(pair):
    pair.client.pages(URL, 10)
    assert pair.director_b.service("web")["connections"] == 0


def test_a_hanging_master_gives_way_and_does_not_disturb_after(pair):
    pair.director_a.pause()
    try:
        pair.director_b.wait_for_vrrp("MASTER")
        wait_until(lambda: pair.client.get(URL, timeout=1), 5, "an answer through director b")
    finally:
        pair.director_a.resume()
    pair.director_a.wait_for_vrrp("MASTER")
    pair.director_b.wait_for_vrrp("BACKUP")
    assert pair.client.pages(URL, 6) == {"web1": 3, "web2": 3}


def test_a_failover_by_command_costs_nothing_and_lasts(pair):
    load = pair.client.load(SINGLE)
    time.sleep(0.3)
    assert "resigned" in pair.director_a.lbctl_run("failover", "VI_1").stdout
    pair.director_b.wait_for_vrrp("MASTER")
    time.sleep(5)  # longer than an election takes
    requests = load.stop()
    requests.expect_all_answered()
    requests.expect_outage_below(0.5)
    assert pair.director_a.vrrp_state() == "BACKUP"
    pair.expect_one_holder(pair.director_b, 3)
    refused = pair.director_a.lbctl_run("failover")
    assert refused.returncode == 1 and "no VRRP instance is master here" in refused.stderr
    # Its successor dies: it takes over, as the best again.
    pair.director_b.kill()
    pair.director_a.wait_for_vrrp("MASTER")


def test_a_failover_without_a_successor_ends_where_it_began(lab):
    lab.director_a.start(lab.config("a", [lab.service()], [vrrp(150, interval="100ms")]))
    lab.director_a.wait_for_vrrp("MASTER")
    lab.director_a.wait_for_all_up()
    lab.client.get(URL)
    load = lab.client.load(URL)
    lab.director_a.lbctl("failover")
    time.sleep(1)
    assert lab.director_a.vrrp_state() == "MASTER"
    load.stop().expect_all_answered()


def test_a_clean_stop_fails_no_request(pair):
    load = pair.client.load(SINGLE)
    time.sleep(0.3)
    pair.director_a.stop()
    pair.director_b.wait_for_vrrp("MASTER")
    load.wait_for_answers(20, timeout=3)
    requests = load.stop()
    requests.expect_all_answered()
    requests.expect_outage_below(0.5)
    pair.expect_one_holder(pair.director_b, 3)


def test_an_established_transfer_through_a_failover_goes_on_or_ends_at_once(pair):
    """Without synchronisation the new master sends the middle of a connection where its
    hash says. Either that is the same server or it answers RST; the client never hangs."""
    import subprocess

    transfer = pair.client.popen("curl", "-sS", "--max-time", 30, "-r", "0-899999", URL + "slow",
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(0.5)
    pair.director_a.stop()
    pair.director_b.wait_for_vrrp("MASTER")
    start = time.monotonic()
    _, errors = transfer.communicate(timeout=40)
    assert transfer.returncode in (0, 18, 56), errors
    assert time.monotonic() - start < 15
