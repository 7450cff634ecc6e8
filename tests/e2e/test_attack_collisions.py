# SPDX-License-Identifier: BSD-3-Clause
"""Flows chosen so that a weak hash would put them all in one place: nobody knows the seed."""

import hostile
import pytest
from lab import ADDRESS, wait_until

FLOWS = 8192
CHOSEN = FLOWS // 2  # of which, by chance, not one in millions would find no place

# Source address (its last 17 bits) and port by number. What changes in one is undone in the other,
# or is far from the bits that a table of this size would look at.
PATTERNS = {
    "sum": lambda n: (0x10000 - 4 * n - 4, 4 * n + 4),
    "exclusive or": lambda n: ((n << 4) ^ 0x5A5A, (n << 4) ^ 0xA5A5),
    "high bits": lambda n: (n % 64 << 10, 1024 + (n // 64 << 9)),
    "one address": lambda n: (77, 1024 + n),
    "one port": lambda n: (n, 5353),
}


@pytest.mark.any_device
@pytest.mark.parametrize("pattern", PATTERNS)
def test_all_of_them_find_a_place(lab, pattern):
    lab.start_director([lab.service("udp", port=9000, protocol="udp", health={"type": "none"})],
                       memory={"hugepages": False, "flows": FLOWS, "persistence_entries": 1024})
    director = lab.director_a
    vip, own, port = hostile.packed(ADDRESS.vip), lab.client2.mac(), director.mac("lb0")
    frames = []
    for number in range(CHOSEN):
        bits, source_port = PATTERNS[pattern](number)
        source = (int(hostile.STRANGERS[0]) + bits).to_bytes(4, "big")
        packet = hostile.ipv4(source, vip, hostile.UDP, hostile.udp(source_port, 9000, bytes(18)))
        frames.append(hostile.ethernet(own, port, hostile.IPV4, packet))
    assert len(set(frames)) == CHOSEN

    def all_have_a_flow():
        lab.client2.flood(frames, 1, pace=10_000)  # what is lost on the way comes again
        return director.lbctl("stats")["workers"][0]["flows"] == CHOSEN

    wait_until(all_have_a_flow, 20, "a flow for each")
    assert director.lbctl("stats")["workers"][0]["stateless"] == 0
