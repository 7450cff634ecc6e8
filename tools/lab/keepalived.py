# SPDX-License-Identifier: BSD-3-Clause
"""keepalived as the other director: in the namespace of one, on its plain eth0."""

import contextlib
import os
import signal

from .lab import ADDRESS
from .namespace import stop_process
from .wait import wait_until

_CONFIG = """
global_defs {{
    router_id peer
}}
{group}
"""

_INSTANCE = """
vrrp_instance {name} {{
    state BACKUP
    interface eth0
    virtual_router_id {vrid}
    version {version}
    priority {priority}
    advert_int {interval}
    {authentication}
    virtual_ipaddress {{
        {vip}/32
    }}
}}
"""


class Keepalived:
    """Holds the lab's VIP on eth0 while it is master, and with `group` its second one with it. Only
    VRRP: it serves no connection."""

    def __init__(self, director, priority, version=3, password=None, interval=1, group=False):
        self.space = director
        self._directory = os.path.dirname(director.config_file)
        self._process = None
        self.log_file = os.path.join(self._directory, "keepalived.log")
        authentication = (
            f"authentication {{ auth_type PASS\n auth_pass {password} }}" if password else ""
        )
        addresses = {"VI_1": ADDRESS.vip, **({"VI_2": ADDRESS.vip2} if group else {})}
        members = " ".join(addresses)
        with open(self._path("conf"), "w", encoding="ascii") as file:
            file.write(_CONFIG.format(
                group=f"vrrp_sync_group web {{ group {{ {members} }} }}" if group else ""))
            for number, (name, vip) in enumerate(addresses.items()):
                file.write(_INSTANCE.format(name=name, vrid=51 + number, version=version,
                                            priority=priority, interval=interval,
                                            authentication=authentication, vip=vip))

    def _path(self, suffix):
        return os.path.join(self._directory, f"keepalived.{suffix}")

    def start(self):
        if self.space.prefixed_address not in self.space.addresses("eth0"):
            self.space.ip("addr", "add", self.space.prefixed_address, "dev", "eth0")
        for suffix in ("pid", "vrrp.pid"):  # of one that was killed
            with contextlib.suppress(FileNotFoundError):
                os.remove(self._path(suffix))
        with open(self.log_file, "a", encoding="utf-8") as log:
            self._process = self.space.popen(
                "keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp",
                "--use-file", self._path("conf"), "--pid", self._path("pid"),
                "--vrrp_pid", self._path("vrrp.pid"), stdout=log, stderr=log,
            )
        wait_until(lambda: os.path.exists(self._path("vrrp.pid")), 5, "keepalived runs")

    def has_vip(self, vip=ADDRESS.vip):
        return vip + "/32" in self.space.addresses("eth0")

    def stop(self):
        stop_process(self._process, signal.SIGTERM)

    def kill(self):
        """A crash of both of keepalived's processes; the VIP stays on eth0, as it does after one,
        until remove_address()."""
        with open(self._path("vrrp.pid"), encoding="ascii") as file:
            child = int(file.read())
        # The parent would start the child again; without a parent the child would say farewell.
        self._process.send_signal(signal.SIGSTOP)
        os.kill(child, signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def remove_address(self):
        self.space.run("ip", "addr", "flush", "dev", "eth0", check=False)

    def close(self):
        if self._process is not None and self._process.poll() is None:
            self.stop()
        self.remove_address()

    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            return file.read()
