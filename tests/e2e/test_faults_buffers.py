# SPDX-License-Identifier: BSD-3-Clause
"""Packet buffers run short: forwarding goes on, or goes on again when there are some."""

import logging

import pytest
from lab import ADDRESS, wait_until

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.l2 import ARP, Dot1Q, Ether  # noqa: E402

URL = f"http://{ADDRESS.vip}/"
NO_CHECK = {"type": "none"}
HOST_THREAD = "lbd-host"
VLANS = range(101, 112)
RING = 1024  # the largest ring to a companion interface


def port_of(director):
    return director.lbctl("stats")["ports"][0]


def question(lab, vlan):
    """That the host has to answer."""
    return bytes(Ether(src=lab.client.mac(), dst="ff:ff:ff:ff:ff:ff") / Dot1Q(vlan=vlan) /
                 ARP(psrc="192.0.2.1", pdst="192.0.2.2"))


def test_what_the_host_does_not_take_leaves_buffers_for_what_is_forwarded(lab):
    """The thread that carries frames to companion interfaces hangs, and each has more than the
    rings to it can hold."""
    director = lab.director_a
    port = lab.config("a")["ports"][0]
    backends = [{"address": web.address, "mac": web.mac()} for web in lab.webs.values()]
    lab.start_director(
        [lab.service(backends=backends, health=NO_CHECK)],
        ports=[{**port, "vlans": [{"id": vlan, "addresses": [f"192.0.{vlan}.1/24"]}
                                  for vlan in VLANS]}])
    lab.client.expect_alternating(URL, ["web1", "web2"], 4)
    before = port_of(director)["buffers_in_use"]
    with director.hanging_thread(HOST_THREAD):
        lab.client.inject([question(lab, vlan) for vlan in VLANS], RING * 5 // 4)
        wait_until(lambda: director.drops()["punt_full"], 5, "drops at the rings to the host")
        lab.client.expect_alternating(URL, ["web1", "web2"], 20)
        assert port_of(director)["buffers_in_use"] < port_of(director)["buffers"]
    director.expect_balance()
    wait_until(lambda: port_of(director)["buffers_in_use"] < before + RING, 5, "they come back")
    director.wait_for_vrrp("MASTER")


def test_a_pool_that_is_exhausted_fills_again(lab):
    """Fewer buffers than the ring to the companion interface takes."""
    if lab.device == "af_xdp":
        pytest.skip("AF_XDP does not start with so few")
    director = lab.director_a
    backends = [{"address": web.address, "mac": web.mac()} for web in lab.webs.values()]
    memory = {**lab.config("a")["memory"], "packet_buffers": 768}
    lab.start_director([lab.service(backends=backends, health=NO_CHECK)], memory=memory)
    lab.client.expect_alternating(URL, ["web1", "web2"], 4)
    with director.hanging_thread(HOST_THREAD):
        lab.client.inject([bytes(Ether(src=lab.client.mac(), dst="ff:ff:ff:ff:ff:ff") /
                                 ARP(psrc="192.0.2.1", pdst="192.0.2.2"))], RING)
        wait_until(lambda: "lb0: no packet buffer is left" in director.log(), 10, "a warning")
    wait_until(lambda: "lb0: there are packet buffers again" in director.log(), 10, "buffers")
    director.wait_for_vrrp("MASTER")
    lab.client.expect_alternating(URL, ["web1", "web2"], 20)
    director.expect_balance()
    assert director.stop() == 0
    director.expect_nothing_left()
