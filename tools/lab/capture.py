# SPDX-License-Identifier: BSD-3-Clause
"""What is on the wire at one host's interface, by tcpdump."""

import os
import signal
import subprocess
import time

from .namespace import stop_process

_numbers = iter(range(1, 1 << 30))


class Capture:
    """Records from the moment it is made until stop(), which returns the frames as bytes."""

    def __init__(self, space, expression, directory, interface="eth0"):
        self.path = os.path.join(directory, f"capture-{space.name}-{next(_numbers)}.pcap")
        self._process = space.popen(
            "tcpdump", "-Z", "root", "-U", "--immediate-mode", "-s", "0", "-n",
            "-i", interface, "-w", self.path, *([expression] if expression else []),
            stderr=subprocess.PIPE, text=True,
        )
        first = self._process.stderr.readline()
        while first and "listening on" not in first:
            first = self._process.stderr.readline()
        if not first:
            raise RuntimeError(f"tcpdump did not start on {interface} of {space.name}")

    def stop(self, settle=0.3):
        time.sleep(settle)  # what is still in the kernel's buffer
        stop_process(self._process, signal.SIGINT)
        return read_pcap(self.path)


def read_pcap(path):
    """The frames of a classic pcap file, as bytes, in the byte order of this machine."""
    with open(path, "rb") as file:
        data = file.read()
    frames = []
    offset = 24
    while offset + 16 <= len(data):
        length = int.from_bytes(data[offset + 8 : offset + 12], "little")
        frames.append(data[offset + 16 : offset + 16 + length])
        offset += 16 + length
    return frames
