#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""HTTP requests one after the other, a new connection each. Runs inside a client's namespace and
prints a line a request: time, duration, ok|failed, body or error (JSON array).

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


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    host, port, path, count, pause, timeout = sys.argv[1:7]
    source = sys.argv[7] if len(sys.argv) > 7 else None
    done = 0
    while int(count) == 0 or done < int(count):
        start = time.monotonic()
        try:
            outcome = ("ok", request(host, int(port), path, float(timeout), source))
        except OSError as error:
            outcome = ("failed", str(error) or type(error).__name__)
        print(json.dumps([start, time.monotonic() - start, *outcome]), flush=True)
        done += 1
        time.sleep(float(pause))


if __name__ == "__main__":
    main()
