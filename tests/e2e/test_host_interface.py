# SPDX-License-Identifier: BSD-3-Clause
"""The director's own host behind the port that lbd drives: ARP, ping, ssh and the like on lb0."""

import subprocess

import pytest
from lab import ADDRESS, wait_until

VIP = ADDRESS.vip


def test_ping_of_the_virtual_and_the_own_address(lab):
    lab.start_director([lab.service()])
    for address in (VIP, ADDRESS.director_a):
        answer = lab.client.run("ping", "-n", "-c", 5, "-i", "0.1", "-W", 2, address).stdout
        assert "5 received" in answer and "DUP" not in answer, answer


def test_arp_for_the_virtual_address_is_answered_once_by_the_master(lab):
    lab.start_director([lab.service()])
    # Without an entry that the client's own kernel would ask about meanwhile.
    lab.client.ip("neighbour", "flush", "dev", "eth0")
    answer = lab.client.run("arping", "-I", "eth0", "-c", 3, VIP, check=False).stdout
    replies = [line for line in answer.splitlines() if "reply from" in line]
    assert len(replies) == 3, answer
    assert all(lab.director_a.mac("lb0").lower() in line.lower() for line in replies), answer


@pytest.mark.quick
def test_a_port_without_a_service_is_refused_by_the_host(lab):
    lab.start_director([lab.service()])
    resets = lab.client.capture(f"src host {VIP} and tcp[tcpflags] & tcp-rst != 0")
    result = lab.client.run("curl", "-sS", "--max-time", 3, f"http://{VIP}:81/", check=False)
    assert result.returncode == 7, result.stderr  # could not connect, and not 28, timeout
    assert len(resets.stop()) == 1


def test_a_host_service_on_the_own_address_is_reachable(lab):
    lab.start_director([lab.service()])
    server = lab.director_a.popen(
        "/usr/bin/python3", "-m", "http.server", "2222", "--bind", ADDRESS.director_a,
        "--directory", lab.directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: 2222 in lab.director_a.ports(), 5, "the listener")
    requests = lab.client.requests(f"http://{ADDRESS.director_a}:2222/", 20)
    server.kill()
    assert [r for r in requests if not r.ok] == []


def test_the_director_itself_reaches_others(lab):
    lab.start_director([lab.service()])
    answer = lab.director_a.run("curl", "-sS", "--max-time", 3, f"http://{lab.web1.address}/")
    assert answer.stdout.strip() == "web1"


def test_tcpdump_on_the_companion_interface_sees_what_the_host_gets(lab):
    lab.start_director([lab.service()])
    capture = lab.director_a.capture("icmp", "lb0")
    lab.client.run("ping", "-n", "-c", 3, "-i", "0.1", VIP)
    assert len(capture.stop()) == 6


def test_the_companion_interface_has_the_ports_mac_and_address(lab):
    lab.start_director([lab.service()])
    assert lab.director_a.mac("lb0") == lab.director_a.mac("eth0")
    assert f"{ADDRESS.director_a}/16" in lab.director_a.addresses("lb0")
    assert f"{VIP}/32" in lab.director_a.addresses("lb0")
    assert lab.director_a.addresses("eth0") == []
