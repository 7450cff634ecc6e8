# SPDX-License-Identifier: BSD-3-Clause
"""What VRRP can do besides electing one master over IPv4: IPv6, peers, groups, tracking."""

import logging
import os
import time

import pytest
from lab import ADDRESS, wait_until
from lab.lab import vrrp

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.inet import IP  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402
from scapy.layers.vrrp import VRRPv3  # noqa: E402

pytestmark = pytest.mark.any_device

VIP6 = "fd66::100"
URL = f"http://{ADDRESS.vip}/"
QUICK = {"interval": "100ms"}


def _instance(director, name="VI_1"):
    return next(i for i in director.lbctl("vrrp")["instances"] if i["name"] == name)


def _states(director):
    return [i["state"] for i in director.lbctl("vrrp")["instances"]]


def _start(lab, instances_of, services=None, **more):
    """Both directors with the instances that the function gives for a priority."""
    for director, letter, priority in ((lab.director_a, "a", 150), (lab.director_b, "b", 100)):
        director.start(lab.config(letter, services or [lab.service()], instances_of(priority),
                                  **more))


def _settled(lab, holder, loser, names=("VI_1",)):
    for name in names:
        wait_until(lambda name=name: (holder.vrrp_state(name), loser.vrrp_state(name)) ==
                   ("MASTER", "BACKUP"), 15, f"{name} at director {holder.letter}")


def _dual_ports(lab, letter):
    director, own6 = {"a": (lab.director_a, "fd66::11"), "b": (lab.director_b, "fd66::12")}[letter]
    return [{"name": "lb0", "device": f"{lab.device}:eth0",
             "addresses": [director.prefixed_address, f"{own6}/64"]}]


def _start_ipv6(lab, peers, **more):
    lab.client.speak_ipv6("fd66::1/64")
    service = {"name": "web6", "address": VIP6, "port": 80,
               "backends": [{"address": f"fd66::2{n}"} for n in (1, 2)],
               "health": {"interval": "500ms", "connect_timeout": "500ms"}}
    for number, web in enumerate((lab.web1, lab.web2), 1):
        web.speak_ipv6(f"fd66::2{number}/64")
        web.add_vip(VIP6)
    for director, letter, priority in ((lab.director_a, "a", 150), (lab.director_b, "b", 100)):
        instance = vrrp(priority, **{**QUICK, **more}, peers=peers[letter],
                        virtual_addresses=[VIP6, f"{ADDRESS.vip}/32"])
        if not peers[letter]:
            instance["virtual_addresses"] = ["fe80::5e00:5301", VIP6]
        director.start(lab.config(letter, [service], [instance], ports=_dual_ports(lab, letter)))


@pytest.mark.parametrize("peers", [{"a": [], "b": []},
                                   {"a": ["fd66::12"], "b": ["fd66::11"]}],
                         ids=["multicast", "unicast"])
def test_an_ipv6_router_fails_over_as_an_ipv4_one(lab, peers):
    _start_ipv6(lab, peers)
    _settled(lab, lab.director_a, lab.director_b)
    lab.director_a.wait_for_all_up()
    lab.director_b.wait_for_all_up()
    own = "fd66::11" if peers["a"] else "fe80::"
    wait_until(lambda: (_instance(lab.director_b)["master"] or "").startswith(own), 5,
               "the master is known")
    seen = _instance(lab.director_b)
    assert seen["family"] == "ipv6" and not any(seen["rejected"].values())
    lab.client.pages(f"http://[{VIP6}]/", 4)
    load = lab.client.load(f"http://[{VIP6}]/")
    time.sleep(0.5)
    lab.director_a.kill()
    lab.director_b.wait_for_vrrp("MASTER")
    load.wait_for_answers()
    load.stop()
    assert f"{VIP6}/128" in lab.director_b.addresses("lb0", 6)


def test_unicast_goes_to_the_peers_and_nowhere_else(lab):
    lab.director_a.start(lab.config("a", [lab.service()],
                                    [vrrp(150, **QUICK, peers=[ADDRESS.director_b])]))
    lab.director_b.start(lab.config("b", [lab.service()],
                                    [vrrp(100, **QUICK, peers=[ADDRESS.director_a])]))
    _settled(lab, lab.director_a, lab.director_b)
    heard = lab.client.capture("ip proto 112 and multicast")
    time.sleep(0.5)
    assert heard.stop() == []
    assert _instance(lab.director_a)["peers"] == [ADDRESS.director_b]
    # A stranger of priority 255 changes nothing, and is counted.
    advert = VRRPv3(vrid=51, priority=255, ipcount=1, adv=10, addrlist=[ADDRESS.vip])
    lab.client.inject([bytes(Ether(src=lab.client.mac(), dst=lab.director_a.mac("lb0")) /
                             IP(src=ADDRESS.client, dst=ADDRESS.director_a, ttl=255) / advert)] * 3)
    wait_until(lambda: _instance(lab.director_a)["rejected"]["peer"] == 3, 5, "counted")
    assert lab.director_a.vrrp_state() == "MASTER"
    lab.director_a.kill()
    lab.director_b.wait_for_vrrp("MASTER")


