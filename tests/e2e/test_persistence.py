# SPDX-License-Identifier: BSD-3-Clause
"""A client stays with its server."""

import time

import pytest
from lab import ADDRESS, wait_until

URL = f"http://{ADDRESS.vip}/"


@pytest.mark.quick
def test_a_client_keeps_its_server(lab):
    lab.start_director([lab.service(persistence="300s")])
    first = lab.client.pages(URL, 15)
    second = lab.client2.pages(URL, 15)
    assert len(first) == 1 and len(second) == 1, f"spread: {first}, {second}"
    assert first != second, "rr gives the second client the other server"
    assert lab.client.pages(URL, 5).keys() == first.keys()


def test_it_is_forgotten_when_no_connection_came_for_so_long(lab):
    """Nor is there one left: what is remembered of a closed one counts, as in IPVS."""
    lab.start_director([lab.service(persistence="1s", timeouts={"tcp_fin": "1s"})])
    seen = []
    for _ in range(4):
        pair = lab.client.pages(URL, 2)
        assert len(pair) == 1
        seen += pair
        time.sleep(2.2)
    assert seen in (["web1", "web2"] * 2, ["web2", "web1"] * 2)


def test_each_connection_renews_it(lab):
    lab.start_director([lab.service(persistence="2s")])
    pages = set()
    for _ in range(6):
        pages |= lab.client.pages(URL, 1).keys()
        time.sleep(1)
    assert len(pages) == 1


@pytest.mark.any_device
def test_clients_of_one_prefix_share_a_server(lab):
    lab.start_director([lab.service(persistence="300s", persistence_prefix=24)])
    assert lab.client.pages(URL, 5).keys() == lab.client2.pages(URL, 5).keys()


def test_a_client_of_a_dead_server_moves_and_stays_there(lab):
    lab.start_director([lab.service(persistence="300s")])
    (page,) = lab.client.pages(URL, 3)
    other = "web2" if page == "web1" else "web1"
    lab.webs[page].stop()
    lab.director_a.wait_for_backend("web", lab.webs[page].address, "down")
    wait_until(lambda: lab.client.get(URL) == other, 3, f"an answer of {other}")
    lab.webs[page].restart()
    lab.director_a.wait_for_backend("web", lab.webs[page].address, "up")
    assert lab.client.pages(URL, 5) == {other: 5}


def test_a_reload_does_not_forget_it(lab):
    lab.start_director([lab.service(persistence="300s")])
    first = lab.client.pages(URL, 3)
    for _ in range(5):
        lab.director_a.reload()
        assert lab.client.pages(URL, 3) == first
