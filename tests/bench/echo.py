#!/usr/bin/env /usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Round trips both ways in turns: of one byte through `cat` on the target; and
in a terminal, where somebody takes a while for each line.

usage: echo.py ROUNDS DIRECT-COMMAND GATEWAY-COMMAND
"""
import os
import shlex
import subprocess
import sys
import time

KEYS, PAUSE_S = 3, 0.6  # of a line; longer than a chunk stays open


def start(command, terminal):
    words = shlex.split(command)
    if terminal:
        words.insert(1, "-tt")
    p = subprocess.Popen(words + ["cat"], bufsize=0, stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    trip(p, b"k")
    if terminal:
        enter(p, 1)
    return p


def want(p, n):
    got = b""
    while len(got) < n:
        more = os.read(p.stdout.fileno(), n - len(got))
        if not more:
            sys.exit("the session has ended")
        got += more
    return got


def trip(p, key, echo=None):
    echo = echo or key
    began = time.perf_counter()
    os.write(p.stdin.fileno(), key)
    got = want(p, len(echo))
    took = time.perf_counter() - began
    if got != echo:
        sys.exit("the echo is %r, not %r" % (got, echo))
    return took


def enter(p, keys):
    """The end of a line; what cat then says of it is not timed."""
    took = trip(p, b"\r", b"\r\n")
    if want(p, keys + 2) != b"k" * keys + b"\r\n":
        sys.exit("cat says something else")
    return took


def end(procs, how):
    for p in procs:
        if how:
            os.write(p.stdin.fileno(), how)
        p.stdin.close()
        p.wait()


def line(what, times):
    def at(k, q):
        return sorted(times[k])[int(len(times[k]) * q)] * 1e3

    print("%s, ms: direct p50 %.3f p99 %.3f; gateway p50 %.3f p99 %.3f; "
          "added p50 %.3f p99 %.3f" % (
              what, at(0, .5), at(0, .99), at(1, .5), at(1, .99),
              at(1, .5) - at(0, .5), at(1, .99) - at(0, .99)), flush=True)


rounds = int(sys.argv[1])
ways = sys.argv[2:4]

procs = [start(w, False) for w in ways]
times = [[], []]
for i in range(rounds * 200):
    for k in (0, 1):
        times[k].append(trip(procs[k], b"k"))
    time.sleep(0.002)
end(procs, b"")
line("keystroke round trip", times)

procs = [start(w, True) for w in ways]
times, ends = [[], []], [[], []]
for i in range(rounds * 4):
    for j in range(KEYS):
        for k in (0, 1):
            times[k].append(trip(procs[k], b"k"))
        time.sleep(PAUSE_S)
    for k in (0, 1):
        ends[k].append(enter(procs[k], KEYS))
end(procs, b"\x04")
line("a key in a terminal", times)
line("and Enter after a line of %.1f s" % (KEYS * PAUSE_S), ends)
