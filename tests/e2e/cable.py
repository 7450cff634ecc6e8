# SPDX-License-Identifier: BSD-3-Clause
"""One VRRP instance, without a data plane, and a peer of another make: two hosts on one cable."""

import contextlib
import json
import os
import signal
import time

import pytest
from conftest import BUILD
from lab import wait_until
from lab.capture import MARK_TYPE, Capture
from lab.namespace import Host, remove_namespace, run, stop_process
from scapy.all import IP, Ether, IPv6, rdpcap

HARNESS = os.path.join(BUILD, "vrrp", "vrrp-harness")
VIP, VIP6 = "10.99.0.100", "2001:db8:99::100"
OUR_ADDRESS, PEER_ADDRESS = "10.99.0.1", "10.99.0.2"
OUR_ADDRESS6, PEER_ADDRESS6 = "fe80::1", "fe80::2"


def vip_of(family):
    return VIP if family == 4 else VIP6


def addresses_of(family):
    """Ours and the peer's."""
    return (OUR_ADDRESS, PEER_ADDRESS) if family == 4 else (OUR_ADDRESS6, PEER_ADDRESS6)


class Ours:
    def __init__(self, space, directory):
        self.space = space
        self._log = os.path.join(directory, "ours.log")
        self._process = None

    def start(self, priority, *flags, version=3, interval_ms=1000, password=None, family=4,
              unicast=False, vmac=False):
        """`vmac` is the peer's: the instance alone has no data plane to mask its frames."""
        own, peer = addresses_of(family)
        command = [HARNESS, "--interface", "eth0", "--source", own,
                   "--address", vip_of(family), "--version", version, "--priority", priority,
                   "--interval", interval_ms, *flags]
        if unicast:
            command += ["--peer", peer]
        if password:
            command += ["--password", password]
        with open(self._log, "w", encoding="utf-8") as log:
            self._process = self.space.popen(*command, stdout=log, stderr=log)
        wait_until(self.events, 5, "the instance runs")

    def events(self, kind=None):
        with open(self._log, encoding="utf-8") as file:
            lines = [line for line in file.read().splitlines() if line.endswith("}")]
        return [event for event in map(json.loads, lines) if kind in (None, event["event"])]

    def status(self):
        before = len(self.events("status"))
        self.signal(signal.SIGUSR1)
        wait_until(lambda: len(self.events("status")) > before, 5, "a status")
        return self.events("status")[-1]

    def signal(self, number):
        self._process.send_signal(number)

    def stop(self):
        assert stop_process(self._process) == 0

    def kill(self):
        self._process.kill()
        self._process.wait()


def has_vip(host, interface="eth0"):
    """On the interface, or on any for None."""
    return bool({f"{VIP}/32", f"{VIP6}/128"} &
                {*host.addresses(interface), *host.addresses(interface, 6)})


class Cable:
    """The two hosts, what runs on them, and what is heard at the peer's end of the cable."""

    def __init__(self, directory):
        self.directory = str(directory)
        self._names = [f"lbd-{os.getpid()}-{role}" for role in ("ours", "peer")]
        try:
            self.our_host, self.peer_host = [Host(name) for name in self._names]
            run("ip", "link", "add", "eth0", "netns", self.our_host.name,
                "type", "veth", "peer", "name", "eth0", "netns", self.peer_host.name)
            for host, address, address6 in ((self.our_host, OUR_ADDRESS, OUR_ADDRESS6),
                                            (self.peer_host, PEER_ADDRESS, PEER_ADDRESS6)):
                host.ip("address", "add", f"{address}/24", "dev", "eth0")
                host.sysctl("net.ipv6.conf.eth0.addr_gen_mode", 1)  # no other link-local one
                host.ip("link", "set", "eth0", "up")
                host.speak_ipv6(f"{address6}/64")
        except BaseException:
            self.close()
            raise
        self.ours = Ours(self.our_host, self.directory)
        self.peer = None  # with a name, and holds()

    def holders(self):
        return (["ours"] if has_vip(self.our_host, None) else []) + \
            ([self.peer.name] if self.peer.holds() else [])

    def settles_at(self, holder, timeout):
        wait_until(lambda: self.holders() == [holder], timeout, f"{holder} alone has the address")

    def stays_at(self, holder, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.holders() == [holder]
            time.sleep(0.05)

    def capture(self):
        """Starts listening; the function returned ends that and gives the packets."""
        capture = Capture(self.peer_host, "vrrp or arp or ip6 proto 112", self.directory)

        def end():
            capture.stop()
            return [packet for packet in rdpcap(capture.path) if packet.type != MARK_TYPE]

        return end

    def close(self):
        for name in self._names:
            remove_namespace(name)


@contextlib.contextmanager
def two_hosts(directory):
    if not os.path.exists(HARNESS):
        pytest.fail(f"no vrrp-harness in {BUILD}; build it first or set LBD_BUILD", pytrace=False)
    made = Cable(directory)
    try:
        yield made
    finally:
        for host in (made.our_host, made.peer_host):
            host.end_others()
        made.close()


def adverts(packets):
    """Ours, of either family."""
    return [one for one in packets
            if (IP in one and one[IP].proto == 112 and one[IP].src == OUR_ADDRESS)
            or (IPv6 in one and one[IPv6].nh == 112 and one[IPv6].src == OUR_ADDRESS6)]


def message(advert):
    if IPv6 in advert:
        return bytes(advert[IPv6])[40:40 + advert[IPv6].plen]
    header = advert[IP].ihl * 4
    return bytes(advert[IP])[header:advert[IP].len]


def head(advert):
    """What of its headers a receiver looks at."""
    if IPv6 in advert:
        header = advert[IPv6]
        return advert[Ether].dst, header.src, header.dst, header.tc
    header = advert[IP]
    return advert[Ether].dst, header.src, header.dst, header.tos


def ttl(advert):
    return advert[IPv6].hlim if IPv6 in advert else advert[IP].ttl


def priority(advert):
    return message(advert)[2]
