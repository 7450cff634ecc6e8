# SPDX-License-Identifier: BSD-3-Clause
"""The lab for the end-to-end tests: built once a device, handed to each test with two web servers
running and no lbd. LBD_BUILD is the build directory, LBD_DEVICES the devices to test, by default
af_packet and af_xdp.

With pytest-xdist several processes share the tests, each with a lab of its own:
`-n 2 --dist loadgroup` keeps a file's tests of a device together and in order."""

import os
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from lab import Lab, wait_until  # noqa: E402
from lab.lab import ADDRESS  # noqa: E402

BUILD = os.environ.get("LBD_BUILD", os.path.join(ROOT, "build-check"))
DEVICES = os.environ.get("LBD_DEVICES", "af_packet,af_xdp").split(",")


# These files take longest, so they start first.
LONGEST_FIRST = ["test_soak"]


def pytest_configure(config):
    config.addinivalue_line("markers", "any_device: the same whatever the device; tested with one")
    config.addinivalue_line("markers", "device_bound: set by itself on all others with a device")
    config.addinivalue_line("markers", "quick: also run with sanitizers")
    config.addinivalue_line("markers", "package: of the Debian packages, which it builds if "
                            "LBD_PACKAGES names no directory with them")
    config.addinivalue_line("markers", "hugepages: changes how many the machine has")
    config.addinivalue_line("markers", "xdist_group: tests that pytest-xdist runs in one process")


def pytest_generate_tests(metafunc):
    if "device" in metafunc.fixturenames:
        once = metafunc.definition.get_closest_marker("any_device")
        metafunc.parametrize("device", DEVICES[:1] if once else DEVICES, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """One lab after the other: all tests of a device before those of the next, but for those that
    take longest."""
    def device(item):
        callspec = getattr(item, "callspec", None)
        name = callspec.params.get("device") if callspec else None
        return DEVICES.index(name) if name else -1

    def rank(item):
        name = item.path.stem
        return (LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST),
                device(item))

    items.sort(key=rank)
    for item in items:
        if device(item) >= 0 and not item.get_closest_marker("any_device"):
            item.add_marker("device_bound")
        group = ("hugepages" if item.get_closest_marker("hugepages")
                 else f"{item.path.stem} {device(item)}")
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call" and report.failed and "lab" in getattr(item, "funcargs", {}):
        for director in item.funcargs["lab"].directors:
            if os.path.exists(director.log_file):
                end = "\n".join(director.log().splitlines()[-40:])
                report.sections.append((f"log of director {director.letter}", end))


def pytest_terminal_summary(terminalreporter):
    """What tests measure and nobody judges: record_property("what", figure)."""
    figures = [(report.nodeid.split("/")[-1], *figure) for report in terminalreporter.getreports("passed")
               for figure in report.user_properties]
    if figures:
        terminalreporter.section("figures")
    for test, what, figure in figures:
        terminalreporter.line(f"{test}: {what}: {figure}")


@pytest.fixture(scope="session")
def standing_lab(device):
    if not os.path.exists(os.path.join(BUILD, "lb", "lbd")):
        pytest.fail(f"no lbd in {BUILD}; build it first or set LBD_BUILD", pytrace=False)
    with Lab(BUILD, device) as lab:
        lab.add_web("web1", vips=(ADDRESS.vip, ADDRESS.vip2))
        lab.add_web("web2", vips=(ADDRESS.vip, ADDRESS.vip2))
        yield lab


@pytest.fixture
def lab(standing_lab):
    for director in standing_lab.directors:
        if os.path.exists(director.log_file):
            os.remove(director.log_file)
    yield standing_lab
    standing_lab.reset()


@pytest.fixture
def udp_servers(lab):
    """Every web server also answers UDP on port 9000 of the VIP with its page."""
    code = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.bind((sys.argv[1], 9000))\n"
        "while True:\n"
        "    data, peer = s.recvfrom(2048)\n"
        "    s.sendto(sys.argv[2].encode(), peer)\n"
    )
    for web in lab.webs.values():
        web.popen("/usr/bin/python3", "-c", code, ADDRESS.vip, web.page)
        wait_until(lambda web=web: 9000 in web.ports("udp"), 5, "the UDP server")
    yield
    for web in lab.webs.values():
        web.end_others()
