#!/usr/bin/env /usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions that type while something is wrong with the database.

usage: stall_typist.py FOLDER SESSIONS LABEL COMMAND...

The file `phase` in FOLDER holds the name of the phase that runs now, "end"
ends.  Each session types lines "LABEL-SESSION-NUMBER" into `cat` on a terminal,
a character at a time, and waits for the echo of each.  Prints per phase: name,
keystrokes, p50, p99 and the longest round trip in ms; then, per session, how
many lines were typed.
"""
import os, select, subprocess, sys, time

folder, count, label = sys.argv[1], int(sys.argv[2]), sys.argv[3]
command = sys.argv[4:]
PAUSE = 0.004


def phase():
    with open(os.path.join(folder, "phase")) as f:
        return f.read().strip()


class Session:
    def __init__(self, number):
        self.number = number
        self.lines = 0
        self.p = subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
        self.left = "\r"
        self.trip()

    def read(self, wanted):
        """Until wanted(what came) is true."""
        got = b""
        end = time.monotonic() + 60
        while not wanted(got):
            if not select.select([self.p.stdout], [], [],
                                 max(0, end - time.monotonic()))[0]:
                sys.exit("session %d: no echo for 60 s" % self.number)
            more = os.read(self.p.stdout.fileno(), 4096)
            if not more:
                sys.exit("session %d has ended" % self.number)
            got += more

    def trip(self):
        """One character there and back; ms."""
        if not self.left:
            self.lines += 1
            self.left = "%s-%d-%d\r" % (label, self.number, self.lines)
        key, self.left = self.left[0], self.left[1:]
        began = time.perf_counter()
        os.write(self.p.stdin.fileno(), key.encode())
        if key == "\r":
            # The terminal's echo and then cat's, each with a line end.
            self.read(lambda got: got.count(b"\n") >= 2)
        else:
            self.read(lambda got: len(got) >= 1)
        return (time.perf_counter() - began) * 1e3

    def finish(self):
        while self.left:
            self.trip()
        os.write(self.p.stdin.fileno(), b"\x04")
        if self.p.wait(timeout=60) != 0:
            sys.exit("session %d ended with %d" %
                     (self.number, self.p.returncode))


sessions = [Session(n) for n in range(count)]
open(os.path.join(folder, "typing"), "w").close()
times = {}
now = phase()
while now != "end":
    for s in sessions:
        times.setdefault(now, []).append(s.trip())
    time.sleep(PAUSE)
    now = phase() or now
for s in sessions:
    s.finish()
for name, t in times.items():
    t.sort()
    print("%s %d %.3f %.3f %.3f" %
          (name, len(t), t[len(t) // 2], t[int(len(t) * .99)], t[-1]))
print("lines " + " ".join(str(s.lines) for s in sessions))
