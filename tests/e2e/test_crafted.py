# SPDX-License-Identifier: BSD-3-Clause
"""Packets made by hand, and what of them arrives where: ICMP errors, fragments, tunnels, limits."""

import logging
import struct
import subprocess

import pytest
from lab import ADDRESS, wait_until

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402

VIP = ADDRESS.vip
NO_CHECK = {"type": "none"}
GUE_PORT = 6080


def to_vip(lab, *layers, client=ADDRESS.client, **ip):
    packet = IP(src=client, dst=VIP, **ip)
    for layer in layers:
        packet = packet / layer
    return Ether(src=lab.client.mac(), dst=lab.director_a.mac("lb0")) / packet


def syn(lab, port, **more):
    return bytes(to_vip(lab, TCP(sport=port, dport=80, flags="S"), **more))


def arrive(lab, frames, expression=f"dst host {VIP}"):
    """What the director sends to each web server while the client sends `frames`: IP packets."""
    director = lab.director_a.mac("lb0")
    captures = [web.capture(f"ether src {director} and ip and ({expression})")
                for web in (lab.web1, lab.web2)]
    before = lab.director_a.received()
    lab.client.inject([bytes(frame) for frame in frames])
    wait_until(lambda: lab.director_a.received() >= before + len(frames), 5,
               "the director has received the frames")
    return [[frame[14:] for frame in capture.stop()] for capture in captures]


def udp_service(lab, **more):
    return lab.service("udp", port=9000, protocol="udp", health=NO_CHECK, **more)


# -- ICMP errors

@pytest.mark.parametrize("kind, code", [(3, 4), (3, 1), (11, 0)])
def test_an_icmp_error_reaches_the_server_of_its_flow(lab, kind, code):
    lab.start_director([lab.service(health=NO_CHECK)])
    opened = arrive(lab, [syn(lab, port) for port in range(2000, 2006)], "tcp[13] == 2")
    assert [len(packets) for packets in opened] == [3, 3]
    for number, packets in enumerate(opened):
        port = struct.unpack_from("!H", packets[0], 20)[0]
        quoted = IP(src=VIP, dst=ADDRESS.client, flags="DF") / TCP(sport=80, dport=port)
        error = to_vip(lab, ICMP(type=kind, code=code, nexthopmtu=1400 if kind == 3 else 0),
                       bytes(quoted)[:28])
        arrived = arrive(lab, [error], "icmp")
        assert arrived[number] == [bytes(error)[14:]] and arrived[1 - number] == []


