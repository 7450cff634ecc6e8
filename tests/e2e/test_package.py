# SPDX-License-Identifier: BSD-3-Clause
"""The Debian packages: built, and installed, upgraded and purged on a copy of this machine's file
system that nobody else sees."""

import os
import shutil
import subprocess

import pytest
from conftest import ROOT
from lab import wait_until
from lab.director import THREAD_STOP, WORKER
from lab.machine import Machine

BUILD_DEB = os.path.join(ROOT, "tools", "packaging", "build-deb")
# Where this release of Debian has its units; packages name it relative to the root directory.
UNITS = "." + subprocess.run(["pkgconf", "--variable=systemdsystemunitdir", "systemd"],
                             capture_output=True, text=True, check=True).stdout.strip()
# Where dpkg and its triggers keep what they know of all packages.
BOOKS = ("var/lib/dpkg/", "var/cache/", "var/log/", "etc/ld.so.cache")

CONFIG = """
workers: {count: 1, idle: sleep}
memory: {hugepages: false, flows: 65536, persistence_entries: 16384}
ports:
  - {device: "af_packet:eth1", addresses: [192.0.2.2/24]}
vrrp:
  - {name: VI_1, vrid: 51, interval: 100ms, virtual_addresses: [192.0.2.100]}
services:
  - {name: web, address: 192.0.2.100, port: 80, backends: [{address: 192.0.2.11}]}
"""


def _changed_files(machine):
    return {name for name in machine.changed_files() if not name.startswith(BOOKS)}


