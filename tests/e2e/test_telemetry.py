# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's telemetry has lbd's figures, and nobody who asks for them disturbs the director."""

import contextlib
import json
import socket
import threading
import time

import pytest
from lab import ADDRESS, wait_until
from lab.namespace import run

pytestmark = pytest.mark.any_device


class Telemetry:
    """A client of a director's socket, as dpdk-telemetry.py is one."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(5)
        path = f"/var/run/dpdk/lbd-{name}/dpdk_telemetry.v2"
        # DPDK lets one client wait; connect() tells others at once to come again, with any timeout.
        wait_until(lambda: self.socket.connect(path) is None, 5, "a place")
        self.longest = json.loads(self.socket.recv(1024))["max_output_len"]

    def ask(self, command):
        self.socket.send(command.encode())
        reply = self.socket.recv(self.longest + 1).decode()
        assert len(reply) <= self.longest
        return json.loads(reply)[command.split(",")[0]]


@contextlib.contextmanager
def telemetry(config):
    client = Telemetry(config["name"])
    try:
        yield client
    finally:
        client.socket.close()


def items(reply, key):
    """What a list says, in its order."""
    assert list(reply[key]) == [str(n) for n in range(len(reply[key]))]
    return list(reply[key].values())


def numbers(mapping, keys):
    return {key: mapping[key] for key in keys}


COUNTED = ["packets", "bytes", "connections", "active_connections", "inactive_connections"]


def test_the_figures_are_those_of_lbctl(lab):
    config = lab.start_director([lab.service()])
    lab.client.pages(f"http://{ADDRESS.vip}/", 6)
    time.sleep(1.1)
    with telemetry(config) as dpdk:
        service, backends = dpdk.ask("/lbd/service,web"), dpdk.ask("/lbd/backends,web")
        listed = items(dpdk.ask("/lbd/services"), "services")
        drops, workers = dpdk.ask("/lbd/drops"), items(dpdk.ask("/lbd/workers"), "workers")
        checks, instances = dpdk.ask("/lbd/checks"), dpdk.ask("/lbd/vrrp")
        director, ports = dpdk.ask("/lbd/director"), items(dpdk.ask("/lbd/ports"), "ports")
        assert dpdk.ask("/lbd/sync") == {
            "enabled": 0, "total": 0, "truncated": 0, "peers": {}}
    stats = lab.director_a.lbctl("stats")
    web = stats["services"][0]
    assert service["connections"] == 6
    assert numbers(service, COUNTED) == numbers(web, COUNTED)
    assert (service["address"], service["port"], service["protocol"]) == (ADDRESS.vip, 80, "tcp")
    assert (service["backends"], service["backends_serving"], service["quorum"]) == (2, 2, 1)
    assert [each["name"] for each in listed] == ["web"]
    assert [numbers(each, ["address", "weight", *COUNTED]) for each in items(backends, "backends")] \
        == [numbers(each, ["address", "weight", *COUNTED]) for each in web["backends"]]
    assert (backends["total"], backends["truncated"]) == (2, 0)
    assert set(drops) == set(lab.director_a.drops())
    assert workers[0]["forwarded"] == stats["workers"][0]["forwarded"] > 0
    assert [each["up"] for each in items(checks, "checks")] == [1, 1]
    assert items(instances, "instances")[0]["state"] == "MASTER"
    assert (director["name"], director["ready"]) == (config["name"], 1)
    assert 0 < director["uptime_ms"] < 120_000
    assert 0 < ports[0]["rx_packets"] <= stats["ports"][0]["rx_packets"]


def test_dpdk_s_own_tool_shows_them(lab):
    config = lab.start_director([lab.service()])
    commands = ["/lbd/services", "/lbd/drops", "/help,/lbd/backends"]
    shown = run("dpdk-telemetry.py", "-f", f"lbd-{config['name']}",
                input="\n".join(["/", *commands, ""]), check=False)
    assert shown.returncode == 0, shown.stderr
    listed, services, drops, help_text = map(json.loads, shown.stdout.splitlines())
    assert services["/lbd/services"]["services"]["0"]["name"] == "web"
    assert "no_backend" in drops["/lbd/drops"]
    assert "Parameters" in help_text["/help"]["/lbd/backends"]
    ours = [each for each in listed["/"] if each.startswith("/lbd/")]
    assert len(ours) == len(set(ours)) == 10


@pytest.mark.parametrize("command", [
    "/lbd/service", "/lbd/service,", "/lbd/service,other", "/lbd/service,web,0",
    "/lbd/service," + "x" * 1500, "/lbd/service,we\x01b", "/lbd/backends", "/lbd/backends,other",
    "/lbd/backends,web,x", "/lbd/backends,web,-1", "/lbd/backends,web,3", "/lbd/backends,web,1,1",
    "/lbd/backends,web," + "9" * 40, "/lbd/backends,web,%n%s", "/lbd/drops,x", "/lbd/workers,2",
    "/lbd/vrrp,VI_1", "/lbd/nothing",
])
def test_what_is_not_there_is_not_answered(lab, command):
    config = lab.config("a", [lab.service()])
    lab.director_a.start(config)
    with telemetry(config) as dpdk:
        assert dpdk.ask(command) is None
        assert dpdk.ask("/lbd/service,web")["name"] == "web"


def test_thousands_of_backends_come_piece_by_piece(lab):
    addresses = [f"10.66.{1 + n // 200}.{1 + n % 200}" for n in range(2000)]
    many = [{"address": address, "mac": "02:00:00:00:00:01"} for address in addresses]
    config = lab.config("a", [lab.service(backends=many, health={"interval": "60s"})])
    lab.director_a.start(config)
    told = []
    with telemetry(config) as dpdk:
        reply = {"next": 0}
        while "next" in reply:
            reply = dpdk.ask(f"/lbd/backends,web,{reply['next']}")
            assert reply["total"] == 2000
            assert reply["truncated"] == ("next" in reply)
            told += [(int(n), each["address"]) for n, each in reply["backends"].items()]
        assert told == list(enumerate(addresses))
        assert dpdk.ask("/lbd/checks")["truncated"] == 1
        assert dpdk.ask("/lbd/service,web")["backends"] == 2000


def test_clients_ask_while_the_configuration_is_reloaded(lab):
    config = lab.start_director([lab.service()])
    transitions = lab.director_a.lbctl("vrrp")["instances"][0]["transitions"]
    done, answers, served = threading.Event(), [], []

    def ask():
        with telemetry(config) as dpdk:
            while not done.is_set():
                answers.append(dpdk.ask("/lbd/services")["total"])
                # DPDK 22.11 mixes up parameters of clients that ask at the same moment.
                backends = dpdk.ask("/lbd/backends,web")
                answers.append(backends["total"] if backends else 1)
            served.append(dpdk)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    for round_number in range(20):
        backends = [{"address": web.address} for web in lab.webs.values()][:1 + round_number % 2]
        services = [lab.service(backends=backends), lab.service("other", port=81)]
        lab.director_a.reload({**config, "services": services[:1 + round_number % 2]})
        time.sleep(0.15)
    done.set()
    for client in clients:
        client.join(10)
    assert len(served) == len(clients)
    assert set(answers) == {1, 2}
    assert lab.director_a.lbctl("vrrp")["instances"][0]["transitions"] == transitions


def test_a_director_stops_while_it_is_asked(lab):
    config = lab.config("a", [lab.service()])
    for _ in range(5):
        lab.director_a.start(config)
        clients = [Telemetry(config["name"]) for _ in range(4)]
        done, answered = threading.Event(), set()

        def ask(client, done=done, answered=answered):
            with contextlib.suppress(OSError, json.JSONDecodeError):
                while not done.is_set():
                    client.ask("/lbd/backends,web")
                    answered.add(client)

        threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        assert lab.director_a.stop() == 0
        done.set()
        for thread, client in zip(threads, clients):
            thread.join(10)
            client.socket.close()
        assert answered == set(clients)


def test_a_control_thread_that_hangs_keeps_nobody_waiting(lab):
    config = lab.config("a", [lab.service()])
    lab.director_a.start(config)
    with telemetry(config) as dpdk:
        assert dpdk.ask("/lbd/services")["total"] == 1
        time.sleep(1.1)
        with lab.director_a.hanging_control_thread():
            begin = time.monotonic()
            assert dpdk.ask("/lbd/services") is None
            assert time.monotonic() - begin < 3
        assert dpdk.ask("/lbd/services")["total"] == 1


def test_two_directors_of_one_machine_are_told_apart(lab):
    configs = {}
    for letter, port in (("a", 80), ("b", 81)):
        director = {"a": lab.director_a, "b": lab.director_b}[letter]
        configs[letter] = lab.config(letter, [lab.service(f"of-{letter}", port=port)])
        director.start(configs[letter])
    for letter, config in configs.items():
        with telemetry(config) as dpdk:
            assert dpdk.ask("/lbd/director")["name"] == config["name"]
            assert dpdk.ask("/lbd/services")["services"]["0"]["name"] == f"of-{letter}"
