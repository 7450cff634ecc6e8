# SPDX-License-Identifier: BSD-3-Clause
"""Changes are told to scripts and by mail, and whoever is told holds up nothing."""

import email
import email.utils
import os
import pathlib
import re
import time

import pytest
from lab import ADDRESS, wait_until
from lab.lab import health, vrrp

pytestmark = pytest.mark.any_device

# All of a run in one write, as several may end at once.
_TELL = """#!/bin/sh
sleep "${{1#pause=}}"
text=$(echo "user=$(id -un)"; echo "arguments=$*"; env | grep ^LBD_ |
       grep -Ev "^LBD_(DEVICES|BUILD)=")
printf '%s\\n\\n' "$text" >>{told}
"""

# A server that greets and then says nothing more.
_SILENT = """
import socket
s = socket.create_server(("{address}", 2525))
kept = []
while True:
    kept.append(s.accept()[0])
    kept[-1].sendall(b"220 silent\\r\\n" if {greets} else b"")
"""


class Board:
    """What scripts were told: dictionaries in the order in which they ended."""

    def __init__(self, directory):
        self.file = directory / "told"
        self.file.touch()
        self.file.chmod(0o666)  # also for scripts of another user
        self._script = directory / "tell.sh"
        self._script.write_text(_TELL.format(told=self.file))
        self._script.chmod(0o755)

    def script(self, pause=0, **more):
        return {"script": [str(self._script), f"pause={pause}"], **more}

    def runs(self):
        return [dict(line.split("=", 1) for line in run.splitlines())
                for run in self.file.read_text().split("\n\n") if run]

    def told(self):
        """The arguments of lbd alone, as lines."""
        return [run["arguments"].split(" ", 1)[1] for run in self.runs()]

    def wait_for(self, line, timeout=10):
        wait_until(lambda: line in self.told(), timeout, f"a script is told {line}")


@pytest.fixture
def board(lab):
    # Not pytest's directory: other users may not look into that.
    directory = pathlib.Path(lab.directory, f"board-{time.monotonic_ns()}")
    directory.mkdir()
    return Board(directory)


# aiosmtpd, but whoever says QUIT hears nothing.
_NO_FAREWELL = """
import asyncio
from aiosmtpd.handlers import Debugging
class Handler(Debugging):
    async def handle_QUIT(self, server, session, envelope):
        await asyncio.sleep(3600)
"""


class MailServer:
    """aiosmtpd at the client, which prints what it takes."""

    def __init__(self, lab, directory):
        self._lab = lab
        self._directory = directory
        self._file = directory / "mails"
        self._process = None

    def start(self, handler="aiosmtpd.handlers.Debugging"):
        with open(self._file, "a", encoding="ascii") as out:
            self._process = self._lab.client.popen(
                "/usr/bin/python3", "-u", "-m", "aiosmtpd", "-n", "-c", handler,
                "-l", f"{ADDRESS.client}:2525", stdout=out,
                env={**os.environ, "PYTHONPATH": str(self._directory)})
        wait_until(lambda: 2525 in self._lab.client.ports(), 10,
                   "the mail server listens")
        return self

    def without_farewell(self):
        (self._directory / "farewell.py").write_text(_NO_FAREWELL)
        return self.start("farewell.Handler")

    def silent(self, greets):
        self._process = self._lab.client.popen(
            "/usr/bin/python3", "-c", _SILENT.format(address=ADDRESS.client, greets=greets))
        wait_until(lambda: 2525 in self._lab.client.ports(), 10,
                   "the silent server listens")
        return self

    def mails(self):
        text = self._file.read_text(encoding="ascii")
        parts = re.findall(r"-+ MESSAGE FOLLOWS -+\n(.*?)-+ END MESSAGE -+\n", text, re.S)
        # What aiosmtpd has to say of the session stands before the headers.
        return [email.message_from_string(re.sub(r"\Amail options:.*\n\n?", "", p)) for p in parts]

    def subjects(self):
        return [mail["Subject"].split("] ", 1)[1] for mail in self.mails()]


@pytest.fixture
def mail_server(lab, tmp_path):
    return MailServer(lab, tmp_path)


