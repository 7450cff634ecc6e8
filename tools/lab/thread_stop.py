#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Stops one thread of a process, as ptrace does, until standard input ends.

    thread_stop.py PID PART_OF_ITS_NAME
"""

import ctypes
import os
import sys

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000


def thread_of(pid, name):
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="ascii") as file:
            if name in file.read():
                return int(thread)
    raise SystemExit(f"no thread {name} in process {pid}")


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 4

    def ptrace(request):
        if libc.ptrace(request, thread, 0, 0) != 0:
            raise SystemExit(f"ptrace: {os.strerror(ctypes.get_errno())}")

    thread = thread_of(int(sys.argv[1]), sys.argv[2])
    ptrace(PTRACE_SEIZE)
    ptrace(PTRACE_INTERRUPT)
    os.waitpid(thread, WALL)
    print("stopped", flush=True)
    sys.stdin.read()
    ptrace(PTRACE_DETACH)


if __name__ == "__main__":
    main()
