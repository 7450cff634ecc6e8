# SPDX-License-Identifier: BSD-3-Clause
"""The Debian packages: built, and installed, upgraded and purged on a copy of this machine's file
system that nobody else sees."""

import os
import subprocess

import pytest
from conftest import ROOT

BUILD_DEB = os.path.join(ROOT, "tools", "packaging", "build-deb")
# Where dpkg and its triggers keep what they know of all packages.
BOOKS = ("var/lib/dpkg/", "var/cache/", "var/log/", "etc/ld.so.cache")


MOUNT = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --bind /dev "$1/root/dev"
mount -t tmpfs tmpfs "$1/root/run"
mkdir "$1/root/packages"
mount --bind "$2" "$1/root/packages"
echo ready
exec cat
"""


class _Machine:
    """This machine, but what is done to it is done in a layer over / and gone with it."""

    def __init__(self, directory, packages):
        self._directory = str(directory)
        self._keeper = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", MOUNT, "sh",
             self._directory, str(packages)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._keeper.stdout.readline() == "ready\n"

    def close(self):
        self._keeper.communicate(timeout=10)

    def run(self, *command, check=True):
        return self._enter("chroot", os.path.join(self._directory, "root"), *command, check=check)

    def _enter(self, *command, check=True):
        result = subprocess.run(
            ["nsenter", f"--mount=/proc/{self._keeper.pid}/ns/mnt", *map(str, command)],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"})
        assert not check or result.returncode == 0, result.stdout + result.stderr
        return result

    def changed_files(self):
        """All that differs from the machine's own, but for the books of the package manager."""
        upper = os.path.join(self._directory, "upper")
        found = self._enter("find", upper, "!", "-type", "d", "-printf", "%P\\n").stdout
        return {name for name in found.splitlines() if not name.startswith(BOOKS)}

    def dpkg(self, *arguments):
        return self.run("dpkg", *arguments).stdout


# Compiled for less time, not for use; with the compiler cache, if there is one.
@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    directory = tmp_path_factory.mktemp("packages")
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
    copy = _Machine(tmp_path, packages)
    yield copy
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

    expected = """
        ./etc/default/lbd ./etc/lbd/lbd.yaml.example ./etc/needrestart/conf.d/lbd.conf
        ./lib/systemd/system/lbd.service ./usr/bin/lbctl ./usr/sbin/lbd ./usr/sbin/lbd-upgrade
        ./usr/share/bash-completion/completions/lbctl ./usr/share/bash-completion/completions/lbd
        ./usr/share/zsh/vendor-completions/_lbctl ./usr/share/zsh/vendor-completions/_lbd
        ./usr/share/man/man1/lbctl.1.gz ./usr/share/man/man5/lbd.yaml.5.gz
        ./usr/share/man/man8/lbd.8.gz ./usr/share/man/man8/lbd-upgrade.8.gz
        ./usr/share/doc/lbd/changelog.gz ./usr/share/doc/lbd/changelog.Debian.gz
        ./usr/share/doc/lbd/copyright ./usr/share/doc/lbd/README.Debian
        ./usr/share/doc/lbd/examples/bare-metal.yaml"""
    missing = set(expected.split()) - contents("lbd")
    assert not missing
    assert {"./usr/sbin/lbd-realserver",
            "./usr/share/man/man8/lbd-realserver.8.gz"} < contents("lbd-realserver")
    assert not {name for name in contents("lbd") if "realserver" in name}


def test_installed_it_works_and_purged_it_leaves_nothing(packages, machine):
    before = machine.changed_files()
    machine.dpkg("-i", _inside(packages, "lbd"), _inside(packages, "lbd-realserver"))
    assert "ok" in machine.run("lbd", "--check", "/etc/lbd/lbd.yaml.example").stdout
    assert "log-level" in machine.run("lbctl", "--help").stdout
    for program in ("lbd-upgrade", "lbd-realserver"):
        assert program in machine.run(program, "--help").stdout
    # The man pages, too: verify looks for them.
    machine.run("systemd-analyze", "verify", "lbd.service")
    machine.dpkg("--purge", "lbd", "lbd-realserver")
    assert machine.changed_files() == before


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
    assert {name for name in machine.changed_files() if "lbd" in name} == {"etc/lbd/lbd.yaml"}
