# SPDX-License-Identifier: BSD-3-Clause
"""tools/realserver: a host becomes a Direct Routing backend, and exactly that again undone."""

import os
import threading

import pytest
from conftest import ROOT
from lab.namespace import Namespace, Switch, remove_namespace

REALSERVER = os.path.join(ROOT, "tools", "realserver")
VIP = "192.0.2.100"
VIP2 = "192.0.2.101"


class Host(Namespace):
    def __init__(self, name, state):
        super().__init__(name)
        self._state = state

    def realserver(self, *arguments):
        environment = {**os.environ, "LBD_REALSERVER_STATE": str(self._state)}
        return self.run(REALSERVER, *arguments, check=False, env=environment)

    def arp(self, interface="all"):
        return tuple(
            int(self.run("cat", f"/proc/sys/net/ipv4/conf/{interface}/{name}").stdout)
            for name in ("arp_ignore", "arp_announce")
        )

    def vips(self):
        return sorted(a for a in self.addresses("lo") if not a.startswith("127."))


@pytest.fixture
def host(tmp_path):
    name = f"lbd-{os.getpid()}-rs"
    remove_namespace(name)
    host = Host(name, tmp_path / "state")
    yield host
    host.close()


def test_start_puts_the_vip_on_lo_and_silences_arp(host):
    result = host.realserver("start", VIP)
    assert result.returncode == 0, result.stderr
    assert host.vips() == [f"{VIP}/32"]
    assert host.arp("all") == host.arp("lo") == (1, 2)
    assert host.realserver("status", VIP).returncode == 0


def test_stop_restores_what_was_there(host):
    host.sysctl("net.ipv4.conf.all.arp_announce", 1)
    host.sysctl("net.ipv4.conf.lo.arp_ignore", 8)
    before = host.arp("all"), host.arp("lo")
    assert host.realserver("start", VIP, f"{VIP2}/32").returncode == 0
    assert host.realserver("stop").returncode == 0
    assert host.vips() == []
    assert (host.arp("all"), host.arp("lo")) == before


def test_starting_twice_changes_nothing_and_one_stop_undoes_both(host):
    for _ in range(2):
        assert host.realserver("start", VIP).returncode == 0
    assert host.vips() == [f"{VIP}/32"]
    assert host.realserver("stop", VIP).returncode == 0
    assert host.vips() == [] and host.arp() == (0, 0)
    assert host.realserver("stop", VIP).returncode == 0


def test_arp_stays_silent_until_the_last_vip_is_gone(host):
    host.realserver("start", VIP)
    host.realserver("start", VIP2)
    host.realserver("stop", VIP)
    assert host.vips() == [f"{VIP2}/32"] and host.arp() == (1, 2)
    host.realserver("stop", VIP2)
    assert host.vips() == [] and host.arp() == (0, 0)


def test_an_address_that_was_there_before_stays(host):
    host.ip("addr", "add", f"{VIP}/32", "dev", "lo")
    host.realserver("start", VIP, VIP2)
    host.realserver("stop")
    assert host.vips() == [f"{VIP}/32"] and host.arp() == (0, 0)


def test_a_sysctl_that_somebody_changed_since_stays(host):
    host.realserver("start", VIP)
    host.sysctl("net.ipv4.conf.all.arp_ignore", 2)
    host.realserver("stop")
    assert host.arp("all") == (2, 0)


def test_the_state_of_a_former_life_is_not_restored(host):
    """After a reboot, or in a new namespace with the number of an old one."""
    host.sysctl("net.ipv4.conf.all.arp_ignore", 8)
    host.realserver("start", VIP)
    host.ip("addr", "del", f"{VIP}/32", "dev", "lo")
    for interface in ("all", "lo"):
        host.sysctl(f"net.ipv4.conf.{interface}.arp_ignore", 0)
        host.sysctl(f"net.ipv4.conf.{interface}.arp_announce", 0)
    host.realserver("start", VIP2)
    host.realserver("stop")
    assert host.vips() == [] and host.arp("all") == (0, 0)


def test_status_is_3_and_says_what_is_missing(host):
    result = host.realserver("status", VIP)
    assert result.returncode == 3
    assert f"{VIP}: not on lo" in result.stdout and "arp_ignore is 0" in result.stdout
    host.realserver("start", VIP)
    assert host.realserver("status").returncode == 0
    assert host.realserver("status", VIP, VIP2).returncode == 3
    host.sysctl("net.ipv4.conf.all.arp_announce", 0)
    assert host.realserver("status", VIP).returncode == 3


@pytest.mark.parametrize("wrong", [
    "192.0.2.256", "192.0.2", "192.0.2.100/24", "192.0.2.0100", "2001:db8::1", "example.org",
    "127.0.0.1", "224.0.0.18", "0.0.0.0", "$(id)", "1.2.3.4;id", "",
])
def test_what_is_no_virtual_address_is_refused_and_nothing_done(host, wrong):
    result = host.realserver("start", VIP, wrong)
    assert result.returncode == 2 and "realserver: " in result.stderr, result
    assert host.vips() == [] and host.arp() == (0, 0)


@pytest.mark.parametrize("arguments", [
    [], ["begin", VIP], ["start"], ["start", "--nonsense", VIP], ["start", VIP, "--interface"],
    ["start", VIP, "--interface", "nosuch0"], ["start", VIP, "--interface", "../all"],
])
def test_wrong_usage_ends_with_2(host, arguments):
    result = host.realserver(*arguments)
    assert result.returncode == 2 and result.stderr, result
    assert host.vips() == [] and host.arp() == (0, 0)


def test_nobody_answers_arp_for_the_vip(host):
    switch = Switch(f"lbd-{os.getpid()}-rsswitch")
    asking = Namespace(f"lbd-{os.getpid()}-rsasking")
    try:
        for space, port, address in ((host, "p1", "192.0.2.11"), (asking, "p2", "192.0.2.1")):
            switch.plug(space, port)
            space.ip("addr", "add", f"{address}/24", "dev", "eth0")
        assert host.realserver("start", VIP, "--interface", "eth0").returncode == 0
        assert host.arp("eth0") == (1, 2)
        arping = ("arping", "-c", "2", "-w", "3", "-I", "eth0")
        assert asking.run(*arping, "192.0.2.11", check=False).returncode == 0
        assert asking.run(*arping, VIP, check=False).returncode != 0
        host.realserver("stop")
        assert host.arp("eth0") == (0, 0)
    finally:
        asking.close()
        switch.close()


def test_several_starts_at_once_lose_nothing(host):
    addresses = [f"192.0.2.{last}" for last in range(101, 109)]
    threads = [threading.Thread(target=host.realserver, args=("start", a)) for a in addresses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert host.vips() == [f"{address}/32" for address in addresses]
    host.realserver("stop")
    assert host.vips() == [] and host.arp() == (0, 0)


def test_many_vips_are_all_seen_each_time(host):
    addresses = [f"192.0.2.{last}" for last in range(101, 131)]
    assert host.realserver("start", *addresses).returncode == 0
    for _ in range(5):
        result = host.realserver("status")
        assert result.returncode == 0, result.stdout
    assert host.realserver("stop").returncode == 0
    assert host.vips() == [] and host.arp() == (0, 0)
