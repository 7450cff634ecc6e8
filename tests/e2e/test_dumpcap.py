# SPDX-License-Identifier: BSD-3-Clause
"""dpdk-dumpcap shows what the data plane receives and sends, and leaves the director alone."""

import glob
import importlib.machinery
import importlib.util
import os
import signal
import time

import pytest
from lab import ADDRESS, wait_until
from lab.namespace import stop_process
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import rdpcap

pytestmark = [pytest.mark.any_device, pytest.mark.hugepages]

URL = f"http://{ADDRESS.vip}/"
MEGABYTES = 384
SYN = 0x02
BENCH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench")


def hugepages():
    """tests/bench/hugepages, whose name is a command's."""
    path = os.path.join(BENCH, "hugepages")
    loader = importlib.machinery.SourceFileLoader("hugepages", path)
    spec = importlib.util.spec_from_loader("hugepages", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def pages():
    """Hugepages, which the machine gets back."""
    module = hugepages()
    with module.pages(MEGABYTES // 2) as there:
        if not there:
            pytest.skip("no hugepages to be had here")
        with module.mounted():
            yield


def files_of(config):
    """Of hugepages, wherever a hugetlbfs is."""
    with open("/proc/mounts", encoding="utf-8") as mounts:
        places = [line.split()[1] for line in mounts if line.split()[2] == "hugetlbfs"]
    return [file for place in places for file in glob.glob(f"{place}/lbd-{config['name']}map_*")]


def start(lab, **more):
    memory = {"hugepages": True, "flows": 65536, "persistence_entries": 16384}
    return lab.start_director([lab.service()], memory=memory, **{"capture": True, **more})


class Dumpcap:
    """Of the only port, from when it has begun."""

    def __init__(self, lab, config, *arguments):
        self.path = os.path.join(lab.directory, f"dumpcap-{time.monotonic_ns()}.pcap")
        self.log = self.path + ".log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = lab.director_a.popen(
                "dpdk-dumpcap", f"--file-prefix=lbd-{config['name']}", "-i", "0", "-P",
                "-w", self.path, *arguments, stdout=log, stderr=log)
        wait_until(self.has_begun, 15, "dpdk-dumpcap captures")

    def has_begun(self):
        if self.process.poll() not in (None, 0):  # 0: it had all that it was to capture
            with open(self.log, encoding="utf-8") as log:
                raise AssertionError(f"dpdk-dumpcap ended: {log.read()}")
        return os.path.exists(self.path) and os.path.getsize(self.path) >= 24

    def frames(self):
        return [Ether(bytes(frame)) for frame in rdpcap(self.path)]


def opening(frames):
    """What opens a connection to the service."""
    return [frame for frame in frames if IP in frame and TCP in frame
            and frame[IP].dst == ADDRESS.vip and frame[TCP].flags == SYN]


def check_both_directions(lab, frames):
    director = lab.director_a.mac("lb0")
    webs = {web.mac() for web in lab.webs.values()}
    received = [frame for frame in opening(frames) if frame.dst == director]
    sent = [frame for frame in opening(frames) if frame.src == director]
    assert received and {frame.dst for frame in sent} == webs
    ports = {frame[TCP].sport for frame in received}
    assert {frame[TCP].sport for frame in sent} == ports
    return ports


def test_received_and_forwarded_frames_are_captured(lab):
    config = start(lab)
    dumpcap = Dumpcap(lab, config)
    lab.client.pages(URL, 6)
    time.sleep(1)
    assert stop_process(dumpcap.process, signal.SIGINT) == 0
    assert len(check_both_directions(lab, dumpcap.frames())) == 6
    lab.client.pages(URL, 4)
    again = Dumpcap(lab, config, "-c", "10")
    lab.client.pages(URL, 4)
    assert again.process.wait(10) == 0
    assert lab.director_a.stop() == 0
    assert files_of(config) == []


def test_a_capture_that_is_killed_does_no_harm(lab):
    config = start(lab)
    dumpcap = Dumpcap(lab, config)
    lab.client.pages(URL, 2)
    stop_process(dumpcap.process, signal.SIGKILL)
    drops = lab.director_a.drops()
    for _ in range(10):
        lab.client.pages(URL, 200)
    assert lab.director_a.drops() == drops
    assert lab.director_a.stop() == 0
    assert files_of(config) == []


def test_a_director_that_crashes_leaves_nothing_for_long(lab):
    config = start(lab)
    dumpcap = Dumpcap(lab, config)
    lab.director_a.kill()
    dumpcap.process.wait(15)
    assert files_of(config) != []
    lab.director_a.clear()
    lab.director_a.start()
    lab.director_a.wait_for_all_up()
    lab.client.pages(URL, 4)
    assert lab.director_a.stop() == 0
    assert files_of(config) == []


def test_nobody_attaches_unless_it_is_allowed(lab):
    config = start(lab, capture=False)
    with pytest.raises(AssertionError, match="dpdk-dumpcap ended"):
        Dumpcap(lab, config)
    lab.client.pages(URL, 4)
    assert lab.director_a.stop() == 0
    assert files_of(config) == []  # dpdk-dumpcap has made some


def test_the_files_are_root_s(lab):
    config = start(lab)
    directory = f"/var/run/dpdk/lbd-{config['name']}"
    assert os.stat(directory).st_mode & 0o077 == 0
    assert files_of(config)
    assert {os.stat(file).st_mode & 0o077 for file in files_of(config)} == {0}
