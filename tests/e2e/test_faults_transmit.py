# SPDX-License-Identifier: BSD-3-Clause
"""What is sent is not taken: it is dropped under its reason, and nothing waits for it."""

import contextlib
import logging

import pytest
from lab import ADDRESS, wait_until
from lab.lab import vrrp

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402

URL = f"http://{ADDRESS.vip}/"
NO_CHECK = {"type": "none"}
PACKETS = 4000  # more than a device has room for


@contextlib.contextmanager
def narrow(lab, port):
    """The switch sends a packet a second by that port, and holds the others."""
    lab.switch.run("tc", "qdisc", "add", "dev", port, "root", "tbf", "rate", "8kbit", "burst",
                   "1600", "limit", "100mb")
    try:
        yield
    finally:
        lab.switch.run("tc", "qdisc", "delete", "dev", port, "root")


@pytest.fixture
def director(lab):
    lab.start_director(
        [lab.service(),
         lab.service("udp", [{"address": lab.web1.address}], port=9000, protocol="udp",
                     health=NO_CHECK)], vrrp=[vrrp(150, interval="1s")])
    lab.director_a.expect_balance()
    return lab.director_a


def datagram(lab, port):
    return bytes(Ether(src=lab.client.mac(), dst=lab.director_a.mac("lb0")) /
                 IP(src=ADDRESS.client, dst=ADDRESS.vip) / UDP(sport=port, dport=9000) /
                 bytes(1000))


def flood(lab):
    lab.client.inject([datagram(lab, 5000 + n) for n in range(8)], PACKETS // 8)


def expect_forwarding_again(lab):
    director = lab.director_a
    director.wait_for_vrrp("MASTER")
    director.wait_for_all_up()
    wait_until(lambda: lab.client.get(URL, timeout=1), 10, "an answer")
    assert lab.client.pages(URL, 10) == {"web1": 5, "web2": 5}
    director.expect_balance()
    assert director.stop() == 0
    director.expect_nothing_left()


def test_a_port_that_takes_nothing_recovers(lab, director):
    """With AF_PACKET workers go on meanwhile. DPDK's AF_XDP driver waits: a worker that hangs."""
    with narrow(lab, "web1"):
        flood(lab)
        if lab.device == "af_packet":
            wait_until(lambda: director.drops()["tx_full"] > PACKETS // 4, 10, "drops: it is full")
            polls = director.lbctl("stats")["workers"][0]["polls"]
            wait_until(lambda: director.lbctl("stats")["workers"][0]["polls"] > polls + 10, 3,
                       "the worker polls")
            assert director.vrrp_state() == "MASTER"
            assert "does not poll" not in director.log()
    expect_forwarding_again(lab)
