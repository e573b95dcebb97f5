#!/usr/bin/env /usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Round trip of one byte through `cat` on the target, both ways in turns.

usage: echo.py ROUNDS DIRECT-COMMAND GATEWAY-COMMAND
"""
import os, shlex, statistics, subprocess, sys, time

def start(command):
    p = subprocess.Popen(shlex.split(command) + ["cat"], bufsize=0,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    trip(p)
    return p

def trip(p):
    began = time.perf_counter()
    os.write(p.stdin.fileno(), b"k")
    os.read(p.stdout.fileno(), 1)
    return time.perf_counter() - began

rounds = int(sys.argv[1]) * 200
procs = [start(sys.argv[2]), start(sys.argv[3])]
times = [[], []]
for i in range(rounds):
    for k in (0, 1):
        times[k].append(trip(procs[k]))
    time.sleep(0.002)
for p in procs:
    p.stdin.close()
    p.wait()

def at(k, q):
    return sorted(times[k])[int(len(times[k]) * q)] * 1e3

print("keystroke round trip, ms: direct p50 %.3f p99 %.3f; gateway p50 %.3f "
      "p99 %.3f; added p50 %.3f p99 %.3f" % (at(0, .5), at(0, .99), at(1, .5),
      at(1, .99), at(1, .5) - at(0, .5), at(1, .99) - at(0, .99)))
