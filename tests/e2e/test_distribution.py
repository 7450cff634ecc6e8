# SPDX-License-Identifier: BSD-3-Clause
"""Which server a new connection goes to."""

import pytest
from lab import ADDRESS

URL = f"http://{ADDRESS.vip}/"


@pytest.mark.quick
def test_requests_alternate_between_two_servers(lab):
    lab.start_director([lab.service()])
    lab.client.expect_alternating(URL, ["web1", "web2"], 20)


def test_weights_are_met_exactly_and_interleaved(lab):
    web3 = lab.add_web("web3")
    backends = [{"address": web.address, "weight": weight}
                for web, weight in ((lab.web1, 1), (lab.web2, 2), (web3, 5))]
    lab.start_director([lab.service(backends=backends, scheduler="wrr")])
    requests = [r.body for r in lab.client.requests(URL, 80)]
    assert {page: requests.count(page) for page in set(requests)} == {
        "web1": 10, "web2": 20, "web3": 50}
    # Smooth: the heavy server never gets more than its weight's share of a row.
    assert "web3 web3 web3 web3" not in " ".join(requests)


def test_rr_does_not_look_at_weights(lab):
    backends = [{"address": lab.web1.address, "weight": 1},
                {"address": lab.web2.address, "weight": 9}]
    lab.start_director([lab.service(backends=backends, scheduler="rr")])
    assert lab.client.pages(URL, 20) == {"web1": 10, "web2": 10}


@pytest.mark.any_device
def test_weight_0_gets_no_connection(lab):
    backends = [{"address": lab.web1.address, "weight": 0},
                {"address": lab.web2.address, "weight": 1}]
    lab.start_director([lab.service(backends=backends, scheduler="wrr")])
    assert lab.client.pages(URL, 10) == {"web2": 10}


def test_two_services_do_not_disturb_each_other(lab):
    only1 = [{"address": lab.web1.address}]
    only2 = [{"address": lab.web2.address}]
    lab.start_director([lab.service("one", only1), lab.service("two", only2, port=8080)])
    assert lab.client.pages(URL, 10) == {"web1": 10}
    assert lab.client.pages(f"http://{ADDRESS.vip}:8080/", 10) == {"web2": 10}


def test_two_hundred_backends_share_evenly(lab):
    addresses = [f"10.66.8.{number}" for number in range(1, 201)]
    lab.add_web("web9", addresses=addresses)
    lab.start_director([lab.service(backends=[{"address": a} for a in addresses])], timeout=40)
    requests = lab.client.requests(URL, 400)
    assert [r for r in requests if not r.ok] == []
    connections = lab.director_a.connections_of("web")
    assert len(connections) == 200
    assert set(connections.values()) == {2}


def test_counters_tell_what_happened(lab):
    lab.start_director([lab.service()])
    lab.client.pages(URL, 10)
    service = lab.director_a.service("web")
    assert service["connections"] == 10
    assert service["packets"] == sum(b["packets"] for b in service["backends"]) >= 40
    assert sorted(b["connections"] for b in service["backends"]) == [5, 5]
