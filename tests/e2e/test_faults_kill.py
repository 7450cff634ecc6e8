# SPDX-License-Identifier: BSD-3-Clause
"""kill -9 at any moment: the peer takes over, and the next start finds nothing in its way.

LBD_KILL_SEED repeats a run, LBD_KILL_ROUNDS sets how many rounds there are."""

import os
import random
import threading
import time

from lab import ADDRESS, wait_until
from lab.lab import vrrp

URL = f"http://{ADDRESS.vip}/"
SEED = int(os.environ.get("LBD_KILL_SEED", "1"))
ROUNDS = int(os.environ.get("LBD_KILL_ROUNDS", "15"))
MASTER_DOWN = 0.8  # of priority 100: three intervals of 200 ms and its skew time
SLACK = 10  # a busy machine


def config_of(lab, letter):
    return lab.config(letter, [lab.service()],
                      [vrrp(150 if letter == "a" else 100, interval="200ms")])


def while_it_starts(lab, dice):
    lab.director_a.start(wait=False)
    time.sleep(dice.uniform(0, 1))


def start(lab):
    lab.director_a.start()
    lab.director_a.wait_for_vrrp("MASTER", SLACK + 10)


def while_it_reloads(lab, dice):
    start(lab)
    stop = threading.Event()

    def reload():
        while not stop.is_set():
            lab.director_a.lbctl_run("reload")

    thread = threading.Thread(target=reload)
    thread.start()
    time.sleep(dice.uniform(0, 0.5))
    lab.director_a.kill()
    stop.set()
    thread.join()


def while_it_hands_over(lab, dice):
    start(lab)
    lab.director_a.lbctl_run("failover")
    time.sleep(dice.uniform(0, 0.5))


def while_it_stops(lab, dice):
    start(lab)
    lab.director_a.signal(15)
    time.sleep(dice.uniform(0, 0.3))


MOMENTS = [while_it_starts, while_it_reloads, while_it_hands_over, while_it_stops]


def expect_peer_serves(lab):
    lab.director_b.wait_for_vrrp("MASTER", MASTER_DOWN + SLACK)
    wait_until(lambda: lab.client.get(URL, timeout=1), SLACK, "an answer through director b")


def test_a_kill_at_any_moment_is_survived(lab):
    print(f"LBD_KILL_SEED={SEED} LBD_KILL_ROUNDS={ROUNDS}")
    dice = random.Random(SEED)
    lab.director_b.start(config_of(lab, "b"))
    lab.director_b.wait_for_vrrp("MASTER")
    lab.director_b.wait_for_all_up()
    lab.director_a.write(config_of(lab, "a"))
    for number in range(ROUNDS):
        moment = MOMENTS[number % len(MOMENTS)] if number < len(MOMENTS) else dice.choice(MOMENTS)
        print(f"round {number}: {moment.__name__}")
        moment(lab, dice)
        lab.director_a.kill()
        expect_peer_serves(lab)
    start(lab)
    lab.director_b.wait_for_vrrp("BACKUP", SLACK)
    lab.director_a.wait_for_all_up()
    wait_until(lambda: not lab.director_b.has(ADDRESS.vip), SLACK, "the VIP at director a only")
    assert lab.client.pages(URL, 6) == {"web1": 3, "web2": 3}
    for director in lab.directors:
        director.expect_balance()
        assert director.stop() == 0
        director.expect_nothing_left()