def _mail(**more):
    return {"from": "lbd@example.org", "to": ["ops@example.org", "night@example.org"],
            "server": ADDRESS.client, "port": 2525, "helo": "director-a", "collect": "1s", **more}


def _quick(**more):
    return health(interval="100ms", connect_timeout="300ms", retries=0, **more)


def _counters(lab):
    return lab.director_a.lbctl("stats")["notifications"]


def _backend(lab, state, web="web1"):
    return f"BACKEND web {lab.webs[web].address}:80 {state}"


def test_scripts_are_told_of_a_backend_with_arguments_environment_and_user(lab, board):
    lab.start_director([lab.service(health=_quick(), backends=[
        {"address": lab.web1.address, "notify": [board.script(on=["down"], user="nobody")]},
        {"address": lab.web2.address}])],
        notifications={"scripts": [board.script(on=["up", "down"])]})
    board.wait_for(_backend(lab, "UP"))
    lab.web1.stop()
    wait_until(lambda: board.told().count(_backend(lab, "DOWN")) == 2, 10, "both are told")
    runs = [run for run in board.runs() if run["LBD_EVENT"] == "down"]
    assert sorted(run["user"] for run in runs) == ["nobody", "root"]
    endpoint = f"{lab.web1.address}:80"
    told = {key: value for key, value in runs[0].items() if key.startswith("LBD_")}
    reason = told.pop("LBD_REASON")
    assert reason == "Connection refused", reason
    assert told == {"LBD_EVENT": "down", "LBD_OBJECT": "backend", "LBD_NAME": endpoint,
                    "LBD_SERVICE": "web", "LBD_BACKEND": endpoint, "LBD_STATE": "DOWN"}
    assert _counters(lab)["scripts"]["failed"] == 0


def test_a_reload_repeats_nothing_and_takes_new_scripts(lab, board):
    config = lab.start_director([lab.service(health=_quick())],
                                notifications={"scripts": [board.script(on=["up"])]})
    wait_until(lambda: len(board.told()) == 2, 10, "both backends are told to be up")
    config["notifications"] = {"scripts": [board.script(on=["up", "down", "quorum_lost"])]}
    assert "changed notifications" in lab.director_a.reload(config)["changes"]
    time.sleep(1)
    assert len(board.told()) == 2
    lab.web1.stop()
    board.wait_for(_backend(lab, "DOWN"))


def test_scripts_are_told_when_the_quorum_is_lost_and_regained(lab, board):
    lab.start_director([lab.service(health=_quick(), quorum=2, notify=[board.script()])])
    board.wait_for("SERVICE web QUORUM_REGAINED")
    lab.web1.stop()
    board.wait_for("SERVICE web QUORUM_LOST")
    assert board.runs()[-1]["LBD_OBJECT"] == "service"
    lab.web1.restart()
    wait_until(lambda: board.told() == ["SERVICE web QUORUM_REGAINED", "SERVICE web QUORUM_LOST",
                                        "SERVICE web QUORUM_REGAINED"], 10, "it is regained")


def test_scripts_are_told_every_state_of_a_vrrp_instance(lab, board):
    backends = [{"address": lab.web1.address}, {"address": lab.web2.address}]
    track = [{"service": "web", "minimum": 2}]
    lab.start_director(
        [lab.service(health=_quick(), backends=backends)],
        vrrp=[vrrp(150, interval="100ms", track=track, notify=[board.script(0.1)])])
    board.wait_for("INSTANCE VI_1 MASTER 150")
    lab.web1.stop()
    board.wait_for("INSTANCE VI_1 FAULT 150")
    assert "web" in board.runs()[-1]["LBD_REASON"]
    lab.web1.restart()
    wait_until(lambda: board.told().count("INSTANCE VI_1 MASTER 150") == 2, 10, "master again")
    lab.web1.stop()
    wait_until(lambda: board.told().count("INSTANCE VI_1 FAULT 150") == 2, 10, "in fault again")
    assert lab.director_a.stop() == 0
    assert board.told() == [f"INSTANCE VI_1 {state} 150" for state in (
        "BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER", "FAULT", "STOP")]