pytestmark = pytest.mark.package


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A copy of the directory LBD_PACKAGES with packages that were built before. Without it they are
    built here, compiled for less time, not for use; with the compiler cache, if there is one."""
    directory = tmp_path_factory.mktemp("packages")
    if "LBD_PACKAGES" in os.environ:
        shutil.copytree(os.environ["LBD_PACKAGES"], directory, dirs_exist_ok=True)
        return directory
    built = subprocess.run(
        ["nice", "-n", "19", BUILD_DEB, "--output", directory], capture_output=True, text=True, check=False,
        env={**os.environ, "DEB_CXXFLAGS_APPEND": "-O1 -g0"})
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    return directory


def _package(packages, name):
    [found] = packages.glob(f"{name}_*.deb")
    return found


@pytest.fixture(scope="module")
def newer(packages, tmp_path_factory):
    """The package of lbd again, as a later version."""
    tree = tmp_path_factory.mktemp("newer")
    subprocess.run(["dpkg-deb", "-R", _package(packages, "lbd"), tree], check=True)
    control = tree / "DEBIAN" / "control"
    control.write_text(control.read_text().replace("\nVersion: ", "\nVersion: 99:", 1))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, packages / "newer.deb"],
                   check=True, stdout=subprocess.DEVNULL)
    return "/packages/newer.deb"


@pytest.fixture
def machine(packages, tmp_path):
    copy = Machine(tmp_path, packages)
    yield copy
    copy.close()


@pytest.fixture
def booted(packages, tmp_path):
    """With lbd installed and configured, and an interface for it, under a systemd."""
    copy = Machine(tmp_path, packages, bootable=True)
    try:
        copy.dpkg("-i", _inside(packages, "lbd"))
        copy.run("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "eth2")
        copy.run("ip", "link", "set", "eth2", "up")
        copy.write("/etc/lbd/lbd.yaml", CONFIG)
        copy.write("/etc/systemd/system/lbd.service.d/impatient.conf",
                   "[Service]\nWatchdogSec=3\n")
        copy.boot()
        yield copy
    finally:
        copy.close()


def _inside(packages, name):
    return f"/packages/{_package(packages, name).name}"


def test_lintian_finds_nothing(packages):
    [changes] = packages.glob("*.changes")
    # No bug of Debian's asks for the package.
    result = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error,warning", "--suppress-tags",
         "initial-upload-closes-no-bugs", changes], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_the_packages_contain_what_is_to_be_there(packages):
    def contents(name):
        lines = subprocess.run(["dpkg", "--contents", _package(packages, name)],
                               capture_output=True, text=True, check=True).stdout.splitlines()
        return {line.split()[5] for line in lines if not line.startswith("d")}

    expected = f"""
        ./etc/default/lbd ./etc/lbd/lbd.yaml.example ./etc/needrestart/conf.d/lbd.conf
        {UNITS}/lbd.service ./usr/bin/lbctl ./usr/sbin/lbd ./usr/sbin/lbd-upgrade
        ./usr/share/bash-completion/completions/lbctl ./usr/share/bash-completion/completions/lbd
        ./usr/share/zsh/vendor-completions/_lbctl ./usr/share/zsh/vendor-completions/_lbd
        ./usr/share/man/man1/lbctl.1.gz ./usr/share/man/man5/lbd.yaml.5.gz
        ./usr/share/man/man7/lbd-security.7.gz
        ./usr/share/man/man8/lbd.8.gz ./usr/share/man/man8/lbd-upgrade.8.gz
        ./usr/share/doc/lbd/changelog.gz ./usr/share/doc/lbd/changelog.Debian.gz
        ./usr/share/doc/lbd/copyright ./usr/share/doc/lbd/README.Debian
        ./usr/share/doc/lbd/examples/bare-metal.yaml"""
    missing = set(expected.split()) - contents("lbd")
    assert not missing
    assert {f"{UNITS}/lbd-realserver.service", "./usr/sbin/lbd-realserver",
            "./usr/share/man/man8/lbd-realserver.8.gz"} < contents("lbd-realserver")
    assert not {name for name in contents("lbd") if "realserver" in name}


def test_installed_it_works_and_purged_it_leaves_nothing(packages, machine):
    before = _changed_files(machine)
    machine.dpkg("-i", _inside(packages, "lbd"), _inside(packages, "lbd-realserver"))
    assert "ok" in machine.run("lbd", "--check", "/etc/lbd/lbd.yaml.example").stdout
    assert "log-level" in machine.run("lbctl", "--help").stdout
    for program in ("lbd-upgrade", "lbd-realserver"):
        assert program in machine.run(program, "--help").stdout
    # The man pages, too: verify looks for them.
    machine.run("systemd-analyze", "verify", "lbd.service", "lbd-realserver.service")
    machine.dpkg("--purge", "lbd", "lbd-realserver")
    assert _changed_files(machine) == before


def test_installation_and_upgrade_neither_enable_nor_restart(packages, machine, newer):
    machine.run("mkdir", "-p", "/run/systemd/system")
    # What the scripts of the package ask of systemd.
    for name in ("bin/systemctl", "usr/bin/deb-systemd-invoke"):
        machine.run("sh", "-c", f"printf '#!/bin/sh\\necho {name} $* >>/run/asked\\n' >/{name}")
    machine.dpkg("-i", _inside(packages, "lbd"))
    output = machine.dpkg("-i", newer)
    assert "still running" in output and "lbd-upgrade" in output
    asked = machine.run("cat", "/run/asked").stdout
    assert "is-active" in asked
    for word in ("start", "stop", "enable", "try-restart"):
        assert word not in asked.split(), asked
    machine.dpkg("--remove", "lbd")
    assert "deb-systemd-invoke stop lbd.service" in machine.run("cat", "/run/asked").stdout


def test_an_upgrade_keeps_and_a_purge_leaves_the_configuration_of_the_admin(
        packages, machine, newer):
    machine.dpkg("-i", _inside(packages, "lbd"))
    machine.run("sh", "-c", "echo mine >/etc/lbd/lbd.yaml; echo '# mine' >>/etc/default/lbd")
    machine.dpkg("-i", newer)
    assert machine.run("cat", "/etc/lbd/lbd.yaml").stdout == "mine\n"
    assert "# mine" in machine.run("cat", "/etc/default/lbd").stdout
    machine.dpkg("--purge", "lbd")
    assert {name for name in _changed_files(machine) if "lbd" in name} == {"etc/lbd/lbd.yaml"}


def _shown(machine, name):
    return machine.run("systemctl", "show", "--value", "-p", name, "lbd").stdout.strip()


def _wait_for_master(machine):
    wait_until(lambda: _shown(machine, "StatusText") == "MASTER of VI_1; 0 of 1 backends up", 20,
               "the status line")


@pytest.mark.parametrize("driver", ["af_packet", "af_xdp"])
def test_systemd_starts_reloads_and_stops_it(booted, driver):
    config = CONFIG.replace("af_packet", driver)
    booted.write("/etc/lbd/lbd.yaml", config)
    booted.run("systemctl", "enable", "--now", "lbd")
    _wait_for_master(booted)
    assert "MASTER of VI_1" in booted.run("systemctl", "status", "lbd").stdout
    booted.run("systemctl", "reload", "lbd")
    booted.write("/etc/lbd/lbd.yaml", "services: 5\n")
    assert booted.run("systemctl", "reload", "lbd", check=False).returncode != 0
    assert _shown(booted, "ActiveState") == "active"
    booted.run("systemctl", "stop", "lbd")
    assert _shown(booted, "Result") == "success"
    assert booted.run("systemctl", "start", "lbd", check=False).returncode != 0
    assert (_shown(booted, "ExecMainStatus"), _shown(booted, "ActiveState")) == ("78", "failed")


def test_systemd_restarts_an_lbd_whose_worker_hangs(booted):
    booted.run("systemctl", "start", "lbd")
    _wait_for_master(booted)
    with open(THREAD_STOP, encoding="utf-8") as file:
        stopper = booted.popen("/usr/bin/python3", "-c", file.read(), _shown(booted, "MainPID"),
                               WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    assert stopper.stdout.readline() == "stopped\n"
    wait_until(lambda: _shown(booted, "SubState") == "stop-watchdog", 20, "the watchdog")
    stopper.communicate(timeout=10)  # a traced thread keeps its process from ending
    wait_until(lambda: _shown(booted, "NRestarts") == "1", 10, "the restart")
    _wait_for_master(booted)


def test_systemd_does_not_start_it_without_a_configuration(booted):
    booted.run("rm", "/etc/lbd/lbd.yaml")
    booted.run("systemctl", "start", "lbd")
    assert _shown(booted, "ConditionResult") == "no"
    assert _shown(booted, "ActiveState") == "inactive"
