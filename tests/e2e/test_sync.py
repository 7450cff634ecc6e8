# SPDX-License-Identifier: BSD-3-Clause
"""Connections go on when a director goes: the peer knows them."""

import signal
import subprocess
import time

import pytest
from lab import ADDRESS, wait_until
from lab.lab import vrrp

URL = f"http://{ADDRESS.vip}/"
KEY = "a-key-that-is-long-enough"
INTERVAL = 0.1
DOWN = 3.61 * INTERVAL  # RFC 9568 6.1, priority 100
# TCP asks again after 200 ms, 400 ms, 800 ms ...: what was lost in the gap waits as long again.
STALL = 2 * DOWN + 1.0


def _sync(lab, letter, **more):
    peer = lab.director_b if letter == "a" else lab.director_a
    return {"peers": [peer.address], "key": KEY, **more}


# What the peer was not told is dropped, not guessed: it would stall.
def _service(lab, *name, **more):
    return lab.service(*name, on_unknown_tcp="drop", **more)


def _start(lab, letter, services=None, **more):
    director = {"a": lab.director_a, "b": lab.director_b}[letter]
    sync = more.pop("sync", _sync(lab, letter))
    priority = 150 if letter == "a" else 100
    director.start(lab.config(letter, services or [_service(lab)],
                              [vrrp(priority, interval="100ms")], sync=sync, **more))
    return director


def _peer(director):
    return director.lbctl("sync")["peers"][0]


def _wait_for_sync(lab):
    for director in lab.directors:
        wait_until(lambda d=director: _peer(d)["state"] == "complete", 10,
                   f"director {director.letter} has its peer's state")


@pytest.fixture
def pair(lab):
    _start(lab, "a")
    _start(lab, "b")
    lab.director_a.wait_for_vrrp("MASTER")
    for director in lab.directors:
        director.wait_for_all_up()
    _wait_for_sync(lab)
    lab.client.get(URL)
    return lab


def _established(director):
    return sum(b["active_connections"] for b in director.service("web")["backends"])


