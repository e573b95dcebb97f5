#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hold what users and targets got against the recordings.

    wire_judge.py DIR RUNS REPLAY CONF

DIR has recordings (as `recording list --json` prints them), sent, and of each
run: run.N (status, and what was done), out.N, err.N, and the target's
state/target/home/got.N.  Complains on standard output; status 1 if it did.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

folder, runs, replay, conf = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


def read(name):
    try:
        return open(os.path.join(folder, name), "rb").read()
    except FileNotFoundError:
        return b""


def play(rec, *options):
    return subprocess.run([replay, "-c", conf, *options, rec], capture_output=True)


def look(row):
    """A recording: (number of its run or None, in, out, complaint)."""
    rec = row["id"]
    verify = play(rec, "--verify")
    complaint = ""
    if b"ended before it began" in verify.stderr:
        return None, b"", b"", ""
    if verify.returncode != 0:
        complaint = "recording %s: %s" % (rec, verify.stdout + verify.stderr)
    events = play(rec, "--events").stdout
    n = re.search(rb"tee got\.([0-9]+)", events)
    if n is None:
        return None, b"", b"", complaint
    return (int(n.group(1)), play(rec, "--bytes", "in").stdout,
            play(rec, "--bytes", "out").stdout, complaint)


def judge(n, kept):
    """Complaints about a run; kept is what was recorded of it, or None."""
    words = read("run.%d" % n).split()
    status, sent = int(words[0]), read("sent")
    out, got = read("out.%d" % n), read("state/target/home/got.%d" % n)
    if not sent.startswith(out):
        yield "the user got other bytes"
    if status == 0 and out != sent:
        yield "status 0 without all of the bytes"
    if status == 124:
        yield "ssh hung"
    if status != 0 and not read("err.%d" % n):
        yield "the user was told nothing"
    into, shown = kept or (b"", b"")
    if not into.startswith(got):
        yield "the target got %d bytes, %d are recorded" % (len(got), len(into))
    if not shown.startswith(out):
        yield "the user got %d bytes, %d are recorded" % (len(out), len(shown))


rows = json.loads(read("recordings"))
bad = 0
kept = {}
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    for n, into, shown, complaint in pool.map(look, rows):
        if complaint:
            print("NOT OK -", complaint)
            bad = 1
        if n is not None:
            kept[n] = (into, shown)
whole = 0
for n in range(1, runs + 1):
    words = read("run.%d" % n).decode().split()
    whole += words[0] == "0"
    for complaint in judge(n, kept.get(n)):
        print("NOT OK - run %d (%s): %s" % (n, " ".join(words), complaint))
        bad = 1
print("# %d sessions: %d whole, %d broken; %d recordings verified, %d of them ran"
      % (runs, whole, runs - whole, len(rows), len(kept)))
if whole == runs or len(kept) < 6 or whole < 6:
    print("NOT OK - too little happened")
    bad = 1
sys.exit(bad)
