# SPDX-License-Identifier: BSD-3-Clause
"""Several checks of a backend, where they come from, what clients' own connections say, and how a
backend that has come up is spared."""

import time

import pytest
from lab import ADDRESS, wait_until
from lab.lab import health

pytestmark = pytest.mark.any_device

URL = f"http://{ADDRESS.vip}/"


def test_all_checks_of_a_backend_must_succeed(lab):
    checks = [{"type": "tcp"}, {"type": "http", "port": 8080, "urls": [{"path": "/"}]}]
    config = lab.start_director([lab.service(checks=checks)])
    director = lab.director_a
    assert {(check["type"], check["port"]) for check in director.lbctl("health")["checks"]} == {
        ("tcp", 80), ("http", 8080)}
    lab.web1.stop()
    lab.web1.start(ports=(80,))
    director.wait_for_backend("web", lab.web1.address, "down", 8)
    states = {check["type"]: check["state"] for check in director.lbctl("health")["checks"]
              if check["address"] == lab.web1.address}
    assert states == {"tcp": "up", "http": "down"}
    assert "is down by its http check" in director.log()
    # Without the check that fails it is up at once, without another verdict.
    config["services"][0].pop("checks")
    director.reload(config)
    assert director.backend("web", lab.web1.address)["state"] == "up"
    lab.web1.stop()
    lab.web1.start()


def test_a_check_that_a_reload_adds_takes_no_backend_out_meanwhile(lab):
    config = lab.start_director([lab.service()])
    load = lab.client.load(URL)
    config["services"][0]["checks"] = [{"type": "tcp"}, {"type": "http", "warmup": "500ms"}]
    lab.director_a.reload(config)
    assert lab.director_a.backend("web", lab.web1.address)["state"] == "up"
    wait_until(lambda: len(lab.director_a.lbctl("health")["checks"]) == 4, 3, "four checks")
    time.sleep(1)
    load.stop().expect_all_answered()


@pytest.mark.parametrize("kind", ["tcp", "http", "ping"])
def test_checks_come_from_the_address_that_is_said(lab, kind):
    second = "10.66.0.42"
    config = lab.config("a", [lab.service(health=health(type=kind, source=[second]))],
                        vrrp=[])
    config["ports"][0]["addresses"].append(f"{second}/16")
    capture = lab.web1.capture(f"dst host {lab.web1.address} and src host {second} and not arp")
    lab.director_a.start(config)
    lab.director_a.wait_for_backend("web", lab.web1.address, "up", 8)
    assert capture.stop()


def test_connections_that_get_no_further_have_the_backend_checked_at_once(lab):
    """The check would come every minute; the backend's answers get lost between two of them."""
    slow = health(interval="60s", retries=0, connect_timeout="300ms")
    lab.start_director([lab.service(health=slow)])
    director = lab.director_a
    lab.web1.run("nft", "add table ip gone; add chain ip gone out "
                 "{ type filter hook output priority 0; }; add rule ip gone out tcp sport 80 drop")
    try:
        for _ in range(20):
            lab.client.popen("curl", "-sS", "--max-time", 3, URL, stdout=-3, stderr=-3)
        director.wait_for_backend("web", lab.web1.address, "down", 8)
        assert f"backend {lab.web1.address}:80 is suspected" in director.log()
        assert f"backend {lab.web2.address}:80 is suspected" not in director.log()
    finally:
        lab.web1.run("nft", "delete", "table", "ip", "gone")
        lab.client.end_others()


def test_a_suspicion_that_the_check_does_not_confirm_takes_nobody_out(lab):
    """SYNs of clients that do not exist: as in a flood."""
    lab.start_director([lab.service(health=health(interval="60s"))])
    director = lab.director_a
    before = {check["address"]: check["checks"] for check in director.lbctl("health")["checks"]}
    lab.client.run("/usr/bin/python3", "-c", f"""
from scapy.all import Ether, IP, TCP, sendp, getmacbyip
mac = getmacbyip("{ADDRESS.vip}")
sendp([Ether(dst=mac)/IP(src="10.66.9.%d" % (n % 250), dst="{ADDRESS.vip}")/TCP(sport=1000 + n, dport=80)
       for n in range(200)], iface="eth0", verbose=False, inter=0.005)
""", timeout=30)
    wait_until(lambda: "is suspected" in director.log(), 5, "a suspicion")
    wait_until(lambda: all(check["checks"] > before[check["address"]]
                           for check in director.lbctl("health")["checks"]), 5, "checks at once")
    assert all(check["state"] == "up" for check in director.lbctl("health")["checks"])
    assert lab.client.pages(URL, 4) == {"web1": 2, "web2": 2}


@pytest.mark.parametrize("scheduler", ["rr", "wrr", "wlc"])
def test_a_backend_that_comes_up_gets_its_share_little_by_little(lab, scheduler):
    lab.start_director([lab.service(slow_start="20s", scheduler=scheduler)])
    director = lab.director_a
    assert lab.client.pages(URL, 10)["web1"] in (4, 5, 6)  # at the start all have their weight
    lab.web1.stop()
    director.wait_for_backend("web", lab.web1.address, "down", 5)
    lab.web1.restart()
    director.wait_for_backend("web", lab.web1.address, "up", 5)
    early = lab.client.pages(URL, 22)
    assert early["web1"] < early["web2"] / 2, early
    assert "slow start, " in director.lbctl_run("services").stdout
    wait_until(lambda: director.backend("web", lab.web1.address)["share_percent"] == 100, 30,
               "the whole weight")
    late = lab.client.pages(URL, 20)
    # With wlc it catches up, as the other has more connections by now.
    assert late["web1"] in (9, 10, 11) or (scheduler == "wlc" and late["web1"] > 9), late
