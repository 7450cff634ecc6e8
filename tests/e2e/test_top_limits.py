# SPDX-License-Identifier: BSD-3-Clause
"""lbctl top where there is much to show, little room for it, or an enemy who answers."""

import contextlib
import json
import socketserver
import threading
import time

import pytest
from terminal import Terminal, expect_no_overflow, rows, top

pytestmark = pytest.mark.any_device


def test_more_rows_than_lines_are_scrolled_through_at_any_size(lab):
    many = [lab.service(f"web{n}", port=80 + n, health={"interval": "60s"}) for n in range(20)]
    lab.start_director(many, wait_up=False)
    with top(lab.director_a) as terminal:
        terminal.wait_for(r" 1-16 of 60")
        terminal.press("page down", "down")
        terminal.wait_for(r" 18-33 of 60")
        terminal.press("end")
        terminal.wait_for(r" 45-60 of 60")
        assert rows(terminal)[-1] == f"{lab.web2.address}:99"
        terminal.press("up")
        terminal.wait_for(r" 44-59 of 60")
        terminal.press("home")
        terminal.wait_for(r" 1-16 of 60")
        for width, height, seen in ((40, 20, r"1-9 of 60"), (200, 50, r"1-42 of 60"),
                                    (80, 10, r"1-3 of 60"), (80, 24, r" 1-16 of 60")):
            terminal.resize(width, height)
            terminal.wait_for(seen)
            assert len(terminal.lines) == height
            expect_no_overflow(terminal)


def test_thousands_of_backends_do_not_make_it_slow(lab):
    many = [{"address": f"10.66.{1 + n // 200}.{1 + n % 200}", "mac": "02:00:00:00:00:01"}
            for n in range(2000)]
    lab.start_director([lab.service(backends=many, health={"interval": "60s"})], wait_up=False)
    with top(lab.director_a) as terminal:
        terminal.wait_for(r"of 2000 backends up")
        terminal.press("end")
        terminal.wait_for(r" 1986-2001 of 2001")
        start = time.monotonic()
        for key in ("home", "end", "s", "s", "r"):
            terminal.press(key)
        terminal.wait_for(r"reversed connections")
        assert time.monotonic() - start < 1.5
        used = _cpu_seconds(terminal.process.pid)
        time.sleep(3)
        assert _cpu_seconds(terminal.process.pid) - used < 1.5  # ten questions
        terminal.press("q")
        terminal.expect_restored(0)


def _cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_what_answers_on_the_socket_cannot_write_to_the_terminal(lab, tmp_path):
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u009b5n\r\nü"
    service = {"name": evil, "protocol": evil, "address": evil, "port": evil,
               "connections": 1e308, "backends": [{"address": evil, "port": 1, "state": evil}] * 3}
    reply = {"uptime_seconds": -1e308, "config": {"generation": evil}, "services": [service] * 5,
             "workers": [{"busy_percent": 1e308}, 7, None], "drops": evil,
             "instances": [{"name": evil, "state": evil, "since_seconds": 1e308}]}
    with _answering(tmp_path / "evil.sock", reply) as path:
        with Terminal(lab.director_a.lbctl_path, "--socket", path, "top", "--watch=0.1",
                      TERM="vt100", LC_ALL="C") as terminal:
            terminal.wait_for(r"owned")
            time.sleep(0.5)
            expect_no_overflow(terminal)
            terminal.press("q")
            terminal.expect_restored(0)
    assert b"\x1b]" not in terminal.written and b"\x07" not in terminal.written
    assert terminal.written.isascii() and b"5n" not in terminal.written.replace(b"?5n", b"")


@contextlib.contextmanager
def _answering(path, data):
    """A socket on which everybody is told the same."""
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.rfile.readline()
            self.wfile.write(json.dumps({"ok": True, "data": data}).encode() + b"\n")

    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield path
        server.shutdown()
