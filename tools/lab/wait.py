# SPDX-License-Identifier: BSD-3-Clause
"""Waiting for something to become true, and saying well what was not."""

import time


class NotInTime(AssertionError):
    pass


def wait_until(condition, timeout, what, interval=0.05):
    """Polls `condition` (a function) until it returns something true, and returns that.

    After `timeout` seconds raises NotInTime with `what` and the last thing seen, which may be an
    exception: a socket that is not there yet is not an error before its time.
    """
    start = time.monotonic()
    while True:
        try:
            seen = condition()
            if seen:
                return seen
        except (OSError, RuntimeError, LookupError, ValueError) as error:
            seen = error
        if time.monotonic() - start > timeout:
            raise NotInTime(f"expected within {timeout:g} s: {what}; last seen: {seen!r}")
        time.sleep(interval)
