# SPDX-License-Identifier: Apache-2.0
"""What the drills have in common: a node and its processes, and sessions whose
content tells its own number and time, so that what is missing from a recording
can be told in milliseconds."""
import json, os, re, signal, subprocess, threading, time

LINE = re.compile(rb"\bL (\d+) (\d{10}\.\d{6})\b")
BUF = 65536


def env_file(path):
    """The shell variables that dist/demo writes."""
    out = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            key, _, value = line.rstrip("\n").partition("=")
            out[key] = value.strip("'")
    return out


class Process:
    def __init__(self, pid, role, number):
        self.pid, self.role, self.number = pid, role, number

    def __repr__(self):
        return "%s %d" % (self.role, self.pid)


class Node:
    """A node whose files are there; start() runs it, all of it is ended by id."""

    def __init__(self, env):
        self.env = env
        self.conf = env["SP_CONF"]
        self.bin = env["SP_BIN"]
        self.state = env["SP_STATE"]
        self.host = env["SP_HOST"]
        self.port = env["SP_SSH_PORT"]
        self.target_port = env["SP_TARGET_SSH"].split(":")[1]
        self.login = env["SP_SSH_LOGIN"]
        self.log = os.path.join(self.state, "sallyportd.log")
        self.home = os.path.join(self.state, "target", "home")
        self.daemon = None
        self.target = None

    # ---- processes

    def start(self):
        with open(self.log, "ab") as log:
            self.daemon = subprocess.Popen(
                [os.path.join(self.bin, "sallyportd"), "-c", self.conf],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start_target(self, here):
        with open(os.path.join(self.state, "target.log"), "ab") as log:
            self.target = subprocess.Popen(
                [os.path.join(here, "dist", "demo-target"),
                 os.path.join(self.state, "target"), self.target_port, "demo",
                 os.path.join(self.state, "secrets", "target")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def processes(self):
        """Every process of this node, by what it was started with."""
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open("/proc/%s/cmdline" % name, "rb") as f:
                    argv = f.read().split(b"\0")
                with open("/proc/%s/stat" % name, "rb") as f:
                    state = f.read().rsplit(b")", 1)[1].split()[0]
            except OSError:
                continue
            if state == b"Z":
                continue
            argv = [a.decode("utf-8", "replace") for a in argv]
            if os.path.basename(argv[0]) == "mariadbd" and any(
                    a.startswith("--datadir=%s/" % self.state) for a in argv):
                found.append(Process(int(name), "mariadbd", 0))
            if (os.path.basename(argv[0]) != "sallyportd" or
                    self.conf not in argv or "--check" in argv):
                continue
            role = argv[argv.index("--role") + 1] if "--role" in argv else "supervisor"
            number = int(argv[argv.index("--number") + 1]) if "--number" in argv else 0
            found.append(Process(int(name), role, number))
        return found

    def of_role(self, role):
        return [p for p in self.processes() if p.role == role]

    def stop(self):
        """Ends the node and its target, politely and then by force."""
        for p in (self.daemon, self.target):
            if p is not None and p.poll() is None:
                p.terminate()
        for p in (self.daemon, self.target):
            if p is not None:
                try:
                    p.wait(60)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
        for p in self.processes():
            try:
                os.kill(p.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    # ---- command line

    def run(self, program, *args, timeout=20):
        return subprocess.run([os.path.join(self.bin, program), *args],
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=timeout, check=False)

    def sp(self, *args, timeout=20):
        """What `sallyport --json` answers; None when it does not."""
        try:
            r = self.run("sallyport", "-c", self.conf, "--json", *args,
                         timeout=timeout)
        except subprocess.TimeoutExpired:
            return None
        if r.returncode != 0:
            return None
        try:
            return json.loads(r.stdout)
        except ValueError:
            return None

    def replay(self, *args, timeout=60):
        return self.run("sallyport-replay", "-c", self.conf, *args, timeout=timeout)

    def ssh(self, source, *args):
        """The arguments of an ssh through the gateway, from an address of its
        own: by that a session is found again."""
        return ["ssh", "-F", "/dev/null", "-b", source, "-p", self.port,
                "-i", self.env["SP_KEY"],
                "-o", "UserKnownHostsFile=" + os.path.join(self.state, "..", "known_hosts"),
                "-o", "StrictHostKeyChecking=accept-new", "-o", "LogLevel=ERROR",
                "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=20",
                "-o", "BatchMode=yes", *args]


class Addresses:
    """Loopback addresses, each once, from 127.FIRST.0.1 on."""

    def __init__(self, first=1):
        self.n, self.first = 0, first
        self.lock = threading.Lock()

    def next(self):
        with self.lock:
            self.n += 1
            return "127.%d.%d.%d" % (self.first + self.n // 62500, self.n // 250 % 250,
                                     1 + self.n % 250)


def contiguous(lines):
    """The first number that does not follow the one before; 0: none."""
    for i, (n, _) in enumerate(lines):
        if n != i + 1:
            return n or i + 1
    return 0


def parse(data):
    """(number, time) of every whole line of the content."""
    return [(int(m.group(1)), float(m.group(2))) for m in LINE.finditer(data)]


class Session:
    """One user's session with numbered, time-stamped content.

    ticker   the target prints lines
    bulk     the same with much ballast
    typist   lines are typed into a shell
    upload   lines are sent to a command's standard input
    """
    TICK = ("exec 9<> <(:); while :; do echo \"L $((++i)) $EPOCHREALTIME%s\" ||"
            " exit; read -t %s -u 9; done")

    def __init__(self, node, kind, source, folder, token):
        self.node, self.kind, self.source, self.token = node, kind, source, token
        self.path = os.path.join(folder, "out-%s" % source)
        self.upload = os.path.join(node.home, "up-%s" % token)
        self.id = self.row = None   # what the command line tells of it
        self.typed = []     # (number, time) of what was sent in full
        self.halt = threading.Event()
        self.feeder = None
        pad = os.urandom(3000).hex()
        args, command = [], None
        if kind == "ticker":
            command = self.TICK % ("", "0.05")
        elif kind == "bulk":
            command = self.TICK % (" " + pad, "0.01")
        elif kind == "upload":
            command = "cat >%s" % os.path.basename(self.upload)
        else:
            args = ["-tt"]
        argv = node.ssh(source, *args, "%s@%s" % (node.login, node.host))
        if command is not None:
            argv.append(command)
        stdin = subprocess.PIPE if kind in ("typist", "upload") else subprocess.DEVNULL
        with open(self.path, "wb") as out, open(self.path + ".err", "wb") as err:
            self.proc = subprocess.Popen(argv, stdin=stdin, stdout=out, stderr=err)
        if stdin == subprocess.PIPE:
            self.feeder = threading.Thread(target=self.feed, daemon=True)
            self.feeder.start()

    def feed(self):
        pause, form = 0.05, "L %d %.6f " + os.urandom(200).hex() + "\n"
        if self.kind == "typist":
            pause, form = 0.15, ": " + self.token + " L %d %.6f\r"
            # What is typed before the shell has its terminal is echoed twice.
            if not self.wait_output(15, b"$"):
                return
            # A short prompt: lines are not broken by the edge of the screen.
            os.write(self.proc.stdin.fileno(), b"PS1='> '\r")
            if not self.wait_output(15, b"h> "):
                return
        n = 0
        while not self.halt.wait(pause):
            n, now = n + 1, round(time.time(), 6)
            try:
                os.write(self.proc.stdin.fileno(), (form % (n, now)).encode())
            except OSError:
                return
            self.typed.append((n, now))

    def wait_output(self, seconds, what=None):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            data = self.delivered_bytes()
            if (parse(data) if what is None else what in data):
                return True
            if self.proc.poll() is not None:
                return False
            time.sleep(0.05)
        return False

    def delivered_bytes(self):
        path = self.upload if self.kind == "upload" else self.path
        try:
            with open(path, "rb") as f:
                return f.read()
        except OSError:
            return b""

    def delivered(self):
        """What has come out at the other end."""
        return parse(self.delivered_bytes())

    def recorded(self):
        """What the recording holds of it; None: it does not play."""
        stream = "in" if self.kind == "upload" else "out"
        r = self.node.replay("--bytes", stream, self.row["recording"])
        return parse(r.stdout) if r.returncode == 0 else None

    def find(self):
        """Its row in the list of running sessions."""
        for r in self.node.sp("session", "list", "--limit", "5000") or []:
            if self.row is None and r["peer"].startswith(self.source + ":"):
                self.id, self.row = r["id"], self.node.sp("session", "show", r["id"])
        return self.row is not None

    def alive(self):
        return self.proc.poll() is None

    def end(self, seconds=15):
        """The user leaves."""
        self.halt.set()
        if self.feeder is not None:
            self.feeder.join(seconds)
            # What was sent last arrives first.
            end = time.monotonic() + 3
            while (self.alive() and self.typed and time.monotonic() < end and
                   self.delivered()[-1:] != self.typed[-1:]):
                time.sleep(0.05)
            time.sleep(0.3 if self.alive() else 0)
        if self.alive():
            self.proc.terminate()
        try:
            self.proc.wait(seconds)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        if self.proc.stdin is not None:
            try:
                self.proc.stdin.close()
            except OSError:
                pass


def error_of(session):
    with open(session.path + ".err", "rb") as f:
        return f.read().decode("utf-8", "replace").strip()


def median(values):
    values = sorted(values)
    return values[len(values) // 2] if values else 0
