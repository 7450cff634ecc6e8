# SPDX-License-Identifier: BSD-3-Clause
"""Several workers behave like one."""

import pytest
from lab import ADDRESS

URL = f"http://{ADDRESS.vip}/"
TWO_WORKERS = {"count": 2, "idle": "sleep"}


@pytest.mark.any_device  # a veth has one receive queue, which is too few for AF_XDP
def test_a_client_keeps_its_server_on_whichever_worker_its_connections_arrive(lab):
    lab.start_director([lab.service(persistence="300s")], workers=TWO_WORKERS)
    first = lab.client.pages(URL, 30)
    second = lab.client2.pages(URL, 30)
    assert len(first) == 1 and len(second) == 1, f"spread: {first}, {second}"
    workers = lab.director_a.lbctl("stats")["workers"]
    assert all(worker["forwarded"] > 0 for worker in workers), "both workers forwarded"
    assert sum(worker["handed_over"] for worker in workers) > 0, "one asked the other"
    assert sum(worker["persistence_entries"] for worker in workers) == 2


@pytest.mark.any_device
def test_the_spread_over_servers_is_off_by_one_a_worker_at_most(lab):
    lab.start_director([lab.service()], workers=TWO_WORKERS)
    pages = lab.client.pages(URL, 60)
    assert abs(pages["web1"] - pages["web2"]) <= 2, pages
