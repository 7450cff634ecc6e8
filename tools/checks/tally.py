# SPDX-License-Identifier: BSD-3-Clause
"""Counts what passed and failed, and how long each part took."""

import time


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self._begin = time.monotonic()
        self._parts = []
        self._notes = []

    def add(self, title, passed, failed, start):
        """A part that began at `start`, time.monotonic(), and has just ended."""
        seconds = time.monotonic() - start
        self.passed += passed
        self.failed += failed
        self._parts.append((title, passed, failed, seconds))
        print(f"== {title}: {passed} passed, {failed} failed ({seconds:.0f} s)\n", flush=True)

    def add_one(self, title, good, start):
        self.add(title, int(good), int(not good), start)

    def note(self, text):
        """A sentence that stands below the table at the end."""
        self._notes.append(text)

    def print_summary(self):
        """Ends with the line that machines read."""
        print(f"{'part':<44}{'passed':>8}{'failed':>8}{'seconds':>9}")
        for title, passed, failed, seconds in self._parts:
            print(f"{title:<44}{passed:>8}{failed:>8}{seconds:>9.0f}")
        print(f"{'total':<44}{self.passed:>8}{self.failed:>8}"
              f"{time.monotonic() - self._begin:>9.0f}\n")
        for text in self._notes:
            print(text)
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
