#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A man in the middle for the drills: a TCP relay that damages what passes.

    meddle.py LISTEN-PORT HOST:PORT PLAN LOG

PLAN is read anew for each connection: KIND DIRECTION AT [SECONDS].

    none            relay as it comes
    flip  up 1234   one bit of byte 1234 from client to server is wrong
    cut   up 1234   the connection breaks in front of it
    twice up 1234   from there to the end of what was read comes twice
    stop  up 1234   nothing more passes from there on; the rest goes on
    bytes up 0      each byte in a packet of its own
    abort           relay; when the relay is killed, both ends are reset

Once a flip or twice is done and nothing has moved for SECONDS (default 2) the
connection is closed, as one who waits would do in the end.  LOG gets a line
for each connection: KIND DIRECTION AT DONE BYTES-UP BYTES-DOWN.
"""
import os
import select
import socket
import struct
import sys
import time

READ = 16384


class Way:
    """One direction: read from src, write to dst."""

    def __init__(self, src, dst, plan):
        self.src, self.dst, self.plan = src, dst, plan
        self.seen = 0
        self.done = self.stopped = self.over = False
        self.queue = b""

    def damage(self, data):
        kind, at, start = self.plan[0], self.plan[2], self.seen
        here = self.plan[1] and not self.done and start <= at < start + len(data)
        self.seen += len(data)
        if self.stopped:
            return b""
        if kind == "bytes" and self.plan[1]:
            self.done = True
        if not here:
            return data
        at -= start
        if kind == "flip":
            self.done = True
            return data[:at] + bytes([data[at] ^ 1 << (at + start) % 8]) + data[at + 1:]
        if kind == "twice":
            self.done = True
            return data + data[at:]
        if kind in ("cut", "stop"):
            self.done = self.stopped = True
            return data[:at]
        return data

    def push(self):
        n = 1 if self.plan[0] == "bytes" and self.plan[1] else len(self.queue)
        try:
            n = self.dst.send(self.queue[:n])
        except BlockingIOError:
            return
        self.queue = self.queue[n:]


def relay(client, server, plan):
    up = Way(client, server, (plan[0], plan[1] == "up", plan[2]))
    down = Way(server, client, (plan[0], plan[1] == "down", plan[2]))
    hurt = up if plan[1] == "up" else down
    for s in (client, server):
        s.setblocking(False)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if plan[0] == "abort":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack("ii", 1, 0))
    last = time.monotonic()
    try:
        while not (up.over and down.over):
            readers = [w.src for w in (up, down) if not w.over and len(w.queue) < 1 << 20]
            writers = [w.dst for w in (up, down) if w.queue]
            r, w, _ = select.select(readers, writers, [], 0.2)
            now = time.monotonic()
            if r or w:
                last = now
            for way in (up, down):
                if way.src in r:
                    data = way.src.recv(READ)
                    if data:
                        way.queue += way.damage(data)
                    else:
                        way.over = True
                if way.queue:
                    way.push()
                if way.over and not way.queue:
                    way.dst.shutdown(socket.SHUT_WR)
            if plan[0] == "cut" and hurt.done and not hurt.queue:
                break
            if plan[0] in ("flip", "twice") and hurt.done and now - last > plan[3]:
                break
    except OSError:
        pass
    return hurt.done, up.seen, down.seen


def serve(client, target, plan, log):
    host, port = target.rsplit(":", 1)
    try:
        server = socket.create_connection((host, int(port)))
    except OSError:
        return
    done, up, down = relay(client, server, plan)
    with open(log, "a") as f:
        print(plan[0], plan[1], plan[2], int(done), up, down, file=f)


def main():
    listen, target, plan_file, log = sys.argv[1:5]
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", int(listen)))
    s.listen(64)
    while True:
        client, _ = s.accept()
        words = open(plan_file).read().split() or ["none"]
        words += ["up", "0", "2"][len(words) - 1:]
        plan = (words[0], words[1], int(words[2]), float(words[3]))
        if os.fork() == 0:
            s.close()
            serve(client, target, plan, log)
            os._exit(0)
        client.close()
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


main()
