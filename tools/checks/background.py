# SPDX-License-Identifier: BSD-3-Clause
"""Runs parts beside the end-to-end tests, which wait for half of their time."""

import re
import subprocess
import sys
import tempfile
import time


class Background:
    """Other parts of tools/check, on processor time that no other process asks for."""

    def __init__(self, parts):
        self._title = " and ".join(parts)
        self._start = time.monotonic()
        self._output = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            ["chrt", "--idle", "0", sys.executable, "-m", "checks", "--only", ",".join(parts)],
            stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT)

    def finish(self, tally):
        """Waits for the end, prints what the parts have printed, and adds their counts."""
        status = self._process.wait()
        self._output.seek(0)
        text = self._output.read()
        print(text, flush=True)
        counts = re.findall(r"^(\d+) passed, (\d+) failed$", text, re.MULTILINE)
        passed, failed = map(int, counts[-1]) if counts else (0, 0)
        tally.add(self._title, passed, max(failed, int(status != 0)), self._start)
