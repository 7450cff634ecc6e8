# SPDX-License-Identifier: BSD-3-Clause
"""Fragments of datagrams that never become whole, tiny and overlapping ones."""

import random
import struct

import hostile
import pytest
from hostile import IPV4, IPV6, TCP, UDP
from lab import ADDRESS, wait_until
from siege import VIP6, besieged

MORE = 0x2000  # in IPv4's field; IPv6's has offset and flag the other way round
DATAGRAMS = 4096
FRAGMENT_HEADER = 44


@pytest.fixture(scope="module")
def siege(standing_lab):
    with besieged(standing_lab) as siege:
        yield siege


def ipv4_part(chance, protocol, offset, more, contents):
    source = hostile.stranger(chance)
    return hostile.ipv4(source, hostile.packed(ADDRESS.vip), protocol, contents,
                        ident=chance.randrange(65536), fragment=offset // 8 | (MORE if more else 0))


def ipv6_part(chance, protocol, offset, more, contents):
    source = hostile.packed("2001:db8::")[:8] + chance.randbytes(8)
    header = struct.pack("!BBHI", protocol, 0, offset | more, chance.getrandbits(32))
    payload = header + contents
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload), FRAGMENT_HEADER, 64, source,
                       hostile.packed(VIP6)) + payload


FAMILIES = {4: (IPV4, ipv4_part), 6: (IPV6, ipv6_part)}


def parts(chance, make):
    """Packets by what is wrong with them, each of a datagram of its own."""
    syn = struct.pack("!HHIIBBHHH", 1024 + chance.randrange(60000), 80, 1, 0, 0x50, 2, 8192, 0, 0)
    datagram = hostile.udp(1024 + chance.randrange(60000), 9000, bytes(1400))
    return {
        "first of several": make(chance, UDP, 0, 1, datagram[:800]),
        "middle": make(chance, UDP, 800, 1, datagram[800:1200]),
        "last": make(chance, UDP, 65480 if chance.random() < 0.5 else 1200, 0, datagram[1200:1224]),
        "beyond 65,535 bytes": make(chance, UDP, 65528, 0, bytes(64)),
        "eight bytes of TCP": make(chance, TCP, 0, 1, syn[:8]),
        "flags in a second part": make(chance, TCP, 8, 0, syn[8:]),
        "empty": make(chance, UDP, 8, 1, b""),
        "one that is whole": make(chance, UDP, 0, 0, datagram),
    }


def overlapping(chance, make):
    """Of one datagram, parts that lie about each other: another port in the second first one."""
    state = chance.getstate()
    frames = []
    for port, offset, size, more in ((9000, 0, 160, 1), (9001, 0, 160, 1), (80, 8, 160, 1),
                                     (9000, 0, 8, 1), (9000, 80, 400, 1), (9000, 160, 8, 0)):
        chance.setstate(state)  # the same source and identification
        frames.append(make(chance, UDP, offset, more, hostile.udp(5000, port, bytes(400))[:size]))
    return frames


def frames(siege, family, packets):
    kind, make = FAMILIES[family]
    own, port = siege.attacker.mac(), siege.lab.director_a.mac("lb0")
    chance = random.Random(8)
    return [hostile.ethernet(own, port, kind, packet) for _ in range(DATAGRAMS // 8)
            for packet in packets(chance, make)]


def unassembled(siege, family):
    """The kernel puts IPv4's together for packet sockets."""
    return family == 6 or siege.lab.device != "af_packet"


@pytest.mark.parametrize("family", FAMILIES)
def test_parts_that_never_become_whole(siege, family):
    director = siege.lab.director_a
    before = director.drops()
    siege.storm(frames(siege, family, lambda chance, make: parts(chance, make).values()),
                f"fragments, IPv{family}", arrives=unassembled(siege, family))
    if unassembled(siege, family):
        wait_until(lambda: director.drops()["fragment_excess"] > before["fragment_excess"], 5,
                   "there was not room for all")
        wait_until(lambda: director.lbctl("stats")["workers"][0]["fragments_held"] == 0, 60,
                   "none is held any more")
        assert director.drops()["fragment_lost"] > before["fragment_lost"]
    siege.expect_unharmed()


@pytest.mark.parametrize("family", FAMILIES)
def test_parts_that_overlap(siege, family):
    siege.storm(frames(siege, family, overlapping), f"overlapping fragments, IPv{family}",
                arrives=unassembled(siege, family))
    siege.expect_unharmed()
