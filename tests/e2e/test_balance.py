# SPDX-License-Identifier: BSD-3-Clause
"""Every packet is accounted for: forwarded, given to the host, or dropped under a reason."""

import logging

import pytest
from lab import ADDRESS, wait_until

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402

VIP = ADDRESS.vip
NO_CHECK = {"type": "none"}
UNKNOWN = 8443


def services(lab):
    tunnels = [{"address": web.address, "forwarding": "ipip"} for web in lab.webs.values()]
    return [lab.service(on_unknown_tcp="reset"),
            lab.service("udp", backends=tunnels, port=9000, protocol="udp", health=NO_CHECK),
            lab.service("empty", backends=[], port=UNKNOWN, health=NO_CHECK,
                        on_no_backend="reject")]


def frames(lab):
    """Packets of every fate, each a hundred times."""
    head = Ether(src=lab.client.mac(), dst=lab.director_a.mac("lb0"))
    ip = IP(src=ADDRESS.client, dst=VIP)
    large = fragment(ip / UDP(sport=5, dport=9000) / bytes(4000), fragsize=1400)
    cut = IP(src=ADDRESS.client, dst=VIP, id=9) / UDP(sport=6, dport=9000) / bytes(1472)
    return [
        head / ip / TCP(sport=1, dport=80, flags="S"),             # forwarded
        head / ip / TCP(sport=2, dport=80, flags="A"),             # answered, unknown connection
        head / ip / TCP(sport=3, dport=UNKNOWN, flags="S"),        # answered, no backend
        head / ip / TCP(sport=4, dport=81, flags="S"),             # to the host
        head / cut,                                                # cut in two for the tunnel
        head / IP(src=ADDRESS.client, dst=VIP, chksum=1) / TCP(),  # malformed
        *(head / part for part in large[1:]),                      # held, then lost
        head / ip / ICMP(),                                        # to the host
        Ether(src=lab.client.mac(), dst="ff:ff:ff:ff:ff:ff") /
        ARP(psrc=ADDRESS.client, pdst=VIP),                        # to the host
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_packet_is_accounted_for(lab, workers):
    if workers > 1 and lab.device == "af_xdp":
        pytest.skip("a veth has one receive queue, which is too few for AF_XDP")
    director = lab.director_a
    lab.start_director(services(lab), workers={"count": workers, "idle": "sleep"}, wait_up=False)
    director.wait_for_backend("web", lab.web1.address, "up")
    before = director.expect_balance()
    sent = [bytes(frame) for frame in frames(lab)]
    for _ in range(10):
        lab.client.inject(sent, 10)
    wait_until(lambda: director.received() >= before["received"] + 90 * len(sent) - 200, 5,
               "they arrived")
    after = director.expect_balance()
    assert after["answered"] > before["answered"] and after["split"] > before["split"], after
    drops = director.drops()
    assert drops["bad_ip_checksum"] and drops["unknown_connection"], drops


def test_packet_buffers_come_back(lab):
    director = lab.director_a
    lab.start_director(services(lab), wait_up=False)
    director.wait_for_backend("web", lab.web1.address, "up")

    def in_use():
        return director.lbctl("stats")["ports"][0]["buffers_in_use"]

    lab.client.inject([bytes(frame) for frame in frames(lab)], 50)
    wait_until(lambda: director.lbctl("stats")["workers"][0]["fragments_held"] == 0, 20,
               "none is held any more")
    once = in_use()
    for _ in range(5):
        lab.client.inject([bytes(frame) for frame in frames(lab)], 100)
    wait_until(lambda: director.lbctl("stats")["workers"][0]["fragments_held"] == 0, 20,
               "none is held any more")
    wait_until(lambda: in_use() <= once + 64, 5, f"about {once} buffers in use as before")