def test_the_host_still_answers_pings_to_the_vip(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    lab.client.run("ping", "-c", 2, "-W", 2, VIP)


# -- fragments

@pytest.fixture
def unassembled(lab):
    """A lab whose directors see fragments: the kernel puts IPv4's together for packet sockets."""
    if lab.device == "af_packet":
        pytest.skip("fragments do not get to a DPDK port on a packet socket")
    return lab


@pytest.mark.parametrize("order", ["forward", "backward", "interleaved"])
def test_the_fragments_of_a_datagram_reach_one_server(unassembled, order):
    lab = unassembled
    lab.start_director([udp_service(lab)])
    datagrams = []
    for n in range(4):
        whole = to_vip(lab, UDP(sport=3000 + n, dport=9000), bytes(2500), id=100 + n)
        datagrams.append([bytes(part)[14:] for part in fragment(whole, fragsize=800)])
    head = bytes(to_vip(lab))[:14]
    frames = [head + part for parts in datagrams for part in parts]
    if order == "backward":
        frames.reverse()
    if order == "interleaved":
        frames = [head + parts[n] for n in (1, 0, 3, 2) for parts in datagrams]
    arrived = arrive(lab, frames)
    for parts in datagrams:
        assert sorted(len(set(parts) & set(packets)) for packets in arrived) == [0, len(parts)]
    assert {len(packets) for packets in arrived} == {2 * len(datagrams[0])}


def test_a_large_ping_reaches_the_host_in_all_its_fragments(unassembled):
    lab = unassembled
    lab.start_director([udp_service(lab)])
    for size in (2000, 4000):
        lab.client.run("ping", "-c", 3, "-W", 2, "-s", size, VIP)


def test_fragments_without_a_first_one_are_given_up_and_counted(unassembled):
    lab = unassembled
    lab.start_director([udp_service(lab)])
    whole = to_vip(lab, UDP(sport=3000, dport=9000), bytes(2500), id=7)
    parts = fragment(whole, fragsize=800)[1:]
    before = lab.director_a.drops()["fragment_lost"]
    assert arrive(lab, parts) == [[], []]
    wait_until(lambda: lab.director_a.drops()["fragment_lost"] == before + len(parts), 40,
               "they are counted as lost")


# -- tunnels

def tunnelled(lab, kind):
    backends = [{"address": web.address, "forwarding": kind} for web in (lab.web1, lab.web2)]
    lab.start_director([udp_service(lab, backends=backends)])


def inner_of(packet, kind):
    outer = IP(packet)
    assert outer.src == ADDRESS.director_a and outer.ttl >= 32
    assert outer.chksum == IP(bytes(IP(src=outer.src, dst=outer.dst, proto=outer.proto, id=outer.id,
                                       flags=outer.flags, ttl=outer.ttl, tos=outer.tos,
                                       len=outer.len))).chksum
    if kind == "ipip":
        assert outer.proto == 4 and outer.len == len(packet)
        return packet[20:]
    assert outer.proto == 17 and outer[UDP].dport == GUE_PORT
    assert outer[UDP].len == len(packet) - 20 and outer[UDP].sport >= 32768
    assert packet[28:32] == bytes([0, 4, 0, 0])  # version 0, data, IPv4 inside
    return packet[32:]


@pytest.mark.parametrize("kind", ["ipip", "gue"])
def test_a_tunnel_carries_the_packet_as_it_came(lab, kind):
    tunnelled(lab, kind)
    frames = [bytes(to_vip(lab, UDP(sport=4000 + n, dport=9000), bytes(100), tos=0x28))
              for n in range(4)]
    arrived = arrive(lab, frames, "proto 4" if kind == "ipip" else f"udp dst port {GUE_PORT}")
    assert [len(packets) for packets in arrived] == [2, 2]
    for web, packets in zip((lab.web1, lab.web2), arrived):
        assert {IP(packet).dst for packet in packets} == {web.address}
        for packet in packets:
            assert inner_of(packet, kind) in [frame[14:] for frame in frames]


def test_what_does_not_fit_the_tunnel_is_told_its_mtu(lab):
    tunnelled(lab, "ipip")
    errors = lab.client.capture("icmp[0] == 3")
    large = to_vip(lab, UDP(sport=4100, dport=9000), bytes(1472), flags="DF")
    assert arrive(lab, [large], "proto 4") == [[], []]
    told = [IP(frame[14:]) for frame in errors.stop()]
    assert [(p[ICMP].code, p[ICMP].nexthopmtu, p.dst) for p in told] == [
        (4, 1480, ADDRESS.client)]
    assert bytes(told[0][ICMP].payload)[:28] == bytes(large)[14:42]


def test_what_does_not_fit_and_may_be_cut_is_cut_before_the_tunnel(lab):
    tunnelled(lab, "ipip")
    large = to_vip(lab, UDP(sport=4200, dport=9000), bytes(1472), id=99)
    arrived = arrive(lab, [large], "proto 4")
    packets = arrived[0] or arrived[1]
    assert not (arrived[0] and arrived[1])
    parts = [IP(packet[20:]) for packet in packets]
    assert sorted((p.frag == 0, bool(p.flags.MF), p.id) for p in parts) == [
        (False, False, 99), (True, True, 99)]
    payload = b"".join(bytes(p.payload) for p in sorted(parts, key=lambda p: p.frag))
    assert payload == bytes(large[IP].payload)
    assert max(len(packet) for packet in packets) <= 1500


# -- limits and overload

def test_a_client_network_gets_no_more_connections_a_second_than_allowed(lab):
    lab.start_director([lab.service(health=NO_CHECK, limits={"connections_per_client": 10,
                                                             "client_prefix": 24})])
    before = lab.director_a.drops()["client_limit"]
    arrived = arrive(lab, [syn(lab, port) for port in range(10000, 10200)], "tcp[13] == 2")
    let_in = sum(map(len, arrived))
    assert 10 <= let_in <= 40
    assert lab.director_a.drops()["client_limit"] - before == 200 - let_in
    other = arrive(lab, [syn(lab, 1, client="10.66.9.1")], "tcp[13] == 2")
    assert sum(map(len, other)) == 1


def test_a_backend_over_its_threshold_gets_nothing_new(lab):
    backends = [{"address": lab.web1.address, "upper_threshold": 5, "lower_threshold": 2},
                {"address": lab.web2.address}]
    lab.start_director([lab.service(backends=backends, health=NO_CHECK)])
    arrived = arrive(lab, [syn(lab, port) for port in range(11000, 11040)], "tcp[13] == 2")
    assert [len(packets) for packets in arrived] == [5, 35]


def test_a_flood_of_syns_takes_nothing_from_established_connections(lab):
    lab.start_director([lab.service(health=NO_CHECK)],
                       memory={"hugepages": False, "flows": 1024, "persistence_entries": 1024})
    # From few addresses: a kernel remembers about a thousand neighbours, of all hosts of the lab.
    head = bytes(Ether(src=lab.client.mac(), dst=lab.director_a.mac("lb0"), type=0x800))
    flood = [head + bytes(IP(src=f"10.66.100.{1 + n % 40}", dst=VIP) /
                          TCP(sport=1024 + n, dport=80, flags="S")) for n in range(6000)]
    client = (
        "import socket, sys\n"
        "s = [socket.create_connection((sys.argv[1], 80), 5) for n in range(40)]\n"
        "print('open', flush=True)\n"
        "sys.stdin.readline()\n"
        "for c in s:\n"
        "    c.settimeout(5)\n"
        "    c.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\n"
        "print(sum(b'web' in c.makefile('rb').read() for c in s), flush=True)\n")
    process = lab.client.popen("/usr/bin/python3", "-c", client, VIP, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "open\n"
    for begin in range(0, len(flood), 500):  # what a packet socket of a sleepy director takes
        lab.client2.inject(flood[begin:begin + 500])
    stats = lab.director_a.lbctl("stats")
    assert sum(worker["evicted"] for worker in stats["workers"]) > 1000
    output, _ = process.communicate("go\n", timeout=30)
    assert output.strip() == "40"
