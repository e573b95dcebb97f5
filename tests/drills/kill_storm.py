#!/usr/bin/env /usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of processes of a node at random moments under load, and what it may
cost: see 40-kill-storm.sh.

usage: kill_storm.py ENV FOLDER ROUNDS [SEED] [VICTIM...]
"""
import os, random, signal, subprocess, sys, threading, time

import scene

# mariadbd: the server alone; database: the process that watches it;
# node: every process at the same time, as a power cut would.
VICTIMS = ["worker", "keeper", "broker", "recorder", "mariadbd", "database",
           "supervisor", "node"]
ORDER = ["recorder", "worker", "keeper", "broker", "mariadbd", "database",
         "supervisor"]
KINDS = ["ticker", "bulk", "typist", "upload", "ticker", "typist", "bulk", "upload"]
LOST_MS = 1000      # of a recording, at most
CLOSE_MS = 5000     # until a recording without a writer is closed
SERVE_MS = 5000     # until somebody is let in again
RESTART_S = 0.25    # what systemd waits before it starts the node again
PATIENCE_S = 20     # after that a thing is said not to happen at all


class Result:
    def __init__(self, victim):
        self.victim = victim
        self.lost = self.close = self.list = self.serve = self.orphans = None


class Storm:
    def __init__(self, node, folder, seed, here):
        self.node, self.folder, self.seed, self.here = node, folder, seed, here
        self.addresses = scene.Addresses()
        self.faults = 0
        self.results = []
        self.round = 0

    def fault(self, text):
        self.faults += 1
        print("NOT OK - round %d: %s" % (self.round, text), flush=True)

    # ---- load

    def begin(self):
        sessions = [
            scene.Session(self.node, kind, self.addresses.next(), self.folder,
                          "k%dx%d" % (self.round, i))
            for i, kind in enumerate(KINDS)]
        for s in sessions:
            if not s.wait_output(PATIENCE_S):
                self.fault("a %s does not begin: %s" % (s.kind, scene.error_of(s)))
        end = time.monotonic() + PATIENCE_S
        while not all(s.row or s.find() for s in sessions) and time.monotonic() < end:
            time.sleep(0.1)
        for s in sessions:
            if s.row is None:
                self.fault("a running %s is not in the list" % s.kind)
        return [s for s in sessions if s.row is not None]

    def watch_rows(self, stop):
        """What the command line has shown of the database, until told to stop."""
        shown = {"keys": set(), "audit": set()}
        while not stop.is_set():
            keys = self.node.sp("keystroke", "search", "k%dx" % self.round,
                                "--limit", "1000")
            audit = self.node.sp("audit", "list", "--limit", "100")
            if not stop.is_set():
                shown["keys"] |= {(r["session"], r["line"]) for r in keys or []}
                shown["audit"] |= {(r["seq"], r["event"]) for r in audit or []}
            stop.wait(0.1)
        return shown

    # ---- what is struck

    def strike(self, victim, rng, sessions):
        """Kills; answers who of the sessions must die of it."""
        procs = self.node.processes()
        if victim == "node":
            # Who restarts others comes last.
            for p in sorted(procs, key=lambda p: ORDER.index(p.role)):
                os.kill(p.pid, signal.SIGKILL)
            return sessions
        mine = [p for p in procs if p.role == victim]
        if victim == "worker":
            busy = sorted({s.row["worker"] for s in sessions})
            number = rng.choice(busy)
            mine = [p for p in mine if p.number == number]
        if not mine:
            self.fault("there is no %s to kill" % victim)
            return []
        os.kill(mine[0].pid, signal.SIGKILL)
        if victim == "worker":
            return [s for s in sessions if s.row["worker"] == mine[0].number]
        return sessions if victim == "supervisor" else []

    def restart(self, result, killed):
        """As systemd does; what the dead supervisor left must end by itself."""
        self.node.daemon.wait()
        end = time.monotonic() + PATIENCE_S
        while self.node.processes() and time.monotonic() < end:
            time.sleep(0.02)
        left = self.node.processes()
        result.orphans = (time.time() - killed) * 1000
        if left:
            self.fault("these did not end after the supervisor: %s" % left)
            for p in left:
                os.kill(p.pid, signal.SIGKILL)
        time.sleep(max(0, killed + RESTART_S - time.time()))
        self.node.start()

    def serve(self, killed, out):
        """Until somebody is let in again."""
        while time.time() - killed < PATIENCE_S:
            argv = self.node.ssh(self.addresses.next(), "%s@%s" % (
                self.node.login, self.node.host), "echo again")
            try:
                r = subprocess.run(argv, stdin=subprocess.DEVNULL, timeout=PATIENCE_S,
                                   capture_output=True, check=False)
                if r.stdout == b"again\n":
                    out.append((time.time() - killed) * 1000)
                    return
            except subprocess.TimeoutExpired:
                pass
            time.sleep(0.05)

    # ---- what must be true

    def await_closed(self, dead, killed, result):
        """Until the lists say that the dead sessions have ended."""
        want = {s.row["recording"]: s for s in dead}
        ids = {s.id for s in dead}
        closed, ended = {}, set()
        while time.time() - killed < PATIENCE_S and (
                len(closed) < len(want) or ended != ids):
            for r in self.node.sp("recording", "list", "--limit", "60") or []:
                if r["id"] in want and r["state"] == "finished" and r["id"] not in closed:
                    closed[r["id"]] = r
                    result.close = (time.time() - killed) * 1000
            for r in self.node.sp("session", "list", "--ended", "--limit", "60") or []:
                if r["id"] in ids and r["id"] not in ended and r["state"] == "ended":
                    ended.add(r["id"])
                    result.list = (time.time() - killed) * 1000
            time.sleep(0.05)
        if len(closed) < len(want):
            self.fault("%d recordings are not closed" % (len(want) - len(closed)))
        if ended != ids:
            self.fault("%d dead sessions are listed as running" % len(ids - ended))
        return closed

    def check_recording(self, s, cut):
        """It verifies and plays, and there is no gap.  cut: it may lack an end.
        Returns what it lacks in ms."""
        rec = s.row["recording"]
        path = (self.node.sp("recording", "path", rec) or {}).get("path")
        if path is None or self.node.run("sallyport-replay", "--verify",
                                         path).returncode != 0:
            self.fault("%s %s does not verify without a key" % (s.kind, rec))
        if self.node.sp("recording", "verify", rec) is None:
            self.fault("%s %s does not verify" % (s.kind, rec))
        if self.node.replay("--text", rec).returncode != 0:
            self.fault("%s %s does not play" % (s.kind, rec))
        lines, got = s.recorded(), s.delivered()
        if lines is None:
            self.fault("the bytes of %s %s do not read" % (s.kind, rec))
            return 0
        for what, numbers in (("recorded", lines), ("delivered", got)):
            if gap := scene.contiguous(numbers):
                self.fault("%s %s: line %d is not where it should be in what was %s"
                           % (s.kind, rec, gap, what))
        if not got:
            return 0
        lost = (got[-1][1] - lines[-1][1]) * 1000 if lines else 1e6
        if lost > 0 and not cut:
            self.fault("%s %s lacks the last %d ms of a session that went on"
                       % (s.kind, rec, lost))
        return max(lost, 0)

    def check_dead(self, dead, killed, result):
        closed = self.await_closed(dead, killed, result)
        result.lost = 0
        for s in dead:
            row = closed.get(s.row["recording"])
            if row is None:
                continue
            lost = self.check_recording(s, True)
            result.lost = max(result.lost, lost)
            if lost > 0 and not row["truncated"]:
                self.fault("%s %s lacks its end and is not marked truncated"
                           % (s.kind, row["id"]))
            if result.victim == "worker" and not row["truncated"]:
                self.fault("%s %s is not marked truncated" % (s.kind, row["id"]))
            s.end()

    def check_alive(self, alive):
        """Those whose process lives go on, end well, and lack nothing."""
        before = {s: len(s.delivered()) for s in alive}
        end = time.monotonic() + 5
        waiting = set(alive)
        while waiting and time.monotonic() < end:
            waiting = {s for s in waiting if len(s.delivered()) < before[s] + 3}
            time.sleep(0.1)
        for s in waiting:
            self.fault("a %s does not go on%s" % (
                s.kind, "" if s.alive() else ": " + scene.error_of(s)))
        for s in alive:
            s.end()
        end = time.monotonic() + PATIENCE_S
        open_ = {s.row["recording"]: s for s in alive}
        while open_ and time.monotonic() < end:
            for r in self.node.sp("recording", "list", "--limit", "60") or []:
                if r["id"] in open_ and r["state"] == "finished":
                    s = open_.pop(r["id"])
                    if r["truncated"]:
                        self.fault("%s %s of a session that went on is truncated"
                                   % (s.kind, r["id"]))
            time.sleep(0.1)
        for s in open_.values():
            self.fault("the recording of a %s that ended is open" % s.kind)
        for s in alive:
            if s not in open_.values():
                self.check_recording(s, False)

    def check_rows(self, shown, sessions, dead, killed):
        """What was shown is still there, and what was typed is there once."""
        end = time.monotonic() + PATIENCE_S
        trouble = None
        while time.monotonic() < end:
            keys = self.node.sp("keystroke", "search", "k%dx" % self.round,
                                "--limit", "1000")
            audit = self.node.sp("audit", "list", "--limit", "1000")
            trouble = "the database does not answer"
            if keys is not None and audit is not None:
                trouble = self.rows_trouble(keys, audit, shown, sessions, dead, killed)
            if trouble is None:
                break
            time.sleep(0.3)
        if trouble:
            self.fault(trouble)
        if self.node.sp("audit", "verify", timeout=60) is None:
            self.fault("the audit chain does not verify")

    @staticmethod
    def rows_trouble(keys, audit, shown, sessions, dead, killed):
        lost = shown["keys"] - {(r["session"], r["line"]) for r in keys}
        if lost:
            return "%d lines that were shown are gone, %s" % (len(lost), lost.pop()[1])
        lost = shown["audit"] - {(r["seq"], r["event"]) for r in audit}
        if lost:
            return "%d audit events that were shown are gone" % len(lost)
        for s in sessions:
            if s.kind != "typist":
                continue
            rows = [r["line"] for r in keys if r["session"] == s.id]
            got = [n for n, _ in scene.parse("\n".join(reversed(rows)).encode())]
            # A line is in the journal 250 ms after its echo.
            until = killed - LOST_MS / 1000 if s in dead else time.time()
            want = [n for n, at in s.typed if at < until]
            if got[:len(want)] != want or got != sorted(set(got)):
                return "of %d typed lines the rows are %s" % (len(want), got)
        return None

    # ---- a round

    def play(self, victim):
        self.round += 1
        rng = random.Random("%s:%d" % (self.seed, self.round))
        result = Result(victim)
        sessions = self.begin()
        moment = rng.uniform(0.2, 2.5)
        stop, box = threading.Event(), {}
        watcher = threading.Thread(
            target=lambda: box.update(self.watch_rows(stop)), daemon=True)
        watcher.start()
        time.sleep(moment)
        stop.set()
        killed = time.time()
        dead = self.strike(victim, rng, sessions)
        served = []
        server = threading.Thread(target=self.serve, args=(killed, served), daemon=True)
        if victim in ("supervisor", "node"):
            self.restart(result, killed)
        server.start()
        self.check_dead(dead, killed, result)
        server.join()
        watcher.join()
        if served:
            result.serve = served[0]
        else:
            self.fault("nobody is let in again")
        self.check_alive([s for s in sessions if s not in dead])
        self.check_rows(box, sessions, dead, killed)
        for limit, name in ((LOST_MS, "lost"), (CLOSE_MS, "close"),
                            (CLOSE_MS, "list"), (SERVE_MS, "serve")):
            value = getattr(result, name)
            if value is not None and value > limit:
                self.fault("%s after %s: %d ms, at most %d" % (name, victim, value, limit))
        self.results.append(result)
        print("# round %d: %s after %.2f s, %s" % (self.round, victim, moment, ", ".join(
            "%s %d ms" % (n, getattr(result, n))
            for n in ("lost", "close", "list", "serve", "orphans")
            if getattr(result, n) is not None)), flush=True)
        for s in sessions:
            os.unlink(s.path)
            if s.kind == "upload":
                os.unlink(s.upload)

    def table(self):
        print("# worst / median in ms, seed %s" % self.seed)
        print("# %-11s %6s %14s %14s %14s %14s %14s" % (
            "victim", "rounds", "lost", "closed", "listed", "served", "orphans"))
        for victim in VICTIMS:
            mine = [r for r in self.results if r.victim == victim]
            if not mine:
                continue
            cells = []
            for name in ("lost", "close", "list", "serve", "orphans"):
                v = [getattr(r, name) for r in mine if getattr(r, name) is not None]
                cells.append("%6d /%6d" % (max(v), scene.median(v)) if v else "-")
            print("# %-11s %6d %14s %14s %14s %14s %14s" % (victim, len(mine), *cells))


def plan(seed, rounds, victims):
    """Each victim as often as the others, in an order of the seed's."""
    rng, order = random.Random(seed), []
    while len(order) < rounds:
        part = list(victims)
        rng.shuffle(part)
        order += part
    return order[:rounds]


def main():
    env, folder, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seed = sys.argv[4] if len(sys.argv) > 4 and sys.argv[4] else str(
        int.from_bytes(os.urandom(4), "big"))
    victims = sys.argv[5:] or VICTIMS
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    node = scene.Node(scene.env_file(env))
    storm = Storm(node, folder, seed, here)
    print("# %d rounds, seed %s" % (rounds, seed), flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        node.start_target(here)
        node.start()
        up = []
        storm.serve(time.time(), up)
        print("# the node serves %d ms after its start" % (up[0] if up else 0), flush=True)
        for victim in plan(seed, rounds, victims):
            storm.play(victim)
    finally:
        node.stop()
    storm.table()
    sys.exit(1 if storm.faults else 0)


main()
