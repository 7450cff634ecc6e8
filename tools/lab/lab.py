# SPDX-License-Identifier: BSD-3-Clause
"""Puts the lab together and takes it apart."""

import contextlib
import glob
import os
import re
import shutil
import signal

from .client import Client
from .director import Director
from .namespace import Switch, remove_namespace
from .wait import wait_until
from .web import Web

RUN = "/run/lbd-lab"
KEPT = "kept"


class ADDRESS:
    client = "10.66.0.1"
    client2 = "10.66.0.2"
    director_a = "10.66.0.11"
    director_b = "10.66.0.12"
    vip = "10.66.0.100"
    vip2 = "10.66.0.101"
    prefix_length = 16

    @staticmethod
    def web(number):
        return f"10.66.0.{20 + number}"


SINGLE = f"http://{ADDRESS.vip}:8080/"


def _prefixed(address):
    return f"{address}/{ADDRESS.prefix_length}"


def labs():
    """Process ids of the labs of which something is left."""
    with contextlib.suppress(FileNotFoundError):
        return [int(entry) for entry in os.listdir(RUN) if entry.isdigit()]
    return []


def remove(pid):
    """Removes what a lab has made, found by its name."""
    for name in sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else []:
        if re.fullmatch(rf"lbd-{pid}-[a-z0-9]+", name):
            remove_namespace(name)
    # A director's runtime directory is DPDK's; a crashed one has no chance to remove it.
    for directory in [os.path.join(RUN, str(pid)), *glob.glob(f"/run/dpdk/*lbd-{pid}-[ab]")]:
        shutil.rmtree(directory, ignore_errors=True)


def remove_stale():
    """Removes the labs whose process is gone, unless they are kept on purpose."""
    for pid in labs():
        if not os.path.exists(f"/proc/{pid}") and not os.path.exists(f"{RUN}/{pid}/{KEPT}"):
            remove(pid)


