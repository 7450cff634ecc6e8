#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends the frames of standard input, each after its length (2 bytes, network order), over and
over and as fast as it goes, or as many a second as are named. Runs inside an attacker's namespace
and prints how many it has sent, and how many the interface did not take.

    flood.py SECONDS [FRAMES_A_SECOND]
"""

import os
import socket
import struct
import sys
import time

SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20
AT_ONCE = 64  # frames between two looks at the clock


def frames_in(data):
    frames, offset = [], 0
    while offset < len(data):
        (length,) = struct.unpack_from("!H", data, offset)
        frames.append(data[offset + 2 : offset + 2 + length])
        offset += 2 + length
    return frames


def main():
    os.nice(10)  # an attacker has a machine of its own
    seconds = float(sys.argv[1])
    pace = float(sys.argv[2]) if len(sys.argv) > 2 else float("inf")
    frames = frames_in(sys.stdin.buffer.read())
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
    out.bind(("eth0", 0))
    begin = time.monotonic()
    sent = refused = position = 0
    while (passed := time.monotonic() - begin) < seconds:
        if sent >= pace * passed:
            time.sleep(0.001)
            continue
        for frame in frames[position : position + AT_ONCE]:
            try:
                out.send(frame)
                sent += 1
            except OSError:  # no room, or larger than the interface takes
                refused += 1
        position = (position + AT_ONCE) % len(frames) if position + AT_ONCE < len(frames) else 0
    print(sent, refused)


if __name__ == "__main__":
    main()
