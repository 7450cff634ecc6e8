#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs commands on Debian 13, whatever Debian this machine runs: in a root directory of that release
that debootstrap makes from this machine's own mirror, with a copy of this tree in /root/lbd. Run as
root.

    tools/debian_root.py --packages DIR    builds the Debian packages there, into DIR
    tools/debian_root.py --shell           a shell there
    tools/check --only trixie              builds and tests the tree there

LBD_DEBIAN_ROOT is the root directory, by default /var/cache/lbd/trixie. It is kept for the next run,
and made again when the packages that tools/setup wants have changed or after a week.

Everything is mounted in a mount namespace of the command that runs in the root, so all mounts
vanish with that command, however it ends. Files that the command writes go to an overlay that is
deleted afterwards, except for those in /root/output."""

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from lint import tree_files

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RELEASE = "trixie"
LIFETIME = 7 * 24 * 3600
SETUP_OPTIONS = ["--demo", "--package"]
MORE_PACKAGES = ["ccache", "iputils-ping", "nftables", "python3-pytest"]
STAMP = "etc/lbd-root"  # the packages that are installed, and the sources that they come from
TREE = "root/lbd"

# Enters the root directory $1 with a compiler cache $2 and, unless they are empty, with an overlay in
# the directory $3 and a directory for output $4. The shell stays, as process 1, to reap processes
# that lose their parent.
ENTER = r"""
set -e
inside=$1
if [ -n "$3" ]; then
    inside=$3/root
    mkdir -p "$3/upper" "$3/work" "$inside"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$3/upper,workdir=$3/work" "$inside"
else
    mount --bind "$1" "$1"
fi
cd "$inside"
mkdir -p root/.cache/ccache root/output
mount --bind "$2" root/.cache/ccache
[ -z "$4" ] || mount --bind "$4" root/output
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
[ ! -e /etc/resolv.conf ] || cat /etc/resolv.conf >etc/resolv.conf
ip link set lo up
shift 4
env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/root/lbd/tools chroot . "$@"
"""


def output_of(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def machine_sources():
    """The lines of sources.list that this machine's apt configuration amounts to, for the other
    release: the same servers, updates and security updates as well."""
    with open("/etc/os-release", encoding="utf-8") as file:
        mine = re.search(r"^VERSION_CODENAME=(\w+)", file.read(), re.MULTILINE)[1]
    targets = output_of("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)",
                        "Created-By: Packages", "Component: main").splitlines()
    wanted = {}
    for uri, codename in map(str.split, targets):
        if re.fullmatch(rf"{mine}(-updates|-security)?", codename):
            wanted[f"deb {uri} {codename.replace(mine, RELEASE)} main"] = None
    if not any(line.split()[2] == RELEASE for line in wanted):
        sys.exit("debian_root: apt on this machine has no Debian mirror configured")
    return list(wanted)


def proxies():
    """apt's proxy settings of this machine, as lines of its configuration."""
    return [line for line in output_of("apt-config", "dump").splitlines()
            if re.match(r"Acquire::https?::proxy", line, re.IGNORECASE)]


