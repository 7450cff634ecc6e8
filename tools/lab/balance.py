# SPDX-License-Identifier: BSD-3-Clause
"""Whether lbd accounts for every packet: what came in is what went out, was dropped or is held."""

from .wait import wait_until

ROWS = 5  # that have to agree one after the other: VRRP goes on meanwhile


def balance(stats):
    """The two sides, from `lbctl --json stats`."""
    workers, host = stats["workers"], stats["host"]

    def total(key):
        return sum(worker[key] for worker in workers)

    came = {"received": total("rx_packets"), "from_host": host["from_host"],
            "split": total("split"), "answered": total("answered")}
    went = {"sent": total("tx_packets"), "punted": host["punted"],
            "dropped": sum(drop["packets"] for drop in stats["drops"]),
            "held": total("fragments_held")}
    return came, went


def expect_balance(director, timeout=10):
    """Once it is quiet: exactly, that is several times in a row. That nothing came at all is no
    balance."""
    agreed = 0

    def agrees():
        nonlocal agreed
        came, went = balance(director.lbctl("stats"))
        if not sum(came.values()):
            raise LookupError("no packet came")
        agreed = agreed + 1 if sum(came.values()) == sum(went.values()) else 0
        if agreed < ROWS:
            raise LookupError(f"{came} and {went}: {sum(came.values()) - sum(went.values())} lost")
        return came

    return wait_until(agrees, timeout, f"director {director.letter} accounts for every packet")
