# SPDX-License-Identifier: BSD-3-Clause
"""IPv6 as IPv4: balanced, checked, failed over, with extension headers, errors and fragments."""

import logging
import struct

import pytest
from lab import ADDRESS, wait_until
from lab.lab import vrrp

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.inet import TCP, UDP  # noqa: E402
from scapy.layers.inet6 import (  # noqa: E402
    ICMPv6PacketTooBig, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop)
from scapy.layers.l2 import Ether  # noqa: E402

VIP = "fd66::100"
CLIENT = "fd66::1"
URL = f"http://[{VIP}]/"
NO_CHECK = {"type": "none"}


def own(letter):
    return {"a": "fd66::11", "b": "fd66::12"}[letter]


def web_address(number):
    return f"fd66::2{number}"


@pytest.fixture
def lab6(lab):
    """The lab, speaking both families; its directors' ports have an address of each."""
    lab.client.speak_ipv6(f"{CLIENT}/64")
    for number, web in enumerate((lab.web1, lab.web2), 1):
        web.speak_ipv6(f"{web_address(number)}/64")
        web.add_vip(VIP)
    return lab


def service(**more):
    backends = [{"address": web_address(number)} for number in (1, 2)]
    return {"name": "web6", "address": VIP, "port": 80, "protocol": "tcp", "backends": backends,
            "health": {"type": "tcp", "interval": "500ms", "connect_timeout": "500ms",
                       "retries": 1, "delay_before_retry": "200ms"}, **more}


def config(lab, letter, priority, services, **more):
    director = {"a": lab.director_a, "b": lab.director_b}[letter]
    instance = vrrp(priority, interval="100ms",
                    virtual_addresses=[f"{ADDRESS.vip}/32", f"{VIP}/64"])
    return lab.config(letter, services, vrrp=[instance], ports=[{
        "name": "lb0", "device": f"{lab.device}:eth0",
        "addresses": [director.prefixed_address, f"{own(letter)}/64"]}], **more)


def start(lab, *services, letter="a", priority=150, **more):
    director = {"a": lab.director_a, "b": lab.director_b}[letter]
    director.start(config(lab, letter, priority, services, **more))
    director.wait_for_vrrp("MASTER" if letter == "a" else "BACKUP")
    director.wait_for_all_up(20)
    return director


def to_vip(lab, *layers):
    frame = Ether(src=lab.client.mac(), dst=lab.director_a.mac("lb0")) / IPv6(src=CLIENT, dst=VIP)
    for layer in layers:
        frame = frame / layer
    return bytes(frame)


def seen_by(lab, expression, frames):
    """What of `frames`, sent by the client, arrives at each web server from the director."""
    captures = [web.capture(f"ether src {lab.director_a.mac('lb0')} and dst host {VIP} and ({expression})")
                for web in (lab.web1, lab.web2)]
    lab.client.inject(frames)
    return [[frame[14:] for frame in capture.stop()] for capture in captures]


@pytest.mark.quick
def test_requests_alternate_and_a_dead_server_is_left_out(lab6):
    director = start(lab6, service())
    lab6.client.expect_alternating(URL, ["web1", "web2"], 6)
    lab6.web2.stop()
    wait_until(lambda: director.backend("web6", web_address(2))["state"].lower() == "down", 10,
               "web2 is down")
    assert lab6.client.pages(URL, 4) == {"web1": 4}
    connections = director.lbctl_run("connections").stdout
    assert f"[{CLIENT}]:" in connections and f"[{VIP}]:80" in connections


@pytest.mark.any_device  # a veth has one receive queue, which is too few for AF_XDP
def test_a_client_keeps_its_server_on_whichever_worker_its_connections_arrive(lab6):
    director = start(lab6, service(persistence="1m", persistence_prefix=64),
                     workers={"count": 2, "idle": "sleep"})
    page = lab6.client.get(URL)
    assert lab6.client.pages(URL, 20) == {page: 20}
    lab6.client2.speak_ipv6("fd66::2/64")  # of the same /64
    assert lab6.client2.pages(URL, 5) == {page: 5}
    received = [worker["rx_packets"] for worker in director.lbctl("stats")["workers"]]
    assert min(received) > 0
    assert "PERSIST" in director.lbctl_run("connections").stdout


def test_the_other_director_takes_over_and_tells_the_neighbours(lab6):
    start(lab6, service())
    start(lab6, service(), letter="b", priority=100)
    told = lab6.client2.capture("icmp6 and ip6[40] == 136")
    lab6.client2.speak_ipv6("fd66::2/64")
    load = lab6.client.load(URL, timeout=2)
    load.wait_for_answers(20)
    lab6.director_a.kill()
    lab6.director_b.wait_for_vrrp("MASTER")
    load.wait_for_answers(20, timeout=10)
    load.stop().expect_outage_below(3)
    old, mac = [bytes.fromhex(director.mac("eth0").replace(":", "")) for director in lab6.directors]
    vip = bytes.fromhex("fd66" + 12 * "00" + "0100")
    adverts = [f for f in told.stop() if f[62:78] == vip]
    # Director a repeats its own for some seconds after it has become master.
    while adverts and adverts[0][80:86] == old:
        del adverts[0]
    assert adverts and {frame[80:86] for frame in adverts} == {mac}
    assert {frame[58] & 0x20 for frame in adverts} == {0x20}


