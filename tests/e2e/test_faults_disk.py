# SPDX-License-Identifier: BSD-3-Clause
"""Disks are full, and nobody reads the log: lbd goes on, and says what was lost."""

import contextlib
import fcntl
import os

import pytest
from lab import ADDRESS, wait_until
from lab.lab import vrrp
from lab.namespace import run

pytestmark = pytest.mark.any_device

URL = f"http://{ADDRESS.vip}/"
LOST = "lines of the log were lost"
NEWS = 300  # lines, which fill a small pipe and a small disk
# Standard error is another file, by its name.
LOG_TO = ("/bin/sh", "-c", 'log=$1; shift; exec "$@" 2>>"$log"', "sh")
# In a mount namespace of its own, DPDK's run-time directory has so much room.
SMALL_RUN = ("unshare", "--mount", "/bin/sh", "-c",
             'mount -t tmpfs -o size="$1" tmpfs /run/dpdk; shift; exec "$@"', "sh")


@contextlib.contextmanager
def small_disk(lab, size):
    path = os.path.join(lab.directory, "disk")
    os.makedirs(path)
    run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path)
    try:
        yield path
    finally:
        run("umount", "--lazy", path)
        os.rmdir(path)


def fill(path):
    """The file that takes what room there is."""
    name = os.path.join(path, "filler")
    with contextlib.suppress(OSError), open(name, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return name


def start(lab, *prefix):
    lab.director_a.start(lab.config("a", [lab.service()], [vrrp(150, interval="300ms")]),
                         prefix=prefix)
    lab.director_a.wait_for_vrrp("MASTER")
    lab.director_a.wait_for_all_up()


def make_news(director):
    """Every refused reload is a line of the log."""
    with open(director.config_file, encoding="utf-8") as file:
        text = file.read()
    director.write("nonsense")
    for _ in range(NEWS):
        assert director.lbctl_run("reload").returncode == 1
    director.write(text)
    assert director.lbctl("reload")


def expect_unharmed(lab):
    director = lab.director_a
    assert director.vrrp_state() == "MASTER"
    assert director.lbctl("vrrp")["instances"][0]["transitions"] == 2, "it has been all the time"
    lab.client.expect_alternating(URL, ["web1", "web2"], 6)
    director.expect_balance()


def expect_clean_end(lab):
    assert lab.director_a.stop() == 0
    lab.director_a.expect_nothing_left()


def test_a_log_on_a_full_disk_goes_on_when_there_is_room(lab):
    with small_disk(lab, "64k") as disk:
        log = os.path.join(disk, "log")
        start(lab, *LOG_TO, log)
        filler = fill(disk)
        make_news(lab.director_a)
        expect_unharmed(lab)
        os.remove(filler)
        assert lab.director_a.lbctl("reload")
        with open(log, encoding="utf-8") as file:
            assert LOST in file.read()
        expect_clean_end(lab)


@pytest.fixture
def pipe(lab):
    path = os.path.join(lab.directory, "pipe")
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    yield path, reader
    with contextlib.suppress(OSError):
        os.close(reader)
    os.remove(path)


def test_nobody_waits_for_who_does_not_read_the_log(lab, pipe):
    path, reader = pipe
    start(lab, *LOG_TO, path)
    make_news(lab.director_a)
    expect_unharmed(lab)
    assert os.read(reader, 65536), "what there was room for"
    assert lab.director_a.lbctl("reload")
    assert LOST in os.read(reader, 65536).decode()
    expect_clean_end(lab)


def test_who_read_the_log_may_go_away(lab, pipe):
    path, reader = pipe
    start(lab, *LOG_TO, path)
    os.close(reader)
    make_news(lab.director_a)
    expect_unharmed(lab)
    expect_clean_end(lab)


@pytest.mark.parametrize("size", ["4k", "256k", "2m", "16m"])
def test_a_start_without_room_works_or_says_why_and_leaves_nothing(lab, size):
    director = lab.director_a
    director.start(lab.config("a", [lab.service()]), prefix=(*SMALL_RUN, size), wait=False)
    wait_until(lambda: not director.running() or os.path.exists(director.socket), 20,
               "the end of the start")
    if director.running():
        director.wait_for_all_up()
        assert director.stop() == 0
    else:
        assert director.wait_for_end() == 1, director.log()
        assert director.log().strip()
    director.expect_nothing_left()
