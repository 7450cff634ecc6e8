# SPDX-License-Identifier: BSD-3-Clause
"""A client: makes requests, keeps count, watches the wire."""

import collections
import json
import os
import signal
import struct
import subprocess
import sys
import urllib.parse
from dataclasses import dataclass

from .capture import Capture
from .namespace import Namespace, stop_process
from .wait import wait_until

CROWD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "crowd.py")
LOAD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load.py")
FLOOD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "flood.py")


@dataclass
class Request:
    time: float  # of its start, time.monotonic()
    duration: float
    ok: bool
    body: str  # or the error


def _parse(lines):
    return [
        Request(start, duration, verdict == "ok", body)
        for start, duration, verdict, body in map(json.loads, lines)
    ]


def longest_gap(requests):
    """Seconds between two successful answers at most: the time without service."""
    answers = [r.time + r.duration for r in requests if r.ok]
    return max((b - a for a, b in zip(answers, answers[1:])), default=float("inf"))


class Load:
    """Requests in the background; stop() returns them all."""

    def __init__(self, client, url, pause, timeout, log):
        self._log = log
        # A line of the last request may be cut by the signal, so the log is a file, not a pipe.
        with open(log, "w", encoding="utf-8") as output:
            self._process = client.start_requests(url, 0, pause, timeout, stdout=output)

    def requests(self):
        with open(self._log, encoding="utf-8") as lines:
            return _parse(line for line in lines if line.endswith("]\n"))

    def stop(self):
        stop_process(self._process)
        return self.requests()


class Crowd:
    """Connections that stay open, in the background; stop() says what became of them, report() how
    they are until now."""

    def __init__(self, client, url, connections, period, log, size=0):
        self._log = log
        target = urllib.parse.urlsplit(url)
        words = [target.hostname, target.port or 80, connections, period, target.path or "/", size]
        with open(log, "w", encoding="utf-8") as output:
            self._process = client.popen("/usr/bin/python3", CROWD, *words, stdout=output,
                                         stdin=subprocess.DEVNULL)

    def _lines(self):
        with open(self._log, encoding="utf-8") as lines:
            return lines.read().splitlines()

    def wait_until_ready(self, timeout=60):
        wait_until(lambda: "ready" in self._lines(), timeout, "every connection is answered")

    def report(self):
        known = len(self._lines())
        self._process.send_signal(signal.SIGUSR1)
        wait_until(lambda: len(self._lines()) > known, 20, "the crowd says how it is")
        return json.loads(self._lines()[-1])

    def stop(self):
        stop_process(self._process)
        return json.loads(self._lines()[-1])


class Client(Namespace):
    def __init__(self, name, switch, port, address, directory):
        super().__init__(name)
        self.address = address.split("/")[0]
        self._directory = directory
        switch.plug(self, port)
        self.ip("addr", "add", address, "dev", "eth0")
        # Crowds come one after the other, and each leaves its ports in TIME_WAIT.
        self.sysctl("net.ipv4.ip_local_port_range", "1024 65535")
        self.sysctl("net.ipv4.tcp_tw_reuse", 1)

    def get(self, url, timeout=3):
        """The page's body; RuntimeError when there is no answer of status 200."""
        return self.run("curl", "-sS", "--fail", "--max-time", timeout, url).stdout.strip()

    def start_requests(self, url, count, pause, timeout, source=None, **options):
        where = urllib.parse.urlsplit(url)
        words = [where.hostname, where.port or 80, where.path or "/", count, pause, timeout]
        return self.popen(sys.executable, LOAD, *words, *([source] if source else []), **options)

    def requests(self, url, count, pause=0, timeout=3, source=None):
        """`count` requests in a row, a new connection each, as a list of Request."""
        process = self.start_requests(
            url, count, pause, timeout, source, stdout=subprocess.PIPE, text=True
        )
        output, _ = process.communicate(timeout=count * (timeout + pause) + 30)
        return _parse(output.splitlines())

    def pages(self, url, count, **options):
        """How often each page was seen, all requests having to succeed."""
        requests = self.requests(url, count, **options)
        failed = [request for request in requests if not request.ok]
        assert not failed, f"{len(failed)} of {count} requests to {url} failed, first: {failed[0]}"
        return collections.Counter(request.body for request in requests)

    def expect_alternating(self, url, pages, count):
        """Requests answered by `pages` in turn, whoever begins; returns what was seen."""
        seen = [r.body if r.ok else f"failed: {r.body}" for r in self.requests(url, count)]
        begin = pages.index(seen[0]) if seen[0] in pages else 0
        expected = [pages[(begin + n) % len(pages)] for n in range(count)]
        assert seen == expected, f"{url}: expected {expected}, seen {seen}"
        return seen

    def load(self, url, pause=0.02, timeout=0.5):
        """Starts requests in the background; .stop() ends them and returns what became of them."""
        log = os.path.join(self._directory, f"load-{self.name}-{len(self.processes)}.log")
        return Load(self, url, pause, timeout, log)

    def crowd(self, url, connections, period=5.0, size=0):
        """Opens that many connections, with a request on each every `period` seconds: for the page,
        or, if there is a size, for as many bytes of a file whose lines are the page."""
        log = os.path.join(self._directory, f"crowd-{self.name}-{len(self.processes)}.log")
        crowd = Crowd(self, url, connections, period, log, size)
        crowd.wait_until_ready()
        return crowd

    def capture(self, expression="", interface="eth0"):
        return Capture(self, expression, self._directory, interface)

    def inject(self, frames, count=1):
        """Sends raw frames (bytes) exactly as they are, one after the other."""
        code = (
            "import socket, sys\n"
            "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
            "s.bind(('eth0', 0))\n"
            "for line in sys.stdin:\n"
            "    s.send(bytes.fromhex(line.strip()))\n"
        )
        text = "".join(frame.hex() + "\n" for frame in frames) * count
        self.run("/usr/bin/python3", "-c", code, input=text)


    def flood(self, frames, seconds, pace=None):
        """Sends the frames over and over, `pace` a second if there is one; returns how many."""
        begun = self.begin_flood(frames, seconds, pace)
        return begun()

    def begin_flood(self, frames, seconds, pace=None):
        """As flood(), in the background: the function that is returned waits for the end."""
        path = os.path.join(self._directory, f"flood-{self.name}-{len(self.processes)}")
        with open(path, "wb") as file:
            file.write(b"".join(struct.pack("!H", len(frame)) + frame for frame in frames))
        words = [seconds] if pace is None else [seconds, pace]
        with open(path, "rb") as file:
            process = self.popen("/usr/bin/python3", FLOOD, *words, stdin=file, text=True,
                                 stdout=subprocess.PIPE)

        def end():
            output, _ = process.communicate(timeout=seconds + 60)
            sent, _refused = map(int, output.split())
            return sent

        return end
