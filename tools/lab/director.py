# SPDX-License-Identifier: BSD-3-Clause
"""A director: lbd in a namespace whose eth0 it takes over, and its lbctl."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time

from . import balance, traces, yaml
from .capture import Capture
from .namespace import Namespace, run, stop_process
from .wait import wait_until

THREAD_STOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "thread_stop.py")
WORKER = "worker"  # in the name that DPDK gives the thread
CONTROL = "lbd"  # the first of several of the name
QUERIES = {"stats", "vrrp", "health", "sync"}
PATIENCE = 10  # seconds for an answer


class Director(Namespace):
    def __init__(self, name, letter, switch, address, directory, build):
        super().__init__(name)
        self.letter = letter
        self.address = address.split("/")[0]
        self.prefixed_address = address
        self.socket = os.path.join(directory, f"{letter}.sock")
        self.config_file = os.path.join(directory, f"{letter}.yaml")
        self.log_file = os.path.join(directory, f"{letter}.log")
        self.run_name = name[: -len(letter) - 2] + letter  # lab.config()'s `name`
        self._lbd = os.path.join(build, "lb", "lbd")
        self.lbctl_path = os.path.join(build, "tools", "lbctl", "lbctl")
        self._directory = directory
        self._process = None
        self._end_wanted = True
        switch.plug(self, f"lbd-{letter}")

    # -- the process

    def write(self, config):
        """Replaces the configuration file, as a dict or as YAML text, without telling lbd."""
        with open(self.config_file, "w", encoding="utf-8") as file:
            file.write(config if isinstance(config, str) else yaml.dump(config))

    def start(self, config=None, timeout=20, wait=True, prefix=(), env=None):
        """`prefix` is a command that lbd is started by, and replaces itself by it."""
        if config is not None:
            self.write(config)
        with open(self.log_file, "a", encoding="utf-8") as log:
            self._process = self.popen(
                *prefix, self._lbd, self.config_file, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=env
            )
        self._end_wanted = False
        if wait:
            wait_until(self._answers, timeout, f"lbd {self.letter} answers lbctl")

    def _answers(self):
        if self._process.poll() is not None:
            raise AssertionError(
                f"lbd {self.letter} ended with {self._process.returncode}:\n{self.log()[-3000:]}"
            )
        return self.lbctl("stats")

    @property
    def pid(self):
        return self._process.pid

    def running(self):
        return self._process is not None and self._process.poll() is None

    def expect_no_crash(self):
        """It runs, or it has ended because a test made it."""
        assert self._end_wanted or self.running(), \
            f"lbd {self.letter} ended by itself with {self._process.returncode}:\n" \
            f"{self.log()[-3000:]}"

    def stop(self):
        """A clean stop; the exit status."""
        self._end_wanted = True
        return stop_process(self._process, signal.SIGTERM)

    def kill(self):
        """A crash: no farewell to the peer, nothing tidied."""
        self._end_wanted = True
        stop_process(self._process, signal.SIGKILL)

    def signal(self, number):
        self._end_wanted = self._end_wanted or number in (signal.SIGTERM, signal.SIGINT,
                                                          signal.SIGKILL)
        self._process.send_signal(number)

    def wait_for_end(self, timeout=10):
        """The exit status of an lbd that ends by itself."""
        self._end_wanted = True
        return self._process.wait(timeout)

    @property
    def used(self):
        """Whether anything was started here since the last clear()."""
        return bool(self.processes)

    def clear(self):
        """Removes what a crashed lbd has left, which its next start would do."""
        self.end_others()
        self.run("nft", "flush", "ruleset", check=False)
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.socket)

    def pause(self):
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def hanging_worker(self):
        """A worker hangs, everything else goes on."""
        return self.hanging_thread(WORKER)

    def hanging_control_thread(self):
        """The control thread hangs, everything else goes on."""
        return self.hanging_thread(CONTROL)

    @contextlib.contextmanager
    def hanging_thread(self, name):
        stopper = subprocess.Popen(
            ["/usr/bin/python3", THREAD_STOP, str(self.pid), name], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        try:
            assert stopper.stdout.readline() == "stopped\n"
            yield
        finally:
            stopper.communicate(timeout=10)
        assert stopper.returncode == 0, f"the thread {name} was not left: {stopper.returncode}"

    def check(self, config):
        """`lbd --check` on a dict or on YAML text: the finished process."""
        path = os.path.join(self._directory, "check.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config if isinstance(config, str) else yaml.dump(config))
        return self.run(self._lbd, "--check", path, check=False)

    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            return file.read()

    def cpu_seconds(self):
        """Processor time used so far, all threads."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def written_kilobytes(self):
        """What it has written to. Its tables are resident from when they are first looked at."""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as file:
            return sum(int(line.split()[1]) for line in file
                       if line.startswith(("Private_Dirty", "Shared_Dirty", "Swap:")))

    def cpu_share(self, seconds):
        begin, used = time.monotonic(), self.cpu_seconds()
        time.sleep(seconds)
        return (self.cpu_seconds() - used) / (time.monotonic() - begin)

    # -- lbctl

    def lbctl_run(self, *arguments):
        """lbctl as a person calls it: the finished process."""
        return run(self.lbctl_path, "--socket", self.socket, *arguments, check=False)

    def lbctl(self, *arguments):
        """The data of `lbctl --json`; RuntimeError when it says no. What lbctl only passes on is
        asked on the control socket itself: tests look thousands of times, and each process would
        take twenty times as long as lbd takes to answer."""
        if len(arguments) == 1 and arguments[0] in QUERIES:
            return self._query(arguments[0])
        result = self.lbctl_run("--json", *arguments)
        if result.returncode != 0:
            raise RuntimeError(
                f"lbctl {' '.join(arguments)}: exit status {result.returncode}: "
                f"{result.stdout}{result.stderr}"
            )
        answer = json.loads(result.stdout)
        return answer.get("data", answer) if isinstance(answer, dict) else answer

    def _query(self, command):
        try:
            with socket.socket(socket.AF_UNIX) as control:
                control.settimeout(PATIENCE)
                control.connect(self.socket)
                control.sendall(json.dumps({"command": command}).encode() + b"\n")
                reply = json.loads(control.makefile("rb").readline())
        except (OSError, ValueError) as error:
            raise RuntimeError(f"lbd {self.letter}: {command}: {error}") from error
        if not reply["ok"]:
            raise RuntimeError(f"lbd {self.letter}: {command}: {reply['error']}")
        return reply["data"]

    def reload(self, config=None):
        if config is not None:
            self.write(config)
        return self.lbctl("reload")

    def service(self, name):
        return next(s for s in self.lbctl("stats")["services"] if s["name"] == name)

    def backend(self, service, address):
        return next(b for b in self.service(service)["backends"] if b["address"] == address)

    def connections_of(self, service):
        """New connections by backend address."""
        return {b["address"]: b["connections"] for b in self.service(service)["backends"]}

    def drops(self):
        """Dropped packets by reason."""
        return {d["reason"]: d["packets"] for d in self.lbctl("stats")["drops"]}

    def received(self):
        """Packets that its workers have received since its start."""
        return sum(w["rx_packets"] for w in self.lbctl("stats")["workers"])

    def vrrp_state(self, name="VI_1"):
        instances = self.lbctl("vrrp")["instances"]
        return next(i for i in instances if i["name"] == name)["state"].upper()

    # -- judging

    def traces(self):
        return traces.traces(self)

    def expect_nothing_left(self):
        traces.expect_nothing_left(self)

    def expect_balance(self, timeout=10):
        """Every packet is accounted for; the numbers of those that came."""
        return balance.expect_balance(self, timeout)

    # -- waiting

    def wait_for_backend(self, service, address, state, timeout=20):
        wait_until(
            lambda: self.backend(service, address)["state"].lower() == state,
            timeout, f"backend {address} of {service} is {state} on director {self.letter}",
        )

    def wait_for_all_up(self, timeout=20):
        def all_up():
            backends = [b for s in self.lbctl("stats")["services"] for b in s["backends"]]
            down = [b["address"] for b in backends
                    if b["state"].lower() not in ("up", "drained")]
            if down:
                raise LookupError(f"not up: {down[:5]}")
            return backends

        wait_until(all_up, timeout, f"every backend up on director {self.letter}")

    def wait_for_vrrp(self, state, timeout=15, name="VI_1"):
        wait_until(lambda: self.vrrp_state(name) == state, timeout,
                   f"director {self.letter} is {state} of {name}")

    def has(self, vip):
        return any(address.split("/")[0] == vip for address in self.addresses())

    def capture(self, expression="", interface="eth0"):
        return Capture(self, expression, self._directory, interface)
