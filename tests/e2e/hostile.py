# SPDX-License-Identifier: BSD-3-Clause
"""Packets by the thousand, made without scapy, which is too slow for a flood."""

import ipaddress
import random
import struct

TCP, UDP, ICMP = 6, 17, 1
SYN, ACK = 0x02, 0x10
IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
# Nobody has a route to them, so that hosts answer none and remember none (RFC 2544: benchmarks).
STRANGERS = ipaddress.ip_network("198.18.0.0/15")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def packed(address):
    return ipaddress.ip_address(address).packed


def stranger(chance):
    return (int(STRANGERS[0]) + chance.randrange(1, STRANGERS.num_addresses - 1)).to_bytes(4, "big")


def ethernet(source, destination, kind, payload):
    """MAC addresses as text."""
    return b"".join((bytes.fromhex(destination.replace(":", "")),
                     bytes.fromhex(source.replace(":", "")), struct.pack("!H", kind), payload))


def ipv4(source, destination, protocol, payload, ident=0, fragment=0, ttl=64):
    """Addresses as bytes; `fragment` is the field of flags and offset."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, fragment, ttl, protocol,
                       0, source, destination)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def tcp(source, destination, from_port, to_port, flags, payload=b"", number=1):
    segment = struct.pack("!HHIIBBHHH", from_port, to_port, number, 1 if flags & ACK else 0, 0x50,
                          flags, 8192, 0, 0) + payload
    pseudo = source + destination + struct.pack("!BBH", 0, TCP, len(segment))
    return segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]


def udp(from_port, to_port, payload=b""):
    """Without a checksum, which IPv4 allows."""
    return struct.pack("!HHHH", from_port, to_port, 8 + len(payload), 0) + payload


def from_strangers(attacker, director, vip, count, transport, seed=1):
    """Frames to the director's port, each from an address and a port of its own; `transport` makes
    the packet's contents of source address, destination address and source port."""
    chance = random.Random(seed)
    vip, own, port = packed(vip), attacker.mac(), director.mac("lb0")
    frames = []
    for _ in range(count):
        source, source_port = stranger(chance), chance.randrange(1024, 65536)
        protocol, contents = transport(source, vip, source_port)
        frames.append(ethernet(own, port, IPV4, ipv4(source, vip, protocol, contents)))
    return frames
