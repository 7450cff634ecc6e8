# SPDX-License-Identifier: BSD-3-Clause
"""lbctl import: what keepalived takes, lbd takes afterwards."""

import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("LBD_BUILD", os.path.join(ROOT, "build"))
LBCTL = os.path.join(BUILD, "tools", "lbctl", "lbctl")
LBD = os.path.join(BUILD, "lb", "lbd")
FIXTURES = os.path.join(ROOT, "tests", "unit", "config", "keepalived")
NAMESPACE = f"lbd-{os.getpid()}-import"


def run(*command, **options):
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, **options
    )


def imported(*arguments, **options):
    return run(LBCTL, "import", "--config-id", "director", *arguments, **options)


@pytest.fixture(scope="module")
def director():
    """A namespace with the interfaces of the fixtures: keepalived's test asks for them."""
    run("ip", "netns", "del", NAMESPACE)
    inside = ["ip", "-n", NAMESPACE]
    for command in (
        ["ip", "netns", "add", NAMESPACE],
        inside + ["link", "add", "eth0", "type", "veth", "peer", "name", "eth0.10"],
        inside + ["link", "set", "eth0", "up"],
        inside + ["link", "set", "eth0.10", "up"],
        inside + ["address", "add", "192.0.2.2/24", "dev", "eth0"],
        inside + ["address", "add", "198.51.100.2/24", "dev", "eth0.10"],
    ):
        subprocess.run(command, check=True)
    yield lambda *command: run("ip", "netns", "exec", NAMESPACE, *command)
    run("ip", "netns", "del", NAMESPACE)


@pytest.mark.skipif(shutil.which("keepalived") is None, reason="keepalived is not installed")
@pytest.mark.parametrize("fixture", ["director.conf", "notifications.conf"])
def test_the_fixtures_are_what_keepalived_takes(director, fixture):
    path = os.path.join(FIXTURES, fixture)
    result = director("keepalived", "--config-test", "--config-id", "director", "--use-file", path)
    assert result.returncode == 0, result.stderr


def test_lbd_takes_what_was_imported_with_the_addresses_of_this_machine(director, tmp_path):
    result = director(
        LBCTL, "import", "-i", "director", os.path.join(FIXTURES, "director.conf")
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "addresses: [192.0.2.2/24]" in result.stdout
    path = tmp_path / "lbd.yaml"
    path.write_text(result.stdout)
    check = run(LBD, "--check", str(path))
    assert check.returncode == 0, check.stderr


def test_a_port_gets_the_device_that_is_given():
    result = imported(
        "--port", "eth0=0000:3b:00.0", "--address", "eth0=192.0.2.9/24", "-",
        input="vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 1\n"
        "virtual_ipaddress {\n192.0.2.100\n}\n}\n",
    )
    assert result.returncode == 0, result.stderr
    assert "device: 0000:3b:00.0\n" in result.stdout
    assert "addresses: [192.0.2.9/24]" in result.stdout


def test_without_an_address_lbd_says_which_key_is_missing(tmp_path):
    result = imported(
        "-",
        input="vrrp_instance VI_1 {\ninterface nosuch0\nvirtual_router_id 1\n"
        "virtual_ipaddress {\n192.0.2.100\n}\n}\n",
    )
    assert result.returncode == 1
    assert "give --address nosuch0=" in result.stderr
    assert "FIXME: addresses" in result.stdout
    path = tmp_path / "lbd.yaml"
    path.write_text(result.stdout)
    check = run(LBD, "--check", str(path))
    assert check.returncode == 78
    assert "ports[0].addresses" in check.stderr


def test_what_is_lost_is_told_line_by_line():
    result = imported(os.path.join(FIXTURES, "partial.conf"))
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert f"{FIXTURES}/partial.conf:2: net_namespace: not carried over:" in lines[0]
    for line in lines:
        assert f"# {line}\n" in result.stdout


def test_ipvsadm_is_known_by_its_first_character(tmp_path):
    result = imported(
        "--address", "eth0=192.0.2.2/24", "-",
        input="-A -t 192.0.2.100:80 -s rr\n-a -t 192.0.2.100:80 -r 192.0.2.11:80 -g -w 1\n",
    )
    assert (result.returncode, result.stderr) == (0, "")
    path = tmp_path / "lbd.yaml"
    path.write_text(result.stdout)
    assert run(LBD, "--check", str(path)).returncode == 0


@pytest.mark.parametrize(
    "text, where",
    [
        ("\nvrrp_instance VI_1 {\n", "-:2: 'vrrp_instance VI_1 {' is never closed"),
        ("global_defs {\n}\n}\n", "-:3: unexpected '}'"),
        ("nonsense {\n}\n", "-:1: "),
        ("a\0b\n", "-:1: "),
    ],
)
def test_a_malformed_file_gives_no_result(text, where):
    result = imported("-", input=text)
    assert result.returncode == 2
    assert result.stdout == ""
    assert where in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["/nonexistent.conf"], ["/"], ["a", "b"], ["--port", "eth0", "-"],
     ["--port", "eth0=nonsense", "-"], ["--address", "eth0=nonsense", "-"], ["--nonsense", "-"]],
)
def test_a_wrong_command_line_ends_with_2(arguments):
    result = imported(*arguments, input="")
    assert result.returncode == 2
    assert result.stdout == "" and result.stderr != ""
