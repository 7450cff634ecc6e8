# SPDX-License-Identifier: BSD-3-Clause
"""The demonstration: two directors, two web servers, two clients, and what an operator would try.

Every step says what is expected and what was seen; one that differs makes the exit status 1.
"""

import argparse
import os
import subprocess
import sys
import time

from .lab import ADDRESS, Lab, labs, remove, vrrp

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VIP = ADDRESS.vip
PLAIN = f"http://{VIP}/"
PINNED = f"http://{VIP}:8080/"


class Steps:
    """Numbers the steps, times them and keeps the verdict."""

    def __init__(self):
        self.number = 0
        self.failed = []

    def step(self, title, function):
        self.number += 1
        print(f"\n{self.number}. {title}", flush=True)
        start = time.monotonic()
        try:
            function()
        except (AssertionError, RuntimeError, OSError, LookupError) as error:
            self.failed.append(self.number)
            print(f"   FAILED: {error}", flush=True)
        print(f"   ({time.monotonic() - start:.1f} s)", flush=True)

    @staticmethod
    def compare(expected, seen, right):
        print(f"   expected  {expected}\n   seen      {seen}", flush=True)
        assert right, "not as expected"
        print("   ok", flush=True)


def _build(directory):
    """Only what the demonstration runs, compiled for a short build instead of for speed."""
    print(f"Building in {directory}", flush=True)
    if not os.path.exists(os.path.join(directory, "build.ninja")):
        subprocess.run(["meson", "setup", "-Doptimization=1", "-Ddebug=false", "-Dwerror=false",
                        directory, ROOT], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", directory, "lb/lbd", "tools/lbctl/lbctl"], check=True)


class Demo:
    def __init__(self, lab):
        self.lab = lab
        self.steps = Steps()

    def run(self):
        step = self.steps.step
        step("Two web servers, two directors and the virtual address", self.start)
        step("Requests go to the servers in turn", self.alternate)
        step("A service with persistence keeps a client at its server", self.persist)
        step("What the director says of it: lbctl stats", self.statistics)
        step("The virtual address is on the master only", self.virtual_address)
        step("A dead server leaves the rotation and returns", self.server_dies)
        step("The master is stopped: its peer takes over at once", self.master_stops)
        step("It comes back and takes the address again", self.master_returns)
        step("The master crashes: its peer notices and takes over", self.master_crashes)
        step("It comes back after the crash, too", self.master_returns)
        return not self.steps.failed

    def start(self):
        lab = self.lab
        lab.add_web("web1")
        lab.add_web("web2")
        services = [
            lab.service("plain"),
            lab.service("pinned", port=8080, persistence="300s"),
        ]
        lab.director_a.start(lab.config("a", services, [vrrp(150)]))
        lab.director_b.start(lab.config("b", services, [vrrp(100)]))
        lab.director_a.wait_for_vrrp("MASTER")
        for director in lab.directors:
            director.wait_for_all_up()
        states = [director.vrrp_state() for director in lab.directors]
        Steps.compare("director a MASTER, director b BACKUP",
                      f"director a {states[0]}, director b {states[1]}",
                      states == ["MASTER", "BACKUP"])

    def alternate(self):
        pages = [self.lab.client.get(PLAIN) for _ in range(6)]
        Steps.compare("web1 and web2 in turn", " ".join(pages),
                      set(pages) == {"web1", "web2"}
                      and all(a != b for a, b in zip(pages, pages[1:])))

    def persist(self):
        seen = {}
        for client in (self.lab.client, self.lab.client2):
            seen[client.address] = client.pages(PINNED, 10)
        text = "; ".join(f"{address}: " + ", ".join(f"{count} x {page}" for page, count in p.items())
                         for address, p in seen.items())
        Steps.compare("10 requests of a client all at one server", text,
                      all(len(pages) == 1 for pages in seen.values()))

    def statistics(self):
        result = self.lab.director_a.lbctl_run("stats")
        print("   " + result.stdout.rstrip().replace("\n", "\n   "))
        connections = self.lab.director_a.connections_of("plain")
        Steps.compare("3 connections of `plain` at either server",
                      ", ".join(f"{a}: {n}" for a, n in connections.items()),
                      sorted(connections.values()) == [3, 3])

    def virtual_address(self):
        lines = []
        for director in self.lab.directors:
            command = f"ip -n {director.name} -4 -brief addr show lb0"
            lines.append(f"{command}\n               "
                         + director.ip("-4", "-brief", "addr", "show", "lb0").strip())
        Steps.compare(f"{VIP} at director a, not at director b", "\n             ".join(lines),
                      self.lab.director_a.has(VIP) and not self.lab.director_b.has(VIP))

    def server_dies(self):
        lab = self.lab
        load = lab.client2.load(PLAIN)
        time.sleep(0.5)
        start = time.monotonic()
        lab.web1.stop()
        lab.director_a.wait_for_backend("plain", lab.web1.address, "down")
        left = time.monotonic() - start
        time.sleep(0.1)
        without = lab.client.pages(PLAIN, 6)
        start = time.monotonic()
        lab.web1.restart()
        lab.director_a.wait_for_backend("plain", lab.web1.address, "up")
        returned = time.monotonic() - start
        time.sleep(0.1)
        load.wait_for_answers(2)
        requests = load.stop()
        again = lab.client.pages(PLAIN, 6)
        print(f"   out {left:.1f} s after its death, back {returned:.1f} s after its return; client2\n"
              f"   meanwhile, before the health check knew included: {requests}")
        Steps.compare("6 x web2; then 3 x web1, 3 x web2",
                      "; then ".join(", ".join(f"{n} x {page}" for page, n in sorted(p.items()))
                                     for p in (without, again)),
                      without == {"web2": 6} and again == {"web1": 3, "web2": 3})

    def _take_over(self, end, limit):
        lab = self.lab
        load = lab.client.load(PLAIN)
        time.sleep(0.5)
        end()
        lab.director_b.wait_for_vrrp("MASTER")
        load.wait_for_answers(10)
        requests = load.stop()
        Steps.compare(f"director b MASTER, less than {limit:g} s without an answer",
                      f"director b {lab.director_b.vrrp_state()}; {requests}",
                      requests.longest_outage < limit)

    def master_stops(self):
        # RFC 9568 6.4: priority 0 makes the peer wait its skew time only, 0.61 s here.
        self._take_over(self.lab.director_a.stop, 2)

    def master_crashes(self):
        # Three missed adverts and the skew time are 3.61 s; a request that was under way when they
        # were over takes its time of 0.5 s.
        self._take_over(self.lab.director_a.kill, 5)

    def master_returns(self):
        lab = self.lab
        load = lab.client.load(PLAIN)
        lab.director_a.start()
        lab.director_a.wait_for_vrrp("MASTER")
        lab.director_b.wait_for_vrrp("BACKUP")
        time.sleep(1)
        load.wait_for_answers(1)
        requests = load.stop()
        Steps.compare("director a MASTER, director b BACKUP, less than 2 s without an answer",
                      f"director a {lab.director_a.vrrp_state()}, "
                      f"director b {lab.director_b.vrrp_state()}; {requests}",
                      requests.longest_outage < 2)


def _explain(lab):
    lbctl = os.path.join(lab.build, "tools", "lbctl", "lbctl")
    print(f"""
The lab stays. In it:
  ip netns exec {lab.client.name} curl {PLAIN}
  ip netns exec {lab.client.name} curl {PINNED}
  {lbctl} --socket {lab.director_a.socket} stats
  {lbctl} --socket {lab.director_b.socket} vrrp
  ip -n {lab.director_a.name} addr
  ip netns exec {lab.director_a.name} tcpdump -ni lb0
  kill {lab.director_a.pid}                   # lbd of director a; start it again with
  ip netns exec {lab.director_a.name} {lab.build}/lb/lbd {lab.director_a.config_file}
  tail -f {lab.director_a.log_file}
Remove it with tools/demo --down.""")


def main():
    parser = argparse.ArgumentParser(prog="tools/demo")
    parser.add_argument("--device", choices=["af_packet", "af_xdp"], default="af_packet")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--down", action="store_true")
    parser.add_argument("--build", default=os.path.join(ROOT, "build-demo"))
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("tools/demo: network namespaces need root")
    if options.down:
        for pid in labs():
            if not os.path.exists(f"/proc/{pid}"):
                remove(pid)
        return 0
    _build(options.build)
    with Lab(options.build, options.device) as lab:
        demo = Demo(lab)
        good = demo.run()
        if options.keep:
            lab.keep()
            _explain(lab)
        elif not good:
            for director in lab.directors:
                if os.path.exists(director.log_file):
                    print(f"\n--- end of the log of director {director.letter}\n"
                          + "\n".join(director.log().splitlines()[-40:]))
    steps = demo.steps
    print(f"\n{steps.number - len(steps.failed)} steps as expected, {len(steps.failed)} not"
          + (f": {steps.failed}" if steps.failed else ""))
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; everything removed")
