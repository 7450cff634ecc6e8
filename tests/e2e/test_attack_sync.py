# SPDX-License-Identifier: BSD-3-Clause
"""Synchronisation messages of somebody who has not got the key, and recordings of true ones."""

import hashlib
import hmac
import random
import struct

import hostile
import pytest
from lab import wait_until
from lab.capture import Capture
from siege import ATTACKER, KEY, STORM, besieged

PORT = 8848
DATA, HEARTBEAT, JOIN, WELCOME, REPAIR = range(1, 6)
TYPE = 42 + 5  # of a message in a frame


@pytest.fixture(scope="module")
def siege(standing_lab):
    with besieged(standing_lab) as siege:
        yield siege


def message(kind, key=KEY, items=0, sequence=1, other=0, contents=b"", version=1):
    signed = struct.pack("!4sBBHQQQ", b"LBDS", version, kind, items, 0xBAD, sequence, other)
    signed += contents
    return signed + hmac.new(key.encode(), signed, hashlib.sha256).digest()[:16]


def frames(siege, payload, source=None):
    """To director a, as from its peer; fragments if it takes several."""
    source = hostile.packed(source or siege.lab.director_b.address)
    own = hostile.packed(siege.lab.director_a.address)
    datagram = hostile.udp(PORT, PORT, payload)
    parts = [(offset, datagram[offset : offset + 1480]) for offset in range(0, len(datagram), 1480)]

    def frame(offset, part):
        more = 0x2000 if offset + 1480 < len(datagram) else 0
        return hostile.ethernet(
            siege.attacker.mac(), siege.lab.director_a.mac("lb0"), hostile.IPV4,
            hostile.ipv4(source, own, hostile.UDP, part, ident=len(payload) & 0xFFFF,
                         fragment=offset // 8 | more))

    return [frame(offset, part) for offset, part in parts]


def sync(director):
    return director.lbctl("sync")


def peer(director):
    return sync(director)["peers"][0]


def excess(siege):
    """Entries that each director has got of the other, beyond those that the other has told it
    since both started."""
    a, b = siege.lab.directors
    received = peer(a)["entries_received"], peer(b)["entries_received"]
    return received[0] - sync(b)["entries_sent"], received[1] - sync(a)["entries_sent"]


def expect_together(siege, before):
    """`before`: the excess."""
    for director in siege.lab.directors:
        wait_until(lambda d=director: peer(d)["state"] == "complete", 20, "the peer's state")
    now = excess(siege)
    assert now[0] <= max(before[0], 0) and now[1] <= max(before[1], 0), (before, now)


def test_what_is_not_signed_with_the_key_is_counted_and_imports_nothing(siege):
    chance = random.Random(4)
    true = message(HEARTBEAT)
    wrong = {
        "authentication": [message(kind, key="another-key-of-some-length", items=20,
                                   contents=chance.randbytes(20 * 32)) for kind in range(1, 8)],
        "version": [message(DATA, version=7)],
        "format": [true[:47], true[:4], b"", b"x", b"nothing of the kind" * 70],
    }
    wrong["authentication"] += [true[:-1], true[:20] + b"!" + true[21:], true + bytes(1400),
                                message(DATA, key="wrong-again-and-long", contents=bytes(1400))]
    for reason, payloads in wrong.items():
        before = sync(siege.lab.director_a)["rejected"][reason]
        flood = [frame for payload in payloads for frame in frames(siege, payload)]
        siege.attacker.flood(flood, 0.3, pace=200)
        wait_until(lambda: sync(siege.lab.director_a)["rejected"][reason] >= before + len(payloads),
                   5, f"{reason} is counted")
    told = excess(siege)
    before = sync(siege.lab.director_a)["rejected"]["stranger"]
    siege.attacker.flood(frames(siege, true, source=ATTACKER), 0.2, pace=100)
    wait_until(lambda: sync(siege.lab.director_a)["rejected"]["stranger"] > before, 5, "counted")
    giants = [frame for size in (8_000, 20_000, 60_000)
              for frame in frames(siege, message(DATA, contents=bytes(size)))]
    siege.storm([frame for payloads in wrong.values() for payload in payloads
                 for frame in frames(siege, payload)] * 16 + giants, "forged synchronisation")
    siege.expect_unharmed()
    expect_together(siege, told)


def recorded(siege, letter, meanwhile):
    """What goes to that director from its peer."""
    capture = Capture(siege.lab.switch, f"udp port {PORT} and dst host "
                      f"{getattr(siege.lab, 'director_' + letter).address}", siege.lab.directory,
                      f"lbd-{letter}")
    meanwhile()
    # From the attacker's own place: what forged MAC addresses do to a switch is not lbd's to mend.
    own = bytes.fromhex(siege.attacker.mac().replace(":", ""))
    return [frame[:6] + own + frame[12:] for frame in capture.stop()]


def test_recordings_of_what_was_said_are_known_as_such(siege):
    def busy():
        siege.lab.client2.crowd("http://10.66.0.100/", 300, 0.5).stop()

    recording = recorded(siege, "b", busy)
    kinds = {frame[TYPE] for frame in recording}
    assert {DATA, HEARTBEAT} <= kinds, kinds
    told = excess(siege)
    duplicates = peer(siege.lab.director_b)["duplicates"]
    siege.storm(recording, "recorded synchronisation", arrives=False)  # at director b
    assert peer(siege.lab.director_b)["duplicates"] > duplicates
    siege.expect_unharmed()
    expect_together(siege, told)


def test_recordings_of_a_peer_that_has_been_restarted_since_are_no_news(siege):
    director_a, director_b = siege.lab.directors

    def restart():
        director_b.stop()
        director_b.start()
        for director in siege.lab.directors:
            wait_until(lambda d=director: peer(d)["state"] == "complete", 20, "together again")
        director_b.wait_for_vrrp("BACKUP")
        siege.mind(director_b)

    recording = recorded(siege, "a", restart)
    assert {HEARTBEAT, JOIN, WELCOME} <= {frame[TYPE] for frame in recording}
    told = excess(siege)
    joins = peer(director_a)["joins"]
    siege.storm(recording, "synchronisation of an earlier life")
    # Each may be the first of a new life.
    assert peer(director_a)["joins"] - joins <= STORM + 2
    siege.expect_unharmed()
    expect_together(siege, told)
