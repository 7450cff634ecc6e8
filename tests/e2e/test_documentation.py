# SPDX-License-Identifier: BSD-3-Clause
"""What the documentation shows works: each configuration is accepted, and each command is run, here or
in the test that is named here."""

import json
import os
import re
import shlex
import subprocess

import documented
import pytest
from conftest import BUILD, ROOT
from lab import wait_until
from lab.namespace import Namespace, Switch, remove_namespace, stop_process

README = documented.README
# By the names that they have when installed.
PROGRAMS = {
    "lbd": os.path.join(BUILD, "lb", "lbd"),
    "lbctl": os.path.join(BUILD, "tools", "lbctl", "lbctl"),
    "lbd-realserver": os.path.join(ROOT, "tools", "realserver"),
}

# Commands that other tests run, and a word of theirs by which they are found there.
ELSEWHERE = {
    "tools/check": ("tools/checks/e2e.py", "def check_e2e"),  # this very run
    "tools/setup": ("tools/check", 'root/tools/setup"'),
    "meson setup build --buildtype=release -Dwerror=false": ("tools/lab/demo.py", "-Dwerror=false"),
    "ninja -C build": ("tools/checks/build.py", '"ninja", "-C"'),
    "tools/packaging/build-deb --output /tmp": ("tests/e2e/test_package.py", "BUILD_DEB"),
    "apt install /tmp/lbd_*.deb": ("tests/e2e/test_package.py", 'dpkg("-i"'),
    "apt install /tmp/lbd-realserver_*.deb": ("tests/e2e/test_package.py", "lbd-realserver"),
    "systemctl enable --now lbd": ("tests/e2e/test_package.py", '"enable", "--now", "lbd"'),
    "systemctl status lbd": ("tests/e2e/test_package.py", '"status", "lbd"'),
    "systemctl reload lbd": ("tests/e2e/test_package.py", '"reload", "lbd"'),
    "modprobe vfio-pci": ("tests/unit/lbctl/doctor_test.cpp", '"modprobe vfio-pci"'),
    "build/tools/lbctl/lbctl top": ("tests/e2e/test_top.py", "MASTER"),
    "build/tools/lbctl/lbctl trace 192.0.2.7": ("tests/e2e/test_trace.py", '"trace"'),
    "dpdk-dumpcap --file-prefix=lbd-lbd -i 0 -f 'tcp port 80' -P -w /tmp/lbd.pcap":
        ("tests/e2e/test_dumpcap.py", "--file-prefix"),
    "printf '%s\\n' /lbd/service,web /lbd/backends,web /lbd/drops | dpdk-telemetry.py -f lbd-lbd":
        ("tests/e2e/test_telemetry.py", "dpdk-telemetry.py"),
    "lbd-upgrade": ("tests/e2e/test_upgrade.py", "UPGRADE"),
    "tools/upgrade": ("tests/e2e/test_upgrade.py", "UPGRADE"),
}
# Commands that are run below, as they stand there.
START = ["build/lb/lbd --check lbd.yaml", "build/lb/lbd lbd.yaml",
         "build/tools/lbctl/lbctl stats", "build/tools/lbctl/lbctl services",
         "build/lb/lbd --check --explain lbd.yaml",
         "build/tools/lbctl/lbctl explain 192.0.2.1:40000 192.0.2.100:80/tcp"]
ON_BACKENDS = ["tools/realserver start 192.0.2.100", "lbd-realserver start 192.0.2.100"]
BY_HAND = ["sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2",
           "ip address add 192.0.2.100/32 dev lo"]
INSTALLED = ["lbd --check /etc/lbd/lbd.yaml", "lbctl stats",
             "lbctl --json services | jq -r "
             "'.data.services[].backends[] | select(.state != \"up\") | .address'",
             "lbctl backend drain 192.0.2.11 --wait"]
