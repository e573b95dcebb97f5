#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Break the socket pair between two processes that live on (root).

    cut_link.py PID PID     prints how many there were
"""
import ctypes
import os
import re
import socket
import subprocess
import sys

PIDFD_GETFD = 438  # not in Python's os


def main(one, other):
    ends, peers = {}, {}
    out = subprocess.run(["ss", "-xpH"], check=True, capture_output=True,
                         text=True).stdout
    for line in out.splitlines():
        words = line.split()
        # u_str ESTAB 0 0 address inode address inode users:(("name",pid=1,fd=3))
        inode, peer = words[5], words[7]
        peers[inode] = peer
        ends[inode] = [(int(p), int(f)) for p, f in
                       re.findall(r"pid=(\d+),fd=(\d+)", line)]
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(one)
    n = 0
    for inode, users in ends.items():
        fds = [f for p, f in users if p == one]
        if not fds or other not in [p for p, f in ends.get(peers[inode], [])]:
            continue
        fd = libc.syscall(PIDFD_GETFD, pidfd, fds[0], 0)
        if fd < 0:
            sys.exit("pidfd_getfd: %s" % os.strerror(ctypes.get_errno()))
        socket.socket(fileno=fd).shutdown(socket.SHUT_RDWR)
        n += 1
    print(n)


main(int(sys.argv[1]), int(sys.argv[2]))
