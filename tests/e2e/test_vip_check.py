# SPDX-License-Identifier: BSD-3-Clause
"""Checks that a backend accepts the virtual address, and what is said of one that does not."""

import contextlib

import pytest
from lab import ADDRESS, wait_until
from lab.lab import health, vrrp

URL = f"http://{ADDRESS.vip}/"
VIP_ONLY = {**health(), "type": "none", "check_vip": True}


def check_of(director, address, kind="vip"):
    return next(check for check in director.lbctl("health")["checks"]
                if check["address"] == address and check["type"] == kind)


@contextlib.contextmanager
def without_vip(web):
    """The most common mistake: the address is not on the backend's loopback."""
    web.ip("addr", "del", f"{ADDRESS.vip}/32", "dev", "lo")
    try:
        yield
    finally:
        web.ip("addr", "replace", f"{ADDRESS.vip}/32", "dev", "lo")


@contextlib.contextmanager
def answering_arp(web):
    web.sysctl("net.ipv4.conf.all.arp_ignore", 0)
    web.sysctl("net.ipv4.conf.eth0.arp_ignore", 0)
    try:
        yield
    finally:
        for interface in ("all", "eth0"):
            web.sysctl(f"net.ipv4.conf.{interface}.arp_ignore", 1)


@pytest.mark.quick
def test_a_backend_without_the_address_is_down_and_told_why(lab):
    lab.start_director([lab.service(health={**health(), "check_vip": True})])
    director = lab.director_a
    assert check_of(director, lab.web1.address)["last_result"] == f"accepts {ADDRESS.vip}"
    with without_vip(lab.web1):
        director.wait_for_backend("web", lab.web1.address, "down", 8)
        assert check_of(director, lab.web1.address, "tcp")["state"] == "up"
        assert "loopback" in check_of(director, lab.web1.address)["last_result"]
        assert "is down by its vip check: does not answer for" in director.log()
        assert f"does not answer for {ADDRESS.vip}" in director.lbctl_run("health").stdout
        assert lab.client.pages(URL, 4) == {"web2": 4}
    director.wait_for_backend("web", lab.web1.address, "up", 8)
    assert lab.client.pages(URL, 4) == {"web1": 2, "web2": 2}


def test_a_backend_that_answers_arp_for_the_address_is_named(lab):
    lab.start_director([lab.service(health=VIP_ONLY)])
    director = lab.director_a
    assert check_of(director, lab.web1.address)["warning"] == ""
    with answering_arp(lab.web1):
        wait_until(lambda: check_of(director, lab.web1.address)["warning"], 5, "a warning")
        assert "answers ARP" in check_of(director, lab.web1.address)["warning"]
        assert check_of(director, lab.web1.address)["state"] == "up"
        assert check_of(director, lab.web2.address)["warning"] == ""
        assert f"backend {lab.web1.address}:80 answers ARP" in director.log()
        assert "warning: it answers ARP" in director.lbctl_run("health").stdout
    wait_until(lambda: not check_of(director, lab.web1.address)["warning"], 5, "no warning")


def test_a_backend_where_nothing_listens_on_the_address_is_down(lab):
    lab.start_director([lab.service(health=VIP_ONLY)])
    lab.web1.stop()
    lab.director_a.wait_for_backend("web", lab.web1.address, "down", 8)
    assert "nothing listens" in check_of(lab.director_a, lab.web1.address)["last_result"]


def test_a_backup_director_checks_it_too_and_disturbs_nobody(lab):
    services = [lab.service(health=VIP_ONLY)]
    lab.start_director(services)
    lab.director_b.start(lab.config("b", services, vrrp=[vrrp(100, interval="100ms")]))
    lab.director_b.wait_for_vrrp("BACKUP")
    lab.director_b.wait_for_all_up(10)
    load = lab.client.load(URL)
    with without_vip(lab.web1):
        lab.director_b.wait_for_backend("web", lab.web1.address, "down", 8)
        lab.director_a.wait_for_backend("web", lab.web1.address, "down", 8)
    lab.director_b.wait_for_backend("web", lab.web1.address, "up", 8)
    load.stop()
    # The connections that are opened for checks are given up at once.
    waiting = lab.web2.run("ss", "-Htn", "state", "syn-recv").stdout
    assert len(waiting.splitlines()) <= 2, waiting


def test_a_udp_service_is_checked_by_echo(lab):
    lab.start_director([lab.service(port=9000, protocol="udp", health=VIP_ONLY)])
    with without_vip(lab.web1):
        lab.director_a.wait_for_backend("web", lab.web1.address, "down", 8)
    lab.director_a.wait_for_backend("web", lab.web1.address, "up", 8)


@pytest.mark.any_device
def test_an_unresolved_backend_is_not_asked(lab):
    service = lab.service(backends=[{"address": "10.66.0.77"}, {"address": lab.web2.address}],
                          health=VIP_ONLY)
    lab.start_director([service], wait_up=False)
    lab.director_a.wait_for_backend("web", lab.web2.address, "up", 8)
    wait_until(lambda: check_of(lab.director_a, "10.66.0.77")["state"] == "down", 8, "a verdict")
    assert "MAC address" in check_of(lab.director_a, "10.66.0.77")["last_result"]