IMPORT = ["lbctl import --port eth0=0000:3b:00.0 --address eth0=192.0.2.2/24 "
          "/etc/keepalived/keepalived.conf > lbd.yaml",
          "lbctl import /etc/keepalived/keepalived.conf > lbd.yaml",
          "lbctl import /etc/keepalived/keepalived.conf > lbd.yaml; lbd --check lbd.yaml",
          "lbd --check lbd.yaml"]
AT_BOOT = ["echo 'VIPS=\"192.0.2.100 2001:db8::100\"' > /etc/default/lbd-realserver",
           "systemctl enable --now lbd-realserver"]
ADVICE = ["lbctl doctor /etc/lbd/lbd.yaml"]
# In their shortest form, where there is one.
BENCHMARKS = {
    "tests/bench/run": "--flows 1k --family 4 --rounds 1",
    "tests/bench/testpmd": "--help",
    "tests/bench/failover": f"--build {BUILD} --runs 1 stop",
    "tests/bench/checks": "--help",
    "tests/bench/hugepages 6144 build/tests/bench/flow_table": None,
    "tests/bench/hugepages 6144 build/tests/bench/synchronisation": None,
}
RUN = {*START, *ON_BACKENDS, *BY_HAND, *AT_BOOT, *INSTALLED, *IMPORT, *ADVICE, *BENCHMARKS,
       "tools/demo", "lbctl init --port 0000:3b:00.0"}
# These need a NIC, a journal or a module, or change this machine. The program or file has to exist.
HARDWARE = {
    "journalctl -u lbd": "journalctl --version",
    "modprobe ipip; ip link set tunl0 up": "test -x /sbin/ip",
    "modprobe fou; ip fou add port 6080 gue": "sh -c 'ip fou help 2>&1 | grep -q gue'",
    "sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tunl0.rp_filter=0": "sysctl --version",
    "echo 1024 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages":
        "test -e /sys/kernel/mm/hugepages",
    "dpdk-devbind.py --bind=vfio-pci 0000:3b:00.0": "dpdk-devbind.py --help",
    "intel_iommu=on iommu=pt default_hugepagesz=1G hugepagesz=1G hugepages=16 isolcpus=2,3 "
    "nohz_full=2,3": "true",
}


def _all_commands():
    return {command for path in (README, *documented.PAGES) for command in documented.commands(path)}


# A host of its own for a command: /etc with the files of the reader, /run/lbd, the programs installed,
# and the clone as the place where it is.
HOST = """
mount -t tmpfs tmpfs "$1/layer" && mkdir "$1/layer/work" && cp -r "$1/etc" "$1/layer/etc" &&
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/layer/etc,workdir=$1/layer/work" /etc &&
mkdir -p /run/lbd && mount --bind "$1/run" /run/lbd && cd "$1/clone" && PATH=$1/bin:$PATH &&
eval "$2"
"""


