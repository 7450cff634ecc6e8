# SPDX-License-Identifier: BSD-3-Clause
"""Advertisements of priority 255 from somebody who is no director: refused and counted, each under
its reason, and the master stays what it is."""

import hostile
from lab import ADDRESS, wait_until
from siege import ATTACKER, besieged

VRRP = 112
PASSWORD = "s3cret"
GROUP, GROUP_MAC = "224.0.0.18", "01:00:5e:00:00:12"


def advert(version, source, destination, vrid=51, password=None, count=1, interval=None, damage=0):
    """Of priority 255, which any master gives way to. `interval`: centiseconds; version 2:
    seconds."""
    if version == 2:
        kind, pause = (0 if password is None else 1), 1 if interval is None else interval
        field = kind << 8 | pause
    else:
        field = 50 if interval is None else interval
    message = bytes((version << 4 | 1, vrid, 255, count)) + field.to_bytes(2, "big") + b"\0\0"
    message += hostile.packed(ADDRESS.vip)
    if version == 2:
        message += (password or "").encode()[:8].ljust(8, b"\0")
    summed = message
    if version == 3:
        summed = (hostile.packed(source) + hostile.packed(destination) +
                  bytes((0, VRRP)) + len(message).to_bytes(2, "big") + message)
    return message[:6] + (hostile.checksum(summed) ^ damage).to_bytes(2, "big") + message[8:]


def frame(siege, message, source, destination, ttl=255):
    multicast = destination == GROUP
    return hostile.ethernet(
        siege.attacker.mac(), GROUP_MAC if multicast else siege.lab.director_a.mac("lb0"),
        hostile.IPV4,
        hostile.ipv4(hostile.packed(source), hostile.packed(destination), VRRP, message, ttl=ttl))


def rejected(siege):
    [instance] = siege.lab.director_a.lbctl("vrrp")["instances"]
    return instance["rejected"]


def expect_refused(siege, forgeries, unseen):
    """`forgeries`: frames by the reason under which they are counted; `unseen`: those that do not
    get as far as that."""
    for reason, forgery in forgeries.items():
        before = rejected(siege)
        sent = siege.attacker.flood([forgery], 0.2, pace=100)
        wait_until(lambda: rejected(siege)[reason] == before[reason] + sent, 5,
                   f"all {sent} frames are counted under {reason}")
        others = {name: count - before[name] for name, count in rejected(siege).items()
                  if name != reason and count != before[name]}
        assert others == {}, reason
    before = rejected(siege)
    siege.attacker.flood(unseen, 0.5, pace=100)
    siege.expect_unharmed()
    assert rejected(siege) == before
    siege.storm([*forgeries.values(), *unseen] * 64, "forged advertisements")
    siege.expect_unharmed()


def test_by_multicast_with_a_password(standing_lab):
    settings = {"version": 2, "password": PASSWORD, "interval": "1s",
                "virtual_addresses": [f"{ADDRESS.vip}/32"]}
    with besieged(standing_lab, instance=lambda letter: settings) as siege:
        def forged(source=ATTACKER, destination=GROUP, ttl=255, version=2, password=PASSWORD,
                   **more):
            message = advert(version, source, destination, password=password, **more)
            return frame(siege, message, source, destination, ttl)

        expect_refused(siege, {
            "ttl": forged(ttl=254),
            "password": forged(password="guess"),
            "authentication_type": forged(password=None),
            "checksum": forged(damage=1),
            "version": forged(version=3),
            "interval": forged(interval=9),
            "length": forged(count=200),
            "destination": forged(destination=ADDRESS.director_a),
        }, unseen=[forged(vrid=52),  # another router's, which is nobody's business here
                   forged(source=ADDRESS.director_a)])  # the kernel knows its own address


def test_to_one_of_peers_that_are_named(standing_lab):
    def settings(letter):
        peer = {"a": ADDRESS.director_b, "b": ADDRESS.director_a}[letter]
        return {"peers": [peer], "min_ttl": 255, "virtual_addresses": [f"{ADDRESS.vip}/32"]}

    with besieged(standing_lab, instance=settings) as siege:
        own, peer = ADDRESS.director_a, ADDRESS.director_b

        def forged(source=peer, destination=own, ttl=255, version=3, **more):
            return frame(siege, advert(version, source, destination, **more), source, destination,
                         ttl)

        expect_refused(siege, {
            "peer": forged(source=ATTACKER),
            "ttl": forged(ttl=254),
            "checksum": forged(damage=1),
            "version": forged(version=2),
            "interval": forged(interval=0),
        }, unseen=[forged(vrid=52), forged(destination=GROUP)])  # it has not joined the group


def test_the_true_ones_are_not_drowned(standing_lab):
    """Both hear the flood; the backup would take over after 1.8 seconds without the master's."""
    with besieged(standing_lab) as siege:
        from_afar = frame(siege, advert(3, ATTACKER, GROUP), ATTACKER, GROUP, ttl=254)
        siege.storm([from_afar] * 64, "advertisements by multicast")
        siege.expect_unharmed()
