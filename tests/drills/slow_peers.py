#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Peers for 31-slow-peers.sh.

    slow_peers.py window HOST PORT LOGIN KEY FILE
        A user whose channel has no window, ever: asks for 1 GB and takes none,
        until FILE is there.
    slow_peers.py keys SECONDS COMMAND...
        Types a byte into COMMAND (a shell line that echoes) every 50 ms and
        prints how long the echo took: "p50 p99 max count", in ms.
    slow_peers.py memory PID...
        Anonymous memory of processes, PSS, in KiB, added up.
"""
import os
import subprocess
import sys
import time


def window(host, port, login, key, enough):
    import paramiko
    # The library would not offer less than 32 KiB.
    paramiko.Transport._sanitize_window_size = lambda self, size: 0
    t = paramiko.Transport((host, int(port)))
    t.connect(username=login, pkey=paramiko.Ed25519Key.from_private_key_file(key))
    c = t.open_channel("session", window_size=0)
    c.exec_command("head -c 1073741824 /dev/zero")
    print("open", flush=True)
    while not os.path.exists(enough):
        time.sleep(0.2)
    if c.recv_ready():
        print("bytes came without a window")
        sys.exit(1)
    if not t.is_active():
        print("the session has ended")
        sys.exit(1)
    t.close()


def keys(seconds, *command):
    p = subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE)
    times = []

    def trip():
        began = time.monotonic()
        os.write(p.stdin.fileno(), b"k")
        if os.read(p.stdout.fileno(), 1) != b"k":
            sys.exit("the echo is wrong")
        return (time.monotonic() - began) * 1000

    trip()
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        times.append(trip())
        time.sleep(0.05)
    times.sort()
    print("%.1f %.1f %.1f %d" % (times[len(times) // 2],
                                 times[int(len(times) * 0.99)], times[-1],
                                 len(times)))
    p.stdin.close()
    sys.exit(p.wait())


def memory(*pids):
    total = 0
    for pid in pids:
        for line in open("/proc/%s/smaps_rollup" % pid):
            if line.startswith("Pss_Anon:"):
                total += int(line.split()[1])
    print(total)


{"window": window, "keys": keys, "memory": memory}[sys.argv[1]](*sys.argv[2:])
