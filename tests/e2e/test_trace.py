# SPDX-License-Identifier: BSD-3-Clause
"""lbctl trace says what becomes of a client's packets, and why, and disturbs nobody."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading

import pytest
from lab import ADDRESS, wait_until
from lab.lab import vrrp
from test_crafted import NO_CHECK, syn, to_vip, udp_service
from test_ipv6 import CLIENT as CLIENT6
from test_ipv6 import VIP as VIP6
from test_ipv6 import lab6, service, start  # noqa: F401 (lab6 is a fixture)

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether

pytestmark = pytest.mark.any_device

URL = f"http://{ADDRESS.vip}/"
SOMEBODY = "10.66.0.77"
PATIENCE = 60


class Trace:
    """lbctl trace in the background."""

    def __init__(self, director, *arguments, as_json=True, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        command = ["--json"] if as_json else []
        self.process = director.popen(director.lbctl_path, "--socket", director.socket, *command,
                                      "trace", *arguments, text=True, **options)
        self._end = threading.Timer(PATIENCE, self.process.kill)
        self._end.daemon = True
        self._end.start()
        first = self.process.stdout.readline() if as_json else self.process.stderr.readline()
        if as_json:
            self.begin = json.loads(first)
            assert self.begin["data"]["event"] == "begin", first
        else:
            assert first.startswith("tracing "), first

    def line(self):
        text = self.process.stdout.readline()
        assert text, f"nothing more within {PATIENCE} seconds: {self.process.stderr.read()}"
        return json.loads(text)["data"]

    def packets(self, count):
        """The next packets, whatever else is told in between."""
        found = []
        while len(found) < count:
            line = self.line()
            assert line["event"] != "end", found
            found += [line] if line["event"] == "packet" else []
        return found

    def rest(self):
        """All that is told until it ends by itself."""
        output, errors = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, errors
        return [json.loads(line)["data"] for line in output.splitlines()]

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=10)
        assert self.process.returncode == 0, errors
        return output


def reasons(packets):
    return [packet["reason"] for packet in packets]


def tcp(lab, port, flags, client=SOMEBODY, **more):
    return bytes(to_vip(lab, TCP(sport=port, dport=80, flags=flags), client=client, **more))


def room_for_one_more(director):
    """Whether another trace gets in now."""
    result = director.lbctl_run("--json", "trace", SOMEBODY, "--seconds", "1")
    return result.returncode == 0


def test_a_request_is_followed_from_its_first_packet_to_its_last(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    trace = Trace(lab.director_a, lab.client.address)
    page = lab.client.get(URL)
    packets = trace.packets(4)
    assert reasons(packets) == ["scheduled", "known", "known", "known"]
    assert packets[0]["flags"] == "SYN" and packets[1]["flags"] == "ACK"
    for packet in packets:
        assert packet["action"] == "forwarded" and packet["service"] == "web"
        assert packet["backend"] == f"{lab.webs[page].address}:80"
        assert packet["destination"] == f"{ADDRESS.vip}:80" and packet["protocol"] == "tcp"
        assert packet["client"].startswith(lab.client.address + ":")
        assert packet["forwarding"] == "direct" and packet["pieces"] == 1
    times = [packet["time_seconds"] for packet in packets]
    assert times == sorted(times)
    assert packets[0]["text"] == "new connection, scheduled (rr)"


def test_people_read_a_line_a_packet(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    trace = Trace(lab.director_a, f"{SOMEBODY}:4000", as_json=False)
    lab.client.inject([tcp(lab, 4001, "S"), tcp(lab, 4000, "S")])
    assert re.fullmatch(
        rf"\d\d:\d\d:\d\d\.\d{{6}} tcp {SOMEBODY}:4000 -> {ADDRESS.vip}:80 SYN  web -> "
        r"10\.66\.0\.2[12]:80  new connection, scheduled \(rr\)  worker 0\n",
        trace.process.stdout.readline())
    assert trace.interrupt() == ""


def test_other_clients_are_not_shown(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    trace = Trace(lab.director_a, lab.client2.address, "--count", "1")
    for _ in range(5):
        lab.client.get(URL)
    lab.client2.get(URL)
    packets = trace.rest()
    assert [line["event"] for line in packets] == ["packet", "end"]
    assert packets[0]["client"].startswith(lab.client2.address + ":")
    assert packets[-1]["packets"] == 1


@pytest.mark.parametrize("persistence", [None, "300s"])
def test_a_client_that_is_bound_is_told_from_one_that_is_not(lab, persistence):
    more = {"persistence": persistence} if persistence else {}
    lab.start_director([lab.service(health=NO_CHECK, **more)])
    trace = Trace(lab.director_a, SOMEBODY)
    lab.client.inject([tcp(lab, 4000 + n, "S") for n in range(3)])
    packets = trace.packets(3)
    expected = ["bound", "persistence", "persistence"] if persistence else ["scheduled"] * 3
    assert reasons(packets) == expected
    assert len({packet["backend"] for packet in packets}) == (1 if persistence else 2)


def test_what_is_unknown_goes_by_hash_or_is_dropped_as_the_service_says(lab):
    config = lab.start_director([lab.service(health=NO_CHECK)])
    trace = Trace(lab.director_a, SOMEBODY)
    lab.client.inject([tcp(lab, 4000, "A")])
    assert reasons(trace.packets(1)) == ["unknown_connection"]
    for policy, action in (("drop", "dropped"), ("reset", "answered")):
        config["services"][0]["on_unknown_tcp"] = policy
        lab.director_a.reload(config)

        def told(action=action):
            lab.client.inject([tcp(lab, 4001, "A")])
            [packet] = trace.packets(1)
            if packet["action"] != action:
                return False
            assert packet["reason"] == "unknown_connection" and packet["service"] == "web"
            return True
        wait_until(told, 10, f"packets are {action}")


def test_what_is_not_for_a_service_is_the_hosts(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    trace = Trace(lab.director_a, SOMEBODY)
    lab.client.inject([bytes(to_vip(lab, ICMP(), b"ping", client=SOMEBODY)),
                       bytes(to_vip(lab, TCP(sport=1, dport=81, flags="S"), client=SOMEBODY))])
    ping, stranger = trace.packets(2)
    assert (ping["action"], ping["reason"], ping["protocol"]) == ("punted", "host", "icmp")
    assert (stranger["action"], stranger["reason"]) == ("punted", "no_service")
    assert stranger["destination"] == f"{ADDRESS.vip}:81" and "service" not in stranger


def test_malformed_packets_are_told_if_their_source_can_be_read(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    trace = Trace(lab.director_a, SOMEBODY)
    checksum = bytes(Ether(src=lab.client.mac(), dst=lab.director_a.mac("lb0")) /
                     IP(src=SOMEBODY, dst=ADDRESS.vip, chksum=1) / TCP(sport=5, dport=80))
    short = tcp(lab, 6, "S")[:14 + 20 + 10]
    lab.client.inject([short, checksum])
    seen = trace.packets(2)
    assert reasons(seen) == ["bad_ip_length", "bad_ip_checksum"]
    assert all(packet["action"] == "dropped" for packet in seen)
    assert seen[1]["text"] == "IPv4 header checksum wrong"


def test_the_limit_of_a_client_is_told(lab):
    lab.start_director([lab.service(health=NO_CHECK, limits={"connections_per_client": 1})])
    trace = Trace(lab.director_a, SOMEBODY)
    lab.client.inject([tcp(lab, 4000 + n, "S") for n in range(30)])
    seen = trace.packets(30)
    assert set(reasons(seen)) == {"scheduled", "client_limit"}
    assert seen[-1]["action"] == "dropped" and seen[-1]["service"] == "web"


def test_a_service_without_a_backend_is_told(lab):
    backends = [{"address": lab.web1.address, "weight": 0}]
    lab.start_director([lab.service(health=NO_CHECK, backends=backends, on_no_backend="reject")])
    trace = Trace(lab.director_a, SOMEBODY)
    lab.client.inject([tcp(lab, 4000, "S")])
    [packet] = trace.packets(1)
    assert (packet["action"], packet["reason"]) == ("answered", "rejected")


def test_a_full_table_is_told(lab):
    lab.start_director([udp_service(lab)],
                       memory={"hugepages": False, "flows": 1024, "persistence_entries": 1024})
    frames = [bytes(to_vip(lab, UDP(sport=1024 + n, dport=9000), b"x", client=SOMEBODY))
              for n in range(6000)]
    for begin in range(0, len(frames), 200):
        lab.client.inject(frames[begin:begin + 200])
    trace = Trace(lab.director_a, SOMEBODY)
    lab.client.inject([bytes(to_vip(lab, UDP(sport=9000 + n, dport=9000), b"x", client=SOMEBODY))
                       for n in range(50)])
    seen = trace.packets(50)
    assert set(reasons(seen)) <= {"scheduled", "table_full"}
    full = [packet for packet in seen if packet["reason"] == "table_full"]
    assert len(full) > 25 and {packet["backend"] for packet in full} == {
        f"{web.address}:9000" for web in (lab.web1, lab.web2)}


def test_icmp_errors_are_shown_to_the_client_that_they_are_about(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    trace = Trace(lab.director_a, f"{SOMEBODY}:4000")

    def error(port):
        quoted = IP(src=ADDRESS.vip, dst=SOMEBODY) / TCP(sport=80, dport=port)
        return bytes(to_vip(lab, ICMP(type=3, code=1), bytes(quoted)[:28], client="10.66.9.9"))

    lab.client.inject([error(4001), error(4000), tcp(lab, 4000, "S"), error(4000)])
    unknown, opened, known = trace.packets(3)
    assert reasons([unknown, opened, known]) == ["error_unknown", "scheduled", "error_known"]
    assert known["icmp_error_from"] == "10.66.9.9" and known["backend"] == opened["backend"]
    assert known["client"] == f"{SOMEBODY}:4000"


def test_tunnels_pieces_and_what_does_not_fit_are_told(lab):
    backends = [{"address": web.address, "forwarding": "ipip"} for web in (lab.web1, lab.web2)]
    lab.start_director([udp_service(lab, backends=backends)])
    trace = Trace(lab.director_a, SOMEBODY)

    def datagram(size, **more):
        return bytes(to_vip(lab, UDP(sport=4000, dport=9000), bytes(size), client=SOMEBODY, **more))

    lab.client.inject([datagram(100), datagram(1472), datagram(1472, flags="DF")])
    small, cut, refused = trace.packets(3)
    assert (small["forwarding"], small["pieces"]) == ("ipip", 1)
    assert (cut["forwarding"], cut["pieces"], cut["reason"]) == ("ipip", 2, "known")
    assert (refused["action"], refused["reason"]) == ("answered", "too_big")
    assert refused["backend"] == small["backend"]


def test_ipv6_clients_are_traced_as_others(lab6):  # noqa: F811
    start(lab6, service(persistence="60s"))
    lab6.director_a.wait_for_vrrp("MASTER")
    lab6.director_a.wait_for_all_up()
    trace = Trace(lab6.director_a, CLIENT6)
    lab6.client.get(f"http://[{VIP6}]/")
    packets = [p for p in trace.packets(4) if p["protocol"] == "tcp"]
    assert reasons(packets)[:2] == ["bound", "known"]
    assert packets[0]["client"].startswith(f"[{CLIENT6}]:")
    assert packets[0]["destination"] == f"[{VIP6}]:80"
    assert re.fullmatch(r"\[fd66::2[12]\]:80", packets[0]["backend"])


def test_of_two_workers_each_tells_its_part(lab):
    lab.start_director([lab.service(health=NO_CHECK, persistence="300s")],
                       workers={"count": 2, "idle": "sleep"})
    trace = Trace(lab.director_a, SOMEBODY)
    lab.client.inject([tcp(lab, 4000 + n, "S") for n in range(16)])
    forwarded, asked = [], []
    while len(forwarded) < 16:
        [packet] = trace.packets(1)
        (forwarded if packet["action"] == "forwarded" else asked).append(packet)
    assert {packet["worker"] for packet in forwarded} == {0, 1}
    assert len({packet["backend"] for packet in forwarded}) == 1
    [keeper] = {p["to_worker"] for p in asked if p["reason"] == "persistence_owner"}
    assert {p["reason"] for p in forwarded if p["worker"] != keeper} == {"persistence_elsewhere"}
    assert {p["reason"] for p in asked if p["worker"] == keeper and
            p["to_worker"] != keeper} <= {"persistence", "bound", "flow_owner"}


def test_a_connection_that_the_peer_told_of_is_known_as_such(lab):
    for director in lab.directors:
        peer = next(other for other in lab.directors if other is not director)
        director.start(lab.config(
            director.letter, [lab.service(health=NO_CHECK)],
            [vrrp(150 if director is lab.director_a else 100, interval="100ms")],
            sync={"peers": [peer.address], "key": "a-key-that-is-long-enough"}))
    lab.director_a.wait_for_vrrp("MASTER")
    for director in lab.directors:
        wait_until(lambda d=director: d.lbctl("sync")["settled"], 10, "the peer's state")
    lab.client.inject([tcp(lab, 4000, "S"), tcp(lab, 4000, "A")])
    wait_until(lambda: sum(backend["active_connections"] for backend in
                           lab.director_b.service("web")["backends"]) == 1, 10, "b knows of it")
    trace = Trace(lab.director_b, SOMEBODY)
    packet = to_vip(lab, TCP(sport=4000, dport=80, flags="A"), client=SOMEBODY)
    packet.dst = lab.director_b.mac("lb0")
    lab.client.inject([bytes(packet), bytes(packet)])
    assert reasons(trace.packets(2)) == ["synchronised"] * 2


def test_more_than_the_rate_is_left_out_and_counted(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    frames = [tcp(lab, 4000 + n, "S") for n in range(500)]
    trace = Trace(lab.director_a, SOMEBODY, "--rate", "5", "--seconds", "10")
    assert trace.begin["data"]["packets_per_second"] == 5
    lab.client.inject(frames)
    told = trace.rest()
    packets = [line for line in told if line["event"] == "packet"]
    assert 5 <= len(packets) <= 5 * 12
    assert told[-1] == {"event": "end", "packets": len(packets),
                        "packets_left_out": 500 - len(packets)}
    assert any(line["event"] == "left_out" for line in told)
    assert sum(lab.director_a.connections_of("web").values()) == 500


def test_two_traces_do_not_disturb_each_other(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    whole = Trace(lab.director_a, SOMEBODY, "--count", "20")
    part = Trace(lab.director_a, f"{SOMEBODY}:4007", "--count", "1")
    lab.client.inject([tcp(lab, 4000 + n, "S") for n in range(20)])
    assert [line["event"] for line in part.rest()] == ["packet", "end"]
    assert [line["event"] for line in whole.rest()] == ["packet"] * 20 + ["end"]


def test_there_are_four_traces_at_most_and_room_again_when_one_is_killed(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    traces = [Trace(lab.director_a, SOMEBODY) for _ in range(4)]
    refused = lab.director_a.lbctl_run("trace", SOMEBODY)
    assert refused.returncode == 1
    assert "4 traces are under way, which is the most at once" in refused.stderr
    traces[0].process.kill()
    wait_until(lambda: room_for_one_more(lab.director_a), 10, "room for another")
    for trace in traces[1:]:
        trace.interrupt()
    lab.client.inject([syn(lab, 5000)])
    assert lab.director_a.lbctl("stats")


def test_a_reader_that_stops_reading_costs_nothing_but_lines(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as reader:
        reader.connect(lab.director_a.socket)
        request = {"command": "trace", "client": SOMEBODY, "rate": 10000}
        reader.sendall(json.dumps(request).encode() + b"\n")
        lines = reader.makefile()
        assert json.loads(lines.readline())["data"]["event"] == "begin"
        frames = [tcp(lab, 1024 + n, "S") for n in range(200)]

        def flood():
            lab.client.inject(frames, 10)
            return lab.director_a.written_kilobytes()

        flood()
        before = flood()
        after = max(flood() for _ in range(5))
        assert after - before < 4096
        assert lab.client.get(URL)
        packets = left_out = 0
        while left_out == 0:
            line = json.loads(lines.readline())["data"]
            packets += line["event"] == "packet"
            left_out = line.get("packets_left_out", 0)
        assert packets < 14_000
    wait_until(lambda: room_for_one_more(lab.director_a), 10, "its end")


def test_a_closed_pipe_ends_it(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    read, write = os.pipe()
    process = lab.director_a.popen(
        lab.director_a.lbctl_path, "--socket", lab.director_a.socket, "trace", SOMEBODY,
        stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert process.stderr.readline().startswith("tracing ")
    os.close(read)  # though there is nothing to write
    assert process.wait(10) == 0


def test_the_end_of_lbd_is_the_end_of_a_trace(lab):
    lab.start_director([lab.service(health=NO_CHECK)])
    trace = Trace(lab.director_a, SOMEBODY)
    assert lab.director_a.stop() == 0
    assert trace.process.wait(10) == 3


@pytest.mark.parametrize("arguments, status, word", [
    (["trace"], 2, "a client"),
    (["trace", "a", "b"], 2, "one word"),
    (["trace", "web.example.org"], 1, "'web.example.org' is not an address"),
    (["trace", "192.0.2.7:0"], 1, "'192.0.2.7:0' is not an address"),
    (["trace", "192.0.2.7", "--rate", "0"], 1, "rate: allowed are 1 to 10000"),
    (["trace", "192.0.2.7", "--rate", "-1"], 1, "rate: allowed are 1 to 10000"),
    (["trace", "192.0.2.7", "--rate", "x"], 2, "rate"),
    (["trace", "192.0.2.7", "--count", "0"], 1, "count: allowed are"),
    (["trace", "192.0.2.7", "--seconds", "99999"], 1, "seconds: allowed are"),
    (["trace", "192.0.2.7", "--watch"], 2, "--watch is not for trace"),
    (["stats", "--rate", "5"], 2, "are for trace"),
])
def test_nonsense_is_refused(lab, arguments, status, word):
    if not lab.director_a.running():
        lab.start_director([lab.service(health=NO_CHECK)])
    result = lab.director_a.lbctl_run(*arguments)
    assert result.returncode == status and word in result.stderr, result.stderr
    assert result.stdout == ""
