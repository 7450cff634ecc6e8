# SPDX-License-Identifier: BSD-3-Clause
"""A director whose port is a trunk: clients on one VLAN, backends on another."""

import logging

import pytest
from lab import ADDRESS, wait_until
from lab.lab import health, vrrp

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.inet import IP, TCP  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402

CLIENTS, SERVERS = 10, 20
VIP = ADDRESS.vip


@pytest.fixture
def trunk(lab):
    """web1 and web2 on a network and VLAN of their own, with the director as their neighbour."""
    webs = (lab.web1, lab.web2)
    for number, web in enumerate(webs, 1):
        web.ip("address", "add", f"10.67.0.{number}/24", "dev", "eth0")
    with lab.switch.trunk("lbd-a", {CLIENTS: ["client", "client2"], SERVERS: ["web1", "web2"]}):
        yield lab
    for number, web in enumerate(webs, 1):
        web.ip("address", "delete", f"10.67.0.{number}/24", "dev", "eth0")


def start(lab, routers=(), **more):
    service = {"name": "web", "address": VIP, "port": 80, "protocol": "tcp", "scheduler": "rr",
               "health": health(), **more,
               "backends": [{"address": f"10.67.0.{number}"} for number in (1, 2)]}
    config = lab.config(
        "a", [service], vrrp=routers or [vrrp(150, interval="100ms", port="clients")],
        ports=[{"name": "lb0", "device": f"{lab.device}:eth0", "vlans": [
            {"id": CLIENTS, "name": "clients", "addresses": [lab.director_a.prefixed_address]},
            {"id": SERVERS, "addresses": ["10.67.0.11/24"]}]}])
    lab.director_a.start(config)
    lab.director_a.wait_for_vrrp("MASTER")
    lab.director_a.wait_for_all_up(20)
    return config


def syn(lab, port):
    return bytes(Ether(src=lab.client.mac(), dst=lab.director_a.mac("clients")) /
                 IP(src=ADDRESS.client, dst=VIP) / TCP(sport=port, dport=80, flags="S"))


def test_packets_go_from_the_clients_vlan_to_the_servers(trunk):
    lab = trunk
    start(lab)
    assert lab.director_a.interfaces().count("lb0.20") == 1
    captures = [web.capture(f"tcp[13] == 2 and dst host {VIP} and ether dst {web.mac()}")
                for web in (lab.web1, lab.web2)]
    frames = [syn(lab, port) for port in range(5000, 5006)]
    lab.client.inject(frames)
    arrived = [capture.stop() for capture in captures]
    assert [len(packets) for packets in arrived] == [3, 3]
    assert sorted(p[12:] for packets in arrived for p in packets) == sorted(f[12:] for f in frames)


def test_two_routers_with_one_virtual_mac_on_a_port_do_not_take_it_from_each_other(trunk):
    lab = trunk
    routers = [vrrp(150, interval="100ms", port="clients", virtual_mac=True),
               vrrp(150, name="VI_2", interval="100ms", port="lb0.20", virtual_mac=True,
                    virtual_addresses=["10.67.0.100"])]
    config = start(lab, routers)
    lab.director_a.wait_for_vrrp("MASTER", 20, "VI_2")
    mac = "00:00:5e:00:01:33"

    def taken(first_port):
        captures = [web.capture(f"tcp[13] == 2 and dst host {VIP} and ether dst {web.mac()}")
                    for web in (lab.web1, lab.web2)]
        frames = [syn(lab, port) for port in range(first_port, first_port + 4)]
        lab.client.inject([bytes.fromhex(mac.replace(":", "")) + frame[6:] for frame in frames])
        return sum(len(capture.stop()) for capture in captures)

    assert taken(5000) == 4
    lab.director_a.reload({**config, "vrrp": routers[:1]})
    assert taken(5100) == 4
    lab.director_a.reload({**config, "vrrp": []})
    assert taken(5200) == 0


def test_the_host_is_on_both_vlans_and_on_each_by_itself(trunk):
    lab = trunk
    start(lab)
    lab.client.run("ping", "-c", 1, "-W", 2, ADDRESS.director_a)
    lab.client.run("ping", "-c", 1, "-W", 2, VIP)
    lab.web1.run("ping", "-c", 1, "-W", 2, "10.67.0.11")
    lab.web2.stop()
    wait_until(lambda: lab.director_a.backend("web", "10.67.0.2")["state"].lower() == "down", 10,
               "web2 is down")


def test_what_has_the_tag_of_another_vlan_is_counted(trunk):
    lab = trunk
    start(lab)
    before = lab.director_a.drops()["unknown_vlan"]
    inject = ("import socket, sys\n"
              "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
              "s.bind(('lbd-a', 0))\n"
              "for line in sys.stdin: s.send(bytes.fromhex(line.strip()))\n")
    frame = syn(lab, 6000)
    tagged = frame[:12] + bytes.fromhex("8100001e") + frame[12:]
    lab.switch.run("/usr/bin/python3", "-c", inject, input=tagged.hex())
    wait_until(lambda: lab.director_a.drops()["unknown_vlan"] == before + 1, 5, "it is counted")


def test_a_vlan_cannot_take_a_reset_to_its_client_for_another(trunk):
    """An answer of the data plane's own leaves by the VLAN that the packet came from."""
    lab = trunk
    start(lab, on_unknown_tcp="reset")
    answers = lab.client.capture(f"tcp and src host {VIP}")
    stray = bytes(Ether(src=lab.client.mac(), dst=lab.director_a.mac("clients")) /
                  IP(src=ADDRESS.client, dst=VIP) / TCP(sport=7000, dport=80, flags="A", ack=77))
    lab.client.inject([stray])
    resets = [frame for frame in answers.stop() if frame[47] & 4]
    assert len(resets) == 1 and resets[0][12:14] == b"\x08\x00"
