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
        assert "STATUS=worker 0 does not poll" in " ".join(systemd.told())
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


UNIT = os.path.join(ROOT, "tools", "packaging", "lbd.service.in")


def _unit():
    """The settings of the unit; those given more than once joined by spaces."""
    settings = {}
    with open(UNIT, encoding="utf-8") as file:
        for key, value in re.findall(r"^(\w+)=(.*)$", file.read(), re.MULTILINE):
            settings[key] = f"{settings[key]} {value}" if key in settings else value
    return settings


def _confined():
    """A command that gives a program the privileges of the unit, and no others."""
    names = [name.lower().removeprefix("cap_") for name in _unit()["CapabilityBoundingSet"].split()]
    assert _unit()["NoNewPrivileges"] == "yes"
    return ["setpriv", "--no-new-privs", "--inh-caps=-all",
            "--bounding-set=" + ",".join(["-all", *(f"+{name}" for name in names)])]


def test_the_capabilities_of_the_unit_suffice(lab):
    control = {"socket": lab.director_a.socket, "group": "daemon"}
    lab.director_a.start(
        lab.config(services=[lab.service()], vrrp=[vrrp(150, interval="100ms")], control=control),
        prefix=_confined())
    lab.director_a.wait_for_vrrp("MASTER")
    lab.director_a.wait_for_all_up()
    assert lab.client.pages(URL, 2) == {"web1": 1, "web2": 1}
    lab.director_a.reload()
    assert "real-time priority" not in lab.director_a.log()
    assert lab.director_a.stop() == 0
    assert "ermitted" not in lab.director_a.log()


def _script(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return {"type": "script", "script": [path], "user": "nobody", "interval": "200ms",
            "connect_timeout": "500ms", "retries": 0}


@pytest.mark.any_device
def test_scripts_of_other_users_run_and_are_ended_with_the_privileges_of_the_unit(lab):
    os.chmod(lab.directory, 0o755)
    pid_file = os.path.join(lab.directory, "slow.pid")
    with open(pid_file, "w", encoding="ascii"):
        os.chmod(pid_file, 0o666)
    who = _script(lab.directory, "who", '[ "$(id -un)" = nobody ] && '
                  "grep -q '^NoNewPrivs:.1' /proc/self/status\n")
    slow = _script(lab.directory, "slow", f"echo $$ >{pid_file}\nexec sleep 1000\n")
    lab.director_a.start(lab.config(services=[
        lab.service(health=who),
        lab.service("slow", port=81, health={**slow, "interval": "60s"},
                    backends=[{"address": lab.web1.address}])]), prefix=_confined())
    for web in (lab.web1, lab.web2):
        lab.director_a.wait_for_backend("web", web.address, "up")
    lab.director_a.wait_for_backend("slow", lab.web1.address, "down")
    with open(pid_file, encoding="ascii") as file:
        pid = int(file.read())
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 5, "the slow script has been killed")


# What lbd itself is not seen to call here, but its scripts or other devices may, is in the sets.
def test_the_system_calls_of_the_unit_suffice(lab):
    trace = os.path.join(lab.directory, "calls")
    lab.director_a.start(lab.config(services=[lab.service()], vrrp=[vrrp(150, interval="100ms")]),
                         prefix=["strace", "-D", "-f", "-qq", "-o", trace, "-e", "signal=none"])
    lab.director_a.wait_for_vrrp("MASTER")
    lab.director_a.wait_for_all_up()
    lab.director_a.reload()
    assert lab.director_a.stop() == 0
    with open(trace, encoding="utf-8", errors="replace") as file:
        called = {match.group(1) for match in re.finditer(r"^\d+ +(\w+)\(", file.read(), re.MULTILINE)}
    assert {"sendto", "epoll_wait"} < called
    filtered = called - _allowed_calls(_unit()["SystemCallFilter"].split())
    # Ports of the first virtio devices: DPDK asks for them, and goes on without.
    assert filtered <= {"iopl"}, filtered


def _allowed_calls(words):
    """The calls of a filter; sets are looked up until there are none left."""
    calls = set()
    while words:
        word = words.pop()
        if not word.startswith("@"):
            calls.add(word)
            continue
        listed = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", word],
                                capture_output=True, text=True, check=True).stdout
        words += [line.strip() for line in listed.splitlines()[1:]
                  if line.strip() and not line.strip().startswith("#")]
    return calls


def test_systemd_finds_the_unit_well_formed_and_confined(tmp_path):
    unit = str(tmp_path / "lbd.service")
    with open(UNIT, encoding="utf-8") as file, open(unit, "w", encoding="utf-8") as out:
        text = file.read()
        out.write(text.replace("@sbindir@/lbd", os.path.join(BUILD, "lb", "lbd"))
                  .replace("@bindir@", os.path.join(BUILD, "tools", "lbctl")))
    verified = subprocess.run(["systemd-analyze", "--man=no", "verify", unit],
                              capture_output=True, text=True, check=False)
    assert verified.returncode == 0 and not verified.stderr, verified.stderr
    judged = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=45",
                             "--no-pager", unit], capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-400:]
