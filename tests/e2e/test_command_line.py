# SPDX-License-Identifier: BSD-3-Clause
"""lbd and lbctl as programs: arguments, exit statuses, files."""

import os
import stat

import pytest
from lab import ADDRESS

pytestmark = pytest.mark.any_device


def test_check_says_ok(lab):
    result = lab.director_a.check(lab.config(services=[lab.service()]))
    assert result.returncode == 0, result.stderr
    assert "ok" in result.stdout


@pytest.mark.parametrize(
    "wrong, right, hint",
    [
        ("schedular: rr", "scheduler: rr", "scheduler"),
        ("port: 0", "port: 80", "1..65535"),
        ("scheduler: fastest", "scheduler: rr", "wrr"),
        ("address: 10.66.0.300", "address: 10.66.0.100", "address"),
    ],
)
def test_check_names_line_and_what_is_allowed(lab, wrong, right, hint):
    from lab import yaml

    text = yaml.dump(lab.config(services=[lab.service()]))
    faulty = text.replace(right, wrong, 1)
    assert faulty != text
    line = faulty[: faulty.index(wrong)].count("\n") + 1
    result = lab.director_a.check(faulty)
    assert result.returncode == 78
    assert f"check.yaml:{line}:" in result.stderr, result.stderr
    assert hint in result.stderr, result.stderr


def test_start_with_a_faulty_file_ends_with_78(lab):
    lab.director_a.start("services: 5\n", wait=False)
    assert lab.director_a.wait_for_end() == 78


def test_start_on_a_missing_device_fails_and_says_which(lab):
    config = lab.config(services=[lab.service()])
    config["ports"][0]["device"] = "af_packet:nosuch0"
    lab.director_a.start(config, wait=False)
    assert lab.director_a.wait_for_end() not in (0, 78)
    assert "nosuch0" in lab.director_a.log()


def test_no_arguments_and_unknown_options_show_the_usage(lab):
    for arguments in ([], ["--nonsense"]):
        result = lab.director_a.run(os.path.join(lab.build, "lb", "lbd"), *arguments, check=False)
        assert result.returncode == 2 and "lbd" in result.stderr


def test_lbctl_without_lbd_ends_with_3(lab):
    result = lab.director_a.lbctl_run("stats")
    assert result.returncode == 3
    assert lab.director_a.socket in result.stderr


@pytest.mark.parametrize("command", ["stats", "services", "connections", "vrrp", "health"])
def test_every_command_answers_people_and_programs(lab, command):
    lab.start_director([lab.service()])
    lab.client.get(f"http://{ADDRESS.vip}/")
    plain = lab.director_a.lbctl_run(command)
    assert plain.returncode == 0 and plain.stdout.strip(), plain.stderr
    assert lab.director_a.lbctl(command)


def test_the_control_socket_is_for_root_only(lab):
    lab.start_director([lab.service()])
    mode = os.stat(lab.director_a.socket).st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) & 0o077 == 0, oct(mode)


def test_the_control_socket_may_be_opened_to_a_group(lab):
    lab.start_director([lab.service()], control={"socket": lab.director_a.socket, "group": "daemon"})
    status = os.stat(lab.director_a.socket)
    assert stat.S_IMODE(status.st_mode) == 0o660, oct(status.st_mode)
    import grp

    assert grp.getgrgid(status.st_gid).gr_name == "daemon"


def test_a_client_of_the_socket_that_says_nothing_does_not_block_others(lab):
    import socket

    lab.start_director([lab.service()])
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as rude:
        silent.connect(lab.director_a.socket)
        rude.connect(lab.director_a.socket)
        rude.sendall(b"\0{{{nonsense\n" * 10)
        assert lab.director_a.lbctl("stats")
    assert lab.director_a.lbctl("stats")


def test_a_second_lbd_with_the_same_name_does_not_start(lab):
    lab.start_director([lab.service()])
    second = lab.director_a.run(os.path.join(lab.build, "lb", "lbd"), lab.director_a.config_file,
                                check=False)
    assert second.returncode not in (0, 78)
    assert lab.client.pages(f"http://{ADDRESS.vip}/", 2) == {"web1": 1, "web2": 1}


def test_the_log_level_is_shown_and_changed_while_lbd_runs(lab):
    lab.start_director([lab.service()])
    director = lab.director_a
    assert director.lbctl_run("log-level").stdout == "info\n"
    assert director.lbctl_run("log-level", "warning").stdout == "warning\n"
    logged = director.log()
    assert "log level by command: warning" in logged
    director.reload()
    assert director.log() == logged
    assert director.lbctl("log-level", "info")["level"] == "info"
    director.reload()
    assert "reloaded" in director.log()[len(logged):]


def test_an_unknown_log_level_is_refused_and_changes_nothing(lab):
    lab.start_director([lab.service()])
    result = lab.director_a.lbctl_run("log-level", "loud")
    assert result.returncode == 1
    assert "'loud'" in result.stderr and "error, warning, notice, info, debug" in result.stderr
    assert lab.director_a.lbctl("log-level")["level"] == "info"
