# SPDX-License-Identifier: BSD-3-Clause
"""Floods: more sources than there are flows, to services and to the director itself."""

import hostile
import pytest
from hostile import ACK, ICMP, IPV4, TCP, UDP
from lab import ADDRESS, wait_until
from siege import FLOWS, besieged

SOURCES = 2 * FLOWS


@pytest.fixture(scope="module")
def siege(standing_lab):
    with besieged(standing_lab) as siege:
        yield siege


def _stats(siege, key):
    return sum(w[key] for w in siege.lab.director_a.lbctl("stats")["workers"])


def _frames(siege, transport, count=SOURCES):
    return hostile.from_strangers(siege.attacker, siege.lab.director_a, ADDRESS.vip, count,
                                  transport)


def test_a_syn_flood_from_more_sources_than_there_are_flows(siege):
    evicted = _stats(siege, "evicted")
    siege.storm(siege.syns(SOURCES), "SYN flood")
    assert _stats(siege, "evicted") > evicted
    siege.expect_unharmed()


def test_a_flood_of_acks_of_no_connection_takes_no_flow(siege):
    flows = _stats(siege, "flows")
    siege.storm(_frames(siege, lambda source, vip, port: (
        TCP, hostile.tcp(source, vip, port, 80, ACK))), "ACK flood")
    assert _stats(siege, "flows") <= flows + 100
    siege.expect_unharmed()


def test_a_flood_of_datagrams_from_more_sources_than_there_are_flows(siege):
    stateless = _stats(siege, "stateless")
    frames = _frames(siege, lambda source, vip, port: (UDP, hostile.udp(port, 9000, bytes(18))))
    siege.storm(frames, "UDP flood")

    def table_is_full_of_others():
        if _stats(siege, "stateless") > stateless:
            return True
        siege.attacker.flood(frames, 1)  # a busy machine sends fewer in the time
        return False

    wait_until(table_is_full_of_others, 20, "datagrams without a flow")
    siege.expect_unharmed()
    assert siege.lab.client2.pages(f"http://{ADDRESS.vip}/", 20)


def test_a_flood_that_pretends_to_establish_connections(siege):
    """With Direct Routing nobody sees that the server never answered."""
    pairs = zip(siege.syns(SOURCES, seed=5), _frames_of_acks(siege, seed=5))
    siege.storm([frame for pair in pairs for frame in pair], "SYN and ACK flood")
    siege.expect_unharmed()
    assert siege.lab.client2.pages(f"http://{ADDRESS.vip}/", 20)


def _frames_of_acks(siege, seed):
    return hostile.from_strangers(
        siege.attacker, siege.lab.director_a, ADDRESS.vip, SOURCES,
        lambda source, vip, port: (TCP, hostile.tcp(source, vip, port, 80, ACK, number=2)), seed)


def _pings(siege):
    own, source = siege.lab.director_a.address, siege.attacker.address
    frames = []
    for number in range(4096):
        echo = b"\x08\0\0\0\0\x01" + number.to_bytes(2, "big") + bytes(26)
        echo = echo[:2] + hostile.checksum(echo).to_bytes(2, "big") + echo[4:]
        packet = hostile.ipv4(hostile.packed(source), hostile.packed(own), ICMP, echo)
        frames.append(hostile.ethernet(siege.attacker.mac(), siege.lab.director_a.mac("lb0"), IPV4,
                                       packet))
    return frames


def test_a_flood_to_the_director_itself(siege):
    def host():
        return siege.lab.director_a.lbctl("stats")["host"]

    before = host()
    datagrams = siege.datagrams_to(siege.lab.director_a)
    siege.storm([frame for pair in zip(_pings(siege), datagrams) for frame in pair],
                "pings and datagrams to the host")
    assert host()["punted"] > before["punted"]
    siege.expect_unharmed()
