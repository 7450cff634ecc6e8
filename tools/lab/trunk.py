#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A VLAN switch for kernels without 802.1Q: ports of VLANs, untagged, and one port with them all,
tagged (802.1Q). It repeats every frame to all ports of its VLAN.

    trunk.py TRUNK VLAN:PORT[,PORT]...
"""

import selectors
import socket
import struct
import sys

SOL_PACKET = 263
PACKET_AUXDATA = 8
TAG_VALID = 0x10  # TP_STATUS_VLAN_VALID
LARGEST = 65536


def opened(port):
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
    packets.bind((port, 0x0003))
    packets.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    packets.setblocking(False)
    return packets


def received(packets):
    """A frame without its tag and the VLAN that this said, or None. The kernel has taken the tag
    off in most cases; what leaves by the port is none of ours."""
    frame, auxiliary, _, address = packets.recvmsg(LARGEST, 256)
    if address[2] == socket.PACKET_OUTGOING:
        return None
    for level, kind, data in auxiliary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tag, _ = struct.unpack_from("=IIIHHHH", data)
            if status & TAG_VALID:
                return frame, tag & 0xFFF
    if frame[12:14] == b"\x81\x00":
        return frame[:12] + frame[16:], struct.unpack_from("!H", frame, 14)[0] & 0xFFF
    return frame, 0


def send(packets, frame):
    try:
        packets.send(frame)
    except OSError:
        pass  # a switch loses frames, too


def main():
    trunk = opened(sys.argv[1])
    members = {}
    for words in sys.argv[2:]:
        vlan, ports = words.split(":")
        members[int(vlan)] = [opened(port) for port in ports.split(",")]
    vlan_of = {port: vlan for vlan, ports in members.items() for port in ports}
    selector = selectors.DefaultSelector()
    for port in (trunk, *vlan_of):
        selector.register(port, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            port = key.fileobj
            try:
                packet = received(port)
            except BlockingIOError:
                continue
            if packet is None:
                continue
            frame, tag = packet
            vlan = tag if port is trunk else vlan_of[port]
            for other in members.get(vlan, ()):
                if other is not port:
                    send(other, frame)
            if port is not trunk:
                send(trunk, frame[:12] + struct.pack("!HH", 0x8100, vlan) + frame[12:])


if __name__ == "__main__":
    main()