class _Users:
    """Connections with a request every few seconds, and some transfers under way; director b knows
    of all."""

    def __init__(self, pair, connections, period, transfers=0, client=None):
        self._connections = connections
        client = client or pair.client
        before = _established(pair.director_a)
        self._transfers = [
            client.popen("curl", "-sS", "--max-time", 120, "-r", "0-599999", URL + "slow",
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for _ in range(transfers)
        ]
        self._crowd = client.crowd(URL, connections, period)
        wait_until(lambda: min(map(_established, pair.directors)) >= before + connections, 15,
                   "all known at both")

    def go_on(self):
        """Until each has asked again."""
        self._crowd.wait_until_all_answered()

    def expect_nothing_noticed(self):
        self.go_on()
        outcome = self._crowd.stop()
        assert outcome["failed"] == 0, outcome
        assert outcome["open"] == self._connections, outcome
        assert outcome["moved"] == 0, outcome
        assert outcome["longest_wait"] < STALL, outcome
        for transfer in self._transfers:
            _, errors = transfer.communicate(timeout=120)
            assert transfer.returncode == 0, errors


@pytest.fixture
def many(pair):
    return _Users(pair, 10_000, 8.0, transfers=5)


def test_the_backup_knows_the_connections_of_the_master(pair):
    users = _Users(pair, 100, 1.0)
    assert [_established(d) for d in pair.directors] == [100, 100]
    by_backend = [[b["active_connections"] for b in d.service("web")["backends"]]
                  for d in pair.directors]
    assert by_backend[0] == by_backend[1]
    users.expect_nothing_noticed()
    wait_until(lambda: _established(pair.director_b) == 0, 5, "their ends known, too")


def test_ten_thousand_connections_survive_a_crash_and_the_return_of_the_old_master(pair, many):
    pair.director_a.kill()
    pair.director_b.wait_for_vrrp("MASTER")
    many.go_on()
    pair.director_a.clear()
    pair.director_a.start()
    pair.director_a.wait_for_vrrp("MASTER", 30)
    assert _established(pair.director_a) >= 10_000  # it was told before it took over
    many.go_on()
    many.expect_nothing_noticed()


def test_a_clean_stop_is_not_noticed_by_ten_thousand(pair, many):
    pair.director_a.stop()
    pair.director_b.wait_for_vrrp("MASTER")
    many.go_on()
    many.expect_nothing_noticed()


def test_the_loss_of_a_link_and_its_return_are_not_noticed_by_ten_thousand(pair, many):
    pair.switch.ip("link", "set", "lbd-a", "down")
    try:
        pair.director_b.wait_for_vrrp("MASTER")
        many.go_on()
    finally:
        pair.switch.ip("link", "set", "lbd-a", "up")
    pair.director_a.wait_for_vrrp("MASTER", 30)
    pair.director_b.wait_for_vrrp("BACKUP")
    many.go_on()
    many.expect_nothing_noticed()


def test_a_hanging_worker_is_not_noticed_and_comes_back_with_what_it_missed(pair, many):
    with pair.director_a.hanging_worker():
        pair.director_b.wait_for_vrrp("MASTER", 5)
        late = pair.client2.crowd(URL, 200, period=1.0)
        many.go_on()
        late.wait_until_all_answered()
    pair.director_a.wait_for_vrrp("MASTER", 30)
    pair.director_b.wait_for_vrrp("BACKUP")
    many.go_on()
    late.wait_until_all_answered()
    outcome = late.stop()
    assert (outcome["failed"], outcome["moved"], outcome["open"]) == (0, 0, 200), outcome
    many.expect_nothing_noticed()


def test_a_client_with_persistence_stays_with_its_backend(lab):
    service = [_service(lab, persistence="300s")]
    _start(lab, "a", service)
    _start(lab, "b", service)
    lab.director_a.wait_for_vrrp("MASTER")
    for director in lab.directors:
        director.wait_for_all_up()
    _wait_for_sync(lab)
    page = lab.client.get(URL)
    others = lab.client2.pages(URL, 4)
    assert len(others) == 1 and page not in others
    lab.director_a.kill()
    lab.director_b.wait_for_vrrp("MASTER")
    assert set(lab.client.pages(URL, 5)) == {page}
    assert lab.client2.pages(URL, 5).keys() == others.keys()


def test_each_may_be_master_for_one_address_and_backup_for_the_other(lab):
    services = [_service(lab), _service(lab, "web2", address=ADDRESS.vip2)]
    for letter, priorities in (("a", (150, 100)), ("b", (100, 150))):
        director = {"a": lab.director_a, "b": lab.director_b}[letter]
        director.start(lab.config(letter, services, [
            vrrp(priorities[0], interval="100ms"),
            vrrp(priorities[1], interval="100ms", name="VI_2", vrid=52,
                 virtual_addresses=[f"{ADDRESS.vip2}/32"]),
        ], sync=_sync(lab, letter)))
    for director in lab.directors:
        director.wait_for_all_up()
    wait_until(lambda: lab.director_a.vrrp_state("VI_1") == "MASTER" and
               lab.director_b.vrrp_state("VI_2") == "MASTER", 15, "each master for one")
    _wait_for_sync(lab)
    first = lab.client.crowd(URL, 100, period=1.0)
    second = lab.client.crowd(f"http://{ADDRESS.vip2}/", 100, period=1.0)
    time.sleep(1)
    lab.director_a.kill()
    wait_until(lambda: lab.director_b.vrrp_state("VI_1") == "MASTER", 5, "b master for both")
    for crowd in (first, second):
        crowd.wait_until_all_answered()
        outcome = crowd.stop()
        assert (outcome["failed"], outcome["moved"], outcome["open"]) == (0, 0, 100), outcome
        assert outcome["longest_wait"] < STALL, outcome


@pytest.mark.any_device
def test_by_multicast(lab):
    for letter in "ab":
        _start(lab, letter, sync={"multicast": "224.0.0.81", "key": KEY})
    lab.director_a.wait_for_vrrp("MASTER")
    for director in lab.directors:
        director.wait_for_all_up()
    _wait_for_sync(lab)
    _Users(lab, 50, 1.0).expect_nothing_noticed()


@pytest.mark.any_device
def test_another_key_is_another_world(lab):
    _start(lab, "a")
    _start(lab, "b", sync=_sync(lab, "b", key="quite-another-key-than-that"))
    lab.director_a.wait_for_vrrp("MASTER")
    wait_until(lambda: lab.director_b.lbctl("sync")["rejected"]["authentication"] > 0, 5,
               "the wrong key is counted")
    crowd = lab.client.crowd(URL, 10)
    time.sleep(0.5)
    assert _established(lab.director_b) == 0
    assert "authentication" in lab.director_b.lbctl_run("sync").stdout
    crowd.stop()


@pytest.mark.any_device
def test_lost_datagrams_are_repaired(pair):
    """A tenth of what goes to the backup over UDP port 8848 never arrives."""
    pair.switch.run("nft", "add table netdev lossy; add chain netdev lossy out { type filter hook "
                    "egress device lbd-b priority 0; }; add rule netdev lossy out udp dport 8848 "
                    "numgen random mod 10 == 0 drop")
    try:
        crowd = pair.client.crowd(URL, 2000, period=3.0)
        wait_until(lambda: _established(pair.director_b) >= 2000, 10, "all known at the backup")
        assert _peer(pair.director_b)["datagrams_lost"] > 0
        assert pair.director_a.lbctl("sync")["datagrams_repaired"] > 0
        crowd.stop()
    finally:
        pair.switch.run("nft", "delete table netdev lossy")


def test_a_peer_that_was_cut_off_is_told_everything(pair):
    pair.director_b.pause()
    crowd = pair.client.crowd(URL, 500, period=1.0)
    time.sleep(2)
    pair.director_b.resume()
    wait_until(lambda: _established(pair.director_b) >= 500, 10, "all known at the backup")
    wait_until(lambda: _peer(pair.director_b)["state"] == "complete", 5, "complete again")
    crowd.stop()


@pytest.mark.any_device
def test_lbctl_says_how_it_stands(pair):
    pair.client.pages(URL, 10)
    wait_until(lambda: pair.director_b.lbctl("sync")["entries_imported"] >= 20, 5, "told")
    wait_until(lambda: _peer(pair.director_a)["unacknowledged"] == 0, 5, "acknowledged")
    text = pair.director_a.lbctl_run("sync").stdout
    assert f"{pair.director_b.address}:8848" in text
    assert "complete" in text
    pair.director_b.signal(signal.SIGKILL)
    wait_until(lambda: _peer(pair.director_a)["state"] in ("joining", "absent"), 5, "gone")
