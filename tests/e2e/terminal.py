# SPDX-License-Identifier: BSD-3-Clause
"""A program on a terminal of its own, whose screen can be read: pexpect holds the terminal, pyte
draws what the program writes."""

import contextlib
import os
import re
import termios

import pexpect
import pyte
from lab import wait_until

KEYS = {"up": "\x1b[A", "down": "\x1b[B", "page down": "\x1b[6~", "page up": "\x1b[5~",
        "end": "\x1b[4~", "home": "\x1b[1~"}
BEYOND = 40  # columns that are drawn and that the program does not know of


class Terminal:
    def __init__(self, *command, width=80, height=24, **environment):
        """Variables of the environment that are None are not set."""
        self.width, self.height = width, height
        merged = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "linux", "NO_COLOR": None,
                  **environment}
        self._screen = pyte.Screen(width + BEYOND, height)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""
        program, *arguments = map(str, command)
        self.process = pexpect.spawn(
            program, arguments, dimensions=(height, width), echo=True,
            env={name: value for name, value in merged.items() if value is not None})
        self._mode = self._terminal_mode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.close(force=True)

    def _terminal_mode(self):
        return termios.tcgetattr(self.process.child_fd)

    def _read(self):
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF):
            while True:
                chunk = self.process.read_nonblocking(65536, 0.02)
                self.written += chunk
                self._stream.feed(chunk)

    @property
    def lines(self):
        """What is on the screen, without blanks at the ends."""
        self._read()
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self):
        return "\n".join(self.lines)

    def wait_for(self, pattern, timeout=15):
        """The match of a regular expression on the screen, . not being the end of a line."""
        try:
            return wait_until(lambda: re.search(pattern, self.text), timeout, pattern)
        except AssertionError as error:
            raise AssertionError(f"{error}; on the screen:\n{self.text}") from None

    def styles(self, part):
        """The style of the cell where `part` begins."""
        for row, line in enumerate(self.lines):
            if part in line:
                return self._screen.buffer[row][line.index(part)]
        raise LookupError(f"{part} is not on the screen:\n{self.text}")

    def press(self, *keys):
        for key in keys:
            self.process.send(KEYS.get(key, key))

    def resize(self, width, height):
        self._read()
        self.width, self.height = width, height
        self._screen.resize(height, width + BEYOND)
        self._screen.erase_in_display(2)
        self.process.setwinsize(height, width)

    def send_signal(self, number):
        self.process.kill(number)

    def expect_restored(self, status):
        """The program ends with this exit status and leaves the terminal as it found it."""
        self.process.expect(pexpect.EOF, timeout=10)
        self.written += self.process.before
        self.process.wait()
        assert self.process.exitstatus == status, self.written[-500:]
        self.expect_mode_as_before()

    def expect_mode_as_before(self):
        assert self._terminal_mode() == self._mode


def top(director, *arguments, **options):
    """lbctl top, which measures more often than it does by itself."""
    return Terminal(director.lbctl_path, "--socket", director.socket, "top", "--watch=0.3",
                    *arguments, **options)


def expect_no_overflow(terminal):
    for line in terminal.lines:
        assert len(line) <= terminal.width, line
    assert terminal.lines[-1].startswith("q quit"), terminal.text


def rows(terminal):
    """First words of the table's rows; those of backends are their endpoints."""
    lines = terminal.lines
    begin = next(n for n, line in enumerate(lines) if "SERVICE / BACKEND" in line) + 1
    return [line.replace("->", "").split()[0] for line in lines[begin:-1] if line]
