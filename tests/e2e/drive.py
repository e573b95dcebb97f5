#!/usr/bin/env /usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command in a terminal of its own and talks to it by a script.

usage: drive.py [--size COLSxROWS] [--timeout SECONDS] SCRIPT COMMAND...

SCRIPT is a file with one order a line:
    expect TEXT     wait until TEXT has appeared (after the last match)
    send TEXT       type TEXT; \\r \\n \\t \\e \\xNN are understood
    type TEXT       the same, one character every 30 ms
    sleep SECONDS
    size COLSxROWS  the terminal changes its size
    eof             hang up
    run COMMAND     run a shell command beside it, wait for it
All output goes to standard output; the exit status is the command's.
"""
import fcntl, os, pty, select, signal, struct, subprocess, sys, termios, time

def set_size(fd, text):
    cols, rows = map(int, text.split("x"))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

def main():
    args = sys.argv[1:]
    size, limit = "80x24", 60.0
    while args and args[0].startswith("--"):
        if args[0] == "--size":
            size = args[1]
        elif args[0] == "--timeout":
            limit = float(args[1])
        args = args[2:]
    script, command = args[0], args[1:]
    end = time.monotonic() + limit
    pid, fd = pty.fork()
    if pid == 0:
        # Before the command can ask for it.
        set_size(0, size)
        os.environ.setdefault("TERM", "xterm")
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    seen = b""
    closed = False

    def pump(wait):
        nonlocal seen, closed
        if closed:
            time.sleep(min(wait, 0.05))
            return
        r, _, _ = select.select([fd], [], [], wait)
        if not r:
            return
        try:
            data = os.read(fd, 65536)
        except OSError:
            data = b""
        if not data:
            closed = True
            return
        seen += data
        os.write(1, data)

    def pause(seconds):
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            pump(min(left, 0.05))

    def quit_(why):
        sys.stderr.write("drive: %s\n" % why)
        os.kill(pid, signal.SIGKILL)
        sys.exit(99)

    for line in open(script, encoding="utf-8"):
        line = line.rstrip("\n")
        if not line.strip() or line.startswith("#"):
            continue
        verb, _, rest = line.partition(" ")
        text = rest.replace("\\e", "\x1b").encode("utf-8").decode(
            "unicode_escape").encode("latin-1")
        if verb == "expect":
            want = rest.encode("utf-8")
            while want not in seen:
                if time.monotonic() > end:
                    quit_("no %r; seen %r" % (rest, seen[-400:]))
                if closed:
                    quit_("ended before %r; seen %r" % (rest, seen[-400:]))
                pump(0.05)
            seen = seen[seen.index(want) + len(want):]
        elif verb == "send":
            os.write(fd, text)
        elif verb == "type":
            for i in range(len(text)):
                os.write(fd, text[i:i + 1])
                pause(0.03)
        elif verb == "sleep":
            pause(float(rest))
        elif verb == "size":
            set_size(fd, rest)
        elif verb == "run":
            p = subprocess.Popen(rest, shell=True)
            while p.poll() is None:
                pump(0.05)
        elif verb == "eof":
            os.close(fd)
            closed = True
        else:
            quit_("unknown order %r" % line)
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        if time.monotonic() > end:
            quit_("still running; seen %r" % seen[-400:])
        pump(0.05)
    while not closed:
        before = len(seen)
        pump(0.1)
        if len(seen) == before:
            break
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)

main()
