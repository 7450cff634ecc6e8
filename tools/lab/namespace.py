# SPDX-License-Identifier: BSD-3-Clause
"""A network namespace with one interface, eth0, plugged into the lab's switch."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import threading


CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
TRUNK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "trunk.py")


class CommandFailed(RuntimeError):
    pass


def run(*command, check=True, timeout=30, **options):
    """Runs a command to its end; its output is text in .stdout and .stderr."""
    command = [str(word) for word in command]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, check=False, **options
    )
    if check and result.returncode != 0:
        raise CommandFailed(
            f"{' '.join(command)}: exit status {result.returncode}\n{result.stdout}{result.stderr}"
        )
    return result


def stop_process(process, with_signal=signal.SIGTERM, timeout=10):
    """Ends a process started by the lab and returns its exit status (-N: killed by signal N)."""
    if process.poll() is None:
        process.send_signal(with_signal)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise CommandFailed(
                f"{process.args} did not stop within {timeout} s of {with_signal.name}; killed"
            ) from None
    return process.returncode


class Namespace:
    def __init__(self, name):
        self.name = name
        self.processes = []
        run("ip", "netns", "add", name)
        # IPv6 only makes noise here: nobody in the lab speaks it, yet every interface would.
        for sysctl in ("all", "default"):
            self.sysctl(f"net.ipv6.conf.{sysctl}.disable_ipv6", 1)
        self.ip("link", "set", "lo", "up")

    def sysctl(self, key, value):
        def write():
            with open("/proc/sys/" + key.replace(".", "/"), "w", encoding="ascii") as file:
                file.write(str(value))

        self.inside(write)

    def ip(self, *arguments, check=True):
        return run("ip", "-n", self.name, *arguments, check=check).stdout

    def run(self, *command, **options):
        return run("ip", "netns", "exec", self.name, *command, **options)

    def popen(self, *command, **options):
        """Starts a process that close() will end. Its pid is the command's own: `ip netns exec`
        replaces itself by it."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.name, *[str(word) for word in command]], **options
        )
        self.processes.append(process)
        return process

    def inside(self, function):
        """Calls the function in this namespace and returns its result; the caller stays in its own. Sockets
        and processes that it makes belong to the namespace, and /proc/thread-self/net shows it."""
        outcome = {}

        def enter_and_call():
            try:
                with open(f"/run/netns/{self.name}", "rb") as file:
                    if _libc.setns(file.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), f"setns {self.name}")
                outcome["value"] = function()
            except BaseException as error:
                outcome["error"] = error

        # A namespace is a property of the thread, so one that ends afterwards enters it.
        thread = threading.Thread(target=enter_and_call)
        thread.start()
        thread.join()
        if "error" in outcome:
            raise outcome["error"]
        return outcome["value"]

    def open_socket(self, *arguments):
        return self.inside(lambda: socket.socket(*arguments))

    def mac(self, interface="eth0"):
        with self.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as there:
            there.bind((interface, 0))
            return there.getsockname()[4].hex(":")

    def ports(self, protocol="tcp"):
        """That something listens on, of either family; those of UDP sockets for "udp"."""
        def read(file):
            with contextlib.suppress(FileNotFoundError), \
                    open(f"/proc/thread-self/net/{file}", encoding="ascii") as lines:
                return [line.split() for line in lines][1:]
            return []

        rows = self.inside(lambda: read(protocol) + read(protocol + "6"))
        listening = {"tcp": "0A", "udp": "07"}[protocol]
        return {int(row[1].rsplit(":", 1)[1], 16) for row in rows if row[3] == listening}

    def addresses(self, interface=None, family=4):
        """Addresses as a list of '10.66.0.1/16', of one interface or of all but lo."""
        found = []
        for line in self.ip(f"-{family}", "-o", "addr", "show").splitlines():
            words = line.split()
            if words[1] == interface or (interface is None and words[1] != "lo"):
                found.append(words[3])
        return found

    def speak_ipv6(self, address, interface="eth0"):
        """Gives the namespace, IPv4 only until now, an IPv6 address, "fd66::1/64"."""
        for name in ("lo", interface):
            self.sysctl(f"net.ipv6.conf.{name}.disable_ipv6", 0)
        self.sysctl(f"net.ipv6.conf.{interface}.accept_dad", 0)
        self.ip("address", "replace", address, "dev", interface, "nodad")

    def interfaces(self):
        return [line.split(": ")[1].split("@")[0] for line in self.ip("-o", "link").splitlines()]

    def end_others(self, spared=None):
        """Kills what popen() has started, but for one process."""
        for process in self.processes:
            if process is not spared:
                if process.poll() is None:
                    process.kill()
                process.wait()
        self.processes = [process for process in self.processes if process is spared]

    def forget_connections(self):
        """Drops TCP connections, if the kernel can, which else outlive their programs and send again,
        for minutes, what nobody has answered: the other end's RST would go through the next test's
        director."""
        self.run("ss", "--kill", "--tcp", "--no-header", "state", "connected", check=False)

    def close(self):
        Namespace.end_others(self)
        remove_namespace(self.name)


