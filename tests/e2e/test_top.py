# SPDX-License-Identifier: BSD-3-Clause
"""lbctl top on a terminal of 80 columns and 24 lines, as over ssh."""

import re
import signal
import time

import pytest
from lab import ADDRESS, wait_until
from terminal import Terminal, expect_no_overflow, rows, top

pytestmark = pytest.mark.any_device

URL = f"http://{ADDRESS.vip}/"
BLOCKS = "▁▂▃▄▅▆▇█"


@pytest.fixture
def director(lab):
    lab.start_director([lab.service()])
    return lab.director_a


def test_traffic_backends_vrrp_and_workers_are_on_one_screen(lab, director):
    load = lab.client.load(URL)
    with top(director) as terminal:
        terminal.wait_for(r"2 of 2 backends up, 1 service, lbd up .* every 0.3s")
        terminal.wait_for(r"VRRP  VI_1 MASTER \d+s")
        terminal.wait_for(r"Worker 0 +[\d.]+% [" + BLOCKS + "]")
        terminal.wait_for(rf"web  TCP {ADDRESS.vip}:80 +2/2 up")
        for web in lab.webs.values():
            figures = terminal.wait_for(
                rf"-> {web.address}:80 +up +([1-9][\d.]*) +([1-9][\d.]*) +([1-9][\d.]*K?) ")
            # A request takes one connection, several packets, and more bits than those.
            assert float(figures[1]) < float(figures[2])
        terminal.wait_for(r"Conn/s +[1-9]\d* [" + BLOCKS + "]{3}")
        terminal.wait_for(r"Inactive +[1-9]")
        expect_no_overflow(terminal)
        terminal.press("q")
        terminal.expect_restored(0)
    load.stop().expect_all_answered()


def test_a_vt100_without_colour_and_unicode_will_do(lab, director):
    load = lab.client.load(URL)
    with top(director, TERM="vt100", LC_ALL="C", NO_COLOR="1") as terminal:
        terminal.wait_for(r"VRRP  VI_1 MASTER")
        terminal.wait_for(r"Conn/s +\d+ +[_.:=+*#-]{3}")
        expect_no_overflow(terminal)
        assert terminal.styles("SERVICE / BACKEND").reverse
        lab.web1.stop()
        terminal.wait_for(rf"-> {lab.web1.address}:80 +down")
        assert terminal.styles(f"-> {lab.web1.address}").reverse
        terminal.press("q")
        terminal.expect_restored(0)
        assert terminal.written.isascii()
        assert not re.search(rb"\x1b\[([\d;]*;)?[34]\d(;[\d;]*)?m", terminal.written)  # colours
    load.stop()


@pytest.mark.parametrize("no_color, colour", [(None, "red"), ("", "red"), ("1", "default")])
def test_colours_are_used_unless_unwanted(lab, director, no_color, colour):
    director.lbctl("backend", "disable", lab.web1.address)
    with top(director, NO_COLOR=no_color) as terminal:
        terminal.wait_for(rf"-> {lab.web1.address}:80 +disabled")
        assert terminal.styles(f"-> {lab.web1.address}").fg == colour


def test_keys_sort_hide_filter_and_help(lab):
    second = lab.service("another", address=ADDRESS.vip2)
    lab.start_director([lab.service(), second])
    webs = [f"{web.address}:80" for web in lab.webs.values()]
    load = lab.client.load(URL)

    def expect(terminal, expected):
        wait_until(lambda: rows(terminal) == expected, 10, f"{expected}")

    with top(lab.director_a) as terminal:
        terminal.wait_for(r"sort: configuration")
        expect(terminal, ["web", *webs, "another", *webs])
        terminal.press("b")
        expect(terminal, ["web", "another"])
        terminal.press("s")
        terminal.wait_for(r"\*SERVICE / BACKEND")
        expect(terminal, ["another", "web"])
        terminal.press("s")
        terminal.wait_for(r"\*CONN/S")
        expect(terminal, ["web", "another"])
        terminal.press("r")
        expect(terminal, ["another", "web"])
        terminal.press("b", "/", *"Another")
        terminal.wait_for(r"Filter: Another_")
        terminal.press("\r")
        expect(terminal, ["another", *webs])
        terminal.press("\x1b")
        terminal.wait_for(r"web  TCP")
        terminal.press("?")
        terminal.wait_for(r"Any key goes back")
        assert all(len(line) <= 80 for line in terminal.lines)
        terminal.press(" ")
        terminal.wait_for(r"SERVICE / BACKEND")
        terminal.press("q")
        terminal.expect_restored(0)
    load.stop()


