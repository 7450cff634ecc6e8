# SPDX-License-Identifier: BSD-3-Clause
"""Frames that nobody should forward: each is counted under its reason and goes nowhere."""

import logging

import pytest
from lab import ADDRESS, wait_until

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.inet import IP, TCP, UDP  # noqa: E402
from scapy.layers.l2 import Dot1Q, Ether  # noqa: E402

VIP = ADDRESS.vip


def _frame(lab, network, **ether):
    ether = {"src": lab.client.mac(), "dst": lab.director_a.mac("lb0"), **ether}
    return Ether(**ether) / network


def _ip(**fields):
    return IP(**{"src": ADDRESS.client, "dst": VIP, **fields})


def _syn(**fields):
    return TCP(**{"sport": 1234, "dport": 80, "flags": "S", **fields})


def frames(lab):
    """What is wrong, the frame, and the reason it is to be counted under."""
    good = bytes(_frame(lab, _ip() / _syn()))
    return [
        ("IP checksum", _frame(lab, _ip(chksum=0x1234) / _syn()), "bad_ip_checksum"),
        ("only an Ethernet header", good[:14], "truncated_ip"),
        ("half an IP header", good[:24], "truncated_ip"),
        ("IP version 5", _frame(lab, _ip(version=5) / _syn()), "bad_ip_version"),
        ("IP header of 16 bytes", _frame(lab, _ip(ihl=4) / _syn()), "bad_ip_header_length"),
        ("IP header beyond the frame", _frame(lab, _ip(ihl=15) / _syn()), "truncated_ip"),
        ("total length beyond the frame", _frame(lab, _ip(len=400) / _syn()), "bad_ip_length"),
        ("total length below the header", _frame(lab, _ip(len=19) / _syn()),
         {"bad_ip_length", "bad_ip_header_length"}),
        ("half a TCP header", _frame(lab, _ip(len=30, proto=6) / bytes(_syn())[:10]),
         "truncated_l4"),
        ("TCP header of 16 bytes", _frame(lab, _ip() / _syn(dataofs=4)), "bad_tcp_header_length"),
        ("TCP header beyond the packet", _frame(lab, _ip() / _syn(dataofs=15)),
         "bad_tcp_header_length"),
        ("half a UDP header", _frame(lab, _ip(len=24, proto=17) / b"\x04\xd2\x23\x28"),
         "truncated_l4"),
        ("UDP length beyond the packet",
         _frame(lab, _ip() / UDP(sport=1234, dport=9000, len=99) / b"x"), "bad_udp_length"),
        ("UDP length below its header",
         _frame(lab, _ip() / UDP(sport=1234, dport=9000, len=7) / b"x"), "bad_udp_length"),
        ("another host's MAC", _frame(lab, _ip() / _syn(), dst="02:00:00:00:00:99"), "wrong_mac"),
        ("VLAN tag", _frame(lab, Dot1Q(vlan=5) / _ip() / _syn()), "unknown_vlan"),
        ("source 127.0.0.1", _frame(lab, _ip(src="127.0.0.1") / _syn()), "bad_source"),
        ("multicast source", _frame(lab, _ip(src="224.0.0.5") / _syn()), "bad_source"),
        ("broadcast source", _frame(lab, _ip(src="255.255.255.255") / _syn()), "bad_source"),
    ]


def _matches(expected, drops_before, drops_after):
    names = {expected} if isinstance(expected, str) else expected
    return any(drops_after[name] == drops_before[name] + 1 for name in names)


@pytest.mark.quick
def test_each_is_counted_under_its_reason_and_goes_nowhere(lab):
    director = lab.director_a
    lab.start_director([
        lab.service(),
        lab.service("udp", port=9000, protocol="udp", health={"type": "none"}),
    ])
    director_mac = director.mac("lb0")
    captures = [web.capture(f"ether src {director_mac} and ip and dst host {VIP}")
                for web in (lab.web1, lab.web2)]
    wrong = []
    for what, frame, reason in frames(lab):
        before = director.drops()
        lab.client.inject([bytes(frame)])
        try:
            wait_until(lambda: _matches(reason, before, director.drops()), 2, reason)
        except AssertionError:
            changed = {name: count - before[name] for name, count in director.drops().items()
                       if count != before[name]}
            wrong.append(f"{what}: expected one more {reason}, seen {changed}")
    assert not wrong, "\n".join(wrong)
    assert [frame for capture in captures for frame in capture.stop()] == []
    assert lab.client.pages(f"http://{VIP}/", 4) == {"web1": 2, "web2": 2}


def test_random_frames_do_no_harm(lab):
    import random

    chance = random.Random(20)
    lab.start_director([lab.service()])
    good = bytes(_frame(lab, _ip() / _syn() / (b"x" * 50)))
    broken = []
    for _ in range(3000):
        frame = bytearray(good[: chance.randint(14, len(good))])
        for _ in range(chance.randint(1, 6)):
            frame[chance.randrange(12, len(frame))] = chance.randrange(256)
        broken.append(bytes(frame))
    lab.client.inject(broken)
    assert lab.director_a.running()
    assert lab.client.pages(f"http://{VIP}/", 10).keys() == {"web1", "web2"}
