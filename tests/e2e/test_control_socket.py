# SPDX-License-Identifier: BSD-3-Clause
"""Whoever may open the control socket is trusted with commands, not with good manners."""

import contextlib
import json
import os
import socket
import stat
import time

import pytest

pytestmark = pytest.mark.any_device


@pytest.fixture
def director(lab):
    lab.start_director([lab.service()])
    return lab.director_a


def connect(director, timeout=10):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(timeout)
    client.connect(director.socket)
    return client


def ask(director, line):
    with contextlib.closing(connect(director)) as client:
        client.sendall(line)
        return json.loads(client.makefile().readline())


@pytest.mark.parametrize("line", [
    b"\n", b"{\n", b"[]\n", b"\xff\xfe\n", b"null\n", b"{}\n", b'{"command": 5}\n',
    b'{"command": "format"}\n', b"[" * 5000 + b"\n",
])
def test_nonsense_gets_an_error(director, line):
    reply = ask(director, line)
    assert reply["ok"] is False and reply["error"]


def test_a_limit_of_any_kind_is_survived(director):
    for limit in ("-1", "0", "1e99", '"x"', "99999999999999999999", "null"):
        reply = ask(director, b'{"command":"connections","limit":%s}\n' % limit.encode())
        assert "ok" in reply
    assert director.lbctl("stats")


def test_one_connection_may_ask_often(director):
    with contextlib.closing(connect(director)) as client:
        client.sendall(b'{"command":"vrrp"}\n{"command":"health"}\n')
        replies = client.makefile()
        assert all(json.loads(replies.readline())["ok"] for _ in range(2))


def test_half_a_request_and_a_giant_one_are_cut_off(director):
    half = connect(director)
    half.sendall(b'{"command"')
    giant = connect(director)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        giant.sendall(b"x" * 1_000_000)
    begin = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        assert half.recv(1) == b""
    assert time.monotonic() - begin < 9
    with contextlib.suppress(ConnectionResetError):
        assert giant.recv(1) == b""
    assert director.lbctl("stats")


def test_a_crowd_of_silent_clients_leaves_in_time(director):
    crowd = []
    for _ in range(200):
        with contextlib.suppress(OSError):
            crowd.append(connect(director, timeout=0))
    assert len(crowd) > 10
    time.sleep(6)
    assert director.lbctl("stats")
    for client in crowd:
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b"", "lbd has closed it"
        client.close()


def test_only_root_may_open_it_unless_a_group_is_named(director):
    mode = os.stat(director.socket).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
