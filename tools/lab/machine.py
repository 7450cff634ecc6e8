# SPDX-License-Identifier: BSD-3-Clause
"""This machine once more: whatever is done to it is done in a layer over /, seen by nobody else and
gone with it. It can be booted, with a systemd, a network and processes of its own."""

import contextlib
import os
import subprocess

from .wait import wait_until

MOUNT = """
set -e
[ -z "$3" ] || ip link set lo up
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
[ -z "$3" ] || mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs dev
mkdir dev/net dev/pts dev/shm
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 600 dev/net/tun c 10 200
ln -s /proc/self/fd dev/fd
mkdir packages
mount --bind "$2" packages
echo ready
read -r boot || exit 0
# Nothing of what this machine would start at boot.
rm -rf lib/systemd/system/*.wants/* etc/systemd/system/*.wants/* etc/systemd/system/*.requires
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /lib/systemd/systemd \
    --system --unit=multi-user.target --log-target=null
"""
NAMESPACES = {"mount": "mnt", "uts": "uts", "ipc": "ipc", "net": "net", "cgroup": "cgroup"}


def _cgroups():
    """Where the one hierarchy of control groups is mounted."""
    with open("/proc/mounts", encoding="utf-8") as file:
        return next(line.split()[1] for line in file if line.split()[2] == "cgroup2")


class Machine:
    """`directory` is an empty one; what is in `packages` is there in /packages. If it is to be
    bootable, it has namespaces and a control group of its own from the start."""

    def __init__(self, directory, packages, bootable=False):
        self._directory = str(directory)
        self._cgroup = ""
        self._namespaces = {"mount": "mnt"}
        command = ["unshare", "--propagation", "private"]
        if bootable:
            self._cgroup = os.path.join(_cgroups(), f"lbd-lab-{os.getpid()}")
            os.makedirs(self._cgroup, exist_ok=True)
            self._namespaces = NAMESPACES
            command = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', self._cgroup,
                       *command, "--pid", "--fork", "--kill-child"]
        self._keeper = subprocess.Popen(
            [*command, *(f"--{name}" for name in self._namespaces), "sh", "-c", MOUNT, "sh",
             self._directory, str(packages), self._cgroup],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._keeper.stdout.readline() == "ready\n"

    def close(self):
        self._keeper.kill()
        self._keeper.communicate()
        if self._cgroup:
            wait_until(self._remove_cgroups, 10, "the end of all processes")

    def _remove_cgroups(self):
        for path, _, _ in os.walk(self._cgroup, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(path)
        return not os.path.exists(self._cgroup)

    def _entered(self, *command):
        process = f"/proc/{self._keeper.pid}/ns"
        spaces = [f"--{name}={process}/{file}" for name, file in self._namespaces.items()]
        if self._cgroup:
            spaces.append(f"--pid={process}/pid_for_children")
        return ["nsenter", *spaces, *map(str, command)]

    def _run(self, *command, check=True):
        result = subprocess.run(
            self._entered(*command), capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"})
        assert not check or result.returncode == 0, result.stdout + result.stderr
        return result

    def run(self, *command, check=True):
        return self._run("chroot", os.path.join(self._directory, "root"), *command, check=check)

    def popen(self, *command, **options):
        return subprocess.Popen(
            self._entered("chroot", os.path.join(self._directory, "root"), *command), **options)

    def write(self, path, text):
        self.run("sh", "-c", 'mkdir -p "${0%/*}" && printf %s "$1" >"$0"', path, text)

    def dpkg(self, *arguments):
        return self.run("dpkg", *arguments).stdout

    def changed_files(self):
        """The names of all that differs from the machine's own, without the first slash."""
        upper = os.path.join(self._directory, "upper")
        found = self._run("find", upper, "!", "-type", "d", "-printf", "%P\\n").stdout
        return set(found.splitlines())

    def boot(self):
        self._keeper.stdin.write("boot\n")
        self._keeper.stdin.flush()
        wait_until(lambda: "running" in self.run("systemctl", "is-system-running",
                                                 check=False).stdout.split(),
                   30, "systemd")
