# SPDX-License-Identifier: BSD-3-Clause
"""A director with two ports: clients behind one, backends behind the other."""

import contextlib
import logging

import pytest
from lab import ADDRESS, wait_until
from lab.lab import health, vrrp

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.inet import IP, TCP, UDP  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402

VIP = ADDRESS.vip


@contextlib.contextmanager
def second_network(lab, ports):
    """A bridge of its own for `ports`, and the director's eth1 on it."""
    switch, director = lab.switch, lab.director_a
    switch.ip("link", "add", "br1", "type", "bridge", "stp_state", "0", "forward_delay", "0",
              "mcast_snooping", "0")
    switch.ip("link", "set", "br1", "up")
    switch.ip("link", "add", "lbd-a2", "type", "veth", "peer", "name", "eth1",
              "netns", director.name)
    try:
        for space, interface in ((switch, "lbd-a2"), (director, "eth1")):
            space.run("ethtool", "-K", interface, "tx", "off", "rx", "off", "tso", "off",
                      "gso", "off", "gro", "off", "txvlan", "off")
            space.ip("link", "set", interface, "up")
        for port in (*ports, "lbd-a2"):
            switch.ip("link", "set", port, "master", "br1")
        yield
    finally:
        if director.running():
            director.stop()
        for port in ports:
            switch.ip("link", "set", port, "master", "br0")
        switch.ip("link", "delete", "lbd-a2")
        switch.ip("link", "delete", "br1")


@pytest.fixture
def apart(lab):
    webs = (lab.web1, lab.web2)
    for number, web in enumerate(webs, 1):
        web.ip("address", "add", f"10.67.0.{number}/24", "dev", "eth0")
    with second_network(lab, ["web1", "web2"]):
        yield lab
    for number, web in enumerate(webs, 1):
        web.ip("address", "delete", f"10.67.0.{number}/24", "dev", "eth0")


def start(lab, **more):
    director = lab.director_a
    service = {"name": "web", "address": VIP, "port": 80, "protocol": "tcp", "scheduler": "rr",
               "health": health(), "backends": [{"address": f"10.67.0.{n}"} for n in (1, 2)],
               **more}
    director.start(lab.config(
        "a", [service], vrrp=[vrrp(150, interval="100ms", port="outside")],
        ports=[{"name": "outside", "device": f"{lab.device}:eth0",
                "addresses": [director.prefixed_address]},
               {"name": "inside", "device": f"{lab.device}:eth1", "addresses": ["10.67.0.11/24"]}]))
    director.wait_for_vrrp("MASTER")
    director.wait_for_all_up(20)


def test_packets_come_in_by_one_port_and_leave_by_the_other(apart):
    lab = apart
    start(lab)
    inside = bytes.fromhex(lab.director_a.mac("inside").replace(":", ""))
    frames = [bytes(Ether(src=lab.client.mac(), dst=lab.director_a.mac("outside")) /
                    IP(src=ADDRESS.client, dst=VIP) / TCP(sport=port, dport=80, flags="S"))
              for port in range(5000, 5006)]
    captures = [web.capture(f"tcp[13] == 2 and dst host {VIP}") for web in (lab.web1, lab.web2)]
    back = lab.client2.capture(f"tcp[13] == 2 and ether src {lab.director_a.mac('inside')}")
    lab.client.inject(frames)
    arrived = [capture.stop() for capture in captures]
    assert [len(packets) for packets in arrived] == [3, 3]
    assert {p[6:12] for packets in arrived for p in packets} == {inside}
    assert sorted(p[12:] for packets in arrived for p in packets) == sorted(f[12:] for f in frames)
    assert back.stop() == []


def test_each_port_has_its_host_interface_and_checks_go_by_theirs(apart):
    lab = apart
    start(lab)
    lab.client.run("ping", "-c", 1, "-W", 2, VIP)
    lab.web1.run("ping", "-c", 1, "-W", 2, "10.67.0.11")
    lab.web2.stop()
    wait_until(lambda: lab.director_a.backend("web", "10.67.0.2")["state"].lower() == "down", 10,
               "web2 is down")


def test_an_unreachable_service_is_refused_by_the_clients_port(apart):
    lab = apart
    start(lab, protocol="udp", port=9000, health={"type": "none"}, on_no_backend="reject",
          backends=[{"address": "10.67.0.1", "weight": 0}])
    errors = lab.client.capture("icmp[0] == 3")
    lab.client.inject([bytes(Ether(src=lab.client.mac(), dst=lab.director_a.mac("outside")) /
                             IP(src=ADDRESS.client, dst=VIP) / UDP(sport=5, dport=9000) / b"x")])
    told = errors.stop()
    assert [frame[34:36] for frame in told] == [b"\x03\x03"]
