# SPDX-License-Identifier: BSD-3-Clause
"""The configuration changes while clients are at work."""

import os
import signal
import subprocess
import time

import pytest
from conftest import BUILD
from lab import ADDRESS, wait_until
from lab.namespace import run

URL = f"http://{ADDRESS.vip}/"


def weighted(lab, *weights):
    return [{"address": web.address, "weight": weight}
            for web, weight in zip(lab.webs.values(), weights)]


def test_a_transfer_survives_reload_weight_change_and_the_death_of_the_other(lab):
    config = lab.start_director([lab.service(backends=weighted(lab, 1, 1))])
    # 600 kB at 100 kB/s: long enough for everything below.
    transfer = lab.client.popen("curl", "-sS", "--max-time", 30, "-r", "0-599999", URL + "slow",
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: lab.director_a.service("web")["connections"] >= 1, 5, "the connection")
    connections = lab.director_a.connections_of("web")
    mine = next(web for web in lab.webs.values() if connections[web.address] == 1)
    other = next(web for web in lab.webs.values() if web is not mine)
    weight = {mine: 0, other: 7}
    lab.director_a.reload()
    config["services"][0]["backends"] = [
        {"address": web.address, "weight": weight[web]} for web in lab.webs.values()]
    lab.director_a.reload(config)
    other.stop()
    lab.director_a.wait_for_backend("web", other.address, "down", 5)
    assert transfer.poll() is None, "the transfer should still be running"
    output, errors = transfer.communicate(timeout=30)
    assert transfer.returncode == 0, errors
    assert output == (mine.page + "\n").encode() * (600_000 // len(mine.page + "\n"))


@pytest.mark.any_device
def test_what_check_warns_of_is_logged_at_the_start_and_after_a_reload(lab):
    warning = "service web: all weights are 0"
    config = lab.start_director([lab.service(backends=weighted(lab, 1, 1))])
    assert warning not in lab.director_a.log()
    config["services"][0]["backends"] = weighted(lab, 0, 0)
    lab.director_a.reload(config)
    assert lab.director_a.log().count(warning) == 1
    assert warning in run(os.path.join(BUILD, "lb", "lbd"), "--check",
                          lab.director_a.config_file).stderr
    lab.director_a.stop()
    lab.director_a.start()
    assert lab.director_a.log().count(warning) == 2


@pytest.mark.quick
def test_fifty_reloads_under_load_lose_no_request(lab):
    config = lab.start_director([lab.service(scheduler="wrr", backends=weighted(lab, 1, 1))])
    load = lab.client.load(URL, pause=0, timeout=2)
    for turn in range(50):
        config["services"][0]["backends"] = weighted(lab, 1 + turn % 3, 1 + turn % 2)
        lab.director_a.reload(config)
    requests = load.stop()
    requests.expect_all_answered()
    assert len(requests.answered) > 100, requests


def test_a_new_backend_gets_connections_and_a_removed_one_no_more(lab):
    config = lab.start_director([lab.service()])
    web3 = lab.add_web("web3")
    config["services"] = [lab.service()]
    lab.director_a.reload(config)
    lab.director_a.wait_for_backend("web", web3.address, "up", 5)
    assert lab.client.pages(URL, 9) == {"web1": 3, "web2": 3, "web3": 3}
    config["services"] = [lab.service(backends=[{"address": web3.address}])]
    lab.director_a.reload(config)
    assert lab.client.pages(URL, 6) == {"web3": 6}


def test_a_service_comes_and_goes(lab):
    config = lab.start_director([lab.service()])
    config["services"].append(lab.service("second", port=8080))
    lab.director_a.reload(config)
    lab.director_a.wait_for_all_up()
    second = f"http://{ADDRESS.vip}:8080/"
    assert lab.client.pages(second, 4) == {"web1": 2, "web2": 2}
    config["services"].pop()
    lab.director_a.reload(config)
    result = lab.client.run("curl", "-sS", "--max-time", 2, second, check=False)
    assert result.returncode == 7, result.stderr


@pytest.mark.any_device
def test_sighup_reloads(lab):
    config = lab.start_director([lab.service()])
    config["services"] = [lab.service(backends=[{"address": lab.web2.address}])]
    lab.director_a.write(config)
    lab.director_a.signal(signal.SIGHUP)
    wait_until(lambda: list(lab.director_a.connections_of("web")) == [lab.web2.address], 5,
               "the new configuration in use")
    assert lab.client.pages(URL, 4) == {"web2": 4}


@pytest.mark.any_device
def test_a_faulty_file_changes_nothing_and_says_where(lab):
    lab.start_director([lab.service()])
    with open(lab.director_a.config_file, encoding="utf-8") as file:
        text = file.read()
    faulty = text.replace("port: 80\n", "port: 80000\n")
    line = faulty[: faulty.index("80000")].count("\n") + 1
    lab.director_a.write(faulty)
    result = lab.director_a.lbctl_run("reload")
    assert result.returncode == 1, result
    assert f"{lab.director_a.config_file}:{line}:" in result.stdout + result.stderr
    lab.client.expect_alternating(URL, ["web1", "web2"], 6)
    lab.director_a.signal(signal.SIGHUP)
    time.sleep(0.5)
    lab.client.expect_alternating(URL, ["web1", "web2"], 6)


@pytest.mark.any_device
def test_what_needs_a_restart_is_refused_and_named(lab):
    config = lab.start_director([lab.service()])
    config["workers"] = {"count": 2, "idle": "sleep"}
    lab.director_a.write(config)
    result = lab.director_a.lbctl_run("reload")
    assert result.returncode == 1, result
    assert "workers" in result.stdout + result.stderr
    assert lab.client.pages(URL, 2) == {"web1": 1, "web2": 1}


@pytest.mark.any_device
def test_counters_survive_a_reload(lab):
    lab.start_director([lab.service()])
    lab.client.pages(URL, 10)
    before = lab.director_a.connections_of("web")
    lab.director_a.reload()
    assert lab.director_a.connections_of("web") == before
