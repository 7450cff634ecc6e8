# SPDX-License-Identifier: BSD-3-Clause
"""The control socket is abused in every way at once: VRRP and forwarding do not notice."""

import contextlib
import random
import socket
import threading
import time

import pytest
from lab import ADDRESS, wait_until

pytestmark = pytest.mark.any_device

URL = f"http://{ADDRESS.vip}/"
INTERVAL = "300ms"
MASTER_DOWN = 1.2  # of priority 100: three intervals and its skew time
SLACK = 10  # a busy machine
PATIENCE = 5  # that lbd has with a client


@pytest.fixture
def pair(lab):
    lab.start_pair(realtime=True, interval=INTERVAL)
    return lab


def slow_reader(client, done):
    """Asks for much and takes none of it."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    with contextlib.suppress(TimeoutError):
        client.sendall(b'{"command":"stats"}\n' * 3000)
    done.wait(1)


def half_a_request(client, done):
    client.sendall(b'{"command"')
    done.wait(1)


def drip(client, done):
    for byte in b'{"command":"stats"}' * 10:
        client.sendall(bytes([byte]))
        if done.wait(0.05):
            return


def giant_request(client, _):
    client.sendall(b"x" * 1_000_000)


def garbage(client, _):
    for _ in range(20):
        client.sendall(random.randbytes(4096) + b"\n")


def asker(client, done):
    replies = client.makefile("rb")
    while not done.is_set():
        client.sendall(b'{"command":"stats"}\n')
        if not replies.readline():
            return


def silent(_, done):
    done.wait(0.2)


ABUSES = [slow_reader, half_a_request, drip, giant_request, garbage, asker, silent]


def abuse_one(path, act, done, performed):
    while not done.is_set():
        with contextlib.suppress(OSError), contextlib.closing(socket.socket(socket.AF_UNIX)) as one:
            one.settimeout(1)
            one.connect(path)
            performed.add(act)
            act(one, done)
        done.wait(0.02)


@contextlib.contextmanager
def abuse(director, each=4):
    done, performed = threading.Event(), set()
    threads = [threading.Thread(target=abuse_one, args=(director.socket, act, done, performed))
               for act in ABUSES for _ in range(each)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert performed == set(ABUSES)


def expect_answers(director):
    wait_until(lambda: director.lbctl("stats"), PATIENCE + SLACK, "lbctl is answered")


def test_a_master_keeps_its_time_whatever_is_asked_of_it(pair):
    load = pair.client.load(URL)
    with abuse(pair.director_a):
        time.sleep(4)
    load.stop().expect_all_answered()
    assert "-> MASTER" not in pair.director_b.log()
    expect_answers(pair.director_a)
    assert pair.director_a.vrrp_state() == "MASTER"
    pair.director_a.expect_balance()
    assert pair.director_a.stop() == 0
    pair.director_a.expect_nothing_left()


def test_a_failover_goes_its_way_meanwhile(pair):
    with abuse(pair.director_a, 2), abuse(pair.director_b, 2):
        pair.director_a.kill()
        wait_until(lambda: "BACKUP -> MASTER" in pair.director_b.log(), MASTER_DOWN + SLACK,
                   "director b is master")
        wait_until(lambda: pair.client.get(URL, timeout=1), SLACK, "an answer")
    expect_answers(pair.director_b)
    assert pair.director_b.log().count("-> MASTER") == 1
    assert pair.client.pages(URL, 6) == {"web1": 3, "web2": 3}


def test_a_thousand_clients_are_told_to_go_and_later_ones_served(pair):
    crowd = []
    for _ in range(1000):
        with contextlib.suppress(OSError):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(2)
            client.connect(pair.director_a.socket)
            crowd.append(client)
    assert len(crowd) > 10
    expect_answers(pair.director_a)
    for client in crowd:
        client.close()
    assert "-> MASTER" not in pair.director_b.log()
