# SPDX-License-Identifier: BSD-3-Clause
"""What becomes of the connections of a backend that is removed, drained, or down."""

import contextlib
import subprocess

import pytest
from lab import ADDRESS, wait_until

URL = f"http://{ADDRESS.vip}/"

# A connection that is opened, waits for a line, and then asks.
CLIENT = (
    "import socket, sys\n"
    "c = socket.create_connection((sys.argv[1], 80), 5)\n"
    "c.settimeout(4)\n"
    "print('open', flush=True)\n"
    "sys.stdin.readline()\n"
    "try:\n"
    "    c.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\n"
    "    print(c.makefile('rb').read().split()[-1].decode())\n"
    "except OSError as error:\n"
    "    print(type(error).__name__)\n"
)


class Connection:
    def __init__(self, client):
        self._process = client.popen("/usr/bin/python3", "-c", CLIENT, ADDRESS.vip, text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout.readline() == "open\n"

    def ask(self):
        """The page, or the name of the exception."""
        return self._process.communicate("ask\n", timeout=15)[0].strip()


def two_connections(lab):
    """One to each server, whichever comes first."""
    return [Connection(lab.client) for _ in range(2)]


def without_web2(lab, config, **more):
    service = lab.service(backends=[{"address": lab.web1.address}], **more)
    lab.director_a.reload({**config, "services": [service]})


@pytest.mark.parametrize("policy, fate", [("drain", "web2"), ("reset", "ConnectionResetError")])
def test_a_removed_backends_connections_end_as_the_service_says(lab, policy, fate):
    config = lab.start_director([lab.service(on_backend_removed=policy)])
    connections = two_connections(lab)
    without_web2(lab, config, on_backend_removed=policy)
    assert sorted(c.ask() for c in connections) == sorted(["web1", fate])
    assert lab.client.pages(URL, 4) == {"web1": 4}


def test_a_removed_backends_connections_move_to_where_they_are_unknown(lab):
    config = lab.start_director([lab.service(on_backend_removed="reschedule")])
    connections = two_connections(lab)
    without_web2(lab, config, on_backend_removed="reschedule")
    # The server that knows nothing of the connection resets it.
    assert sorted(c.ask() for c in connections) == ["ConnectionResetError", "web1"]


def test_a_drained_backend_keeps_its_connections_and_gets_no_more(lab):
    config = lab.start_director([lab.service()])
    connections = two_connections(lab)
    backends = [{"address": lab.web1.address}, {"address": lab.web2.address, "weight": 0}]
    lab.director_a.reload({**config, "services": [lab.service(backends=backends)]})
    assert lab.client.pages(URL, 4) == {"web1": 4}
    assert sorted(c.ask() for c in connections) == ["web1", "web2"]


@pytest.mark.parametrize("drained, page", [("honour", "web2"), ("move", "web1")])
def test_persistence_to_a_drained_backend_is_honoured_or_moved(lab, drained, page):
    more = {"persistence": "1m", "persistence_while_drained": drained}
    only2 = [{"address": lab.web1.address, "weight": 0}, {"address": lab.web2.address}]
    only1 = [{"address": lab.web1.address}, {"address": lab.web2.address, "weight": 0}]
    config = lab.start_director([lab.service(backends=only2, **more)], wait_up=False)
    wait_until(lambda: lab.client.get(URL) == "web2", 10, "web2 serves")
    lab.director_a.reload({**config, "services": [lab.service(backends=only1, **more)]})
    assert lab.client.pages(URL, 3) == {page: 3}
    assert lab.client2.pages(URL, 3) == {"web1": 3}


@pytest.mark.parametrize("policy, fate", [("reset", "ConnectionResetError"), ("keep", "web2")])
def test_connections_of_a_backend_that_is_down(lab, policy, fate):
    # Down for its health check only: what is open can still be served.
    check = {"type": "tcp", "interval": "500ms", "connect_timeout": "500ms", "retries": 0,
             "port": 8080}
    lab.start_director([lab.service(on_backend_down=policy, health=check)])
    connections = two_connections(lab)
    lab.web2.run("nft", "add table inet lab; add chain inet lab in { type filter hook input "
                 "priority 0; }; add rule inet lab in tcp dport 8080 drop")
    try:
        wait_until(lambda: lab.director_a.backend("web", lab.web2.address)["state"].lower() ==
                   "down", 10, "web2 is down")
        assert sorted(c.ask() for c in connections) == sorted(["web1", fate])
    finally:
        with contextlib.suppress(RuntimeError):
            lab.web2.run("nft", "delete table inet lab")


def test_source_hash_keeps_a_client_at_a_server_whatever_comes_between(lab):
    lab.start_director([lab.service(scheduler="sh")])
    pages = [lab.client.pages(URL, 6), lab.client2.pages(URL, 6)]
    assert [len(seen) for seen in pages] == [1, 1]
    lab.director_a.stop()
    lab.start_director([lab.service(scheduler="sh")])
    assert lab.client.pages(URL, 2).keys() == pages[0].keys()


def test_every_port_of_an_address_is_one_service_with_one_persistence(lab):
    lab.start_director([lab.service(port="any", persistence="1m",
                                    health={"type": "tcp", "port": 80})])
    page = lab.client.get(URL)
    for _ in range(3):
        assert lab.client.get(URL) == page
        assert lab.client.get(f"http://{ADDRESS.vip}:8080/") == page
