# SPDX-License-Identifier: BSD-3-Clause
"""A pair of directors that serve a thousand connections and some long transfers, and an attacker on
the same segment. What an attack may do to them is told by expect_unharmed()."""

import contextlib
import subprocess
import time

import hostile
from lab import ADDRESS, wait_until
from lab.client import Client
from lab.lab import vrrp
from lab.namespace import remove_namespace

VIP6 = "fd66::100"
ATTACKER = "10.66.0.66"
ATTACKER6 = "fd66::66"
KEY = "a-key-that-is-long-enough"
CONNECTIONS, PERIOD, SIZE = 1000, 1.5, 15_000
TRANSFERS = 5
FLOWS = 8192  # fewer than an attacker has sources
LEAST = 1000  # frames of an attack, twice as many as have to arrive
STORM = 3.0  # seconds; a failover takes 1.8, a check that fails for good 1.2
# What the memory of a process may differ by: what was told to the peer lately (4,096 datagrams of
# up to 1,400 bytes), replies to lbctl. Tables and packet buffers have all been written to before.
# An attack is a million of packets, of which none leaves anything.
SLACK_KILOBYTES = 8192


def own6(letter):
    return {"a": "fd66::11", "b": "fd66::12"}[letter]


def attacker_of(lab):
    """The name of its namespace."""
    return lab.client.name.replace("client", "attacker")


def _services(lab):
    """What is more than the directors can take is lost before they see it, answers to checks as
    well: connections are to outlive that a backend is called down by mistake."""
    backends6 = [{"address": f"fd66::2{number}"} for number in (1, 2)]
    return [
        lab.service(on_backend_down="keep"),
        lab.service("udp", port=9000, protocol="udp", health={"type": "none"}),
        lab.service("web6", address=VIP6, backends=backends6),
        lab.service("udp6", address=VIP6, port=9000, protocol="udp", backends=backends6,
                    health={"type": "none"}),
    ]


