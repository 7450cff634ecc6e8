# SPDX-License-Identifier: BSD-3-Clause
"""lbd as a service: what it tells systemd, and the unit."""

import contextlib
import os
import re
import socket
import subprocess
import time

import pytest
from conftest import BUILD, ROOT
from lab import ADDRESS, wait_until
from lab.lab import vrrp

PATIENCE = 1.5  # seconds that the watchdog waits
URL = f"http://{ADDRESS.vip}/"


class _Systemd:
    """The socket on which systemd listens to its services."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "notify.sock")
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)
        self._told = []

    def close(self):
        self._socket.close()
        os.remove(self.path)

    def environment(self):
        return {**os.environ, "NOTIFY_SOCKET": self.path,
                "WATCHDOG_USEC": str(int(PATIENCE * 1e6))}

    def told(self):
        """All lines so far."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._told += self._socket.recv(4096).decode().splitlines()
        return self._told

    def wait_for(self, line, timeout=10):
        wait_until(lambda: line in self.told(), timeout, f"{line} from lbd")

    def beats(self, seconds):
        before = self.told().count("WATCHDOG=1")
        time.sleep(seconds)
        return self.told().count("WATCHDOG=1") - before


@pytest.fixture
def systemd(lab):
    listener = _Systemd(lab.directory)
    yield listener
    listener.close()


def _start(lab, systemd):
    lab.director_a.start(lab.config(services=[lab.service()], vrrp=[vrrp(150, interval="100ms")]),
                         env=systemd.environment())
    systemd.wait_for("STATUS=MASTER of VI_1; 2 of 2 backends up", 20)


@pytest.mark.any_device
@pytest.mark.quick
def test_systemd_is_told_of_start_reload_and_stop(lab, systemd):
    _start(lab, systemd)
    assert systemd.told()[0] == "READY=1"
    del systemd.told()[:]
    lab.director_a.reload()
    systemd.wait_for("READY=1")
    told = systemd.told()
    assert told.index("RELOADING=1") < told.index("READY=1")
    [since] = [line for line in told if line.startswith("MONOTONIC_USEC=")]
    assert 0 <= time.monotonic() - int(since.split("=")[1]) / 1e6 < 10
    assert lab.director_a.stop() == 0
    assert "STOPPING=1" in systemd.told()


@pytest.mark.any_device
def test_a_refused_reload_fails_and_leaves_the_service_running(lab, systemd):
    _start(lab, systemd)
    del systemd.told()[:]
    lab.director_a.write("services: 5\n")
    assert lab.director_a.lbctl_run("reload").returncode == 1
    told = [line for line in systemd.told() if line in ("RELOADING=1", "READY=1")]
    assert told == ["RELOADING=1", "READY=1"]


@pytest.mark.any_device
def test_the_status_line_follows_vrrp_and_backends(lab, systemd):
    _start(lab, systemd)
    lab.director_a.lbctl("backend", "disable", lab.webs["web1"].address)
    systemd.wait_for("STATUS=MASTER of VI_1; 1 of 2 backends up")


@pytest.mark.any_device
def test_the_watchdog_hears_nothing_while_a_worker_hangs(lab, systemd):
    _start(lab, systemd)
    assert systemd.beats(2 * PATIENCE) >= 3
    with lab.director_a.hanging_worker():
        systemd.beats(PATIENCE / 3)  # what was on its way
        assert systemd.beats(2 * PATIENCE) == 0
        assert "STATUS=a worker hangs" in " ".join(systemd.told())
    assert systemd.beats(2 * PATIENCE) >= 3


@pytest.mark.any_device
def test_lbd_goes_on_when_systemd_does_not_read(lab, systemd):
    with open("/proc/sys/net/unix/max_dgram_qlen", encoding="ascii") as file:
        held = int(file.read())
    _start(lab, systemd)
    for _ in range(held // 2 + 5):  # two messages each
        lab.director_a.reload()
    assert lab.client.pages(URL, 2) == {"web1": 1, "web2": 1}
    assert lab.director_a.stop() == 0
