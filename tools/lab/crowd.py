#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Many TCP connections at once that stay open, with an HTTP request on each now and then. Runs
inside a client's namespace. Prints "ready" when each has had its first answer or failed, and at
SIGUSR1 and SIGTERM what became of them (JSON). At SIGUSR2 each sends its next request soon.

    crowd.py HOST PORT CONNECTIONS PERIOD PATH SIZE

With a size, each request is for that many bytes of a file whose lines are all the same, the page.
"""

import json
import resource
import select
import signal
import socket
import sys
import time

AT_ONCE = 256  # connections that are being opened
SOON = 2.0  # seconds over which the requests after SIGUSR2 are spread


class Connection:
    def __init__(self, host, port, path, size):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect_ex((host, port))
        part = f"Range: bytes=0-{size - 1}\r\n" if size else ""
        self.request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{part}\r\n".encode()
        self.size = size
        self.page = None  # the first answer
        self.asked = None  # when, if the answer is awaited
        self.answered = 0.0  # when that was asked which has been answered last
        self.due = 0.0
        self._buffer = b""

    def ask(self, now):
        self.asked = now
        self.socket.send(self.request)

    def answer(self):
        """The body of a complete answer, or None yet."""
        part = self.socket.recv(65536)
        if not part:
            raise OSError("closed by the server")
        self._buffer += part
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) < length:
            return None
        self._buffer = b""
        page = body.split(b"\n", 1)[0]
        if self.size and body != ((page + b"\n") * self.size)[: self.size]:
            raise OSError(f"{len(body)} bytes that are not what was sent")
        return page.decode(errors="replace")


class Crowd:
    def __init__(self, host, port, count, period, path, size):
        self.target = (host, port, path, size)
        self.count, self.period = count, period
        self.epoll = select.epoll()
        self.open = {}
        self.begun = self.answers = self.moved = 0
        self.failed = []
        self.longest_wait = 0.0
        self.pages = {}
        self.ended = self.asked = self.urged = False
        self.urge = 0.0  # when all were to ask soon
        self.ready = False

    def begin(self):
        waiting = self.begun - len(self.failed) - sum(self.pages.values())
        for _ in range(min(AT_ONCE - waiting, self.count - self.begun)):
            connection = Connection(*self.target)
            self.open[connection.socket.fileno()] = connection
            self.epoll.register(connection.socket, select.EPOLLOUT)
            self.begun += 1

    def lose(self, number, error):
        connection = self.open.pop(number)
        self.failed.append(f"{connection.socket.getsockname()[1]}: {error}")
        self.epoll.unregister(number)
        connection.socket.close()

    def serve(self, number, now):
        connection = self.open[number]
        if connection.page is None and connection.asked is None:
            error = connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, "connect")
            self.epoll.modify(number, select.EPOLLIN)
            return connection.ask(now)
        page = connection.answer()
        if page is None:
            return None
        self.answers += 1
        self.longest_wait = max(self.longest_wait, now - connection.asked)
        connection.answered, connection.asked = connection.asked, None
        connection.due = now + self.delay(number, connection)
        if connection.page is None:
            connection.page = page
            self.pages[page] = self.pages.get(page, 0) + 1
        elif connection.page != page:
            self.moved += 1
        return None

    def delay(self, number, connection):
        """Until its next request; spread evenly over the period."""
        part = (number * 7919 % 1000) / 1000
        if connection.answered < self.urge:
            return min(SOON, self.period) * part
        return self.period * (0.5 + part)

    def ask_soon(self):
        self.urge = time.monotonic()
        for number, connection in self.open.items():
            connection.due = min(connection.due, self.urge + self.delay(number, connection))

    def round(self):
        self.begin()
        for number, _ in self.epoll.poll(0.01):
            try:
                self.serve(number, time.monotonic())
            except OSError as error:
                self.lose(number, error)
        if not self.ready and sum(self.pages.values()) + len(self.failed) == self.count:
            self.ready = True
            self.longest_wait = 0.0
            print("ready", flush=True)
        now = time.monotonic()
        for number, connection in list(self.open.items()):
            if connection.page is not None and connection.asked is None and connection.due <= now:
                try:
                    connection.ask(now)
                except OSError as error:
                    self.lose(number, error)

    def report(self):
        now = time.monotonic()
        waits = [now - c.asked for c in self.open.values() if c.asked is not None]
        return {"open": len(self.open), "failed": len(self.failed), "first": self.failed[:5],
                "moved": self.moved, "answers": self.answers, "pages": self.pages,
                "longest_wait": max([self.longest_wait, *waits]),
                "all_answered_since": min((c.answered for c in self.open.values()), default=0.0)}


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    host, port, count, period, path, size = sys.argv[1:]
    crowd = Crowd(host, int(port), int(count), float(period), path, int(size))
    signal.signal(signal.SIGTERM, lambda *_: setattr(crowd, "ended", True))
    signal.signal(signal.SIGUSR1, lambda *_: setattr(crowd, "asked", True))
    signal.signal(signal.SIGUSR2, lambda *_: setattr(crowd, "urged", True))
    while not crowd.ended:
        crowd.round()
        if crowd.urged:
            crowd.urged = False
            crowd.ask_soon()
        if crowd.asked:
            crowd.asked = False
            print(json.dumps(crowd.report()), flush=True)
    print(json.dumps(crowd.report()), flush=True)


if __name__ == "__main__":
    main()
