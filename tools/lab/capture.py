# SPDX-License-Identifier: BSD-3-Clause
"""What is on the wire at one host's interface, by tcpdump."""

import os
import re
import signal
import socket
import subprocess
import time

from .namespace import stop_process
from .wait import wait_until

_numbers = iter(range(1, 1 << 30))
# Frames of a local experimental type (IEEE 802, 88-B5) to an address that no bridge forwards.
MARK_TYPE = 0x88B5
_MARK_TYPE = MARK_TYPE.to_bytes(2, "big")
_MARK_TO = bytes.fromhex("0180c200000e")


class Capture:
    """Records from the moment it is made until stop(), which returns the frames as bytes. It sends a
    mark through the interface at its begin and at its end, and sees both: a capture without frames
    has heard none, and has not been deaf."""

    def __init__(self, space, expression, directory, interface="eth0"):
        number = next(_numbers)
        self.path = os.path.join(directory, f"capture-{space.name}-{number}.pcap")
        self._space, self._interface = space, interface
        self._name = f"lbd lab capture {number} "
        wanted = [f"ether proto {MARK_TYPE:#x} or ({expression})"] if expression else []
        self._process = space.popen(
            "tcpdump", "-Z", "root", "-U", "--immediate-mode", "-s", "0", "-n",
            "-i", interface, "-w", self.path, *wanted, stderr=subprocess.PIPE, text=True,
        )
        first = self._process.stderr.readline()
        while first and "listening on" not in first:
            first = self._process.stderr.readline()
        if not first:
            raise RuntimeError(f"tcpdump did not start on {interface} of {space.name}")
        self._send_mark("begin")

    def _send_mark(self, what):
        mark = (self._name + what).encode().ljust(46, b"\0")
        with self._space.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
            out.bind((self._interface, 0))
            own = out.getsockname()[4]
            out.send(_MARK_TO + own + _MARK_TYPE + mark)
        wait_until(lambda: any(frame.endswith(mark) for frame in read_pcap(self.path)), 10,
                   f"the capture on {self._interface} of {self._space.name} hears its {what}",
                   interval=0.01)

    def stop(self, settle=0.3):
        time.sleep(settle)  # what is still under way
        self._send_mark("end")
        stop_process(self._process, signal.SIGINT)
        said = self._process.stderr.read()
        lost = re.search(r"(\d+) packets? dropped by kernel", said)
        assert lost and lost[1] == "0", f"the capture is not complete: {said}"
        return [frame for frame in read_pcap(self.path) if frame[12:14] != _MARK_TYPE]


def read_pcap(path):
    """The whole frames of a classic pcap file, as bytes, in the byte order of this machine."""
    with open(path, "rb") as file:
        data = file.read()
    frames = []
    offset = 24
    while offset + 16 <= len(data):
        length = int.from_bytes(data[offset + 8 : offset + 12], "little")
        if offset + 16 + length > len(data):
            break  # not written to its end yet
        frames.append(data[offset + 16 : offset + 16 + length])
        offset += 16 + length
    return frames
