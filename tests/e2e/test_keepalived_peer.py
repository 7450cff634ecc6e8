# SPDX-License-Identifier: BSD-3-Clause
"""lbd on a port and keepalived on an ordinary interface elect one master between them."""

import time

import pytest
from lab import ADDRESS, wait_until
from lab.keepalived import Keepalived
from lab.lab import vrrp

pytestmark = pytest.mark.any_device  # test_failover.py has lbd's VRRP on every device

DIALECTS = {
    "v2": {"version": 2},
    "v2-password": {"version": 2, "password": "s3cret"},
    "v3": {"version": 3},
}


@pytest.fixture(params=DIALECTS.values(), ids=DIALECTS.keys())
def dialect(request):
    return request.param


@pytest.fixture
def peers(lab, dialect):
    """Starts lbd as director a and keepalived in director b's place, with these priorities."""
    started = []

    def start(lbd_priority, keepalived_priority):
        peer = Keepalived(lab.director_b, keepalived_priority, **dialect)
        started.append(peer)
        lab.director_a.start(lab.config("a", [lab.service()], [vrrp(lbd_priority, **dialect)]))
        peer.start()
        return lab.director_a, peer

    yield start
    for peer in started:
        peer.close()


def _holders(director, peer):
    return (["lbd"] if director.has(ADDRESS.vip) else []) + \
        (["keepalived"] if peer.has_vip() else [])


def _settles_at(director, peer, holder, timeout):
    """Both may take it at nearly the same moment, one of them between two looks: seen twice."""
    def settled():
        first = _holders(director, peer)
        time.sleep(0.5)
        return first == _holders(director, peer) == [holder]

    wait_until(settled, timeout, f"{holder} alone has the VIP")


def test_lbd_with_the_higher_priority_is_master_until_it_stops(peers):
    director, peer = peers(150, 100)
    _settles_at(director, peer, "lbd", 10)
    end = time.monotonic() + 5
    while time.monotonic() < end:
        assert _holders(director, peer) == ["lbd"], peer.log()[-2000:]
        time.sleep(0.1)
    director.stop()
    # The farewell of priority 0 makes keepalived wait its skew time only.
    wait_until(peer.has_vip, 3, "keepalived has the VIP")
    director.start()
    _settles_at(director, peer, "lbd", 10)


def test_keepalived_with_the_higher_priority_is_master_until_it_stops(peers):
    director, peer = peers(100, 150)
    _settles_at(director, peer, "keepalived", 15)
    end = time.monotonic() + 5
    while time.monotonic() < end:
        assert _holders(director, peer) == ["keepalived"], peer.log()[-2000:]
        time.sleep(0.1)
    assert director.vrrp_state() == "BACKUP"
    peer.stop()
    wait_until(lambda: director.has(ADDRESS.vip), 3, "lbd has the VIP")


def test_lbd_notices_that_keepalived_has_crashed(peers):
    director, peer = peers(100, 150)
    _settles_at(director, peer, "keepalived", 15)
    peer.kill()
    peer.remove_address()
    wait_until(lambda: director.has(ADDRESS.vip), 6, "lbd has the VIP")


def test_keepalived_notices_that_lbd_has_crashed(peers):
    director, peer = peers(150, 100)
    _settles_at(director, peer, "lbd", 10)
    director.kill()
    wait_until(peer.has_vip, 6, "keepalived has the VIP")


def test_a_group_and_keepalived_s_group_are_master_as_a_whole(lab):
    both = (ADDRESS.vip, ADDRESS.vip2)
    peer = Keepalived(lab.director_b, 100, group=True)
    # The second instance alone loses its priority: the whole group goes, and comes back.
    broken = [{"service": "web", "minimum": 3}]

    def instances(track):
        return [vrrp(150, group="web"),
                vrrp(150, group="web", name="VI_2", vrid=52, track=track,
                     virtual_addresses=[f"{ADDRESS.vip2}/32"])]

    try:
        lab.director_a.start(lab.config("a", [lab.service()], instances([])))
        peer.start()
        wait_until(lambda: all(map(lab.director_a.has, both)), 15, "lbd has both")
        time.sleep(2)
        assert not any(map(peer.has_vip, both)), peer.log()[-2000:]
        lab.director_a.reload(lab.config("a", [lab.service()], instances(broken)))
        wait_until(lambda: all(map(peer.has_vip, both)), 5, "keepalived has both")
        assert not any(map(lab.director_a.has, both))
        lab.director_a.reload(lab.config("a", [lab.service()], instances([])))
        wait_until(lambda: all(map(lab.director_a.has, both)), 15, "lbd has both again")
        wait_until(lambda: not any(map(peer.has_vip, both)), 5, "keepalived has none")
    finally:
        peer.close()
