# SPDX-License-Identifier: BSD-3-Clause
"""What lbd may do after its start, what works with no more, and what it keeps to itself."""

import os
import re
import signal
import subprocess

import pytest
from conftest import BUILD
from lab import ADDRESS, wait_until
from lab.lab import health, vrrp
from lab.namespace import run

URL = f"http://{ADDRESS.vip}/"
VIP6 = "fd66::100"
PASSWORD = "pw-Zq8#x"
KEY = "a-sync-key-that-nobody-may-see"
# As in linux/capability.h.
KILL, SETGID, SETUID, NET_ADMIN, NET_RAW, SYS_ADMIN, SYS_TIME = 5, 6, 7, 12, 13, 21, 25


def _bits(*capabilities):
    return sum(1 << capability for capability in capabilities)


USED = _bits(KILL, NET_ADMIN, NET_RAW)
FOR_SCRIPTS = USED | _bits(SETGID, SETUID)


def _status(path):
    with open(path, encoding="ascii") as file:
        return dict(re.findall(r"^(\w+):\s+(.*)$", file.read(), re.MULTILINE))


def _capabilities(path):
    status = _status(path)
    return {name: int(status["Cap" + name], 16) for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")}


def _threads(director):
    """Those beside the control thread."""
    tasks = f"/proc/{director.pid}/task"
    return [os.path.join(tasks, thread, "status") for thread in os.listdir(tasks)
            if int(thread) != director.pid]


def _secrets():
    return {"vrrp": [vrrp(150, version=2, password=PASSWORD)],
            "sync": {"peers": [ADDRESS.director_b.split("/")[0]], "key": KEY}}


def _wait_for_drop(director):
    wait_until(lambda: _capabilities(f"/proc/{director.pid}/status")["Eff"] == USED, 10,
               "lbd has dropped its privileges")


def _script(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def _reported(lab, name):
    """A file that a script of any user may write to, and its content."""
    path = os.path.join(lab.directory, name)
    with open(path, "w", encoding="ascii"):
        os.chmod(path, 0o666)
    os.chmod(lab.directory, 0o755)
    return path


def _content(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def test_only_the_control_thread_keeps_capabilities_and_few(lab):
    lab.start_director([lab.service()], sync=_secrets()["sync"], metrics={"port": 9419})
    _wait_for_drop(lab.director_a)
    # libxdp needs more to take its program off the interface again.
    to_close = _bits(SYS_ADMIN) if lab.device == "af_xdp" else 0
    assert _capabilities(f"/proc/{lab.director_a.pid}/status") == {
        "Inh": 0, "Prm": FOR_SCRIPTS | to_close, "Eff": USED, "Bnd": FOR_SCRIPTS, "Amb": 0}
    others = _threads(lab.director_a)
    names = [_status(path)["Name"] for path in others]
    assert any("worker" in name for name in names) and len(others) >= 3, names
    for path in others:
        assert {**_capabilities(path), "Bnd": 0} == \
            {"Inh": 0, "Prm": 0, "Eff": 0, "Bnd": 0, "Amb": 0}, _status(path)["Name"]
        assert _status(path)["NoNewPrivs"] == "1"
    assert lab.client.pages(URL, 2) == {"web1": 1, "web2": 1}
    assert lab.director_a.stop() == 0
    assert "xdp" not in lab.director_a.ip("link", "show", "eth0")
    assert not lab.director_a.run("nft", "list", "ruleset").stdout.strip()
    assert "privileges" not in lab.director_a.log()


def test_a_reload_may_add_all_that_there_is(lab):
    """Services, addresses of VRRP, IPv6, check_vip and scripts of others come after the drop."""
    who = _reported(lab, "who")
    as_nobody = _script(lab.directory, "check", f"id -un >{who}\n")
    config = lab.start_director([lab.service()])
    _wait_for_drop(lab.director_a)
    config["vrrp"].append(vrrp(150, name="VI_6", port="lb0", vrid=66, interval="100ms",
                               virtual_addresses=["fe80::5e00:5366", VIP6]))
    config["services"] += [
        lab.service("vip", port=8080, health=health(check_vip=True)),
        lab.service("who", port=81, health=health(type="script", script=[as_nobody],
                                                  user="nobody"))]
    lab.director_a.reload(config)
    wait_until(lambda: _content(who) == "nobody\n", 10, "the script of nobody")
    lab.director_a.wait_for_all_up()
    lab.director_a.wait_for_vrrp("MASTER")
    wait_until(lambda: lab.director_a.vrrp_state("VI_6") == "MASTER", 15, "VI_6 is master")
    assert f"{VIP6}/128" in lab.director_a.addresses("lb0", family=6)
    assert lab.client.pages(URL, 2) == {"web1": 1, "web2": 1}


@pytest.mark.any_device
def test_virtual_addresses_move_after_the_drop(lab):
    for letter, priority in (("a", 150), ("b", 100)):
        director = getattr(lab, f"director_{letter}")
        director.start(lab.config(letter, [lab.service()], [vrrp(priority, interval="100ms")]))
        _wait_for_drop(director)
        director.wait_for_all_up()
    lab.director_a.wait_for_vrrp("MASTER")
    lab.director_a.lbctl("failover")
    lab.director_b.wait_for_vrrp("MASTER")
    wait_until(lambda: not lab.director_a.has(ADDRESS.vip), 5, "a is without the address")
    assert lab.director_b.has(ADDRESS.vip)
    assert lab.client.pages(URL, 2) == {"web1": 1, "web2": 1}


@pytest.mark.any_device
@pytest.mark.parametrize("more", [[], ["sys_time"]])
def test_scripts_as_root_have_what_lbd_keeps_and_what_the_file_gives_them(lab, more):
    seen = _reported(lab, "seen")
    script = _script(lab.directory, "check", f"grep Cap /proc/self/status >{seen}\n")
    control = {"socket": lab.director_a.socket, "script_capabilities": more}
    lab.start_director([lab.service(health=health(type="script", script=[script]))],
                       control=control)
    _wait_for_drop(lab.director_a)
    os.truncate(seen, 0)
    expected = FOR_SCRIPTS | (_bits(SYS_TIME) if more else 0)

    def permitted():
        return re.findall(r"^CapPrm:\s+(\w+)$", _content(seen), re.MULTILINE)

    wait_until(permitted, 10, "the script's report")
    assert int(permitted()[0], 16) == expected
    assert _capabilities(f"/proc/{lab.director_a.pid}/status")["Eff"] == USED


@pytest.mark.any_device
def test_secrets_are_in_no_log_and_no_answer(lab):
    config = lab.config(services=[lab.service()], **_secrets())
    lab.director_a.start(config)
    shown = [lab.director_a.lbctl_run("log-level", "debug").stdout]
    lab.director_a.wait_for_all_up()
    lab.director_a.reload({**config, "vrrp": [vrrp(150, version=2, password="other#pw")]})
    shown += [str(lab.director_a.reload(config))]
    broken = {**config, "sync": {**config["sync"], "key": KEY[:15]}}
    lab.director_a.write(broken)
    refused = lab.director_a.lbctl_run("reload")
    assert refused.returncode == 1 and "sync.key: found 15 characters" in refused.stdout + refused.stderr
    lab.director_a.write(config)
    shown += [refused.stdout, refused.stderr]
    for command in ("stats", "services", "vrrp", "sync", "health"):
        for form in ([], ["--json"]):
            shown.append(lab.director_a.lbctl_run(*form, command).stdout)
    check = run(os.path.join(BUILD, "lb", "lbd"), "--check", lab.director_a.config_file)
    shown += [check.stdout, check.stderr]
    assert lab.director_a.stop() == 0
    shown.append(lab.director_a.log())
    assert "changed VRRP instance VI_1" in "".join(shown)
    for text in shown:
        assert PASSWORD not in text and "other#pw" not in text and KEY[:15] not in text


def _crash(lab, directory, core_dumps):
    """Has lbd dump its core into the directory, if it may; its files."""
    pattern = "/proc/sys/kernel/core_pattern"
    before = _content(pattern)
    control = {"socket": lab.director_a.socket, "core_dumps": core_dumps}
    lab.director_a.start(lab.config(services=[lab.service()], control=control, **_secrets()),
                         prefix=["prlimit", "--core=unlimited:unlimited"])
    _wait_for_drop(lab.director_a)
    try:
        with open(pattern, "w", encoding="ascii") as file:
            file.write(f"{directory}/core")
        lab.director_a.signal(signal.SIGABRT)
        assert lab.director_a.wait_for_end(60) == -signal.SIGABRT
    finally:
        with open(pattern, "w", encoding="ascii") as file:
            file.write(before)
    return os.listdir(directory)


@pytest.mark.any_device
def test_a_crash_leaves_no_core_dump_unless_it_is_allowed(lab, tmp_path):
    assert not _crash(lab, tmp_path, core_dumps=False)
    lab.reset()
    assert _crash(lab, tmp_path, core_dumps=True)  # or the above would have proven nothing


@pytest.mark.any_device
def test_a_file_with_secrets_that_everybody_can_read_is_warned_of(lab):
    os.chmod(lab.directory, 0o755)
    director = lab.director_a
    lbd = os.path.join(BUILD, "lb", "lbd")
    config = lab.config(services=[lab.service()], **_secrets())
    warning = f"everybody can read the password or key in {director.config_file}: chmod 600"
    director.write(config)
    os.chmod(director.config_file, 0o644)
    assert warning in run(lbd, "--check", director.config_file).stderr
    director.start()
    assert director.log().count(warning) == 1
    director.reload()
    assert director.log().count(warning) == 2
    os.chmod(director.config_file, 0o600)
    director.reload()
    assert director.log().count(warning) == 2
    assert warning not in run(lbd, "--check", director.config_file).stderr


@pytest.mark.any_device
def test_a_script_that_others_could_have_written_is_refused_and_said_to_be(lab):
    os.chmod(lab.directory, 0o755)
    ran = _reported(lab, "ran")
    script = _script(lab.directory, "check", f"echo ran >{ran}\n")
    os.chmod(script, 0o757)
    reason = f"{script} can be written by others than root"
    lab.director_a.start(lab.config(services=[
        lab.service(health=health(type="script", script=[script]))]))
    assert f"the script {script} will not be run: {reason}" in lab.director_a.log()
    lab.director_a.wait_for_backend("web", lab.web1.address, "down")
    assert f"is not run: {reason}" in str(lab.director_a.lbctl("health"))
    assert not _content(ran)


@pytest.mark.any_device
def test_a_file_that_root_may_not_read_by_its_mode_is_warned_of(lab, tmp_path):
    os.chmod(tmp_path, 0o755)
    director = lab.director_a
    director.write(lab.config(services=[lab.service()]))
    os.chown(director.config_file, 65534, 0)
    os.chmod(director.config_file, 0o600)
    try:
        director.start()
        wait_until(lambda: "could be read at the start, but not for a reload" in director.log(), 10,
                   "the warning")
        assert director.lbctl_run("reload").returncode == 1
    finally:
        os.chown(director.config_file, 0, 0)


@pytest.mark.any_device
def test_the_control_socket_and_its_lock_are_roots_alone(lab):
    lab.start_director([lab.service()])
    for path in (lab.director_a.socket, lab.director_a.socket + ".lock"):
        status = os.lstat(path)
        assert (status.st_uid, status.st_mode & 0o777) == (0, 0o600), path
    denied = subprocess.run(
        ["setpriv", "--reuid=nobody", "--clear-groups", lab.director_a.lbctl_path, "--socket",
         lab.director_a.socket, "stats"], capture_output=True, text=True, check=False)
    assert denied.returncode != 0
