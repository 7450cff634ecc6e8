# SPDX-License-Identifier: BSD-3-Clause
"""What lbd makes outside its own memory, and whether any of it is left."""

import glob
import os


def traces(director):
    """All that lbd may have made in its namespace and elsewhere; director.traces()."""
    link = director.ip("-d", "link", "show", "eth0")
    return {
        "interfaces": sorted(director.interfaces()),
        "addresses": director.addresses() + director.addresses(family=6),
        "routes": director.ip("-4", "route", "show", "table", "all", "type", "unicast"),
        "neighbours": director.ip("neigh", "show", "nud", "permanent"),
        "rules": director.run("nft", "list", "ruleset").stdout,
        "xdp": "xdp" in link,
        "promiscuous": "PROMISC" in link or "ALLMULTI" in link,
        "socket": os.path.exists(director.socket),
        "dpdk": [path for path in glob.glob(f"/run/dpdk/*{director.run_name}")
                 + glob.glob(f"/dev/hugepages/*{director.run_name}*") if os.path.exists(path)],
    }


NOTHING = {"interfaces": ["eth0", "lo"], "addresses": [], "routes": "", "neighbours": "",
           "rules": "", "xdp": False, "promiscuous": False, "socket": False, "dpdk": []}


def expect_nothing_left(director):
    """After the end of lbd: its host is as it was before the first start."""
    left = {what: seen for what, seen in traces(director).items() if seen != NOTHING[what]}
    assert not left, f"director {director.letter} has left {left}"
