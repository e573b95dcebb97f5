#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The file that fast_clock.c reads.

    fast_clock.py FILE TIMES    time goes so many times as fast from now on;
                                prints by how many seconds it is ahead
"""
import os
import struct
import sys
import time

path, times = sys.argv[1], int(sys.argv[2])
now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
which, ahead = 0, 0
if os.path.exists(path):
    with open(path, "rb") as f:
        data = f.read()
    which = struct.unpack_from("Q", data)[0] & 1
    was_ahead, began, was = struct.unpack_from("qqq", data, 8 + 24 * which)
    ahead = was_ahead + (now - began) * (was - 1)
else:
    with open(path, "wb") as f:
        f.write(bytes(8 + 48))
    os.chmod(path, 0o644)
which = 1 - which
with open(path, "r+b", buffering=0) as f:
    f.seek(8 + 24 * which)
    f.write(struct.pack("qqq", ahead, now, times))
    f.seek(0)
    f.write(struct.pack("Q", which))
print(ahead // 10**9)
