# SPDX-License-Identifier: BSD-3-Clause
"""Prometheus reads what lbctl says, and nobody who asks for it disturbs the director."""

import contextlib
import json
import os
import re
import subprocess
import time

import pytest
from lab import ADDRESS, wait_until
from prometheus_client.parser import text_string_to_metric_families

pytestmark = pytest.mark.any_device

PORT = 9419
URL = f"http://127.0.0.1:{PORT}"
DASHBOARD = os.path.join(os.path.dirname(__file__), "..", "..", "tools", "grafana", "lbd.json")
MISBEHAVE = """
import socket, sys, time
clients = []
for _ in range(int(sys.argv[1])):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", 9419))
    try:
        client.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
    except OSError:
        pass  # it was told to go before its end
    clients.append(client)
print("sent", flush=True)
time.sleep(60)
"""


@pytest.fixture
def director(lab):
    lab.start_director([lab.service()], metrics={})
    return lab.director_a


def curl(director, *arguments):
    return director.run("curl", "-s", "--max-time", "4", *arguments, check=False).stdout


def status(director, path, *arguments):
    return curl(director, "-o", "/dev/null", "-w", "%{http_code}", *arguments, URL + path)


def scrape(director):
    """Families by name; the parser raises on what it does not understand."""
    return {f.name: f for f in text_string_to_metric_families(curl(director, f"{URL}/metrics"))}


def values(family, label):
    return {sample.labels[label]: sample.value for sample in family.samples}


def test_the_numbers_are_those_of_lbctl(lab, director):
    lab.client.pages(f"http://{ADDRESS.vip}/", 6)
    time.sleep(1.1)
    families = scrape(director)
    counted = values(families["lbd_backend_connections"], "address")
    assert counted == director.connections_of("web")
    assert sum(counted.values()) == 6
    assert values(families["lbd_backend_serving"], "address") == dict.fromkeys(counted, 1)
    state = values(families["lbd_vrrp_state"], "state")
    assert state == {"master": 1, "backup": 0, "init": 0, "fault": 0}
    assert set(values(families["lbd_dropped_packets"], "reason")) == set(director.drops())
    assert values(families["lbd_check_up"], "address") == dict.fromkeys(counted, 1)
    assert 0 <= values(families["lbd_worker_busy_ratio"], "worker")["0"] <= 1
    started = families["process_start_time_seconds"].samples[0].value
    assert 0 < time.time() - started < 120


def test_no_series_is_there_twice(director):
    lines = [line.rsplit(" ", 1)[0] for line in curl(director, f"{URL}/metrics").splitlines()
             if not line.startswith("#")]
    assert len(lines) == len(set(lines)) > 100


def test_only_what_there_is_can_be_asked_for(director):
    assert status(director, "/metrics") == "200"
    assert status(director, "/metrics", "--head") == "200"
    assert status(director, "/metrics", "-d", "x") == "405"
    assert status(director, "/else") == "404"
    assert status(director, "/healthz") == "200"


def test_the_endpoint_changes_only_at_a_restart(lab):
    config = lab.start_director([lab.service()], metrics={})
    with pytest.raises(RuntimeError, match="metrics"):
        lab.director_a.reload({**config, "metrics": {"port": PORT + 1}})
    assert status(lab.director_a, "/metrics") == "200"


def test_a_director_that_is_not_ready_says_so(lab):
    lab.start_director([lab.service()], metrics={})
    with lab.director_a.hanging_worker():
        wait_until(lambda: status(lab.director_a, "/healthz") == "503", 5, "503")


@pytest.mark.parametrize("request_text", [
    "GET /metrics HT", "GET /metrics HTTP/1.1\\r\\nX: " + "y" * 20000,
    "GET /metrics HTTP/1.1\\r\\n\\r\\n", "\\x00\\x01\\r\\n\\r\\n",
])
def test_bad_clients_are_got_rid_of(director, request_text):
    transitions = director.lbctl("vrrp")["instances"][0]["transitions"]
    bad = director.popen("/usr/bin/python3", "-c", MISBEHAVE, "40", request_text,
                         stdout=subprocess.PIPE, text=True)
    try:
        assert bad.stdout.readline() == "sent\n"
        time.sleep(1)
        director.lbctl("stats")
        wait_until(lambda: status(director, "/metrics") == "200", 12, "an answer to a good client")
        assert director.lbctl("vrrp")["instances"][0]["transitions"] == transitions
    finally:
        with contextlib.suppress(ProcessLookupError):
            bad.kill()
        bad.wait(5)


def test_thousands_of_backends_do_not_hold_up_the_control_thread(lab):
    many = [{"address": f"10.66.{1 + n // 200}.{1 + n % 200}", "mac": "02:00:00:00:00:01"}
            for n in range(2000)]
    config = lab.config("a", [lab.service(backends=many, health={"interval": "60s"})], metrics={})
    lab.director_a.start(config)
    took = []
    for _ in range(3):
        families = scrape(lab.director_a)
        took.append(families["lbd_metrics_collect_seconds"].samples[0].value)
        time.sleep(1.1)
    assert len(families["lbd_backend_up"].samples) == 2000
    print(f"collecting took {took}")
    assert min(took) < 0.005


def test_the_dashboard_shows_what_is_exported(lab):
    lab.start_director([lab.service()], metrics={}, sync={
        "peers": [ADDRESS.director_b], "key": "0123456789abcdef"})
    exported = {s.name for f in scrape(lab.director_a).values() for s in f.samples}
    with open(DASHBOARD, encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    shown = {name for panel in panels for target in panel["targets"]
             for name in re.findall(r"\b(?:lbd|process)_[a-z0-9_]+", target["expr"])}
    assert len(shown) > 10
    assert shown <= exported
