# SPDX-License-Identifier: BSD-3-Clause
"""UDP services."""

import json

import pytest
from lab import ADDRESS

ASK = """
import json, socket, sys
vip, sockets, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
seen = []
for _ in range(sockets):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.connect((vip, 9000))
        answers = []
        for _ in range(each):
            s.send(b"hello")
            answers.append(s.recv(100).decode())
    seen.append(answers)
print(json.dumps(seen))
"""


def ask(client, sockets, each):
    return json.loads(
        client.run("/usr/bin/python3", "-c", ASK, ADDRESS.vip, sockets, each).stdout)


def udp_service(lab, **more):
    return lab.service("dns", port=9000, protocol="udp", health={"type": "none"}, **more)


@pytest.mark.quick
def test_a_source_port_keeps_its_server_and_ports_take_turns(lab, udp_servers):
    lab.start_director([udp_service(lab)])
    seen = ask(lab.client, 6, 4)
    assert all(len(set(answers)) == 1 for answers in seen), seen
    firsts = [answers[0] for answers in seen]
    assert all(a != b for a, b in zip(firsts, firsts[1:])), firsts


@pytest.mark.any_device
def test_persistence_holds_for_udp(lab, udp_servers):
    lab.start_director([udp_service(lab, persistence="60s")])
    seen = ask(lab.client, 6, 2)
    assert len({answer for answers in seen for answer in answers}) == 1, seen
