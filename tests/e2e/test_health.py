# SPDX-License-Identifier: BSD-3-Clause
"""Backends that die and come back, and what a client gets meanwhile."""

import subprocess

import pytest
from lab import ADDRESS, wait_until

URL = f"http://{ADDRESS.vip}/"


@pytest.mark.quick
def test_a_dead_backend_leaves_and_returns(lab):
    lab.start_director([lab.service()])
    lab.web1.stop()
    lab.director_a.wait_for_backend("web", lab.web1.address, "down", 5)
    assert lab.client.pages(URL, 6) == {"web2": 6}
    lab.web1.restart()
    lab.director_a.wait_for_backend("web", lab.web1.address, "up", 5)
    assert lab.client.pages(URL, 6) == {"web1": 3, "web2": 3}


def test_a_backend_that_vanishes_from_the_network_leaves(lab):
    lab.start_director([lab.service()])
    lab.switch.unplug("web1")
    try:
        lab.director_a.wait_for_backend("web", lab.web1.address, "down", 8)
        assert lab.client.pages(URL, 6) == {"web2": 6}
    finally:
        lab.switch.replug("web1")
    lab.director_a.wait_for_backend("web", lab.web1.address, "up", 10)
    assert lab.client.pages(URL, 6) == {"web1": 3, "web2": 3}


def test_a_backend_dead_from_the_beginning_gets_nothing(lab):
    lab.web1.stop()
    lab.start_director([lab.service()], wait_up=False)
    lab.director_a.wait_for_backend("web", lab.web2.address, "up", 5)
    assert lab.client.pages(URL, 6) == {"web2": 6}


def test_clients_of_other_backends_notice_nothing(lab):
    lab.start_director([lab.service(persistence="300s")])
    pages = {client: next(iter(client.pages(URL, 1))) for client in (lab.client, lab.client2)}
    victim = next(client for client, page in pages.items() if page == "web1")
    other = lab.client2 if victim is lab.client else lab.client
    load = other.load(URL)
    lab.web1.stop()
    lab.director_a.wait_for_backend("web", lab.web1.address, "down", 5)
    lab.web1.restart()
    lab.director_a.wait_for_backend("web", lab.web1.address, "up", 5)
    requests = load.stop()
    requests.expect_all_answered()
    assert requests.pages.keys() == {"web2"}, requests.pages


def _both_dead(lab, policy):
    lab.start_director([lab.service(on_no_backend=policy)])
    for web in (lab.web1, lab.web2):
        web.stop()
    for web in (lab.web1, lab.web2):
        lab.director_a.wait_for_backend("web", web.address, "down", 5)


def test_without_a_backend_drop_says_nothing(lab):
    _both_dead(lab, "drop")
    before = lab.director_a.drops()["no_backend"]
    result = lab.client.run("curl", "-sS", "--max-time", 2, URL, check=False)
    assert result.returncode == 28, result.stderr
    assert lab.director_a.drops()["no_backend"] > before


def test_without_a_backend_reject_refuses_at_once(lab):
    _both_dead(lab, "reject")
    result = lab.client.run("curl", "-sS", "--max-time", 2, URL, check=False)
    assert result.returncode == 7, result.stderr
    assert "refused" in result.stderr.lower() or "connect" in result.stderr.lower()
    assert lab.director_a.drops()["rejected"] >= 1


@pytest.mark.any_device
def test_a_check_may_ask_another_port(lab):
    backends = [{"address": lab.web1.address, "health": {"port": 81}},
                {"address": lab.web2.address}]
    lab.start_director([lab.service(backends=backends)], wait_up=False)
    lab.director_a.wait_for_backend("web", lab.web2.address, "up", 5)
    assert lab.client.pages(URL, 4) == {"web2": 4}
    assert lab.director_a.backend("web", lab.web1.address)["state"] == "down"


def test_by_hand(lab):
    config = lab.start_director([lab.service(timeouts={"tcp_fin": "2s"})])
    director, web1 = lab.director_a, lab.web1.address
    slow = lab.client.popen("curl", "-sS", "--max-time", 30, "-r", "0-299999",
                            "--retry", 0, f"{URL}slow", stdout=subprocess.DEVNULL)
    wait_until(lambda: any(b["active_connections"] for b in director.service("web")["backends"]),
               5, "a connection")
    busy = next(b["address"] for b in director.service("web")["backends"]
                if b["active_connections"])
    idle = ({web1, lab.web2.address} - {busy}).pop()
    drained = director.popen(director.lbctl_path, "--socket", director.socket, "backend", "drain",
                             busy, "--wait", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True)
    director.wait_for_backend("web", busy, "drained", 5)
    pages = lab.client.pages(URL, 4)
    assert len(pages) == 1
    assert drained.poll() is None  # the transfer goes on
    assert "drained by hand" in director.lbctl_run("services").stdout
    director.reload(config)
    assert director.backend("web", busy)["state"] == "drained"
    assert slow.wait(30) == 0
    slow_end, errors = drained.communicate(timeout=30)
    assert drained.returncode == 0 and "1 connections left" in errors, slow_end + errors
    director.lbctl("backend", "enable", busy)
    assert len(lab.client.pages(URL, 4)) == 2
    director.lbctl("backend", "disable", idle, "--service", "web")
    assert lab.client.pages(URL, 4) == {next(iter(lab.client.pages(URL, 1))): 4}
    assert director.backend("web", idle)["state"] == "disabled"
    director.lbctl("backend", "weight", idle, "5")
    assert director.backend("web", idle)["weight"] == 5
    assert director.backend("web", idle)["configured_weight"] == 1
    refused = director.lbctl_run("backend", "drain", "10.66.9.9")
    assert refused.returncode == 1 and "there is no backend 10.66.9.9" in refused.stderr
    for wrong in (["frobnicate", busy], ["drain"], ["weight", busy, "x"], ["weight", busy, "-1"]):
        assert director.lbctl_run("backend", *wrong).returncode == 2


def test_a_sorry_server_serves_while_the_quorum_is_lost(lab):
    backends = [{"address": lab.web1.address}, {"address": lab.web2.address, "sorry": True}]
    lab.start_director([lab.service(backends=backends, quorum=1)], wait_up=False)
    lab.director_a.wait_for_backend("web", lab.web1.address, "up", 5)
    assert lab.client.pages(URL, 4) == {"web1": 4}
    assert lab.director_a.backend("web", lab.web2.address)["state"] == "standby"
    lab.web1.stop()
    lab.director_a.wait_for_backend("web", lab.web1.address, "down", 5)
    assert lab.client.pages(URL, 4) == {"web2": 4}
    assert "quorum lost" in lab.director_a.log()
    lab.web1.restart()
    lab.director_a.wait_for_backend("web", lab.web1.address, "up", 5)
    assert lab.client.pages(URL, 4) == {"web1": 4}
