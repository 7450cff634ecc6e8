# SPDX-License-Identifier: BSD-3-Clause
"""Our VRRP and FRRouting's vrrpd, which knows neither passwords nor unicast."""

import json
import os
import shutil
import signal
import tempfile

import pytest
from cable import addresses_of, two_hosts, vip_of
from lab import wait_until
from lab.namespace import stop_process

FRR = "/usr/lib/frr"
VRID = 51

DIALECTS = {
    "v2": {"version": 2, "interval_ms": 1000},
    "v3": {"version": 3, "interval_ms": 500},
    "v3-ipv6": {"version": 3, "interval_ms": 500, "family": 6},
}


class Frr:
    """Of one virtual router, whose addresses are on a macvlan with its virtual MAC address."""

    name = "frr"

    def __init__(self, space):
        self.space = space
        # FRR's user cannot enter pytest's directory.
        self._directory = tempfile.mkdtemp(prefix="lbd-frr-")
        shutil.chown(self._directory, "frr", "frr")
        self._processes = []
        self._family = 4

    def start(self, priority, version=3, interval_ms=1000, family=4, preempt=True):
        self._family = family
        self._make_macvlan(family)
        ip = "ip" if family == 4 else "ipv6"
        lines = [f"vrrp {VRID} version {version}", f"vrrp {VRID} priority {priority}",
                 f"vrrp {VRID} advertisement-interval {interval_ms}",
                 f"vrrp {VRID} {ip} {vip_of(family)}"]
        if not preempt:
            lines.append(f"no vrrp {VRID} preempt")
        config = os.path.join(self._directory, "vrrpd.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write("interface eth0\n" + "".join(f" {line}\n" for line in lines))
        self._run("zebra", "/dev/null")
        wait_until(lambda: os.path.exists(self._path("zserv.api")), 5, "zebra runs")
        self._run("vrrpd", config)
        wait_until(lambda: self._status() != "Initialize", 10, "vrrpd runs")

    def _make_macvlan(self, family):
        if "vrrp0" in self.space.interfaces():
            return
        mac = f"00:00:5e:00:0{1 if family == 4 else 2}:{VRID:02x}"
        self.space.ip("link", "add", "vrrp0", "link", "eth0", "type", "macvlan", "mode", "bridge")
        self.space.ip("link", "set", "vrrp0", "address", mac)
        self.space.ip("link", "set", "vrrp0", "up")
        if family == 6:
            self.space.speak_ipv6(f"{vip_of(6)}/128", "vrrp0")
        else:
            self.space.ip("address", "add", f"{vip_of(4)}/32", "dev", "vrrp0")

    def _path(self, name):
        return os.path.join(self._directory, name)

    def _run(self, daemon, config):
        with open(self._path(f"{daemon}.log"), "a", encoding="utf-8") as log:
            self._processes.append(self.space.popen(
                os.path.join(FRR, daemon), "-f", config, "-i", self._path(f"{daemon}.pid"),
                "-z", self._path("zserv.api"), "--vty_socket", self._directory, "-P", 0,
                stdout=log, stderr=log))

    def router(self):
        """What vrrpd says of its virtual router, of the family that it has."""
        output = self.space.run("vtysh", "--vty_socket", self._directory, "-c", "show vrrp json",
                                check=False).stdout
        try:
            return json.loads(output)[0][f"v{self._family}"]
        except (ValueError, IndexError):
            return {"status": "Initialize"}

    def _status(self):
        return self.router()["status"]

    def holds(self):
        return bool(self._processes) and self._status() == "Master"

    def stop(self):
        """Only vrrpd says farewell, so it goes first."""
        for process in reversed(self._processes):
            stop_process(process, signal.SIGTERM)
        self._processes = []

    def close(self):
        shutil.rmtree(self._directory)

    def kill(self):
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        self._processes = []


@pytest.fixture
def cable(tmp_path):
    with two_hosts(tmp_path) as made:
        made.peer = Frr(made.peer_host)
        yield made
        made.peer.close()


@pytest.fixture(params=DIALECTS.values(), ids=DIALECTS.keys())
def dialect(request):
    return request.param


def test_the_higher_priority_is_master_until_it_stops_and_again_after(cable, dialect):
    cable.ours.start(150, **dialect)
    cable.peer.start(100, **dialect)
    cable.settles_at("ours", 10)
    cable.stays_at("ours", 3)
    assert cable.peer.router()["stats"]["adverRx"] > 0
    cable.ours.stop()
    # Priority 0 leaves vrrpd's skew time, 0.61 s, instead of the master down interval.
    cable.settles_at("frr", 2)
    cable.ours.start(150, **dialect)
    cable.settles_at("ours", 10)


def test_frr_with_the_higher_priority_is_master_until_it_stops(cable, dialect):
    cable.peer.start(150, **dialect)
    cable.ours.start(100, **dialect)
    # While the kernel looks for duplicates of its link-local address vrrpd cannot be heard.
    wait_until(lambda: cable.ours.status()["adverts_received"] > 0, 10, "frr is heard")
    cable.settles_at("frr", 10)
    cable.stays_at("frr", 3)
    status = cable.ours.status()
    assert status["state"] == "BACKUP"
    assert not any(status["rejected"].values()), status
    cable.peer.stop()
    cable.settles_at("ours", 3)  # without a farewell it would take 3.6 s


def test_each_misses_the_other_when_it_is_killed(cable, dialect):
    cable.ours.start(150, **dialect)
    cable.peer.start(100, **dialect)
    cable.settles_at("ours", 10)
    cable.ours.kill()
    wait_until(lambda: cable.peer.holds(), 6, "frr has the address")
    own, _ = addresses_of(dialect.get("family", 4))
    cable.our_host.ip("address", "del", f"{vip_of(dialect.get('family', 4))}", "dev", "eth0")
    cable.ours.start(50, **dialect)
    wait_until(lambda: cable.ours.status()["adverts_received"] > 1, 5, f"{own} hears adverts")
    cable.peer.kill()
    wait_until(lambda: cable.ours.status()["state"] == "MASTER", 6, "ours is master")


def test_without_preemption_a_lesser_master_is_left_alone(cable):
    cable.peer.start(100)
    cable.settles_at("frr", 10)
    cable.ours.start(150, "--no-preempt")
    cable.stays_at("frr", 6)
    cable.peer.stop()
    cable.settles_at("ours", 2)
