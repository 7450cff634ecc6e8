# SPDX-License-Identifier: BSD-3-Clause
"""Start, stop, crash: what lbd leaves behind, and what it costs while it waits."""

import signal
import time

import pytest
from lab import ADDRESS
from lab.lab import vrrp

URL = f"http://{ADDRESS.vip}/"


@pytest.mark.quick
def test_a_clean_stop_leaves_nothing_behind(lab):
    before = lab.director_a.traces()
    lab.start_director([lab.service()])
    assert lab.director_a.traces() != before
    start = time.monotonic()
    assert lab.director_a.stop() == 0, lab.director_a.log()[-2000:]
    assert time.monotonic() - start < 5
    assert lab.director_a.traces() == before
    lab.director_a.expect_nothing_left()


def test_a_stop_while_it_starts_leaves_nothing_behind(lab):
    director = lab.director_a
    director.write(lab.config("a", [lab.service()], [vrrp(150, interval="100ms")]))
    for delay in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5):
        director.start(wait=False)
        time.sleep(delay)
        director.signal(signal.SIGTERM)
        director.wait_for_end(20)
        director.expect_nothing_left()


def test_it_starts_again_after_a_crash_and_works(lab):
    lab.start_director([lab.service()])
    lab.director_a.kill()
    lab.start_director([lab.service()])
    lab.client.expect_alternating(URL, ["web1", "web2"], 6)
    assert lab.director_a.stop() == 0
    lab.director_a.expect_nothing_left()


def test_ten_restarts_in_a_row(lab):
    for _ in range(10):
        lab.start_director([lab.service()])
        assert lab.client.pages(URL, 2) == {"web1": 1, "web2": 1}
        assert lab.director_a.stop() == 0


def test_idle_sleep_leaves_the_core_to_others(lab):
    lab.start_director([lab.service()])
    time.sleep(1)
    share = lab.director_a.cpu_share(3)
    assert share < 0.3, f"{share:.0%} of a core while nothing happens"


def test_memory_does_not_grow_with_reloads_and_requests(lab):
    lab.start_director([lab.service()])
    lab.client.requests(URL, 2000)
    for _ in range(20):
        lab.director_a.reload()
    before = lab.director_a.written_kilobytes()
    lab.client.requests(URL, 2000)
    for _ in range(100):
        lab.director_a.reload()
    grown = lab.director_a.written_kilobytes() - before
    assert grown < 4096, f"{grown} kB more"
