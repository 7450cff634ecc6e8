# SPDX-License-Identifier: BSD-3-Clause
"""The lab's own measures: each must be able to fail. Without namespaces, in milliseconds."""

import json
import os
import struct
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import siege
from conftest import ROOT
from lab import balance
from lab.capture import read_pcap
from lab.client import Client, Crowd, Load
from lab.director import Director
from lab.lab import Lab
from lab.load_result import LoadResult, Request, parse_log
from lab.wait import NotInTime

LAB = os.path.join(ROOT, "tools", "lab")


def answered(*moments):
    return [Request(moment - 0.01, 0.01, True, "web1") for moment in moments]


def failed(*moments, timeout=0.5):
    return [Request(moment - timeout, timeout, False, "timed out") for moment in moments]


@pytest.mark.parametrize("requests, outage", [
    (answered(1, 2, 3, 9, 10), 6),
    (answered(1, 2) + failed(4, 8) + answered(9, 10), 7),
    (answered(1, 2) + failed(4, 9.9), 8),  # to the end
    (failed(4) + answered(7, 8, 9), 7),  # from the begin
    (failed(4, 9), 10),
    (answered(5), 5),
])
def test_an_outage_lasts_to_an_answer_or_to_an_end_of_the_load(requests, outage):
    result = LoadResult(0, 10, requests)
    assert result.longest_outage == pytest.approx(outage)
    result.expect_outage_below(outage + 0.1)
    with pytest.raises(AssertionError, match="longest time without an answer"):
        result.expect_outage_below(outage)


def test_a_load_without_requests_proves_nothing():
    with pytest.raises(AssertionError, match="no request"):
        LoadResult(0, 10, [])


@pytest.mark.parametrize("begin, end", [(1, 10), (0, 9)])
def test_a_load_has_its_requests_between_its_begin_and_its_end(begin, end):
    with pytest.raises(ValueError, match="requests from"):
        LoadResult(begin, end, answered(0.5, 9.5))


def test_failed_requests_are_counted_and_named():
    result = LoadResult(0, 10, answered(1, 2) + failed(3))
    assert str(result) == "1 of 3 requests failed, longest time without an answer 8.00 s"
    assert result.pages == {"web1": 2}
    with pytest.raises(AssertionError, match="timed out"):
        result.expect_all_answered()
    LoadResult(0, 10, answered(1)).expect_all_answered()


def test_a_line_that_is_not_whole_is_no_request():
    lines = ['["begin", 1.0]\n', '[1.5, 0.25, "ok", "web1"]\n', '[2.0, 0.25, "fai']
    begin, requests, end = parse_log(lines)
    assert (begin, requests, end) == (1.0, [Request(1.5, 0.25, True, "web1")], None)
    assert parse_log([*lines[:2], '["end", 2.5]\n'])[2] == 2.5


