# SPDX-License-Identifier: BSD-3-Clause
"""Our VRRP and keepalived's. What they send is compared, and who holds the address."""

import contextlib
import ipaddress
import os
import signal
import struct
import time

import pytest
from cable import (OUR_ADDRESS, PEER_ADDRESS, VIP, addresses_of, adverts, has_vip, head,
                   message, priority, ttl, two_hosts, vip_of)
from lab import wait_until
from lab.namespace import stop_process
from scapy.all import ARP, Ether

DIALECTS = {
    "v2": {"version": 2},
    "v2-password": {"version": 2, "password": "s3cret"},
    "v2-unicast": {"version": 2, "unicast": True},
    "v3": {"version": 3, "interval_ms": 500},
    "v3-vmac": {"version": 3, "interval_ms": 500, "vmac": True},  # keepalived's only
    "v3-unicast": {"version": 3, "interval_ms": 500, "unicast": True},
    "v3-ipv6": {"version": 3, "interval_ms": 500, "family": 6},
    "v3-ipv6-unicast": {"version": 3, "interval_ms": 500, "family": 6, "unicast": True},
}

_KEEPALIVED = """
global_defs {{
    router_id peer
}}
vrrp_instance VI_1 {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    version {version}
    priority {priority}
    advert_int {interval}
    {authentication}
    {more}
    virtual_ipaddress {{
        {vip}
    }}
}}
"""