def test_a_paused_screen_stands_still(lab, director):
    load = lab.client.load(URL)
    with top(director) as terminal:
        terminal.wait_for(r"Conn/s +[1-9]")
        terminal.press("p")
        terminal.wait_for(r"PAUSED")
        still = terminal.text
        time.sleep(1.5)
        assert terminal.text == still
        terminal.press("p")
        terminal.wait_for(r"every 0.3s")
        wait_until(lambda: terminal.text != still, 10, "it goes on")
    load.stop()


def test_it_goes_on_when_lbd_returns(lab, director):
    with top(director) as terminal:
        terminal.wait_for(r"VI_1 MASTER")
        director.stop()
        silence = terminal.wait_for(r"no answer from lbd for (\d)s: lbd is not running")
        terminal.wait_for(rf"no answer from lbd for {int(silence[1]) + 2}s")
        assert f"web  TCP {ADDRESS.vip}:80" in terminal.text
        expect_no_overflow(terminal)
        director.start()
        terminal.wait_for(r"backends? up, 1 service, lbd up \d+s")
        terminal.wait_for(r"VI_1 MASTER", 20)
        lab.client.pages(URL, 4)
        terminal.wait_for(r"Inactive +[1-9]")
        # Keys are heard while lbd hangs, too.
        director.pause()
        try:
            terminal.wait_for(r"no answer from lbd for \d+s")
            terminal.press("q")
            terminal.expect_restored(0)
        finally:
            director.resume()


def test_who_does_not_want_to_wait_for_a_first_answer_can_leave(director):
    director.pause()
    try:
        with top(director) as terminal:
            time.sleep(0.5)
            terminal.press("\x03")
            wait_until(lambda: not terminal.process.isalive(), 3, "it has ended")
    finally:
        director.resume()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, "\x03"],
                         ids=["SIGTERM", "SIGHUP", "Ctrl-C"])
def test_whatever_ends_it_restores_the_terminal(director, end):
    with top(director) as terminal:
        terminal.wait_for(r"VI_1 MASTER")
        if isinstance(end, str):
            terminal.press(end)
        else:
            terminal.send_signal(end)
        terminal.expect_restored(0)


def test_it_can_be_stopped_and_continued(director):
    shell = 'set -m; "$@"; echo; echo "stopped with $?"; read; fg'
    with Terminal("bash", "-c", shell, "bash", director.lbctl_path, "--socket", director.socket,
                  "top") as terminal:
        terminal.wait_for(r"VI_1 MASTER")
        terminal.press("\x1a")
        terminal.wait_for(r"stopped with")
        terminal.expect_mode_as_before()
        terminal.press("\n")
        wait_until(lambda: "stopped with" not in terminal.text, 10, "the screen is drawn again")
        terminal.wait_for(r"VI_1 MASTER")
        expect_no_overflow(terminal)
        terminal.press("q")
        terminal.expect_restored(0)


def test_without_a_terminal_or_an_lbd_it_says_so(lab, director):
    refused = director.lbctl_run("top")
    assert refused.returncode == 2 and refused.stdout == ""
    assert "needs a terminal" in refused.stderr and "lbctl stats --watch" in refused.stderr
    for wrong, hint in ((("--json", "top"), "--json"), (("top", "--watch=0"), "0.1 to 3600"),
                        (("top", "web"), "'top' takes nothing after it")):
        refused = director.lbctl_run(*wrong)
        assert refused.returncode == 2 and hint in refused.stderr
    for terminal_type, hint in (("nosuch", b"'nosuch' is not known"), ("dumb", b"place its cursor")):
        with top(director, TERM=terminal_type) as terminal:
            terminal.expect_restored(1)
            assert hint in terminal.written
    director.stop()
    with top(director) as terminal:
        terminal.expect_restored(3)
        assert b"lbd is not running" in terminal.written