class Lab:
    """Clients, directors and a switch; web servers are added. `build` is lbd's build directory,
    `device` the DPDK driver the directors use: af_packet or af_xdp."""

    def __init__(self, build="build", device="af_packet"):
        self.build = os.path.abspath(build)
        self.device = device
        self.directory = os.path.join(RUN, str(os.getpid()))
        self.webs = {}
        self.kept = False
        self._spaces = []
        self._old_handler = None

    def __enter__(self):
        remove_stale()
        remove(os.getpid())
        os.makedirs(self.directory)
        # As Ctrl-C: unlike SystemExit, pytest does not take it for one failed test.
        self._old_handler = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _name(self, part):
        return f"lbd-{os.getpid()}-{part}"

    def _keep_track(self, space):
        self._spaces.append(space)
        return space

    def _build(self):
        # A namespace that fails half-way is found by its name in close().
        self.switch = self._keep_track(Switch(self._name("sw")))
        self.client = self._add_client("client", ADDRESS.client)
        self.client2 = self._add_client("client2", ADDRESS.client2)
        self.director_a = self._add_director("a", ADDRESS.director_a)
        self.director_b = self._add_director("b", ADDRESS.director_b)

    def _add_client(self, short, address):
        return self._keep_track(
            Client(self._name(short), self.switch, short, _prefixed(address), self.directory)
        )

    def _add_director(self, letter, address):
        return self._keep_track(
            Director(self._name("d" + letter), letter, self.switch, _prefixed(address),
                     self.directory, self.build)
        )

    def add_web(self, page, addresses=None, vips=(ADDRESS.vip,), ports=(80, 8080), start=True):
        """A web server whose page says `page`, e.g. web3, with address 10.66.0.23."""
        if addresses is None:
            addresses = [ADDRESS.web(int(re.sub(r"\D", "", page)))]
        web = self._keep_track(
            Web(self._name(page), page, self.switch, [_prefixed(a) for a in addresses],
                self.directory)
        )
        for vip in vips:
            web.add_vip(vip)
        if start:
            web.start(ports)
        self.webs[page] = web
        return web

    @property
    def web1(self):
        return self.webs["web1"]

    @property
    def web2(self):
        return self.webs["web2"]

    @property
    def directors(self):
        return [self.director_a, self.director_b]

    def config(self, letter="a", services=(), vrrp=(), **more):
        """A director's configuration as a dict; keyword arguments replace whole sections."""
        director = {"a": self.director_a, "b": self.director_b}[letter]
        config = {
            "name": self._name(letter),
            "workers": {"count": 1, "idle": "sleep"},
            "memory": {"hugepages": False, "flows": 65536, "persistence_entries": 16384},
            "control": {"socket": director.socket},
            "ports": [{
                "name": "lb0",
                "device": f"{self.device}:eth0",
                "addresses": [director.prefixed_address],
            }],
        }
        if vrrp:
            config["vrrp"] = list(vrrp)
        config["services"] = list(services)
        config.update(more)
        return config

    def start_director(self, services, wait_up=True, timeout=20, **more):
        """Director a alone, quickly master; returns its configuration, to be changed and handed to
        director_a.reload()."""
        more.setdefault("vrrp", [vrrp(150, interval="100ms")])
        config = self.config("a", services, **more)
        self.director_a.start(config)
        self.director_a.wait_for_vrrp("MASTER")
        if wait_up:
            self.director_a.wait_for_all_up(timeout)
        return config

    def start_pair(self, realtime=False, **instance):
        """Director a is master with priority 150, b backup with 100, and all backends are up. The
        service at SINGLE has one backend only, so that a connection that is being opened while the
        master changes cannot go to another one, which would reset it.
        Realtime: the control threads are in time on a busy machine, too."""
        services = [self.service(), self.service("single", [{"address": self.web1.address}], port=8080)]
        for director, priority in zip(self.directors, (150, 100)):
            config = self.config(director.letter, services, [vrrp(priority, **instance)])
            if realtime:
                config["control"]["realtime_priority"] = 1
            director.start(config)
        self.director_a.wait_for_vrrp("MASTER")
        for director in self.directors:
            director.wait_for_all_up()

    def expect_one_holder(self, holder, timeout):
        for director in self.directors:
            wait_until(lambda d=director: d.has(ADDRESS.vip) == (d is holder), timeout,
                       f"the VIP at director {holder.letter} only")

    def service(self, name="web", backends=None, **more):
        """A service's section: by default TCP port 80 of the VIP over the lab's web servers."""
        if backends is None:
            backends = [{"address": web.address} for web in self.webs.values()]
        return {
            "name": name, "address": ADDRESS.vip, "port": 80, "protocol": "tcp",
            "scheduler": "rr", "health": health(), **more, "backends": backends,
        }

    def reset(self):
        """As it was with web1 and web2 only, and no lbd anywhere. Raises AssertionError if an lbd
        had ended by itself, does not end when told to, or not well."""
        faults = [fault for fault in map(self._end_director, self.directors) if fault]
        for client in (self.client, self.client2):
            client.end_others()
            client.forget_connections()
            client.ip("neigh", "flush", "all")
        for page in [page for page in self.webs if page not in ("web1", "web2")]:
            web = self.webs.pop(page)
            web.close()
            self._spaces.remove(web)
        for web in self.webs.values():
            web.forget_connections()
            if not web.running():
                web.restart()
        if faults:
            raise AssertionError("\n".join(faults))

    @staticmethod
    def _end_director(director):
        """Its fault, if it has one."""
        fault = None
        try:
            director.expect_no_crash()
            if director.running():
                director.resume()
                status = director.stop()
                if status != 0:
                    fault = f"lbd {director.letter} was stopped and ended with {status}"
        except (AssertionError, RuntimeError) as error:
            fault = str(error)
        if director.used:
            director.clear()
        return fault

    def web1_slow_file(self):
        return os.path.join(self.directory, "web1", "slow")

    def keep(self):
        """The lab stays when this process ends; remove(pid) or `tools/demo --down` removes it."""
        with open(os.path.join(self.directory, KEPT), "w", encoding="ascii"):
            self.kept = True

    def close(self):
        if self._old_handler is not None:
            signal.signal(signal.SIGTERM, self._old_handler)
            self._old_handler = None
        if self.kept:
            return
        for director in (s for s in self._spaces if isinstance(s, Director)):
            with contextlib.suppress(Exception):
                if director.running():
                    director.stop()
        for space in reversed(self._spaces):
            with contextlib.suppress(Exception):
                space.close()
        self._spaces.clear()
        remove(os.getpid())


def health(**more):
    """Checks quick enough for a test to wait for."""
    return {"type": "tcp", "interval": "500ms", "connect_timeout": "500ms", "retries": 1,
            "delay_before_retry": "200ms", **more}


def vrrp(priority, **more):
    """The VRRP instance of the lab, as its section in a director's configuration."""
    return {"name": "VI_1", "version": 3, "vrid": 51, "priority": priority, "interval": "1s",
            "preempt": True, "virtual_addresses": [f"{ADDRESS.vip}/32"], **more}
