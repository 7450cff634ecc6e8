# SPDX-License-Identifier: BSD-3-Clause
"""lbctl trace tells of datagrams in fragments, whatever their order."""

import pytest
from lab import ADDRESS
from test_crafted import NO_CHECK, to_vip, udp_service
from test_crafted import unassembled  # noqa: F401 (a fixture)
from test_ipv6 import CLIENT, service, start
from test_ipv6 import lab6  # noqa: F401 (a fixture)
from test_ipv6 import to_vip as to_vip6
from test_trace import SOMEBODY, Trace, reasons

from scapy.layers.inet import UDP, fragment
from scapy.layers.inet6 import IPv6ExtHdrFragment


def parts_of(lab, port):
    whole = to_vip(lab, UDP(sport=port, dport=9000), bytes(2000), client=SOMEBODY, id=port)
    return [bytes(part) for part in fragment(whole, fragsize=800)]


def addresses(packets):
    """Of their backends; a later fragment does not know a port."""
    return {packet["backend"].removesuffix(":9000") for packet in packets}


def test_fragments_in_order_follow_their_first(unassembled):  # noqa: F811
    lab = unassembled
    lab.start_director([udp_service(lab)])
    trace = Trace(lab.director_a, SOMEBODY)
    lab.client.inject(parts_of(lab, 4000))
    first, second, third = trace.packets(3)
    assert reasons([first, second, third]) == ["scheduled", "fragment", "fragment"]
    assert {packet["action"] for packet in (first, second, third)} == {"forwarded"}
    assert first["client"] == f"{SOMEBODY}:4000"
    assert addresses((first, second, third)) == {first["backend"].removesuffix(":9000")}
    assert second["destination"] == ADDRESS.vip, "its ports are in the first one"


def test_fragments_before_their_first_are_held_and_then_follow_it(unassembled):  # noqa: F811
    lab = unassembled
    lab.start_director([udp_service(lab)])
    trace = Trace(lab.director_a, SOMEBODY)
    first, *others = parts_of(lab, 4001)
    lab.client.inject([*others, first])
    seen = trace.packets(5)
    assert reasons(seen) == ["fragment_early", "fragment_early", "scheduled", "fragment",
                             "fragment"]
    assert [packet["action"] for packet in seen] == ["held"] * 2 + ["forwarded"] * 3
    assert len(addresses(seen[2:])) == 1


def test_a_fragment_whose_first_never_comes_is_told_to_be_lost(unassembled):  # noqa: F811
    lab = unassembled
    lab.start_director([udp_service(lab)])
    trace = Trace(lab.director_a, SOMEBODY)
    lab.client.inject(parts_of(lab, 4002)[1:2])
    held, lost = trace.packets(2)
    assert (held["action"], held["reason"]) == ("held", "fragment_early")
    assert (lost["action"], lost["reason"]) == ("dropped", "fragment_lost")


def test_all_of_a_large_ping_is_the_hosts(unassembled):  # noqa: F811
    lab = unassembled
    lab.start_director([udp_service(lab)])
    trace = Trace(lab.director_a, lab.client.address)
    lab.client.run("ping", "-c", 1, "-W", 2, "-s", 3000, ADDRESS.vip)
    seen = trace.packets(3)
    assert reasons(seen) == ["host"] * 3
    assert {packet["action"] for packet in seen} == {"punted"}


@pytest.mark.any_device
def test_of_two_workers_one_puts_the_fragments_in_order(lab6):  # noqa: F811
    start(lab6, service(name="udp6", protocol="udp", port=9000, health=NO_CHECK),
          workers={"count": 2, "idle": "sleep"})
    trace = Trace(lab6.director_a, CLIENT, "--rate", "1000")
    count = 20
    for number in range(count):
        whole = bytes(UDP(sport=5000 + number, dport=9000, len=8 + 2000) / bytes(2000))
        lab6.client.inject([
            to_vip6(lab6, IPv6ExtHdrFragment(id=number + 1, offset=at // 8, m=at < 1600, nh=17),
                    whole[at:at + 800]) for at in (0, 800, 1600)])
    forwarded, others = [], []
    while len(forwarded) < 3 * count:
        [packet] = [p for p in trace.packets(1) if p["protocol"] != "icmpv6"] or [None]
        if packet:
            (forwarded if packet["action"] == "forwarded" else others).append(packet)
    assert set(reasons(forwarded)) <= {"scheduled", "told", "fragment"}
    assert {packet["worker"] for packet in forwarded} == {0, 1}
    assert "fragment_home" in reasons(others)
    assert {packet["action"] for packet in others} <= {"handed_over", "held"}