def test_extension_headers_are_stepped_over_and_go_along(lab6):
    start(lab6, service(health=NO_CHECK))
    frames = [to_vip(lab6, IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt(),
                     TCP(sport=1000 + n, dport=80, flags="S")) for n in range(2)]
    arrived = seen_by(lab6, "ip6[6] == 0", frames)
    assert sorted(arrived[0] + arrived[1]) == sorted(frame[14:] for frame in frames)
    assert len(arrived[0]) == len(arrived[1]) == 1


def test_packet_too_big_reaches_the_server_of_the_flow(lab6):
    start(lab6, service(health=NO_CHECK))
    opened = seen_by(lab6, "ip6[53] == 2",
                     [to_vip(lab6, TCP(sport=p, dport=80, flags="S")) for p in range(2000, 2006)])
    for number, packets in enumerate(opened):
        assert len(packets) == 3
        port = struct.unpack_from("!H", packets[0], 40)[0]
        quoted = IPv6(src=VIP, dst=CLIENT) / TCP(sport=80, dport=port) / bytes(100)
        error = to_vip(lab6, ICMPv6PacketTooBig(mtu=1280), quoted)
        arrived = seen_by(lab6, "icmp6 and ip6[40] == 2", [error])
        assert arrived[number] == [error[14:]] and arrived[1 - number] == []


def test_fragments_follow_their_first_one_in_any_order(lab6):
    start(lab6, service(name="udp6", protocol="udp", port=9000, health=NO_CHECK))
    datagrams = []
    for n in range(4):
        payload = bytes(UDP(sport=3000 + n, dport=9000, len=8 + 2000) / bytes(2000))
        parts = [to_vip(lab6, IPv6ExtHdrFragment(id=n + 1, offset=at // 8, m=at < 1600, nh=17),
                        payload[at:at + 800]) for at in (0, 800, 1600)]
        datagrams.append(parts[::-1] if n % 2 else parts)
    arrived = seen_by(lab6, "ip6[6] == 44", [part for parts in datagrams for part in parts])
    for parts in datagrams:
        wanted = {part[14:] for part in parts}
        assert sorted(len(wanted & set(packets)) for packets in arrived) == [0, 3]


def test_a_large_ping_reaches_the_host_in_all_its_fragments(lab6):
    start(lab6, service(), workers={"count": 1 if lab6.device == "af_xdp" else 2, "idle": "sleep"})
    lab6.client.run("ping", "-6", "-c", 3, "-W", 2, "-s", 4000, VIP)


def test_a_udp_service_answers(lab6):
    start(lab6, service(name="udp6", protocol="udp", port=9000, health=NO_CHECK))
    code = ("import socket, sys\n"
            "s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n"
            "s.bind((sys.argv[1], 9000))\n"
            "while True:\n"
            "    data, peer = s.recvfrom(2048)\n"
            "    s.sendto(sys.argv[2].encode(), peer)\n")
    for web in (lab6.web1, lab6.web2):
        web.popen("/usr/bin/python3", "-c", code, VIP, web.page)
        wait_until(lambda web=web: 9000 in web.ports("udp"), 5, "the UDP server")
    ask = ("import socket, sys\n"
           "for n in range(6):\n"
           "    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n"
           "    s.settimeout(2)\n"
           "    s.sendto(b'x', (sys.argv[1], 9000))\n"
           "    print(s.recv(100).decode())\n")
    answers = lab6.client.run("/usr/bin/python3", "-c", ask, VIP).stdout.split()
    assert sorted(answers) == ["web1"] * 3 + ["web2"] * 3


def test_a_backend_without_the_address_or_that_announces_it_is_named(lab6):
    checks = {**service()["health"], "type": "none", "check_vip": True}
    director = start(lab6, service(health=checks))
    address = web_address(1)

    def check():
        return next(each for each in director.lbctl("health")["checks"]
                    if each["address"] == address)

    assert check()["last_result"] == f"accepts [{VIP}]"
    assert check()["warning"] == ""
    # On the interface instead of the loopback it is announced.
    lab6.web1.ip("-6", "addr", "del", f"{VIP}/128", "dev", "lo")
    director.wait_for_backend("web6", address, "down", 8)
    assert "loopback" in check()["last_result"]
    lab6.web1.ip("-6", "addr", "add", f"{VIP}/128", "dev", "eth0", "nodad")
    try:
        director.wait_for_backend("web6", address, "up", 8)
        wait_until(lambda: "answers neighbour solicitations" in check()["warning"], 5, "a warning")
    finally:
        lab6.web1.ip("-6", "addr", "del", f"{VIP}/128", "dev", "eth0")
        lab6.web1.ip("-6", "addr", "add", f"{VIP}/128", "dev", "lo")
