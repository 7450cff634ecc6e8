# SPDX-License-Identifier: BSD-3-Clause
"""What lbctl explain says of a connection is what then happens to it, and saying it moves nothing."""

import json
import socket
import time

import pytest
from lab import ADDRESS, wait_until
from lab.lab import vrrp

URL = f"http://{ADDRESS.vip}/"
WORKERS = {"count": 2, "idle": "sleep"}


def explain(director, source, destination=f"{ADDRESS.vip}:80/tcp"):
    return director.lbctl("explain", source, destination)


def opening(director, source, destination=f"{ADDRESS.vip}:80/tcp"):
    return explain(director, source, destination)["packets"][0]


def page_from(client, source_port):
    """The page that a new connection from this port of the client's gets."""
    result = client.run("curl", "-sS", "--fail", "--max-time", 3, "--local-port", source_port, URL)
    return result.stdout.strip()


def foretold(lab, client, source_port):
    packet = opening(lab.director_a, f"{client.address}:{source_port}")
    assert packet["verdict"] == "forward", packet
    return next(page for page, web in lab.webs.items() if web.address == packet["backend"])


def expect_foretold(lab, first_port, connections=12):
    for port in range(first_port, first_port + connections):
        for client in (lab.client, lab.client2):
            told = foretold(lab, client, port)
            assert page_from(client, port) == told, f"{client.name} from port {port}"


@pytest.mark.quick
@pytest.mark.any_device
def test_a_connection_goes_where_it_is_said_to_go_by_turns(lab):
    lab.start_director([lab.service()], workers=WORKERS)
    expect_foretold(lab, 21000)
    assert opening(lab.director_a, "10.66.0.1:21999")["because"] == "round_robin"


@pytest.mark.parametrize("scheduler, first_port", [
    ("wrr", 22000), ("lc", 22100), ("wlc", 22200), ("sh", 22300), ("mh", 22400)])
def test_a_connection_goes_where_it_is_said_to_go(lab, scheduler, first_port):
    lab.add_web("web3")
    backends = [{"address": web.address, "weight": 1 + number}
                for number, web in enumerate(lab.webs.values())]
    lab.start_director([lab.service(backends=backends, scheduler=scheduler)])
    expect_foretold(lab, first_port)


@pytest.mark.any_device
def test_a_bound_client_goes_where_it_is_said_to_go_whoever_keeps_its_binding(lab):
    lab.start_director([lab.service(persistence="60s")], workers=WORKERS)
    expect_foretold(lab, 23000, 6)
    for client in (lab.client, lab.client2):
        said = explain(lab.director_a, f"{client.address}:23999")
        assert said["packets"][0]["because"] == "binding"
        assert said["binding"]["network"] == f"{client.address}/32"
        assert 50 < said["binding"]["expires_seconds"] <= 60
        assert said["binding"]["holds"] and said["binding"]["connections"] == 6
        assert said["binding"]["backend"] == said["packets"][0]["backend"]


def test_clients_of_one_network_are_bound_together(lab):
    lab.start_director([lab.service(persistence="60s", persistence_prefix=24)])
    page = lab.client.get(URL)
    said = explain(lab.director_a, "10.66.0.77:1024")
    assert said["binding"]["backend"] == lab.webs[page].address
    assert said["packets"][0]["because"] == "binding"


def open_connection(client, port):
    """One that stays; the port is listened on by nobody else."""
    code = ("import socket, sys\n"
            f"s = socket.create_connection(('{ADDRESS.vip}', 80), 3, ('', {port}))\n"
            "s.sendall(b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')\n"
            "print(s.recv(4096).split()[-1].decode(), flush=True)\n"
            "sys.stdin.read()\n")
    process = client.popen("/usr/bin/python3", "-c", code, stdin=-1, stdout=-1, text=True)
    return process.stdout.readline().strip()


