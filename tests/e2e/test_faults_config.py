# SPDX-License-Identifier: BSD-3-Clause
"""Whatever lies where the configuration file was: lbd goes on as before, and no reload stops it."""

import contextlib
import os
import signal
import threading
import time

import pytest
from lab import ADDRESS, wait_until

pytestmark = pytest.mark.any_device

URL = f"http://{ADDRESS.vip}/"


@pytest.fixture
def director(lab):
    lab.start_director([lab.service()])
    yield lab.director_a
    path = lab.director_a.config_file
    if os.path.isdir(path):
        os.rmdir(path)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)


def put_fifo(path):
    os.mkfifo(path)


def put_directory(path):
    os.mkdir(path)


def put_endless_file(path):
    os.symlink("/dev/zero", path)


def put_loop(path):
    os.symlink(path, path)


def put_nothing(_):
    pass


def put_empty_file(path):
    with open(path, "w", encoding="ascii"):
        pass


def put_much(path):
    with open(path, "w", encoding="ascii") as file:
        file.write("# nothing\n" * 100_000)


@pytest.mark.parametrize("put", [put_fifo, put_directory, put_endless_file, put_loop, put_nothing,
                                 put_empty_file, put_much])
def test_what_is_no_configuration_file_is_refused_and_nothing_waits_for_it(lab, director, put):
    os.remove(director.config_file)
    put(director.config_file)
    for _ in range(2):
        begin = time.monotonic()
        refused = director.lbctl_run("reload")
        assert refused.returncode == 1 and director.config_file in refused.stderr, refused
        assert time.monotonic() - begin < 5
        director.signal(signal.SIGHUP)
    wait_until(lambda: director.log().count(f"reload of {director.config_file} refused") >= 4, 5,
               "all reloads are refused")
    assert director.vrrp_state() == "MASTER"
    lab.client.expect_alternating(URL, ["web1", "web2"], 6)


def test_a_file_that_is_replaced_all_the_time_is_read_whole(lab, director):
    """Each is renamed into its place: a reload sees one or the other."""
    with open(director.config_file, encoding="utf-8") as file:
        text = file.read()
    texts = [text, text + "# comment\n" * 20_000]
    done = threading.Event()
    number = 0

    def replace():
        nonlocal number
        while not done.is_set():
            number += 1
            with open(director.config_file + ".new", "w", encoding="utf-8") as new:
                new.write(texts[number % 2])
            os.rename(director.config_file + ".new", director.config_file)

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        for _ in range(50):
            assert director.lbctl("reload")
    finally:
        done.set()
        thread.join()
    assert number > 50, f"the file was replaced {number} times"
    lab.client.expect_alternating(URL, ["web1", "web2"], 6)


def test_a_file_that_is_half_written_is_refused_and_taken_when_it_is_whole(lab, director):
    """Cut before its first port is whole, that is: later, a reader cannot know what is still to
    come, as between two sections or services."""
    with open(director.config_file, "rb") as file:
        whole = file.read()
    end = whole.index(b"device:") + 1
    load = lab.client.load(URL)
    for cut in range(0, end, max(1, end // 20)):
        with open(director.config_file, "wb") as file:
            file.write(whole[:cut])
        assert director.lbctl_run("reload").returncode == 1, whole[:cut]
        with open(director.config_file, "wb") as file:
            file.write(whole)
        assert director.lbctl("reload")
    load.stop().expect_all_answered()
    assert director.vrrp_state() == "MASTER"