class Siege:
    def __init__(self, lab, instance=None, services=None):
        """`instance` has more of the VRRP instance's settings, by the director's letter."""
        self.lab = lab
        lab.client.speak_ipv6("fd66::1/64")
        for number, web in enumerate((lab.web1, lab.web2), 1):
            web.speak_ipv6(f"fd66::2{number}/64")
            web.add_vip(VIP6)
        self.attacker = Client(attacker_of(lab), lab.switch, "attacker", f"{ATTACKER}/16",
                               lab.directory)
        self.attacker.speak_ipv6(f"{ATTACKER6}/64")
        for letter, director in (("a", lab.director_a), ("b", lab.director_b)):
            director.start(self._config(letter, services or _services(lab), instance))
        lab.director_a.wait_for_vrrp("MASTER")
        lab.director_b.wait_for_vrrp("BACKUP")
        for director in lab.directors:
            director.wait_for_all_up()
            wait_until(lambda d=director: d.lbctl("sync")["settled"], 10, "the peer's state")
        self._url = f"http://{ADDRESS.vip}/slow"
        self._crowd = lab.client.crowd(self._url, CONNECTIONS, PERIOD, SIZE)
        self._transfers = []
        self._size = 0
        self._memory, self._standings = {}, {}
        self._warm_up()

    def _config(self, letter, services, instance):
        lab = self.lab
        own, peer = ((lab.director_a, lab.director_b) if letter == "a"
                     else (lab.director_b, lab.director_a))
        more = {"interval": "500ms", **(instance(letter) if instance else {})}
        more.setdefault("virtual_addresses", [f"{ADDRESS.vip}/32", f"{VIP6}/64"])
        return lab.config(
            letter, services, [vrrp(150 if letter == "a" else 100, **more)],
            ports=[{"name": "lb0", "device": f"{lab.device}:eth0",
                    "addresses": [own.prefixed_address, f"{own6(letter)}/64"]}],
            memory={"hugepages": False, "flows": FLOWS, "persistence_entries": 1024},
            sync={"peers": [peer.address], "key": KEY})

    def _warm_up(self):
        """Every buffer and every place in the tables has been used once."""
        self.attacker.flood(self.syns(4096, seed=99), 1)
        for director in self.lab.directors:
            self.attacker.flood(self.datagrams_to(director), 0.5)
            director.expect_balance(20)
        for director in self.lab.directors:
            self.mind(director)

    def mind(self, director):
        """From now on it is to stay as it is."""
        self._memory[director.letter] = director.written_kilobytes()
        self._standings[director.letter] = self._standing(director)

    def syns(self, count, seed=1, port=80):
        def syn(source, vip, from_port):
            return hostile.TCP, hostile.tcp(source, vip, from_port, port, hostile.SYN)

        return hostile.from_strangers(self.attacker, self.lab.director_a, ADDRESS.vip, count, syn,
                                      seed)

    def datagrams_to(self, director, count=4096):
        """To ports of the host that nobody listens on."""
        return hostile.from_strangers(
            self.attacker, director, director.address, count,
            lambda source, own, port: (hostile.UDP, hostile.udp(port, port ^ 0x5555, bytes(18))))

    def storm(self, frames, what, seconds=STORM, pace=None, arrives=True):
        """The attack, while all go on; says how it was, and returns how many frames were sent. It has
        to arrive at director a unless the kernel is known to stop it."""
        self._begin_transfers()
        before, usual = self._rates(1.5)
        end = self.attacker.begin_flood(frames, seconds, pace)
        during, received = self._rates(seconds)
        sent = end()
        # Without an attack it receives as many packets an answer as before.
        attack = received - usual * during / before
        print(f"{self.lab.device}: {what}: {sent / seconds:.0f} frames a second, of which director a "
              f"received {attack:.0f}; the connections keep {during / before:.0%} of {before:.0f} "
              f"answers a second", flush=True)
        if arrives:
            assert attack * seconds > min(sent, LEAST) / 2, "the attack did not arrive"
        return sent

    def _rates(self, seconds):
        """The crowd's answers and the packets that director a receives, a second."""
        def seen():
            return self._crowd.report()["answers"], self.lab.director_a.received(), time.monotonic()

        answers, received, begin = seen()
        time.sleep(seconds)
        answers_later, received_later, end = seen()
        return (answers_later - answers) / (end - begin), (received_later - received) / (end - begin)

    def _begin_transfers(self):
        """Long ones, that take as long as the attack."""
        size = int((STORM + 2) * 100_000)
        self._transfers = [
            self.lab.client.popen("curl", "-sS", "--max-time", 60, "-r", f"0-{size - 1}", "-o",
                                  "/dev/null", "-w", "%{size_download}", self._url,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(TRANSFERS)]
        self._size = size

    @staticmethod
    def _standing(director):
        """All that a failover would change."""
        return [(i["state"], i["transitions"]) for i in director.lbctl("vrrp")["instances"]]

    def expect_unharmed(self):
        """No connection broke or moved, none took over, every packet and byte is accounted for."""
        self._crowd.wait_until_all_answered(60)
        outcome = self._crowd.report()
        kept = outcome["failed"], outcome["moved"], outcome["open"]
        assert kept == (0, 0, CONNECTIONS), outcome
        for transfer in self._transfers:
            output, errors = transfer.communicate(timeout=60)
            assert (transfer.returncode, output) == (0, str(self._size)), errors
        self._transfers = []
        for director in self.lab.directors:
            standing = self._standing(director)
            before = self._standings[director.letter]
            assert standing == before, (before, standing, director.log()[-3000:])
            director.expect_balance(20)
            grown = director.written_kilobytes() - self._memory[director.letter]
            assert grown < SLACK_KILOBYTES, f"director {director.letter}: {grown} KiB more"


@contextlib.contextmanager
def besieged(lab, **more):
    """A Siege, of which nothing is left afterwards, however it ends."""
    try:
        yield Siege(lab, **more)
    finally:
        remove_namespace(attacker_of(lab))
        lab.reset()
