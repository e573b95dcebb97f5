#!/usr/bin/env /usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Graceful restarts under live sessions: see 41-reload-storm.sh.

usage: reload_storm.py ENV FOLDER LOAD ROUNDS SESSIONS
"""
import hashlib, os, random, re, signal, subprocess, sys, time

import scene

KINDS = ["ticker", "bulk", "typist", "upload", "ticker", "typist"]
PATIENCE_S = 60
FILE_MB_S = 2       # how fast the file goes


class Storm:
    def __init__(self, node, folder, load, sessions):
        self.node, self.folder, self.load, self.sessions = node, folder, load, sessions
        self.supervisor = int(node.env["SP_PID"])
        self.addresses = scene.Addresses(127)
        self.faults = 0
        self.refused = 0
        self.took, self.gone, self.let_in, self.children = [], [], [], []

    def check(self, what, good):
        print("%s - %s" % ("ok" if good else "NOT OK", what), flush=True)
        self.faults += not good

    # ---- load

    def start(self, name, argv, ready=None):
        """A process with its output in a file; waits for a line of it."""
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.STDOUT)
        self.children.append(p)
        end = time.monotonic() + PATIENCE_S + self.sessions / 10
        while ready is not None and ready not in self.text(name):
            if p.poll() is not None or time.monotonic() > end:
                sys.exit("NOT OK - %s: %s" % (name, self.text(name)[-500:]))
            time.sleep(0.1)
        return p

    def text(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8",
                  errors="replace") as f:
            return f.read()

    def start_light(self):
        """Light clients on a light target: most of the sessions."""
        port = str(int(self.node.target_port) + 1)
        password = os.path.join(self.node.state, "secrets", "target")
        self.start("light-target", [self.load, "target", "--password-file", password,
                                    "127.0.0.1:" + port], "load target ready")
        for args in (["asset", "add", "light", "127.0.0.1", "--port", port, "--yes"],
                     ["account", "add", "light", "demo", "--password-file", password],
                     ["policy", "add", "light", "--user", "alice", "--account",
                      "demo@light"]):
            r = self.node.run("sallyport", "-c", self.node.conf, *args)
            if r.returncode != 0:
                sys.exit("NOT OK - %s: %s" % (" ".join(args), r.stderr.decode()))
        n, moving = self.sessions, max(2, self.sessions // 25)
        what = "keys:%d,idle:%d,down:%d,up:%d" % (
            n - n // 3 - 2 * moving, n // 3, moving, moving)
        print("# %d light sessions: %s" % (n, what), flush=True)
        return self.start("light", [
            self.load, "client", "--login", "alice@demo@light", "--key",
            self.node.env["SP_KEY"], "-n", str(n), "-a", what, "--seconds", "3600",
            "--pace", "100000", "--pending", "16", "--stall", "60",
            "%s:%s" % (self.node.host, self.node.port)], "load ready")

    def start_file(self, rounds):
        """A file that is on its way all the time."""
        path = os.path.join(self.folder, "file")
        chunk = os.urandom(1 << 20)
        whole = hashlib.sha256()
        with open(path, "wb") as f:
            for i in range(rounds * 6 * FILE_MB_S):
                part = i.to_bytes(8, "big") + chunk[8:]
                f.write(part)
                whole.update(part)
        with open(path + ".batch", "w", encoding="utf-8") as f:
            f.write("put %s moved\n" % path)
        argv = self.node.ssh(self.addresses.next())
        argv[0] = "sftp"
        argv[argv.index("-b")] = "-oBindAddress=" + argv.pop(argv.index("-b") + 1)
        argv[argv.index("-p")] = "-P"
        return self.start("sftp", [*argv, "-l", str(FILE_MB_S * 8192), "-b",
                                   path + ".batch", "%s@%s" % (
                                       self.node.login, self.node.host)]), whole.hexdigest()

    # ---- a restart

    def old(self, pids):
        return [p for p in self.node.processes()
                if p.pid in pids and p.role not in ("supervisor", "database", "mariadbd")]

    def log_in(self, began):
        """A login that is on its way in this second may be refused, the next
        one is not."""
        while time.monotonic() - began < PATIENCE_S:
            r = subprocess.run(self.node.ssh(self.addresses.next(), "%s@%s" % (
                self.node.login, self.node.host), "echo new"), stdin=subprocess.DEVNULL,
                capture_output=True, timeout=PATIENCE_S, check=False)
            if r.stdout == b"new\n":
                self.let_in.append((time.monotonic() - began) * 1000)
                return
            self.refused += 1
        self.check("somebody is let in during a restart", False)

    def reload(self):
        before = {p.pid for p in self.node.processes()}
        done = open(self.node.log, "rb").read().count(b"reload: done")
        began = time.monotonic()
        os.kill(self.supervisor, signal.SIGHUP)
        self.log_in(began)
        while (open(self.node.log, "rb").read().count(b"reload: done") == done and
               time.monotonic() - began < PATIENCE_S):
            time.sleep(0.05)
        self.took.append((time.monotonic() - began) * 1000)
        while self.old(before) and time.monotonic() - began < PATIENCE_S:
            time.sleep(0.05)
        self.gone.append((time.monotonic() - began) * 1000)
        if left := self.old(before):
            self.check("no old process stays: %s" % left, False)

    # ---- what must be true

    def check_light(self, client):
        client.terminate()
        client.wait(PATIENCE_S)
        last = self.text("light").strip().splitlines()[-1]
        print("# " + last, flush=True)
        self.check("no light session was dropped, and no byte of one lost",
                   client.returncode == 0)
        ok = re.search(r"\bok=(\d+)", last)
        self.check("all of them ended well",
                   ok is not None and int(ok.group(1)) == self.sessions)

    def check_session(self, s):
        s.end()
        self.check("a %s went on to its end" % s.kind, s.dead is None)

    def check_recorded(self, s):
        got, lines = s.delivered(), s.recorded()
        self.check("all of %d lines of a %s are recorded" % (len(got), s.kind),
                   lines is not None and got and not scene.contiguous(got) and
                   not scene.contiguous(lines) and lines[-1] >= got[-1])
        if s.kind != "typist":
            return
        rows = [r["line"] for r in self.node.sp("keystroke", "search", s.token,
                                                "--limit", "5000") or []]
        numbers = [n for n, _ in scene.parse("\n".join(reversed(rows)).encode())]
        self.check("and each line that was typed is in the database once",
                   numbers == [n for n, _ in s.typed])

    def check_recordings(self, expected):
        end = time.monotonic() + PATIENCE_S
        while True:
            rows = self.node.sp("recording", "list", "--limit", "5000") or []
            open_ = [r for r in rows if r["state"] != "finished"]
            if (rows and not open_) or time.monotonic() > end:
                break
            time.sleep(0.3)
        self.check("every recording is finished", rows and not open_)
        # A session that was granted and never began has none.
        rows = [r for r in rows if r["bytes"] > 0]
        self.check("there is one for each session, %d" % len(rows), len(rows) >= expected)
        self.check("none of them is truncated", not any(r["truncated"] for r in rows))
        bad = [r["id"] for r in rows
               if self.node.sp("recording", "verify", r["id"]) is None]
        self.check("all of them verify", not bad)
        self.check("the audit chain verifies",
                   self.node.sp("audit", "verify", timeout=60) is not None)

    def run(self, rounds):
        light = self.start_light()
        mine = [scene.Session(self.node, kind, self.addresses.next(), self.folder,
                              "r%dx" % i) for i, kind in enumerate(KINDS)]
        for s in mine:
            if not s.wait_output(PATIENCE_S):
                sys.exit("NOT OK - a %s does not begin: %s" % (s.kind, scene.error_of(s)))
        sftp, whole = self.start_file(rounds)
        rng = random.Random()
        for _ in range(rounds):
            time.sleep(rng.uniform(0.5, 3))
            self.reload()
        print("# %d restarts: done after %d ms in the median, %d at most; nothing old "
              "is left after %d, %d" % (rounds, scene.median(self.took), max(self.took),
                                        scene.median(self.gone), max(self.gone)), flush=True)
        print("# a new session after %d ms in the median, %d at most; %d logins were "
              "refused" % (scene.median(self.let_in), max(self.let_in), self.refused))
        self.check("who comes during a restart is let in within 5 s",
                   max(self.let_in) <= 5000)
        moving = sftp.poll() is None
        print("# the file was %s when the last restart was over" % (
            "on its way" if moving else "there"))
        running = self.node.sp("session", "list", "--limit", "5000") or []
        self.check("each session is listed as running", len(
            [r for r in running if r["state"] == "running"]) >= self.sessions + len(mine))
        for s in mine:
            s.dead = None if s.alive() else s.proc.returncode
            s.find()
        for s in mine:
            self.check_session(s)
        self.check_light(light)
        self.check("a file was sent", sftp.wait(rounds * 60 + 60) == 0)
        with open(os.path.join(self.node.home, "moved"), "rb") as f:
            self.check("and is whole", hashlib.sha256(f.read()).hexdigest() == whole)
        time.sleep(0.5)
        self.check_recordings(self.sessions + len(mine) + 1 + rounds)
        for s in mine:
            self.check_recorded(s)


def main():
    env, folder, load, rounds, sessions = sys.argv[1:6]
    storm = Storm(scene.Node(scene.env_file(env)), folder, load, int(sessions))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        storm.run(int(rounds))
    finally:
        for p in storm.children:
            if p.poll() is None:
                p.terminate()
    sys.exit(1 if storm.faults else 0)


main()
