# SPDX-License-Identifier: BSD-3-Clause
"""A backend's MAC address changes or is lost: connections follow it."""

import os
import subprocess

import pytest
from lab import ADDRESS, wait_until

URL = f"http://{ADDRESS.vip}/"
PROBED = 10  # seconds between two questions to a neighbour that is known
RESOLVED = 5  # that the kernel takes: it asks three times, then everybody
SLACK = 10
OTHER_MAC = "02:00:5e:10:00:01"


@pytest.fixture
def director(lab):
    lab.start_director([lab.service()])
    yield lab.director_a


@pytest.fixture
def own_mac(lab):
    mac = lab.web1.mac()
    yield mac
    set_mac(lab.web1, mac)
    announce(lab.web1)


def set_mac(web, mac):
    """Its routes and neighbours stay: the interface is not taken down."""
    web.ip("link", "set", "eth0", "address", mac)


def announce(web):
    web.run("arping", "-c", 1, "-U", "-I", "eth0", web.address, check=False)


def known_mac(director, address):
    return next(b["mac"] for b in director.service("web")["backends"] if b["address"] == address)


def follows(director, web, mac, timeout):
    wait_until(lambda: known_mac(director, web.address) == mac, timeout, f"{web.page} is at {mac}")


def transfer(lab):
    """A connection to web1 that lasts; its arrived bytes are to grow."""
    path = os.path.join(lab.directory, "transfer")
    for _ in range(2):
        process = lab.client.popen("curl", "-sS", "--max-time", 60, "-o", path, URL + "slow",
                                   stderr=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(path) and os.path.getsize(path) > 100, 5, "a beginning")
        with open(path, encoding="ascii") as file:
            if file.read(4) == "web1":
                return process, path
        process.kill()
    raise AssertionError("no connection to web1")


# Asks once, prints the answer, and asks again when told to.
ASKING_TWICE = """
import socket, sys
request = b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
connection = socket.create_connection((sys.argv[1], 80), 5)
connection.sendall(request)
print(connection.recv(4096).decode().split()[-1], flush=True)
sys.stdin.readline()
try:
    connection.sendall(request)
    print(connection.recv(4096).decode().split()[-1])
except ConnectionResetError:
    print("reset")
"""


def connection_to_web1(lab):
    for _ in range(2):
        process = lab.client.popen("/usr/bin/python3", "-c", ASKING_TWICE, ADDRESS.vip, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if process.stdout.readline() == "web1\n":
            return process
        process.communicate("\n")
    raise AssertionError("no connection to web1")


def expect_progress(path):
    begin = os.path.getsize(path)
    wait_until(lambda: os.path.getsize(path) > begin + 100_000, SLACK, "the transfer goes on")


@pytest.mark.parametrize("announced", [True, False])
def test_connections_follow_a_backend_to_another_mac_address(lab, director, own_mac, announced):
    process, path = transfer(lab)
    set_mac(lab.web1, OTHER_MAC)
    if announced:
        announce(lab.web1)
    follows(director, lab.web1, OTHER_MAC, SLACK if announced else PROBED + RESOLVED + SLACK)
    expect_progress(path)
    assert process.poll() is None
    director.wait_for_all_up()
    stray = lab.web2.capture(f"ether dst {own_mac}")
    lab.client.expect_alternating(URL, ["web1", "web2"], 10)
    assert not stray.stop(), "nothing goes to where it was"
    director.expect_balance()


def test_a_neighbour_table_that_is_emptied_fills_without_a_failed_request(lab, director):
    macs = {web.address: web.mac() for web in lab.webs.values()}
    load = lab.client.load(URL)
    for _ in range(5):
        director.ip("neigh", "flush", "dev", "lb0")
        wait_until(lambda: all(known_mac(director, a) == mac for a, mac in macs.items()), SLACK,
                   "the backends are known again")
    load.wait_for_answers()
    requests = load.stop()
    assert len(requests.failed) <= 5, requests.failed[:3]
    lab.client.expect_alternating(URL, ["web1", "web2"], 6)
    assert director.vrrp_state() == "MASTER"


def test_another_host_takes_the_place_of_a_backend(lab, director, own_mac):
    """Same address, other machine: what has no connection there is answered by its RST."""
    connection = connection_to_web1(lab)
    lab.switch.unplug("web1")
    try:
        web = lab.add_web("web7", addresses=[lab.web1.address])
        announce(web)
        follows(director, web, web.mac(), SLACK)
        director.wait_for_all_up()
        lab.client.expect_alternating(URL, ["web7", "web2"], 10)
        answer, _ = connection.communicate("again\n", timeout=SLACK)
        assert answer == "reset\n"
        director.expect_balance()
    finally:
        lab.webs["web7"].ip("link", "set", "eth0", "down")
        lab.switch.replug("web1")
        announce(lab.web1)
    follows(director, lab.web1, own_mac, PROBED + RESOLVED + SLACK)


def test_a_backend_that_does_not_answer_gets_nothing_until_it_does(lab, director):
    lab.switch.unplug("web1")
    try:
        wait_until(lambda: not known_mac(director, lab.web1.address) or
                   director.backend("web", lab.web1.address)["state"] == "down", SLACK, "it is down")
        assert lab.client.pages(URL, 10) == {"web2": 10}
    finally:
        lab.switch.replug("web1")
    director.wait_for_backend("web", lab.web1.address, "up", SLACK + RESOLVED)
    lab.client.expect_alternating(URL, ["web1", "web2"], 6)
    director.expect_balance()