def remove_namespace(name):
    """Removes a lab's namespace and whatever still runs in it: nothing else ever does."""
    if not os.path.exists(f"/run/netns/{name}"):
        return
    for pid in run("ip", "netns", "pids", name, check=False).stdout.split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    run("ip", "netns", "delete", name, check=False)


class Host(Namespace):
    """Its commands see this machine's /sys and mounts. They are started from within the namespace, not
    by `ip netns exec`, which takes longer than most of them."""

    def run(self, *command, **options):
        return self.inside(lambda: run(*command, **options))

    def popen(self, *command, **options):
        process = self.inside(
            lambda: subprocess.Popen([str(word) for word in command], **options))
        self.processes.append(process)
        return process


class Switch(Host):
    """An Ethernet switch: a bridge that neither delays nor filters."""

    def __init__(self, name):
        super().__init__(name)
        self.ip("link", "add", "br0", "type", "bridge", "stp_state", "0",
                "forward_delay", "0", "mcast_snooping", "0")
        self.ip("link", "set", "br0", "up")
        # Where the bridge's netfilter hooks are built in they look into IP packets, drop broken
        # ones and put fragments together: no switch does.
        if os.path.exists("/proc/sys/net/bridge"):
            self.sysctl("net.bridge.bridge-nf-call-iptables", 0)

    def plug(self, host, port):
        """Connects `host` (a Namespace) through a veth pair: eth0 there, `port` here."""
        self.ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", host.name)
        self.ip("link", "set", port, "master", "br0")
        for space, interface in ((self, port), (host, "eth0")):
            # A veth pair hands over unfinished checksums, segments larger than the MTU and VLAN tags
            # beside the frame unless told not to; a packet socket or XDP program on the other side
            # would see them.
            space.run("ethtool", "-K", interface, "tx", "off", "rx", "off", "tso", "off",
                      "gso", "off", "gro", "off", "txvlan", "off")
            space.ip("link", "set", interface, "up")

    @contextlib.contextmanager
    def trunk(self, port, vlans):
        """Meanwhile `port` is a trunk, and the ports in `vlans`, lists by VLAN, are on VLANs."""
        ports = [port, *(member for members in vlans.values() for member in members)]
        for name in ports:
            self.ip("link", "set", name, "nomaster", "promisc", "on")
        words = [f"{vlan}:{','.join(members)}" for vlan, members in vlans.items()]
        process = self.popen(TRUNK, port, *words, stdout=subprocess.PIPE, text=True)
        try:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("the VLAN switch did not start")
            yield
        finally:
            stop_process(process)
            for name in ports:
                self.ip("link", "set", name, "promisc", "off", "master", "br0")

    def unplug(self, port):
        self.ip("link", "set", port, "down")

    def replug(self, port):
        self.ip("link", "set", port, "up")
