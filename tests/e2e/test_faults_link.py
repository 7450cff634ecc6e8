# SPDX-License-Identifier: BSD-3-Clause
"""The cable of a director is pulled out and put in again."""

import time

import pytest
from lab import ADDRESS
from lab.lab import SINGLE

URL = f"http://{ADDRESS.vip}/"
INTERVAL = "200ms"
MASTER_DOWN = 0.8  # of priority 100: three intervals and its skew time
SLACK = 10  # a busy machine


@pytest.fixture
def pair(lab):
    lab.start_pair(interval=INTERVAL)
    yield lab
    for letter in "ab":
        lab.switch.replug(f"lbd-{letter}")


def port_of(director):
    return director.lbctl("stats")["ports"][0]


def test_a_master_without_a_link_gives_way_and_comes_back(pair):
    before = pair.director_a.lbctl("stats")["workers"][0]["rx_packets"]
    pair.switch.unplug("lbd-a")
    pair.director_a.wait_for_vrrp("FAULT")
    pair.director_b.wait_for_vrrp("MASTER", MASTER_DOWN + SLACK)
    pair.expect_one_holder(pair.director_b, SLACK)
    assert port_of(pair.director_a)["link"] == "down"
    instance = pair.director_a.lbctl("vrrp")["instances"][0]
    assert "link" in str(instance), instance
    assert pair.client.pages(URL, 6) == {"web1": 3, "web2": 3}
    load = pair.client.load(SINGLE)
    pair.switch.replug("lbd-a")
    pair.director_a.wait_for_vrrp("MASTER", SLACK + 10)
    pair.director_b.wait_for_vrrp("BACKUP")
    load.stop().expect_all_answered()
    # Nothing that had been on its way out when the link was lost makes the other give way early.
    assert pair.director_b.log().count("BACKUP -> MASTER") == 1
    pair.expect_one_holder(pair.director_a, SLACK)
    assert pair.director_a.drops()["link_down"], "what cannot leave is dropped"
    assert pair.client.pages(URL, 6) == {"web1": 3, "web2": 3}
    assert pair.director_a.expect_balance()["received"] > before
    pair.director_b.expect_balance()
    for director in pair.directors:
        assert director.stop() == 0
        director.expect_nothing_left()


def test_a_backup_without_a_link_disturbs_nobody(pair):
    load = pair.client.load(SINGLE)
    for _ in range(2):
        pair.switch.unplug("lbd-b")
        pair.director_b.wait_for_vrrp("FAULT")
        pair.switch.replug("lbd-b")
        pair.director_b.wait_for_vrrp("BACKUP", SLACK + 10)
    load.stop().expect_all_answered()
    assert pair.director_a.vrrp_state() == "MASTER"
    pair.expect_one_holder(pair.director_a, SLACK)


def test_both_links_down_and_up_leave_one_master(pair):
    """The peer has no way to know better."""
    for letter in "ab":
        pair.switch.unplug(f"lbd-{letter}")
    for director in pair.directors:
        director.wait_for_vrrp("FAULT")
        assert not director.has(ADDRESS.vip)
    for letter in "ba":
        pair.switch.replug(f"lbd-{letter}")
    pair.director_a.wait_for_vrrp("MASTER", SLACK + 10)
    pair.expect_one_holder(pair.director_a, SLACK)
    pair.director_a.wait_for_all_up()
    assert pair.client.pages(URL, 6) == {"web1": 3, "web2": 3}


def test_a_link_that_flaps_ends_with_one_master_and_answers(pair):
    for _ in range(8):
        pair.switch.unplug("lbd-a")
        pair.switch.replug("lbd-a")
    time.sleep(2 * MASTER_DOWN)  # whatever follows from the flaps has begun
    pair.director_a.wait_for_vrrp("MASTER", SLACK + 10)
    pair.director_b.wait_for_vrrp("BACKUP", SLACK)
    pair.expect_one_holder(pair.director_a, SLACK)
    pair.director_a.wait_for_all_up()
    assert pair.client.pages(URL, 6) == {"web1": 3, "web2": 3}
    pair.director_a.expect_balance()