class DebianRoot:
    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.log = f"{self.path}.log"
        self._cache = f"{self.path}.ccache"

    def start(self, *command, layer="", output="", network=True, **options):
        """Starts a command in the root. Processes that it leaves running end with it, and it ends with
        this process."""
        os.makedirs(self._cache, exist_ok=True)
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL",
             "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
             *([] if network else ["--net"]),
             "sh", "-c", ENTER, "enter", self.path, self._cache, layer, output, *command], **options)

    def _run(self, *command, **options):
        with self.start(*command, **options) as process:
            return process.wait()

    def ready(self):
        """Whether the root is there, has the packages that are wanted now, and is young enough."""
        stamp = os.path.join(self.path, STAMP)
        if not os.path.exists(stamp) or time.time() - os.path.getmtime(stamp) > LIFETIME:
            return False
        with open(stamp, encoding="utf-8") as file:
            return file.read() == self._wanted()

    def _wanted(self):
        setup = os.path.join(self.path, "root", "setup")
        shutil.copy(os.path.join(ROOT, "tools", "setup"), setup)
        with self.start("/root/setup", *SETUP_OPTIONS, "--list", stdout=subprocess.PIPE,
                        text=True) as process:
            packages = process.stdout.read().split()
        return "\n".join([*packages, *MORE_PACKAGES, *machine_sources(), ""])

    def remove(self):
        if not os.path.exists(self.path):
            return
        with open("/proc/self/mounts", encoding="utf-8") as file:
            mounted = [line.split()[1] for line in file if line.split()[1].startswith(self.path + "/")]
        if mounted:
            sys.exit(f"debian_root: {mounted[0]} is mounted; unmount it, so that {self.path} can be removed")
        if not os.path.exists(self.log):
            sys.exit(f"debian_root: {self.path} was not made by this command; remove it, or name another "
                     "directory in LBD_DEBIAN_ROOT")
        subprocess.run(["rm", "-rf", "--one-file-system", self.path], check=True)

    def make(self):
        """False if it fails; the log says why."""
        self.remove()
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.log, "w", encoding="utf-8") as log:
            to_log = {"stdout": log, "stderr": subprocess.STDOUT}
            uri = next(line.split()[1] for line in machine_sources()
                       if line.split()[2] == RELEASE)
            if subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates", RELEASE,
                               self.path, uri], check=False, **to_log).returncode != 0:
                return False
            self._write("etc/apt/sources.list", machine_sources())
            self._write("etc/apt/apt.conf.d/90proxy", proxies())
            # A root that is lost with the machine's power is made again; dpkg need not wait for disks.
            self._write("etc/dpkg/dpkg.cfg.d/unsafe-io", ["force-unsafe-io"])
            wanted = self._wanted()
            good = (self._run("/root/setup", *SETUP_OPTIONS, **to_log) == 0
                    and self._run("apt-get", "install", "-y", "--no-install-recommends",
                                  *MORE_PACKAGES, **to_log) == 0
                    and self._run("apt-get", "clean", **to_log) == 0)
        if good:
            self._write(STAMP, wanted.splitlines())
        return good

    def _write(self, name, lines):
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)

    @contextlib.contextmanager
    def layer(self):
        """A directory for what a run changes, with a copy of the tree already in it."""
        beside = os.path.dirname(self.path)
        for name in os.listdir(beside):
            owner = re.match(r"layer-(\d+)-", name)
            if owner and not os.path.exists(f"/proc/{owner[1]}"):  # a run that was killed
                shutil.rmtree(os.path.join(beside, name))
        with tempfile.TemporaryDirectory(dir=beside, prefix=f"layer-{os.getpid()}-") as layer:
            for name in tree_files(ROOT):
                copy = os.path.join(layer, "upper", TREE, name)
                os.makedirs(os.path.dirname(copy), exist_ok=True)
                shutil.copy2(os.path.join(ROOT, name), copy)
            os.chmod(os.path.join(layer, "upper", "root"), 0o700)
            yield layer


def made_root():
    """The root, made if need be; nothing if that fails."""
    root = DebianRoot(os.environ.get("LBD_DEBIAN_ROOT", f"/var/cache/lbd/{RELEASE}"))
    start = time.monotonic()
    if root.ready():
        return root
    print(f"== making a root of {RELEASE} in {root.path}, log in {root.log}", flush=True)
    if not root.make():
        with open(root.log, encoding="utf-8") as log:
            print("".join(log.readlines()[-40:]))
        return None
    print(f"== root of {RELEASE}: made ({time.monotonic() - start:.0f} s)\n", flush=True)
    return root


def make_packages(output):
    root = made_root()
    if root is None:
        return 1
    output = os.path.abspath(output)
    os.makedirs(output, exist_ok=True)
    with root.layer() as layer, root.start(
            f"/{TREE}/tools/packaging/build-deb", "--output", "/root/output", layer=layer,
            output=output) as process:
        return process.wait()


def run_shell():
    root = made_root()
    if root is None:
        return 1
    with root.layer() as layer, root.start("/bin/bash", layer=layer) as process:
        return process.wait()


def main():
    parser = argparse.ArgumentParser(prog="tools/debian_root.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--packages", metavar="DIR")
    wanted.add_argument("--shell", action="store_true")
    options = parser.parse_args()
    return run_shell() if options.shell else make_packages(options.packages)


if __name__ == "__main__":
    sys.exit(main())