class Server:
    """An HTTP server on the loopback, in this process, that may stop to answer."""

    def __init__(self):
        self.answers = threading.Event()
        self.answers.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if outer.answers.wait(30):
                    self.send_response(200)
                    self.send_header("Content-Length", "5")
                    if self.request_version == "HTTP/1.0":
                        self.close_connection = True
                    self.end_headers()
                    self.wfile.write(b"web1\n")

            def log_message(self, *_):
                pass

        class QuietServer(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that has gone

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


class Here:
    """A client without a namespace."""

    start_requests = Client.start_requests
    requests = Client.requests
    pages = Client.pages
    expect_alternating = Client.expect_alternating

    def __init__(self):
        self.processes = []

    def popen(self, *command, **options):
        process = subprocess.Popen([str(word) for word in command], **options)
        self.processes.append(process)
        return process


@pytest.fixture
def here():
    made = Here()
    yield made
    for process in made.processes:
        process.kill()
        process.wait()


def test_a_load_that_is_not_answered_to_its_end_has_an_outage(server, here, tmp_path):
    load = Load(here, server.url, 0.01, 0.2, tmp_path / "log")
    load.wait_for_answers(3)
    server.answers.clear()
    time.sleep(0.1)
    result = load.stop()
    assert len(result.answered) >= 3
    assert len(result.failed) == 1 and result.requests[-1].body == "timed out"
    assert result.longest_outage >= 0.2


def test_an_answer_of_before_is_none_of_now(server, here, tmp_path):
    load = Load(here, server.url, 0.01, 10, tmp_path / "log")
    load.wait_for_answers(3)
    server.answers.clear()
    time.sleep(0.1)  # the request that was under way
    with pytest.raises(NotInTime):
        load.wait_for_answers(1, timeout=0.3)
    server.answers.set()
    load.wait_for_answers(1)


def test_a_load_that_ends_by_itself_is_no_result(server, here, tmp_path):
    load = Load(here, server.url, 0.01, 0.2, tmp_path / "log")
    load.wait_for_answers(3)
    here.processes[0].kill()
    here.processes[0].wait()
    for look in (load.wait_for_answers, load.stop):
        with pytest.raises(AssertionError, match="load ended"):
            look()


def test_requests_are_as_many_as_were_wanted(server, here):
    assert here.pages(server.url, 3) == {"web1": 3}
    with pytest.raises(AssertionError):
        here.pages(server.url, 0)
    with pytest.raises(AssertionError, match="do not show"):
        here.expect_alternating(server.url, ["web1"], 4)
    with pytest.raises(AssertionError, match="do not show"):
        here.expect_alternating(server.url, ["web1", "web2"], 1)
    with pytest.raises(AssertionError, match="expected"):
        here.expect_alternating(server.url, ["web1", "web2"], 2)


def test_a_program_that_makes_no_request_is_noticed(server, here, monkeypatch):
    monkeypatch.setattr("lab.client.LOAD", "/dev/null")
    with pytest.raises(AssertionError, match="0 of 3 requests"):
        here.requests(server.url, 3)


def test_a_crowd_is_as_large_as_was_wanted(server, here, tmp_path):
    with pytest.raises(AssertionError):
        Crowd(here, server.url, 0, 1.0, tmp_path / "none")
    server.close()
    crowd = Crowd(here, server.url, 3, 1.0, tmp_path / "log")
    with pytest.raises(AssertionError, match="failed at the start"):
        crowd.wait_until_ready()


def test_every_connection_of_a_crowd_is_answered_again(server, here, tmp_path):
    """Some ask twice as often as others: as many answers as connections are not one for each."""
    crowd = Crowd(here, server.url, 5, 60.0, tmp_path / "log")
    crowd.wait_until_ready()
    before = crowd.report()
    crowd.wait_until_all_answered(10)
    assert crowd.report()["answers"] == before["answers"] + 5
    server.answers.clear()
    with pytest.raises(NotInTime):
        crowd.wait_until_all_answered(3)
    assert crowd.stop()["longest_wait"] > 0.5


def test_a_crowd_that_ends_by_itself_is_no_result(server, here, tmp_path):
    crowd = Crowd(here, server.url, 3, 1.0, tmp_path / "log")
    crowd.wait_until_ready()
    crowd.report()
    here.processes[0].kill()
    here.processes[0].wait()
    for look in (crowd.report, crowd.stop):
        with pytest.raises(AssertionError, match="crowd ended"):
            look()


def test_no_packet_is_no_balance():
    worker = dict.fromkeys(("rx_packets", "split", "answered", "tx_packets", "fragments_held"), 0)
    stats = {"workers": [worker], "host": {"from_host": 0, "punted": 0}, "drops": []}
    director = SimpleNamespace(letter="a", lbctl=lambda _: stats)
    with pytest.raises(NotInTime, match="no packet came"):
        balance.expect_balance(director, timeout=0)
    worker.update(rx_packets=3, tx_packets=3)
    balance.expect_balance(director, timeout=1)
    worker.update(tx_packets=2)
    with pytest.raises(NotInTime, match="1 lost"):
        balance.expect_balance(director, timeout=0)


def test_a_frame_that_is_not_whole_is_none(tmp_path):
    frame = bytes(range(60))
    whole = bytes(24) + struct.pack("=IIII", 0, 0, 60, 60) + frame
    for end, frames in ((len(whole), [frame]), (len(whole) - 1, []), (30, []), (24, [])):
        (tmp_path / "file").write_bytes(whole[:end])
        assert read_pcap(tmp_path / "file") == frames


def _director(command, tmp_path):
    director = Director.__new__(Director)
    director.letter = "a"
    director.log_file = tmp_path / "log"
    director.log_file.write_text("the last words")
    director._end_wanted = False
    director.processes = []
    director._process = subprocess.Popen(command, stdout=subprocess.PIPE)
    director.clear = lambda: None
    return director


def test_a_director_that_crashes_unnoticed_fails_the_test(tmp_path):
    director = _director(["false"], tmp_path)
    director._process.wait()
    assert "ended by itself with 1" in Lab._end_director(director)
    director = _director(["false"], tmp_path)
    assert director.wait_for_end() == 1
    assert Lab._end_director(director) is None
    director = _director(["sleep", "60"], tmp_path)
    director.kill()
    assert Lab._end_director(director) is None


def test_a_director_that_does_not_end_well_fails_the_test(tmp_path):
    assert "ended with -15" in Lab._end_director(_director(["sleep", "60"], tmp_path))
    obedient = _director(["sh", "-c", "trap 'exit 0' TERM; echo; while :; do sleep 0.01; done"],
                         tmp_path)
    obedient._process.stdout.readline()
    assert Lab._end_director(obedient) is None


def test_a_flood_without_frames_is_none(tmp_path):
    client = Client.__new__(Client)
    for send in (lambda: client.inject([]), lambda: client.flood([], 1)):
        with pytest.raises(AssertionError):
            send()


def test_an_attack_that_does_not_arrive_is_noticed(capsys):
    attacked = siege.Siege.__new__(siege.Siege)
    attacked.lab = SimpleNamespace(device="none")
    attacked.attacker = SimpleNamespace(begin_flood=lambda *_: lambda: 300_000)
    attacked._begin_transfers = lambda: None
    rates = iter([(600, 6000), (500, 5000)])
    attacked._rates = lambda _: next(rates)
    with pytest.raises(AssertionError, match="did not arrive"):
        attacked.storm([b""], "nothing", seconds=3)
    rates = iter([(600, 6000), (500, 25_000)])
    attacked.storm([b""], "something", seconds=3)
    assert "director a received 20000" in capsys.readouterr().out


def test_what_load_py_prints_is_what_is_parsed(server):
    host, port = server.url.split("/")[2].split(":")
    output = subprocess.run([sys.executable, os.path.join(LAB, "load.py"), host, port, "/", "2", "0", "1"],
                            stdout=subprocess.PIPE, text=True, check=True).stdout
    assert [json.loads(line)[0] for line in output.splitlines()][::3] == ["begin", "end"]
    begin, requests, end = parse_log(output.splitlines(keepends=True))
    LoadResult(begin, end, requests).expect_all_answered()