class Keepalived:
    name = "keepalived"

    def __init__(self, space, directory, in_our_place=False):
        self.space = space
        self._directory = directory
        self._in_our_place = in_our_place
        self._process = None

    def _path(self, suffix):
        return os.path.join(self._directory, f"keepalived.{suffix}")

    def start(self, priority, version=3, interval_ms=1000, password=None, family=4,
              unicast=False, vmac=False):
        more = "use_vmac" if vmac else ""
        if unicast:
            own, other = reversed(addresses_of(family))
            if self._in_our_place:
                own, other = other, own
            more = f"unicast_src_ip {own}\n unicast_peer {{ {other} }}"
        auth = f"authentication {{ auth_type PASS\n auth_pass {password} }}" if password else ""
        with open(self._path("conf"), "w", encoding="ascii") as file:
            file.write(_KEEPALIVED.format(version=version, priority=priority, vip=vip_of(family),
                                          interval=interval_ms / 1000, authentication=auth,
                                          more=more))
        for suffix in ("pid", "vrrp.pid"):  # of one that was killed
            with contextlib.suppress(FileNotFoundError):
                os.remove(self._path(suffix))
        with open(self._path("log"), "a", encoding="utf-8") as log:
            self._process = self.space.popen(
                "keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp",
                "--use-file", self._path("conf"), "--pid", self._path("pid"),
                "--vrrp_pid", self._path("vrrp.pid"), stdout=log, stderr=log)
        wait_until(lambda: os.path.exists(self._path("vrrp.pid")), 5, "keepalived runs")

    def stop(self):
        stop_process(self._process)

    def kill(self):
        with open(self._path("vrrp.pid"), encoding="ascii") as file:
            child = int(file.read())
        # The parent would start the child again; without a parent the child would say farewell.
        self._process.send_signal(signal.SIGSTOP)
        os.kill(child, signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def holds(self):
        return has_vip(self.space, None)


@pytest.fixture
def cable(tmp_path):
    with two_hosts(tmp_path) as made:
        made.peer = Keepalived(made.peer_host, str(tmp_path))
        yield made


@pytest.fixture(params=DIALECTS.values(), ids=DIALECTS.keys())
def dialect(request):
    return request.param


def _sum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _one_advert(cable, start, stop):
    end = cable.capture()
    start()
    cable.settles_at("ours", 10)
    time.sleep(0.2)
    stop()
    wait_until(lambda: not cable.holders(), 5, "the address is gone")
    return next(one for one in adverts(end()) if priority(one) != 0)


def test_an_advert_is_keepalived_s_byte_for_byte(cable, dialect):
    ours = _one_advert(cable, lambda: cable.ours.start(200, **dialect), cable.ours.stop)
    peer = Keepalived(cable.our_host, cable.directory, True)
    theirs = _one_advert(cable, lambda: peer.start(200, **dialect), peer.stop)
    assert message(ours) == message(theirs)
    assert head(ours) == head(theirs)
    own, other = addresses_of(dialect.get("family", 4))
    group = "224.0.0.18" if own == OUR_ADDRESS else "ff02::12"
    destination = other if dialect.get("unicast") else group
    assert head(ours)[1:3] == (own, destination)
    assert ttl(ours) == 255  # keepalived forgets it with IPv6 unicast
    sent = message(ours)
    pseudo = b""
    if dialect["version"] == 3:
        packed = [ipaddress.ip_address(address).packed for address in (own, destination)]
        pseudo = b"".join(packed) + bytes([0, 112]) + len(sent).to_bytes(2, "big")
    assert _sum(pseudo + sent) == 0xFFFF


def test_the_higher_priority_is_master_until_it_stops_and_again_after(cable, dialect):
    cable.ours.start(150, **dialect)
    cable.peer.start(100, **dialect)
    cable.settles_at("ours", 10)
    cable.stays_at("ours", 4)
    end = cable.capture()
    cable.ours.stop()
    # Priority 0 leaves keepalived's skew time, 0.61 s, instead of the master down interval.
    cable.settles_at("keepalived", 2)
    assert priority(adverts(end())[-1]) == 0
    cable.ours.start(150, **dialect)
    cable.settles_at("ours", 10)


def test_keepalived_with_the_higher_priority_is_master_until_it_stops_and_again_after(
        cable, dialect):
    cable.peer.start(150, **dialect)
    cable.ours.start(100, **dialect)
    cable.settles_at("keepalived", 10)
    cable.stays_at("keepalived", 4)
    own, peer = addresses_of(dialect.get("family", 4))
    status = cable.ours.status()
    assert (status["state"], status["master"]) == ("BACKUP", peer)
    assert not any(status["rejected"].values())
    assert not status["address_list_differs"]
    cable.peer.stop()
    cable.settles_at("ours", 2)
    assert cable.ours.status()["master"] == own
    cable.peer.start(150, **dialect)
    cable.settles_at("keepalived", 10)


def test_a_killed_keepalived_is_missed_after_its_master_down_interval(cable, dialect):
    cable.peer.start(150, **dialect)
    cable.settles_at("keepalived", 10)
    cable.ours.start(100, **dialect)
    wait_until(lambda: cable.ours.status()["adverts_received"] > 1, 5, "adverts")
    cable.peer.kill()
    began = time.monotonic()
    wait_until(lambda: "ours" in cable.holders(), 6, "ours has the address")
    interval = dialect.get("interval_ms", 1000) / 1000
    assert time.monotonic() - began > 2 * interval


def test_keepalived_misses_us_when_we_are_killed(cable, dialect):
    cable.ours.start(150, **dialect)
    cable.settles_at("ours", 10)
    cable.peer.start(100, **dialect)
    cable.stays_at("ours", 2)
    cable.ours.kill()
    wait_until(lambda: "keepalived" in cable.holders(), 6, "keepalived has the address")


def test_without_preemption_a_lesser_master_is_left_alone(cable):
    cable.peer.start(100)
    cable.settles_at("keepalived", 10)
    cable.ours.start(150, "--no-preempt")
    cable.stays_at("keepalived", 6)
    cable.peer.stop()
    cable.settles_at("ours", 2)


def test_the_owner_of_the_address_takes_it_whatever_the_flags_say(cable):
    cable.peer.start(254)
    cable.settles_at("keepalived", 10)
    cable.ours.start(255, "--start-as-master", "--no-preempt")
    cable.settles_at("ours", 1)
    cable.stays_at("ours", 2)
    assert cable.ours.status()["transitions"] == 1


def test_preemption_waits_for_its_delay(cable):
    cable.peer.start(100)
    cable.settles_at("keepalived", 10)
    cable.ours.start(150, "--preempt-delay", 6)
    cable.stays_at("keepalived", 6)
    cable.settles_at("ours", 8)


@pytest.mark.parametrize("password, reason", [("other", "password"), (None, "authentication_type")])
def test_with_another_password_both_are_master_and_it_is_told_why(cable, password, reason):
    cable.peer.start(150, version=2, password="s3cret")
    cable.ours.start(100, version=2, password=password)
    wait_until(lambda: cable.holders() == ["ours", "keepalived"], 10, "both have the address")
    rejected = cable.ours.status()["rejected"]
    assert rejected.pop(reason) > 0
    assert not any(rejected.values())
    told = cable.ours.events("rejected")
    assert {(event["source"], event["reason"]) for event in told} == {(PEER_ADDRESS, reason)}
    assert len(told) <= 3  # once a state, not once a packet


def test_who_is_not_ready_hands_over_at_once_and_takes_part_again_when_it_is(cable):
    cable.ours.start(150)
    cable.settles_at("ours", 10)
    cable.peer.start(100)
    cable.stays_at("ours", 2)
    cable.ours.signal(signal.SIGUSR2)
    cable.settles_at("keepalived", 2)
    cable.ours.signal(signal.SIGUSR2)
    cable.settles_at("ours", 8)


def test_whoever_slept_while_another_took_over_steps_down_before_it_speaks(cable):
    cable.ours.start(150)
    cable.settles_at("ours", 10)
    cable.peer.start(100)
    cable.stays_at("ours", 2)
    cable.ours.signal(signal.SIGSTOP)
    wait_until(lambda: "keepalived" in cable.holders(), 6, "keepalived has the address")
    time.sleep(2)
    end = cable.capture()
    cable.ours.signal(signal.SIGCONT)
    cable.settles_at("keepalived", 1)
    assert cable.ours.events("changed")[-1]["reason"] == "own timer was late"
    cable.stays_at("keepalived", 1.5)
    assert not adverts(end())
    cable.settles_at("ours", 8)


def test_a_new_master_sends_its_advert_then_gratuitous_arps_and_these_again(cable):
    end = cable.capture()
    cable.ours.start(200, "--garp-repeat", 3, "--garp-delay", 2, "--garp-refresh", 1)
    cable.settles_at("ours", 10)
    time.sleep(3.5)
    packets = [one for one in end() if ARP in one or adverts([one])]
    assert ARP not in packets[0]
    arps = [one for one in packets if ARP in one]
    assert {(one[ARP].op, one[ARP].psrc, one[ARP].pdst, one[Ether].dst) for one in arps} == \
        {(1, VIP, VIP, "ff:ff:ff:ff:ff:ff")}
    after = [round(float(one.time - arps[0].time)) for one in arps]
    expected = [0] * 3 + [2] * 3 + [second for second in range(3, 60) for _ in range(3)]
    assert len(after) >= 9 and after == expected[:len(after)]