@pytest.mark.parametrize("fate, port", [("reschedule", 24000), ("keep", 24001), ("reset", 24002)])
def test_a_flow_is_told_with_its_state_and_what_becomes_of_it(lab, fate, port):
    lab.start_director([lab.service(on_backend_down=fate)])
    page = open_connection(lab.client, port)
    director, source = lab.director_a, f"{lab.client.address}:{port}"
    said = explain(director, source)
    assert said["flow"]["backend"] == lab.webs[page].address
    assert said["flow"]["state"] == "ESTABLISHED" and said["flow"]["fate"] == "forward"
    assert 800 < said["flow"]["expires_seconds"] <= 900
    assert {packet["because"] for packet in said["packets"]} == {"flow"}
    director.lbctl("backend", "disable", lab.webs[page].address)
    wait_until(lambda: explain(director, source)["flow"]["fate"] == fate, 10, f"fate {fate}")
    other = explain(director, source)["packets"][1]
    if fate == "reschedule":
        survivor = next(web.address for name, web in lab.webs.items() if name != page)
        assert (other["verdict"], other["backend"]) == ("forward", survivor)
        assert other["ends_flow"]
    else:
        assert other["verdict"] == {"keep": "forward", "reset": "reject"}[fate], other
    assert "down" in lab.director_a.lbctl_run("explain", source, f"{ADDRESS.vip}:80/tcp").stdout


def test_without_a_backend_it_says_what_happens_and_why(lab):
    lab.start_director([lab.service(), lab.service("no", port=8080, on_no_backend="reject")])
    director = lab.director_a
    for web in lab.webs.values():
        director.lbctl("backend", "disable", web.address)

    def refused(port):
        return opening(director, "10.66.0.1:1024", f"{ADDRESS.vip}:{port}/tcp")["reason"]

    wait_until(lambda: refused(80) == "no_backend", 10, "nobody is left")
    assert refused(8080) == "rejected"
    shown = director.lbctl_run("explain", "10.66.0.1:1024", f"{ADDRESS.vip}:80/tcp").stdout
    assert f"{lab.web1.address} disabled" in shown and "no_backend" in shown


def test_a_client_beyond_its_limit_is_told_to_be_dropped(lab):
    lab.start_director([lab.service(limits={"connections_per_client": 3})])
    director = lab.director_a
    assert opening(director, f"{lab.client.address}:1024")["verdict"] == "forward"

    def beyond():
        lab.client.requests(URL, 6, timeout=0.05)
        return opening(director, f"{lab.client.address}:1024")["reason"] == "client_limit"

    wait_until(beyond, 10, "the limit is reached")
    assert opening(director, f"{lab.client2.address}:1024")["verdict"] == "forward"


def test_what_no_service_has_is_the_hosts(lab):
    lab.start_director([lab.service()])
    director = lab.director_a
    for destination, kind, here in ((f"{ADDRESS.vip}:81/tcp", "virtual", True),
                                    (f"{ADDRESS.vip}:80/udp", "virtual", True),
                                    (f"{director.address}:22/tcp", "own", True),
                                    ("10.66.0.222:80/tcp", "foreign", None)):
        said = explain(director, "10.66.0.1:1024", destination)
        assert said["service"] is None and said["flow"] is None
        assert said["packets"][0]["verdict"] == "host"
        assert (said["address"]["kind"], said["address"]["here"]) == (kind, here)
    echo = explain(director, "10.66.0.1", f"{ADDRESS.vip}/icmp")
    assert [packet["verdict"] for packet in echo["packets"]] == ["host"]
    impossible = explain(director, "127.0.0.1:1024")
    assert impossible["packets"][0]["reason"] == "bad_source"


def test_every_port_and_udp_are_told(lab):
    lab.start_director([lab.service(), lab.service("rest", port="any", protocol="udp", health={
        "type": "ping", "interval": "500ms"})])
    said = explain(lab.director_a, "10.66.0.1:1024", f"{ADDRESS.vip}:9999/udp")
    assert said["service"]["name"] == "rest" and said["service"]["port"] == 0
    assert [packet["packet"] for packet in said["packets"]] == ["datagram"]


