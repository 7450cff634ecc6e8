# SPDX-License-Identifier: BSD-3-Clause
"""One VRRP instance, without a data plane, and keepalived: two hosts on one cable. What they send
is compared, and who holds the address."""

import ipaddress
import json
import os
import signal
import struct
import time

import pytest
from conftest import BUILD
from lab import wait_until
from lab.namespace import Namespace, remove_namespace, run, stop_process
from scapy.all import ARP, IP, Ether, IPv6, rdpcap

HARNESS = os.path.join(BUILD, "vrrp", "vrrp-harness")
VIP, VIP6 = "10.99.0.100", "2001:db8:99::100"
OUR_ADDRESS, PEER_ADDRESS = "10.99.0.1", "10.99.0.2"
OUR_ADDRESS6, PEER_ADDRESS6 = "fe80::1", "fe80::2"

DIALECTS = {
    "v2": {"version": 2},
    "v2-password": {"version": 2, "password": "s3cret"},
    "v2-unicast": {"version": 2, "unicast": True},
    "v3": {"version": 3, "interval_ms": 500},
    "v3-unicast": {"version": 3, "interval_ms": 500, "unicast": True},
    "v3-ipv6": {"version": 3, "interval_ms": 500, "family": 6},
    "v3-ipv6-unicast": {"version": 3, "interval_ms": 500, "family": 6, "unicast": True},
}

_KEEPALIVED = """
global_defs {{
    router_id peer
}}
vrrp_instance VI_1 {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    version {version}
    priority {priority}
    advert_int {interval}
    {authentication}
    {peers}
    virtual_ipaddress {{
        {vip}
    }}
}}
"""


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
              unicast=False):
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


class Keepalived:
    def __init__(self, space, directory, in_our_place=False):
        self.space = space
        self._directory = directory
        self._in_our_place = in_our_place
        self._process = None

    def _path(self, suffix):
        return os.path.join(self._directory, f"keepalived.{suffix}")

    def start(self, priority, version=3, interval_ms=1000, password=None, family=4,
              unicast=False):
        peers = ""
        if unicast:
            own, other = reversed(addresses_of(family))
            if self._in_our_place:
                own, other = other, own
            peers = f"unicast_src_ip {own}\n unicast_peer {{ {other} }}"
        auth = f"authentication {{ auth_type PASS\n auth_pass {password} }}" if password else ""
        with open(self._path("conf"), "w", encoding="ascii") as file:
            file.write(_KEEPALIVED.format(version=version, priority=priority, vip=vip_of(family),
                                          interval=interval_ms / 1000, authentication=auth,
                                          peers=peers))
        with open(self._path("log"), "a", encoding="utf-8") as log:
            self._process = self.space.popen(
                "keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp",
                "--use-file", self._path("conf"), "--pid", self._path("pid"),
                "--vrrp_pid", self._path("vrrp.pid"), stdout=log, stderr=log)
        wait_until(lambda: os.path.exists(self._path("vrrp.pid")), 5, "keepalived runs")

    def stop(self):
        stop_process(self._process)

    def kill(self):
        with open(self._path("vrrp.pid"), encoding="ascii") as file:
            child = int(file.read())
        # The parent would start the child again; without a parent the child would say farewell.
        self._process.send_signal(signal.SIGSTOP)
        os.kill(child, signal.SIGKILL)
        self._process.kill()
        self._process.wait()