def _two(priority, **of_second):
    second = vrrp(priority, **QUICK, name="VI_2", group="web",
                  virtual_addresses=[f"{ADDRESS.vip2}/32"])
    return [vrrp(priority, **QUICK, group="web"), {**second, "vrid": 52, **of_second}]


def test_a_group_goes_as_a_whole_and_comes_back_as_a_whole(lab, tmp_path):
    healthy = _script(tmp_path)
    both = ("VI_1", "VI_2")

    def instances(priority):
        track = [{"script": healthy.command, "interval": "200ms"}] if priority == 150 else []
        return _two(priority, track=track)

    _start(lab, instances)
    _settled(lab, lab.director_a, lab.director_b, both)
    healthy.fail()
    wait_until(lambda: _states(lab.director_b) == ["MASTER"] * 2, 5, "both at director b")
    assert _states(lab.director_a) == ["FAULT"] * 2
    assert "VI_2" in _instance(lab.director_a, "VI_1")["ready_reason"]
    assert not lab.director_a.has(ADDRESS.vip) and not lab.director_a.has(ADDRESS.vip2)
    healthy.succeed()
    _settled(lab, lab.director_a, lab.director_b, both)
    # By command, too.
    lab.director_a.lbctl("failover", "VI_1")
    _settled(lab, lab.director_b, lab.director_a, both)


def test_one_of_a_group_that_misses_its_master_waits_for_the_others(lab):
    # Director b hears nobody of VI_2, whose VRID is another here by mistake.
    lab.director_a.start(lab.config("a", [lab.service()], _two(150)))
    lab.director_b.start(lab.config("b", [lab.service()], _two(100, vrid=53)))
    wait_until(lambda: _states(lab.director_a) == ["MASTER"] * 2, 10, "a has both")
    wait_until(lambda: "INIT" not in _states(lab.director_b), 10, "b takes part")
    for _ in range(20):
        assert _states(lab.director_b) == ["BACKUP"] * 2
        time.sleep(0.1)
    lab.director_a.kill()
    wait_until(lambda: _states(lab.director_b) == ["MASTER"] * 2, 5, "b has both")


class _script:
    """A program that succeeds until it is told to fail."""

    def __init__(self, directory):
        self._verdict = os.path.join(directory, "verdict")
        path = os.path.join(directory, "check.sh")
        with open(path, "w", encoding="ascii") as file:
            file.write(f'#!/bin/sh\nexit "$(cat {self._verdict})"\n')
        os.chmod(path, 0o700)
        self.command = [path]
        self.succeed()

    def succeed(self):
        self._say(0)

    def fail(self):
        self._say(1)

    def _say(self, status):
        with open(self._verdict + ".new", "w", encoding="ascii") as file:
            file.write(str(status))
        os.rename(self._verdict + ".new", self._verdict)


def test_what_is_tracked_lowers_the_priority_until_it_is_well_again(lab, tmp_path):
    healthy = _script(tmp_path)
    _start(lab, lambda priority: [vrrp(priority, **QUICK, track=[
        {"script": healthy.command, "interval": "200ms", "lower_priority_by": 80}]
        if priority == 150 else [])])
    _settled(lab, lab.director_a, lab.director_b)
    healthy.fail()
    _settled(lab, lab.director_b, lab.director_a)
    instance = _instance(lab.director_a)
    assert (instance["priority"], instance["effective_priority"]) == (150, 70)
    assert instance["failed"] == [f"{healthy.command[0]} exited with 1"]
    text = lab.director_a.lbctl_run("vrrp").stdout
    assert "priority 70 of 150" in text and "exited with 1" in text
    healthy.succeed()
    _settled(lab, lab.director_a, lab.director_b)