def test_a_backup_says_that_packets_do_not_come_here(lab):
    lab.start_director([lab.service()])
    lab.director_b.start(lab.config("b", [lab.service()], [vrrp(100, interval="100ms")]))
    lab.director_b.wait_for_vrrp("BACKUP")
    lab.director_b.wait_for_all_up()
    said = explain(lab.director_b, "10.66.0.1:1024")
    assert said["address"]["state"] == "BACKUP" and said["address"]["here"] is False
    assert said["packets"][0]["verdict"] == "forward"  # if it came
    shown = lab.director_b.lbctl_run("explain", "10.66.0.1:1024", f"{ADDRESS.vip}:80/tcp").stdout
    assert "this director is BACKUP for VI_1" in shown
    assert "MASTER here" in lab.director_a.lbctl_run(
        "explain", "10.66.0.1:1024", f"{ADDRESS.vip}:80/tcp").stdout


def test_a_backend_that_does_not_answer_arp_is_named(lab):
    lab.start_director([lab.service(backends=[{"address": "10.66.0.98"}],
                                    health={"type": "none"})], wait_up=False)
    lab.director_a.wait_for_backend("web", "10.66.0.98", "no_mac")
    said = explain(lab.director_a, "10.66.0.1:1024")
    assert said["packets"][0]["reason"] == "no_backend"
    assert [(b["state"], b["mac_known"]) for b in said["backends"]] == [("no_mac", False)]


@pytest.mark.any_device
def test_nothing_moves_by_a_thousand_explanations(lab):
    lab.start_director([lab.service(), lab.service("bound", port=8080, persistence="300s")],
                       workers=WORKERS)
    director = lab.director_a
    lab.client.get(f"http://{ADDRESS.vip}:8080/")
    open_connection(lab.client, 25000)

    def figures():
        stats = director.lbctl("stats")
        return ([{key: value for key, value in backend.items() if key != "rates"}
                 for service in stats["services"] for backend in service["backends"]],
                [service["dropped"] for service in stats["services"]],
                [worker["forwarded"] for worker in stats["workers"]],
                sorted((c["client"], c["virtual"], c["backend"], c["state"])
                       for c in director.lbctl("connections")["connections"]))

    def at_rest():
        """What ends a connection may still be on its way."""
        seen = figures()
        time.sleep(0.5)
        return seen if figures() == seen else None

    before = wait_until(at_rest, 20, "no packet comes any more")
    left = explain(director, f"{lab.client.address}:1", f"{ADDRESS.vip}:8080/tcp")
    told = opening(director, f"{lab.client2.address}:25001")["backend"]
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(director.socket)
        lines = client.makefile("rw")
        for number in range(1000):
            lines.write(json.dumps({
                "command": "explain", "source": f"10.66.0.{1 + number % 9}:{25000 + number % 3}",
                "destination": f"{ADDRESS.vip}:{(80, 8080)[number % 2]}/tcp"}) + "\n")
            lines.flush()
            assert json.loads(lines.readline())["ok"] is True
    after = figures()
    assert after == before
    later = explain(director, f"{lab.client.address}:1", f"{ADDRESS.vip}:8080/tcp")
    assert later["binding"]["expires_seconds"] < left["binding"]["expires_seconds"]
    assert opening(director, f"{lab.client2.address}:25001")["backend"] == told
    assert lab.webs[page_from(lab.client2, 25001)].address == told


@pytest.mark.parametrize("words", [
    (), ("10.66.0.1:1",), ("10.66.0.1:1", "10.66.0.100:80"), ("10.66.0.1", "10.66.0.100:80/tcp"),
    ("10.66.0.1:1", "10.66.0.100/tcp"), ("10.66.0.1:1", "10.66.0.100:80/icmp"),
    ("10.66.0.1:1", "10.66.0.100:80/sctp"), ("[2001:db8::1]:1", "10.66.0.100:80/tcp"),
    ("nonsense", "10.66.0.100:80/tcp"), ("10.66.0.1:99999", "10.66.0.100:80/tcp"),
    ("10.66.0.1:1", "/"), ("10.66.0.1:1", "x" * 5000),
])
def test_nonsense_is_refused_clearly(lab, words):
    if not lab.director_a.running():
        lab.start_director([lab.service()])
    result = lab.director_a.lbctl_run("explain", *words)
    assert result.returncode in (1, 2) and result.stdout == ""
    assert result.stderr.startswith("lbctl: ") and len(result.stderr) < 6000
    assert lab.director_a.running()
