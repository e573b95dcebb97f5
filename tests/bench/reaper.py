#!/usr/bin/env /usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command and inherits every process below it that loses its parent.

sshd's monitor does not wait for the process that does the work, so that the
CPU time of a connection shows nowhere.  As the subreaper of all of them this
process has it in its own statistics.

usage: reaper.py COMMAND...
"""
import ctypes, os, signal, subprocess, sys

PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
child = subprocess.Popen(sys.argv[1:])
signal.signal(signal.SIGTERM, lambda *_: os.kill(child.pid, signal.SIGTERM))
while True:
    try:
        pid, status = os.wait()
    except ChildProcessError:
        break
    if pid == child.pid:
        sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