def test_with_omega_a_stop_is_told_as_backends_down_and_quorum_lost(lab, board):
    services = [lab.service(health=_quick(), omega=True),
                lab.service("other", health=_quick(), port=8080)]
    lab.web2.stop()
    lab.start_director(services, wait_up=False, notifications={
        "scripts": [board.script(0.3, on=["down", "quorum_lost", "stop"])]})
    lab.director_a.wait_for_backend("web", lab.web1.address, "up")
    board.wait_for(_backend(lab, "DOWN", "web2"))
    board.wait_for(f"BACKEND other {lab.web2.address}:8080 DOWN")
    known = len(board.told())
    began = time.monotonic()
    assert lab.director_a.stop() == 0
    assert time.monotonic() - began < 5
    assert sorted(board.told()[known:]) == sorted([
        _backend(lab, "DOWN"), "SERVICE web QUORUM_LOST", "INSTANCE VI_1 STOP 150"])


def test_a_script_that_hangs_holds_up_neither_vrrp_nor_the_end(lab, board):
    lab.start_director([lab.service(health=_quick())], notifications={
        "scripts": [board.script(60, on=["down", "stop"], timeout="60s")]})
    lab.web1.stop()
    wait_until(lambda: _counters(lab)["scripts"]["running"] == 1, 10, "the script runs")
    assert lab.director_a.vrrp_state() == "MASTER"
    began = time.monotonic()
    assert lab.director_a.stop() == 0
    assert time.monotonic() - began < 8
    assert "not all notifications were delivered" in lab.director_a.log()
    assert board.told() == []


def test_a_flapping_backend_is_told_in_order_and_no_more_than_a_script_can_take(
        lab, board, tmp_path):
    """The check is a file, which changes faster than the script is told of it."""
    verdict = tmp_path / "well"
    check = tmp_path / "check.sh"
    check.write_text(f"#!/bin/sh\ntest -e {verdict}\n")
    check.chmod(0o700)
    verdict.touch()
    backends = [{"address": lab.web1.address, "notify": [board.script(1)]}]
    lab.start_director([lab.service(backends=backends, health=health(
        type="script", script=[str(check)], interval="50ms", retries=0))])
    board.wait_for(_backend(lab, "UP"))
    for _ in range(12):
        verdict.unlink()
        lab.director_a.wait_for_backend("web", lab.web1.address, "down")
        verdict.touch()
        lab.director_a.wait_for_backend("web", lab.web1.address, "up")
    verdict.unlink()
    lab.director_a.wait_for_backend("web", lab.web1.address, "down")
    wait_until(lambda: _counters(lab)["scripts"]["waiting"] +
               _counters(lab)["scripts"]["running"] == 0, 10, "all is told")
    scripts = _counters(lab)["scripts"]
    assert board.told()[-1] == _backend(lab, "DOWN")
    assert scripts["superseded"] > 10 and scripts["run"] < 15, scripts
    assert scripts["run"] + scripts["superseded"] == 26 and scripts["dropped"] == 0


def test_mail_tells_of_a_change_and_collects_several(lab, mail_server):
    mail_server.start()
    backends = [{"address": lab.web1.address}, {"address": lab.web2.address},
                {"address": "10.66.1.1", "mac": "02:00:00:00:00:01", "health": {"type": "none"}}]
    config = lab.start_director([lab.service(health=_quick(), backends=backends)],
                                notifications={"mail": _mail()})
    wait_until(lambda: mail_server.subjects() and _counters(lab)["mail"]["pending"] == 0, 10,
               "the mail of the start is out")
    assert all("VI_1" in subject or "changes" in subject for subject in mail_server.subjects())
    known = len(mail_server.mails())
    lab.web1.stop()
    wait_until(lambda: len(mail_server.mails()) > known, 10, "a mail arrives")
    mail = mail_server.mails()[-1]
    assert re.fullmatch(rf"\[[^/]+/{config['name']}\] web {lab.web1.address}:80 DOWN",
                        mail["Subject"])
    assert mail["From"] == "<lbd@example.org>"
    assert re.sub(r"\s+", " ", mail["To"]) == "<ops@example.org>, <night@example.org>"
    assert email.utils.parsedate_to_datetime(mail["Date"]).timestamp() == pytest.approx(
        time.time(), abs=30)
    assert re.fullmatch(r"<[0-9.]+@[^@>]+>", mail["Message-ID"])
    assert f"web {lab.web1.address}:80 DOWN: Connection refused" in mail.get_payload()
    lab.web1.restart()
    lab.web2.stop()
    wait_until(lambda: len(mail_server.mails()) > known + 1, 10, "the next one arrives")
    assert mail_server.subjects()[-1] == "2 changes: 1 backend down, 1 backend up"
    assert _counters(lab)["mail"]["failed"] == 0


