# SPDX-License-Identifier: BSD-3-Clause
"""A client: makes requests, keeps count, watches the wire."""

import collections
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.parse

from .capture import Capture
from .load_result import LoadResult, parse_log
from .namespace import Host, stop_process
from .wait import wait_until

CROWD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "crowd.py")
LOAD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load.py")
FLOOD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "flood.py")


class Load:
    """Requests in the background, which have begun when it is made; stop() returns what became of
    them, as a LoadResult."""

    def __init__(self, client, url, pause, timeout, log):
        self._log = log
        self._timeout = timeout
        with open(log, "w", encoding="utf-8") as output:
            self._process = client.start_requests(url, 0, pause, timeout, stdout=output)
        wait_until(lambda: self._parsed()[0] is not None, 10, f"the load on {url} begins")

    def _parsed(self):
        with open(self._log, encoding="utf-8") as lines:
            begin, requests, end = parse_log(lines)
        if end is None and self._process.poll() is not None:
            raise AssertionError(f"the load ended by itself: status {self._process.returncode}")
        return begin, requests, end

    def _answers_since(self, moment):
        return [r for r in self._parsed()[1] if r.ok and r.time >= moment]

    def wait_for_answers(self, count=1, timeout=5):
        """Until `count` requests that began from now on have been answered."""
        now = time.monotonic()
        wait_until(lambda: len(self._answers_since(now)) >= count, timeout,
                   f"{count} more requests are answered")

    def stop(self):
        status = stop_process(self._process, timeout=self._timeout + 10)
        begin, requests, end = self._parsed()
        if status != 0 or end is None:
            raise AssertionError(f"the load ended with status {status}, not when it was stopped")
        return LoadResult(begin, end, requests)


class Crowd:
    """Connections that stay open, in the background; stop() returns what became of them, report()
    how they are now."""

    def __init__(self, client, url, connections, period, log, size=0):
        assert connections > 0
        self._log = log
        target = urllib.parse.urlsplit(url)
        words = [target.hostname, target.port or 80, connections, period, target.path or "/", size]
        with open(log, "w", encoding="utf-8") as output:
            self._process = client.popen("/usr/bin/python3", CROWD, *words, stdout=output,
                                         stdin=subprocess.DEVNULL)

    def _lines(self):
        with open(self._log, encoding="utf-8") as lines:
            return [line for line in lines if line.endswith("\n")]

    def _next_line(self, known, timeout, what):
        def line():
            lines = self._lines()
            if len(lines) <= known and self._process.poll() is not None:
                raise AssertionError(f"the crowd ended by itself: status {self._process.returncode}")
            return len(lines) > known and lines[known]

        return wait_until(line, timeout, what)

    def wait_until_ready(self, timeout=60):
        self._next_line(0, timeout, "every connection is answered")
        report = self.report()
        assert not report["failed"], f"connections failed at the start: {report}"

    def report(self):
        known = len(self._lines())
        self._process.send_signal(signal.SIGUSR1)
        return json.loads(self._next_line(known, 20, "the crowd reports"))

    def wait_until_all_answered(self, timeout=30):
        """Makes each connection send a request now, or shortly after the one under way, and waits
        for the answers to all of them."""
        now = time.monotonic()
        self._process.send_signal(signal.SIGUSR2)

        def all_answered():
            report = self.report()
            assert not report["failed"], f"connections failed: {report}"
            return report["all_answered_since"] >= now

        wait_until(all_answered, timeout, "each connection has asked again", interval=0.2)

    def stop(self):
        known = len(self._lines())
        status = stop_process(self._process)
        lines = self._lines()
        if status != 0 or len(lines) == known:
            raise AssertionError(f"the crowd ended with status {status}, not when it was stopped")
        return json.loads(lines[-1])


class Client(Host):
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
        """`count` requests in a row, a new connection each, as a list of that many Requests."""
        assert count > 0
        process = self.start_requests(
            url, count, pause, timeout, source, stdout=subprocess.PIPE, text=True
        )
        output, _ = process.communicate(timeout=count * (timeout + pause) + 30)
        _, requests, end = parse_log(output.splitlines(keepends=True))
        assert end is not None and len(requests) == count, \
            f"{len(requests)} of {count} requests to {url} were made"
        return requests

    def pages(self, url, count, **options):
        """How often each page was seen, all requests having to succeed."""
        requests = self.requests(url, count, **options)
        failed = [request for request in requests if not request.ok]
        assert not failed, f"{len(failed)} of {count} requests to {url} failed, first: {failed[0]}"
        return collections.Counter(request.body for request in requests)

    def expect_alternating(self, url, pages, count):
        """Requests answered by `pages` in turn, whoever begins; returns what was seen."""
        assert count >= len(pages) > 1, f"{count} requests do not show that {pages} take turns"
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
        assert frames and count > 0
        with self.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
            out.bind(("eth0", 0))
            for frame in list(frames) * count:
                assert out.send(frame) == len(frame)

    def flood(self, frames, seconds, pace=None):
        """Sends the frames over and over, `pace` a second if there is one; returns how many."""
        begun = self.begin_flood(frames, seconds, pace)
        return begun()

    def begin_flood(self, frames, seconds, pace=None):
        """As flood(), in the background: the function that is returned waits for the end."""
        assert frames and seconds > 0
        path = os.path.join(self._directory, f"flood-{self.name}-{len(self.processes)}")
        with open(path, "wb") as file:
            file.write(b"".join(struct.pack("!H", len(frame)) + frame for frame in frames))
        words = [seconds] if pace is None else [seconds, pace]
        with open(path, "rb") as file:
            process = self.popen("/usr/bin/python3", FLOOD, *words, stdin=file, text=True,
                                 stdout=subprocess.PIPE)

        def end():
            output, _ = process.communicate(timeout=seconds + 60)
            assert process.returncode == 0, f"flood: status {process.returncode}"
            sent, _refused = map(int, output.split())
            assert sent > 0, "the interface took none of the flood's frames"
            return sent

        return end