class Cable:
    """The two hosts, what runs on them, and what is heard at the peer's end of the cable."""

    def __init__(self, directory):
        self._directory = str(directory)
        self._names = [f"lbd-{os.getpid()}-{role}" for role in ("ours", "peer")]
        try:
            self.our_host, self.peer_host = [Namespace(name) for name in self._names]
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
        self.ours = Ours(self.our_host, self._directory)
        self.keepalived = Keepalived(self.peer_host, self._directory)

    def keepalived_on(self, host):
        return Keepalived(host, self._directory, host is self.our_host)

    def holders(self):
        found = (("ours", self.our_host), ("keepalived", self.peer_host))
        vips = {f"{VIP}/32", f"{VIP6}/128"}
        return [name for name, host in found
                if vips & {*host.addresses("eth0"), *host.addresses("eth0", 6)}]

    def settles_at(self, holder, timeout):
        wait_until(lambda: self.holders() == [holder], timeout, f"{holder} alone has the address")

    def stays_at(self, holder, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.holders() == [holder]
            time.sleep(0.05)

    def capture(self):
        """Starts listening; the function returned ends that and gives the packets."""
        file = os.path.join(self._directory, f"{time.monotonic_ns()}.pcap")
        process = self.peer_host.popen("tcpdump", "-i", "eth0", "-U", "--immediate-mode", "-w",
                                       file, "vrrp or arp or ip6 proto 112")
        wait_until(lambda: os.path.exists(file) and os.path.getsize(file) >= 24, 5, "tcpdump")
        time.sleep(0.3)  # the file's header is written a little before the socket listens

        def end():
            stop_process(process, signal.SIGINT)
            return list(rdpcap(file))

        return end

    def close(self):
        for name in self._names:
            remove_namespace(name)


@pytest.fixture
def cable(tmp_path):
    if not os.path.exists(HARNESS):
        pytest.fail(f"no vrrp-harness in {BUILD}; build it first or set LBD_BUILD", pytrace=False)
    made = Cable(tmp_path)
    yield made
    for host in (made.our_host, made.peer_host):
        host.end_others()
    made.close()


@pytest.fixture(params=DIALECTS.values(), ids=DIALECTS.keys())
def dialect(request):
    return request.param


def _adverts(packets):
    """Ours, of either family."""
    return [one for one in packets
            if (IP in one and one[IP].proto == 112 and one[IP].src == OUR_ADDRESS)
            or (IPv6 in one and one[IPv6].nh == 112 and one[IPv6].src == OUR_ADDRESS6)]


def _message(advert):
    if IPv6 in advert:
        return bytes(advert[IPv6])[40:40 + advert[IPv6].plen]
    header = advert[IP].ihl * 4
    return bytes(advert[IP])[header:advert[IP].len]


def _head(advert):
    """What of its headers a receiver looks at."""
    if IPv6 in advert:
        header = advert[IPv6]
        return advert[Ether].dst, header.src, header.dst, header.tc
    header = advert[IP]
    return advert[Ether].dst, header.src, header.dst, header.tos


def _ttl(advert):
    return advert[IPv6].hlim if IPv6 in advert else advert[IP].ttl


def _priority(advert):
    return _message(advert)[2]


def _sum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _one_advert(cable, start, stop):
    end = cable.capture()
    start()
    cable.settles_at("ours", 10)
    time.sleep(0.2)
    stop()
    wait_until(lambda: not cable.holders(), 5, "the address is gone")
    return next(one for one in _adverts(end()) if _priority(one) != 0)


def test_an_advert_is_keepalived_s_byte_for_byte(cable, dialect):
    ours = _one_advert(cable, lambda: cable.ours.start(200, **dialect), cable.ours.stop)
    peer = cable.keepalived_on(cable.our_host)
    theirs = _one_advert(cable, lambda: peer.start(200, **dialect), peer.stop)
    assert _message(ours) == _message(theirs)
    assert _head(ours) == _head(theirs)
    own, other = addresses_of(dialect.get("family", 4))
    group = "224.0.0.18" if own == OUR_ADDRESS else "ff02::12"
    destination = other if dialect.get("unicast") else group
    assert _head(ours)[1:3] == (own, destination)
    assert _ttl(ours) == 255  # keepalived forgets it with IPv6 unicast
    message = _message(ours)
    pseudo = b""
    if dialect["version"] == 3:
        packed = [ipaddress.ip_address(address).packed for address in (own, destination)]
        pseudo = b"".join(packed) + bytes([0, 112]) + len(message).to_bytes(2, "big")
    assert _sum(pseudo + message) == 0xFFFF


def test_the_higher_priority_is_master_until_it_stops_and_again_after(cable, dialect):
    cable.ours.start(150, **dialect)
    cable.keepalived.start(100, **dialect)
    cable.settles_at("ours", 10)
    cable.stays_at("ours", 4)
    end = cable.capture()
    cable.ours.stop()
    # Priority 0 leaves keepalived's skew time, 0.61 s, instead of the master down interval.
    cable.settles_at("keepalived", 2)
    assert _priority(_adverts(end())[-1]) == 0
    cable.ours.start(150, **dialect)
    cable.settles_at("ours", 10)


def test_keepalived_with_the_higher_priority_is_master_until_it_stops_and_again_after(
        cable, dialect):
    cable.keepalived.start(150, **dialect)
    cable.ours.start(100, **dialect)
    cable.settles_at("keepalived", 10)
    cable.stays_at("keepalived", 4)
    own, peer = addresses_of(dialect.get("family", 4))
    status = cable.ours.status()
    assert (status["state"], status["master"]) == ("BACKUP", peer)
    assert not any(status["rejected"].values())
    assert not status["address_list_differs"]
    cable.keepalived.stop()
    cable.settles_at("ours", 2)
    assert cable.ours.status()["master"] == own
    cable.keepalived.start(150, **dialect)
    cable.settles_at("keepalived", 10)


def test_a_killed_keepalived_is_missed_after_its_master_down_interval(cable, dialect):
    cable.keepalived.start(150, **dialect)
    cable.settles_at("keepalived", 10)
    cable.ours.start(100, **dialect)
    wait_until(lambda: cable.ours.status()["adverts_received"] > 1, 5, "adverts")
    cable.keepalived.kill()
    began = time.monotonic()
    wait_until(lambda: "ours" in cable.holders(), 6, "ours has the address")
    interval = dialect.get("interval_ms", 1000) / 1000
    assert time.monotonic() - began > 2 * interval


def test_keepalived_misses_us_when_we_are_killed(cable, dialect):
    cable.ours.start(150, **dialect)
    cable.settles_at("ours", 10)
    cable.keepalived.start(100, **dialect)
    cable.stays_at("ours", 2)
    cable.ours.kill()
    wait_until(lambda: "keepalived" in cable.holders(), 6, "keepalived has the address")


def test_without_preemption_a_lesser_master_is_left_alone(cable):
    cable.keepalived.start(100)
    cable.settles_at("keepalived", 10)
    cable.ours.start(150, "--no-preempt")
    cable.stays_at("keepalived", 6)
    cable.keepalived.stop()
    cable.settles_at("ours", 2)


def test_preemption_waits_for_its_delay(cable):
    cable.keepalived.start(100)
    cable.settles_at("keepalived", 10)
    cable.ours.start(150, "--preempt-delay", 6)
    cable.stays_at("keepalived", 6)
    cable.settles_at("ours", 8)


@pytest.mark.parametrize("password, reason", [("other", "password"), (None, "authentication_type")])
def test_with_another_password_both_are_master_and_it_is_told_why(cable, password, reason):
    cable.keepalived.start(150, version=2, password="s3cret")
    cable.ours.start(100, version=2, password=password)
    wait_until(lambda: cable.holders() == ["ours", "keepalived"], 10, "both have the address")
    rejected = cable.ours.status()["rejected"]
    assert rejected.pop(reason) > 0
    assert not any(rejected.values())
    told = cable.ours.events("rejected")
    assert {(event["source"], event["reason"]) for event in told} == {(PEER_ADDRESS, reason)}
    assert len(told) <= 3  # once a state, not once a packet


def test_who_is_not_ready_hands_over_at_once_and_takes_part_again_when_it_is(cable):
    cable.ours.start(150)
    cable.settles_at("ours", 10)
    cable.keepalived.start(100)
    cable.stays_at("ours", 2)
    cable.ours.signal(signal.SIGUSR2)
    cable.settles_at("keepalived", 2)
    cable.ours.signal(signal.SIGUSR2)
    cable.settles_at("ours", 8)


def test_whoever_slept_while_another_took_over_steps_down_before_it_speaks(cable):
    cable.ours.start(150)
    cable.settles_at("ours", 10)
    cable.keepalived.start(100)
    cable.stays_at("ours", 2)
    cable.ours.signal(signal.SIGSTOP)
    wait_until(lambda: "keepalived" in cable.holders(), 6, "keepalived has the address")
    time.sleep(2)
    end = cable.capture()
    cable.ours.signal(signal.SIGCONT)
    cable.settles_at("keepalived", 1)
    assert cable.ours.events("changed")[-1]["reason"] == "own timer was late"
    cable.stays_at("keepalived", 1.5)
    assert not _adverts(end())
    cable.settles_at("ours", 8)


def test_a_new_master_sends_its_advert_then_gratuitous_arps_and_these_again(cable):
    end = cable.capture()
    cable.ours.start(200, "--garp-repeat", 3, "--garp-delay", 2, "--garp-refresh", 1)
    cable.settles_at("ours", 10)
    time.sleep(3.5)
    packets = [one for one in end() if ARP in one or _adverts([one])]
    assert ARP not in packets[0]
    arps = [one for one in packets if ARP in one]
    assert {(one[ARP].op, one[ARP].psrc, one[ARP].pdst, one[Ether].dst) for one in arps} == \
        {(1, VIP, VIP, "ff:ff:ff:ff:ff:ff")}
    after = [round(float(one.time - arps[0].time)) for one in arps]
    assert after == [0] * 3 + [2] * 3 + [3] * 3
