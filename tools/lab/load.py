#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""HTTP requests one after the other, a new connection each. Runs inside a client's namespace and
prints JSON arrays, one a line: ["begin", time], then of each request its time, duration, "ok" or
"failed", and the body or the error, then ["end", time]. SIGTERM ends it after the request that is
under way, so that one without an answer fails as well.

    load.py HOST PORT PATH COUNT PAUSE TIMEOUT [SOURCE_ADDRESS]      COUNT 0: until SIGTERM
"""

import json
import signal
import socket
import sys
import time


def request(host, port, path, timeout, source):
    with socket.create_connection((host, port), timeout, source and (source, 0)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator or b" 200 " not in head.split(b"\r\n")[0]:
        raise OSError(f"answer {head[:60]!r}")
    return body.decode(errors="replace").strip()[:200]


def say(*words):
    print(json.dumps(words), flush=True)


def main():
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    host, port, path, count, pause, timeout = sys.argv[1:7]
    source = sys.argv[7] if len(sys.argv) > 7 else None
    done = 0
    say("begin", time.monotonic())
    while not ended and (int(count) == 0 or done < int(count)):
        start = time.monotonic()
        try:
            outcome = ("ok", request(host, int(port), path, float(timeout), source))
        except OSError as error:
            outcome = ("failed", str(error) or type(error).__name__)
        say(start, time.monotonic() - start, *outcome)
        done += 1
        if not ended:
            time.sleep(float(pause))
    say("end", time.monotonic())


if __name__ == "__main__":
    main()