class _Town:
    """The network of the README: a director, two clients and two web servers, each with an eth0."""

    def __init__(self, directory):
        self._prefix = f"lbd-{os.getpid()}-doc"
        self._spaces = []
        self._directory = directory
        for name in ("etc/lbd", "etc/keepalived", "run", "bin", "clone", "layer"):
            (directory / name).mkdir(parents=True)
        for name, path in PROGRAMS.items():
            (directory / "bin" / name).symlink_to(path)
        (directory / "clone" / "build").symlink_to(BUILD)
        for name in ("tools", "tests"):
            (directory / "clone" / name).symlink_to(os.path.join(ROOT, name))
        self.switch = self._make("sw", Switch)
        self.director = self._host("dir")
        self.clients = [self._host(f"cl{n}", f"192.0.2.{50 + n}/24") for n in (1, 2)]
        self.webs = [self._host(f"web{n}", f"192.0.2.{10 + n}/24") for n in (1, 2)]

    def _make(self, short, kind=Namespace):
        remove_namespace(f"{self._prefix}-{short}")
        space = kind(f"{self._prefix}-{short}")
        self._spaces.append(space)
        return space

    def _host(self, short, address=None):
        host = self._make(short)
        self.switch.plug(host, short)
        if address:
            host.ip("address", "add", address, "dev", "eth0")
        return host

    def write(self, path, text):
        (self._directory / path).write_text(text)

    def read(self, path):
        return (self._directory / path).read_text()

    def start(self, host, command):
        return host.popen("sh", "-c", HOST, "sh", self._directory, "exec " + command,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, host, command, status=(0,)):
        """What the documented command prints."""
        result = host.run("sh", "-c", HOST, "sh", self._directory, command, check=False)
        assert result.returncode in status, command + result.stdout + result.stderr
        return result.stdout

    def serve(self):
        """Each server says who it is to whoever connects."""
        for number, web in enumerate(self.webs, 1):
            answer = f"HTTP/1.0 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nweb{number}"
            web.popen("ncat", "-lk", "-p", "80", "-c", f"printf '{answer}'",
                      stderr=subprocess.DEVNULL)
            wait_until(lambda web=web: 80 in web.ports(), 5, "the web server")

    def page(self, client):
        return client.run("curl", "-sf", "-m", "2", "http://192.0.2.100/", check=False).stdout

    def close(self):
        for space in reversed(self._spaces):
            space.close()


@pytest.fixture
def town(tmp_path):
    town = _Town(tmp_path)
    try:
        yield town
    finally:
        town.close()


@pytest.mark.any_device
@pytest.mark.parametrize("path", [README, *documented.PAGES], ids=os.path.basename)
def test_every_configuration_is_accepted(path, tmp_path):
    """One that has no ports belongs to the one of the five minutes."""
    whole = _the_configuration()
    for text in documented.configurations(path):
        file = tmp_path / "lbd.yaml"
        file.write_text(text if text == whole else _merged(whole, text))
        result = subprocess.run([PROGRAMS["lbd"], "--check", file],
                                capture_output=True, text=True, check=False)
        assert result.returncode == 0, text + result.stderr


def _merged(whole, part):
    """The sections of `part` in place of those of the same name in `whole`."""
    names = re.findall(r"^(\w+):", part, re.MULTILINE)
    for name in names:
        whole = re.sub(rf"^{name}:.*\n(?:[ -].*\n)*", "", whole, flags=re.MULTILINE)
    return whole + part


def test_every_command_is_run_by_a_test():
    known = {*ELSEWHERE, *HARDWARE, *RUN}
    assert _all_commands() - known == set(), "no test runs these"
    assert known - _all_commands() == set(), "the documentation does not have these"


def test_the_tests_that_are_named_run_them():
    for command, (path, word) in ELSEWHERE.items():
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            assert word in file.read(), f"{command}: {path}"


@pytest.mark.parametrize("probe", HARDWARE.values())
def test_what_needs_a_nic_names_programs_and_files_that_exist(probe):
    assert subprocess.run(shlex.split(probe), capture_output=True, check=False).returncode == 0


def _the_configuration():
    [whole] = [text for text in documented.configurations(README) if "\nports:" in text]
    return whole


def _imported():
    """The README's keepalived.conf, and what it says becomes of it."""
    [there] = [text for text in documented.unnamed(README) if "vrrp_instance" in text]
    [here] = [text for text in documented.configurations(README) if text.startswith("ports:")]
    return there, here


def _all_up(town):
    answer = town.run(town.director, "lbctl --json services", status=(0, 3))
    data = json.loads(answer or '{"data": {"services": []}}')["data"]
    return data["services"] and all(b["state"] == "up" for s in data["services"] for b in s["backends"])


@pytest.mark.parametrize("prepare", [ON_BACKENDS[:1], ON_BACKENDS[1:], BY_HAND],
                         ids=["realserver", "installed", "by-hand"])
