# SPDX-License-Identifier: BSD-3-Clause
"""The lab: directors, web servers and clients on one Ethernet segment, all in network namespaces.

    with Lab(build) as lab:
        lab.add_web("web1"); lab.add_web("web2")
        lab.director_a.start(lab.config("a", services=[...]))
        lab.client.get("http://10.66.0.100/")

Everything a Lab makes carries its process id in its name and is gone when the block ends, however
it ends; what a killed lab left behind is removed by the next one.
"""

from .lab import ADDRESS, Lab
from .wait import NotInTime, wait_until

__all__ = ["ADDRESS", "Lab", "NotInTime", "wait_until"]
