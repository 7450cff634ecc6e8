# SPDX-License-Identifier: BSD-3-Clause
"""A web server: nginx behind the director, with the virtual addresses on its loopback."""

import os
import signal
import subprocess

from .capture import Capture
from .namespace import Host, stop_process
from .wait import wait_until

REALSERVER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "realserver")

# What an nginx in a directory of its own has to be told.
NGINX_PATHS = """
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
"""

_NGINX = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
worker_rlimit_nofile 65536;
events {{ worker_connections 16384; }}
http {{
    access_log off;""" + NGINX_PATHS + """
    default_type text/plain;
    keepalive_timeout 300s;
    keepalive_time 1000h;
    keepalive_requests 1000000;
    server {{
        {listen}
        location / {{ return 200 "{page}\\n"; }}
        location /slow {{ alias {directory}/slow; limit_rate 100k; }}
    }}
}}
"""


class Web(Host):
    """`page` is the body of every answer: the server's short name."""

    def __init__(self, name, page, switch, addresses, directory):
        super().__init__(name)
        self.page = page
        self.address = addresses[0].split("/")[0]
        self._directory = os.path.join(directory, page)
        self._nginx = None
        self._ports = ()
        os.makedirs(self._directory, exist_ok=True)
        switch.plug(self, page)
        for address in addresses:
            self.ip("addr", "add", address, "dev", "eth0")

    def add_vip(self, vip):
        """Accepts packets for the address without ever answering ARP for it."""
        if os.path.exists(REALSERVER):
            # Its own place for the state: a namespace's number, by which it is found, is used again.
            environment = {**os.environ, "LBD_REALSERVER_STATE": self._directory}
            self.run(REALSERVER, "start", vip, "--interface", "eth0", env=environment)
            return
        for interface in ("all", "eth0"):
            self.sysctl(f"net.ipv4.conf.{interface}.arp_ignore", 1)
            self.sysctl(f"net.ipv4.conf.{interface}.arp_announce", 2)
        self.ip("addr", "replace", f"{vip}/32", "dev", "lo")

    def start(self, ports=(80, 8080)):
        self._ports = ports
        with open(os.path.join(self._directory, "slow"), "w", encoding="ascii") as file:
            file.write((self.page + "\n") * 1_000_000)
        conf = os.path.join(self._directory, "nginx.conf")
        listen = " ".join(f"listen {port} backlog=4096;" for port in ports)
        if os.path.exists("/proc/net/if_inet6"):
            listen += " ".join(f"listen [::]:{port} backlog=4096;" for port in ports)
        with open(conf, "w", encoding="ascii") as file:
            file.write(_NGINX.format(directory=self._directory, listen=listen, page=self.page))
        self._nginx = self.popen(
            "nginx", "-c", conf, "-e", os.path.join(self._directory, "error.log"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        wait_until(self.listens, 10, f"{self.page} listens on port {ports[0]}")

    def listens(self):
        return self._ports[0] in self.ports()

    @property
    def pid(self):
        return self._nginx.pid

    def running(self):
        return self._nginx is not None and self._nginx.poll() is None

    def end_others(self):
        """Ends what runs here besides nginx."""
        super().end_others(self._nginx)

    def stop(self):
        """The server goes, its host stays: connections are refused from now on."""
        stop_process(self._nginx, signal.SIGTERM)

    def restart(self):
        self.start(self._ports)

    def capture(self, expression="", interface="eth0"):
        return Capture(self, expression, os.path.dirname(self._directory), interface)
