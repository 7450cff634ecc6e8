# SPDX-License-Identifier: BSD-3-Clause
"""ARP and neighbour discovery: storms of questions, and answers that lie about where a backend is.
What is learned can be forged (lbd-security(7)); what the operator has fixed cannot."""

import random
import struct

import hostile
import pytest
from hostile import ARP, IPV6
from lab import ADDRESS
from lab.capture import Capture
from siege import VIP6, besieged, own6

BROADCAST = "ff:ff:ff:ff:ff:ff"
NOBODY = "02:00:00:00:be:ef"
ICMPV6, SOLICITATION, ADVERTISEMENT = 58, 135, 136
# The kernel keeps 1,024 neighbours, those of all hosts of the lab.
ASKERS = 100


@pytest.fixture(scope="module")
def siege(standing_lab):
    """Backends' MAC addresses are in the configuration, for what is forwarded, and in the kernel's
    table, for health checks."""
    lab = standing_lab
    webs = list(enumerate((lab.web1, lab.web2), 1))
    backends = [{"address": web.address, "mac": web.mac()} for _, web in webs]
    backends6 = [{"address": f"fd66::2{number}", "mac": web.mac()} for number, web in webs]
    # Nor are connections to move if the flood takes an answer to a check along.
    keep = {"on_backend_down": "keep"}
    services = [lab.service(backends=backends, **keep),
                lab.service("web6", address=VIP6, backends=backends6, **keep)]
    with besieged(lab, services=services) as siege:
        for director in lab.directors:
            for backend in backends + backends6:
                director.ip("neigh", "replace", backend["address"], "lladdr", backend["mac"], "dev",
                            "lb0", "nud", "permanent")
        yield siege


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def arp(siege, operation, sender, sender_mac, target, to=BROADCAST):
    message = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, mac(sender_mac),
                          hostile.packed(sender), bytes(6), hostile.packed(target))
    return hostile.ethernet(siege.attacker.mac(), to, ARP, message)


def discovery(siege, kind, source, destination, target, option_mac, to, flags=0):
    source, destination = hostile.packed(source), hostile.packed(destination)
    option = bytes((1 if kind == SOLICITATION else 2, 1)) + mac(option_mac)
    message = struct.pack("!BBHI", kind, 0, 0, flags << 28) + hostile.packed(target) + option
    pseudo = source + destination + struct.pack("!II", len(message), ICMPV6)
    message = message[:2] + struct.pack("!H", hostile.checksum(pseudo + message)) + message[4:]
    packet = struct.pack("!IHBB16s16s", 6 << 28, len(message), ICMPV6, 255, source, destination)
    return hostile.ethernet(siege.attacker.mac(), to, IPV6, packet + message)


def solicited_node(address):
    last = hostile.packed(address)[-3:]
    return "ff02::1:ff" + last[:1].hex() + ":" + last[1:].hex(), "33:33:ff:" + last.hex(":")


def random_mac(chance):
    return "02:" + chance.randbytes(5).hex(":")


def test_a_storm_of_questions(siege):
    chance = random.Random(6)
    frames = []
    for number in range(2048):
        asker, asker6 = f"10.66.7.{1 + number % ASKERS}", f"fd66::7:{1 + number % ASKERS:x}"
        for target in (ADDRESS.vip, f"10.66.{chance.randrange(256)}.{chance.randrange(256)}"):
            frames.append(arp(siege, 1, asker, random_mac(chance), target))
        for target in (VIP6, f"fd66::{chance.getrandbits(32) >> 16:x}"):
            group, group_mac = solicited_node(target)
            frames.append(discovery(siege, SOLICITATION, asker6, group, target, random_mac(chance),
                                    group_mac))
    # Each is for all hosts, and each answer as well, as no switch knows whom it is for.
    siege.storm(frames, "ARP and ND questions", pace=10_000)
    siege.expect_unharmed()


def test_answers_that_lie_about_a_backend_whose_address_is_fixed(siege):
    lab = siege.lab
    frames = []
    for director in lab.directors:
        to = director.mac("lb0")
        for number, web in enumerate((lab.web1, lab.web2), 1):
            for operation in (1, 2):
                frames.append(arp(siege, operation, web.address, NOBODY, director.address, to))
            address = f"fd66::2{number}"
            frames.append(discovery(siege, ADVERTISEMENT, address, own6(director.letter), address,
                                    NOBODY, to, flags=0x6))  # solicited, override
    lost = Capture(lab.switch, f"ether dst {NOBODY} and (tcp or udp)", lab.directory, "br0")
    siege.storm(frames * 64, "ARP and ND lies")
    siege.expect_unharmed()
    assert lost.stop() == []
    lab.director_a.wait_for_all_up()
    for service in lab.director_a.lbctl("stats")["services"]:
        assert {b["mac"] for b in service["backends"]} == {lab.web1.mac(), lab.web2.mac()}