def test_many_changes_make_few_mails(lab, mail_server):
    mail_server.start()
    service = lab.service(health=_quick(port=9), backends=[
        {"address": f"10.66.1.{n}", "mac": "02:00:00:00:00:01"} for n in range(1, 251)])
    lab.start_director([service], wait_up=False,
                       notifications={"mail": _mail(collect="3s")})
    wait_until(lambda: any("backends down" in s for s in mail_server.subjects()), 20,
               "a mail of many backends arrives")
    wait_until(lambda: _counters(lab)["mail"]["pending"] == 0, 20, "all is told")
    subjects = mail_server.subjects()
    downs = [int(n) for s in subjects for n in re.findall(r"(\d+) backends down", s)]
    assert sum(downs) == 250 and len(subjects) <= 3, subjects
    assert any(re.search(r"^and \d+ more$", mail.get_payload(), re.M)
               for mail in mail_server.mails())


def test_a_mail_is_tried_again_and_the_stop_is_told_before_the_end(lab, mail_server):
    lab.start_director([lab.service(health=_quick())], notifications={"mail": _mail()})
    wait_until(lambda: "tried again in 1s" in lab.director_a.log(), 10, "the first one fails")
    assert lab.director_a.vrrp_state() == "MASTER"
    assert ADDRESS.client in _counters(lab)["mail"]["last_error"]
    mail_server.start()
    wait_until(lambda: _counters(lab)["mail"]["sent"] == 1, 15, "it arrives")
    assert lab.director_a.stop() == 0
    assert mail_server.subjects()[-1] == "VI_1 STOP"


def _is_at_ease(lab):
    """It is master, in time, and answers at once."""
    for _ in range(20):
        began = time.monotonic()
        assert lab.director_a.vrrp_state() == "MASTER"
        assert time.monotonic() - began < 0.5
        time.sleep(0.05)
    lab.web1.stop()
    lab.director_a.wait_for_backend("web", lab.web1.address, "down", 3)


def _ends_in_time(lab):
    began = time.monotonic()
    assert lab.director_a.stop() == 0
    assert time.monotonic() - began < 8
    log = lab.director_a.log()
    assert "timer was late" not in log and "not all notifications were delivered" in log


@pytest.mark.parametrize("greets", [False, True], ids=["mute", "after its greeting"])
def test_a_mail_server_that_hangs_costs_nothing_but_mail(lab, mail_server, greets):
    mail_server.silent(greets)
    lab.start_director([lab.service(health=_quick())], notifications={"mail": _mail()})
    wait_until(lambda: ":2525" in lab.director_a.run("ss", "-Htn").stdout, 10, "it is spoken to")
    _is_at_ease(lab)
    _ends_in_time(lab)


def test_a_mail_server_that_does_not_say_goodbye_costs_nothing_but_mail(lab, mail_server):
    mail_server.without_farewell()
    lab.start_director([lab.service(health=_quick())],
                       notifications={"mail": _mail(timeout="3s")})
    wait_until(mail_server.mails, 10, "a mail arrives")
    assert _counters(lab)["mail"]["sent"] == 0
    _is_at_ease(lab)
    wait_until(lambda: _counters(lab)["mail"]["sent"] == 1, 10, "the mail counts as sent")
    wait_until(lambda: len(mail_server.mails()) == 2, 10, "and so does the next")
    assert lab.director_a.vrrp_state() == "MASTER"
    assert _counters(lab)["mail"]["failed"] == 0