def test_who_has_no_live_backend_is_not_master(lab):
    tracked = [{"service": "web", "minimum": 2}]
    a_only = lab.service(backends=[{"address": lab.web1.address}, {"address": lab.web2.address}])
    lab.director_a.start(lab.config("a", [a_only], [vrrp(150, **QUICK, track=tracked)]))
    one = lab.service(backends=[{"address": lab.web2.address}])
    lab.director_b.start(lab.config("b", [one], [vrrp(100, **QUICK)]))
    _settled(lab, lab.director_a, lab.director_b)
    lab.web1.stop()
    lab.director_b.wait_for_vrrp("MASTER", 10)
    assert _states(lab.director_a) == ["FAULT"]
    assert _instance(lab.director_a)["ready_reason"] == \
        "service web has 1 live backends of at least 2"
    lab.web1.restart()
    _settled(lab, lab.director_a, lab.director_b)


def test_a_second_master_is_counted_told_and_answered(lab):
    lab.director_a.start(lab.config("a", [lab.service()],
                                    [vrrp(150, garp_delay="3600s", garp_repeat=2)]))
    lab.director_a.wait_for_vrrp("MASTER")
    time.sleep(0.5)
    capture = lab.client2.capture("ip proto 112 or arp")
    advert = VRRPv3(vrid=51, priority=10, ipcount=1, adv=100, addrlist=[ADDRESS.vip])
    lab.client.inject([bytes(Ether(src=lab.client.mac(), dst="01:00:5e:00:00:12") /
                             IP(src=ADDRESS.client, dst="224.0.0.18", ttl=255) / advert)] * 5)
    wait_until(lambda: _instance(lab.director_a)["rival_adverts"] == 5, 5, "counted")
    time.sleep(0.2)
    packets = [Ether(frame) for frame in capture.stop()]
    answers = [p for p in packets if IP in p and p[IP].src == ADDRESS.director_a]
    arps = [p for p in packets if ARP in p and p[ARP].psrc == ADDRESS.vip]
    assert len(answers) >= 5 and len(arps) >= 10
    assert _instance(lab.director_a)["rival"] == ADDRESS.client
    assert lab.director_a.log().count("is master, too") == 1
    assert lab.director_a.vrrp_state() == "MASTER"
    text = lab.director_a.lbctl_run("vrrp").stdout
    assert f"another master heard 5 times, last {ADDRESS.client}" in text


def _neighbour(client, address):
    """The MAC address that the client has in its cache."""
    words = client.ip("neigh", "show", address).split()
    return words[words.index("lladdr") + 1] if "lladdr" in words else None


@pytest.mark.parametrize("family", [4, 6])
def test_a_virtual_mac_moves_so_that_no_cache_has_to_change(lab, family):
    # Without a single gratuitous ARP or neighbour advertisement.
    quiet = {**QUICK, "virtual_mac": True, "garp_repeat": 0}
    vip, mac = (ADDRESS.vip, "00:00:5e:00:01:33") if family == 4 else (VIP6, "00:00:5e:00:02:33")
    url = f"http://{vip}/" if family == 4 else f"http://[{vip}]/"
    if family == 4:
        _start(lab, lambda priority: [vrrp(priority, **quiet)])
    else:
        _start_ipv6(lab, {"a": [], "b": []}, **quiet)
    _settled(lab, lab.director_a, lab.director_b)
    for director in lab.directors:
        director.wait_for_all_up()
    adverts = lab.client2.capture("ip proto 112 or ip6 proto 112")
    lab.client.pages(url, 4)
    assert _neighbour(lab.client, vip) == mac
    assert {Ether(frame).src for frame in adverts.stop()} == {mac}
    announced = lab.client2.capture("arp and arp[14:4] = arp[24:4] or icmp6 and ip6[40] = 136")
    load = lab.client.load(url)
    time.sleep(0.5)
    lab.director_a.kill()
    lab.director_b.wait_for_vrrp("MASTER")
    load.wait_for_answers()
    lab.director_a.clear()
    lab.director_a.start()
    _settled(lab, lab.director_a, lab.director_b)
    time.sleep(1)
    load.wait_for_answers()
    load.stop().expect_outage_below(2.5)
    assert _neighbour(lab.client, vip) == mac
    if family == 4:
        assert announced.stop() == []


def test_a_host_that_does_not_accept_serves_all_the_same(lab):
    _start(lab, lambda priority: [vrrp(priority, **QUICK, accept=False)])
    _settled(lab, lab.director_a, lab.director_b)
    lab.director_a.wait_for_all_up()
    ping = ("ping", "-c", 2, "-W", 1)
    assert lab.client.run(*ping, ADDRESS.director_a, check=False).returncode == 0
    assert lab.client.run(*ping, ADDRESS.vip, check=False).returncode != 0
    assert lab.client.pages(URL, 4) == {"web1": 2, "web2": 2}
    assert lab.director_a.lbctl("stats")["host"]["not_accepted"] >= 2