def test_the_five_minutes(town, prepare):
    for web in town.webs:
        for command in prepare:
            town.run(web, "LBD_REALSERVER_STATE=$1/run " + command)
    town.serve()
    town.write("clone/lbd.yaml", _the_configuration())
    check, start, stats, services, explain, explain_flow = START
    assert "ok" in town.run(town.director, check)
    assert "# default" in town.run(town.director, explain)
    lbd = town.start(town.director, start)
    wait_until(lambda: _all_up(town), 20, "all backends up")
    wait_until(lambda: town.page(town.clients[0]), 20, "an answer")
    pages = {client.name: {town.page(client) for _ in range(3)} for client in town.clients}
    # Persistence: a client stays; weights: of two clients one is at either server, or both at one.
    assert all(len(seen) == 1 and seen <= {"web1", "web2"} for seen in pages.values()), pages
    assert "192.0.2.100" in town.run(town.director, services)
    assert "web" in town.run(town.director, stats)
    assert "Service:  web" in town.run(town.director, explain_flow)
    # Connections that have ended are still remembered for a while, which the last one waits for.
    for command in INSTALLED[1:]:
        town.run(town.director, "timeout 3 " + command, status=(0, 124))
    stop_process(lbd)
    assert lbd.returncode == 0


def test_a_backend_gets_its_addresses_as_its_service_gives_them(town):
    with open(os.path.join(ROOT, "tools", "packaging", "lbd-realserver.service.in"),
              encoding="utf-8") as unit:
        start, stop = re.findall(r"^Exec(?:Start|Stop)=@sbindir@/(.*)$", unit.read(), re.MULTILINE)
    web = town.webs[0]
    web.speak_ipv6("2001:db8::11/64")
    write = f"mkdir -p /etc/default && {AT_BOOT[0]} && . /etc/default/lbd-realserver && " \
        "export LBD_REALSERVER_STATE=$1/run && "
    town.run(web, write + start)
    assert {"192.0.2.100/32", "2001:db8::100/128"} <= {
        *web.addresses("lo"), *web.addresses("lo", family=6)}
    town.run(web, write + stop)
    assert [a for a in web.addresses("lo") if not a.startswith("127.")] == []


def test_what_keepalived_had_is_imported_and_accepted(town):
    sample = os.path.join(ROOT, "tests", "unit", "config", "keepalived", "director.conf")
    with open(sample, encoding="utf-8") as file:
        text = re.sub(r"^include.*", "", file.read(), flags=re.MULTILINE)
    town.write("etc/keepalived/keepalived.conf", text)
    for command in IMPORT[:2]:
        town.write("clone/lbd.yaml", "")
        town.run(town.director, command, status=(0, 1))
        assert "services:" in town.read("clone/lbd.yaml")


def test_the_import_that_is_shown_is_what_it_prints(town):
    there, here = _imported()
    town.write("etc/keepalived/keepalived.conf", there)
    town.run(town.director, IMPORT[0])
    assert town.read("clone/lbd.yaml") == here


def test_the_doctor_and_the_first_check(town):
    town.write("etc/lbd/lbd.yaml", _the_configuration())
    assert "ok" in town.run(town.director, INSTALLED[0])
    assert "hugepages" in town.run(town.director, ADVICE[0], status=(0, 1))


@pytest.mark.hugepages
@pytest.mark.parametrize("command", BENCHMARKS)
def test_the_benchmarks_run(command):
    """What they print is nobody's to judge here."""
    arguments = BENCHMARKS[command]
    if arguments is None:
        assert os.access(os.path.join(BUILD, command.split("build/")[1]), os.X_OK)
        return
    result = subprocess.run([os.path.join(ROOT, command), *arguments.split()], check=False,
                            capture_output=True, text=True,
                            env={**os.environ, "BUILD": BUILD, "MEGABYTES": "512"})
    assert result.returncode == 0 and result.stdout, result.stderr


def test_the_demo_goes_as_it_says():
    result = subprocess.run([os.path.join(ROOT, "tools", "demo"), "--build", BUILD],
                            capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
    assert "0 not" in result.stdout
