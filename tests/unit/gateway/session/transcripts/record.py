#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records the transcripts of this folder from real programs.

Usage: record.py [NAME...]     (as root: it adds a user for sudo and ssh and
removes it again)

A transcript is text: "cols N", "secret TEXT" (what must not be found in what
is stored), "line TEXT" (each line that must come out, in order; "line*" means
that nothing is said about the lines), and the events "MS > BYTES" (typed) and
"MS < BYTES" (shown), bytes as they are or as \\xNN.
"""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import fcntl
import struct
import termios

HERE = os.path.dirname(os.path.abspath(__file__))
USER = "typeduser"
PASSWORD = "Zk7!qWvXb"
NEW = "Jq9#rTyPm2"
PORT = int(os.environ.get("TRANSCRIPT_PORT", "21150"))


class Terminal:
    def __init__(self, argv, cols=80, rows=24, env=None, user=None, cwd=None):
        self.events = []
        self.cols = cols
        self.shown = b""
        self.start = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ,
                        struct.pack("HHHH", rows, cols, 0, 0))
            e = {"PATH": os.environ["PATH"], "TERM": "xterm-256color",
                 "HOME": cwd or "/tmp", "LANG": "C.UTF-8",
                 "LC_ALL": "C.UTF-8", "HISTFILE": "/dev/null"}
            e.update(env or {})
            if cwd:
                os.chdir(cwd)
            if user:
                import pwd
                p = pwd.getpwnam(user)
                os.initgroups(user, p.pw_gid)
                os.setgid(p.pw_gid)
                os.setuid(p.pw_uid)
                e["USER"] = e["LOGNAME"] = user
                e["HOME"] = p.pw_dir
            os.execvpe(argv[0], argv, e)

    def ms(self):
        return int((time.monotonic() - self.start) * 1000)

    def read(self, seconds):
        """Take what is shown for this long."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return True
            r, _, _ = select.select([self.fd], [], [], left)
            if not r:
                return True
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                return False
            self.events.append((self.ms(), "<", data))
            self.shown += data

    def until(self, pattern, seconds=10):
        """Wait until the pattern is at the end of what has been shown."""
        end = time.monotonic() + seconds
        rx = re.compile(pattern.encode() + rb"(\x1b\[[0-9;?]*[a-zA-Z])*$",
                        re.S)
        while not rx.search(self.shown[-400:]):
            if time.monotonic() > end:
                raise SystemExit("waited for %r, got %r" %
                                 (pattern, self.shown[-300:]))
            if not self.read(0.05):
                break
        self.read(0.15)

    def send(self, data):
        if isinstance(data, str):
            data = data.encode()
        self.events.append((self.ms(), ">", data))
        os.write(self.fd, data)

    def type(self, text, gap=0.035):
        """As a person does: a character at a time."""
        keys = re.findall(r"\x1b\[[0-9;]*[A-Za-z~]|.", text, re.S)
        for k in keys:
            self.send(k)
            self.read(gap)

    def close(self):
        for _ in range(20):
            if not self.read(0.05):
                break
        try:
            os.kill(self.pid, signal.SIGHUP)
        except ProcessLookupError:
            pass
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def esc(data):
    out = ""
    for b in data:
        out += chr(b) if 0x20 <= b < 0x7f and b != 0x5c else "\\x%02x" % b
    return out


def save(name, t, lines, secrets=()):
    t.close()
    with open(os.path.join(HERE, name + ".txt"), "w") as f:
        f.write("cols %d\n" % t.cols)
        for s in secrets:
            f.write("secret %s\n" % s)
        if lines is None:
            f.write("line*\n")
        for l in lines or ():
            f.write("line %s\n" % esc(l.encode()))
        for ms, d, data in t.events:
            for i in range(0, len(data), 4000):
                f.write("%d %s %s\n" % (ms, d, esc(data[i:i + 4000])))
    print(name, len(t.events))


def bash(**kw):
    t = Terminal(["bash", "--norc", "--noprofile", "-i"],
                 env={"PS1": "ana@web1:~$ "}, **kw)
    t.until(r"\$ ")
    return t


def folder():
    d = tempfile.mkdtemp(prefix="transcript")
    os.chmod(d, 0o755)
    os.mkdir(d + "/documents")
    return d


def r_bash_edit():
    t = bash(cwd=folder())
    t.type("echo hello world\r")
    t.until(r"\$ ")
    t.type("ehco\x7f\x7f\x7fcho typo\r")
    t.until(r"\$ ")
    t.type("ls /wrong\x15pwd\r")
    t.until(r"\$ ")
    t.type("echo one two\x17three\r")
    t.until(r"\$ ")
    t.type("echo ac\x1b[Db\r")
    t.until(r"\$ ")
    t.type("echo bc\x01\x1b[C\x1b[C\x1b[C\x1b[C\x1b[Ca\x05d\r")
    t.until(r"\$ ")
    t.type("echo gr\u00fc\u00dfe \u4e2d\u6587\r")
    t.until(r"\$ ")
    t.type("cd doc\t\r")
    t.until(r"\$ ")
    t.type("\x1b[A\r")
    t.until(r"\$ ")
    t.type("sleep 9\x03")
    t.until(r"\$ ")
    t.type("true\r")
    t.until(r"\$ ")
    t.type("exit\r")
    save("bash_edit", t, [
        "echo hello world", "echo typo", "pwd", "echo one three",
        "echo abc", "echo abcd", "echo gr\u00fc\u00dfe \u4e2d\u6587",
        "cd doc<Tab>", "<Up>", "sleep 9^C", "true", "exit"])


def r_bash_wrap():
    t = bash(cols=40)
    t.type("echo 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 "
           "ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789\r")
    t.until(r"\$ ")
    t.type("echo 1234567890123456789012345678901234567890\x1b[D"
           "\x1b[D\x1b[Dx\r")
    t.until(r"\$ ")
    t.type("exit\r")
    save("bash_wrap", t, [
        "echo 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 "
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789",
        "echo 1234567890123456789012345678901234567x890", "exit"])


def r_bash_paste():
    t = bash()
    t.send("echo pasted at once\r")
    t.until(r"\$ ")
    t.send("\x1b[200~echo bracketed paste\x1b[201~")
    t.read(0.2)
    t.type("\r")
    t.until(r"\$ ")
    t.send("echo first\recho second; sleep 0.3\recho third\r")
    t.until(r"third\r\n.*\$ ")
    # Ahead of a command that runs.
    t.type("sleep 1\r")
    t.read(0.2)
    t.type("echo typed ahead\r")
    t.until(r"typed ahead\r\n.*typed ahead\r\n.*\$ ")
    t.type("exit\r")
    save("bash_paste", t, [
        "echo pasted at once", "echo bracketed paste", "echo first",
        "echo second; sleep 0.3", "echo third", "sleep 1",
        "echo typed ahead", "exit"])


def r_bash_search():
    t = bash()
    t.type("echo needle in haystack\r")
    t.until(r"\$ ")
    t.type("\x12need\r")
    t.until(r"\$ ")
    t.type("echo after\r")
    t.until(r"\$ ")
    t.type("exit\r")
    save("bash_search", t, [
        "echo needle in haystack", "^Rneed", "echo after", "exit"])


def r_read_s():
    t = bash()
    t.type("read -s a; echo $?\r")
    t.read(0.3)
    t.type(PASSWORD + "\r")
    t.until(r"0\r\n.*\$ ")
    t.type("read -sp 'Value please> ' b\r")
    t.until(r"> ")
    t.type(NEW + "\r")
    t.until(r"\$ ")
    t.type("echo done\r")
    t.until(r"\$ ")
    t.type("exit\r")
    save("read_s", t, [
        "read -s a; echo $?", "****", "read -sp 'Value please> ' b", "****",
        "echo done", "exit"], [PASSWORD, NEW])


def r_read_s_background():
    d = folder()
    with open(d + "/noise", "w") as f:
        # The beginning of the password, again and again, and other text.
        f.write("sleep 0.4\nfor i in 1 2 3 4 5 6 7 8 9 10; do\n"
                "printf 'Zk7q%s' $i; sleep 0.05; echo\n"
                "printf 'disk %s is full!' $i; sleep 0.03\ndone\n")
    t = bash(cwd=d)
    t.type("sh noise & read -s a\r")
    t.read(0.3)
    t.type(PASSWORD, 0.1)
    t.type("\r")
    t.read(0.8)
    t.type("\r")
    t.until(r"\$ ")
    t.type("echo quiet again\r")
    t.until(r"\$ ")
    t.type("exit\r")
    save("read_s_background", t, [
        "sh noise & read -s a", "****", "echo quiet again", "exit"],
        [PASSWORD])


def r_dash():
    t = Terminal(["dash", "-i"], env={"PS1": "$ "})
    t.until(r"\$ ")
    t.type("echo plain sh\r")
    t.until(r"\$ ")
    t.type("ehco\x7f\x7f\x7fcho fixed\r")
    t.until(r"\$ ")
    t.type("stty -echo; read x; stty echo\r")
    t.read(0.3)
    t.type(PASSWORD + "\r")
    t.until(r"\$ ")
    t.send("echo a\necho b\n")
    t.until(r"b\r\n\$ ")
    t.type("wrong line\x15true\r")
    t.until(r"\$ ")
    t.type("exit\r")
    save("dash", t, [
        "echo plain sh", "echo fixed", "stty -echo; read x; stty echo",
        "****", "echo a", "echo b", "true", "exit"], [PASSWORD])


def r_sudo():
    t = bash(user=USER, cwd="/tmp")
    t.type("sudo id -un\r")
    t.until(r": ")
    t.type("wrong" + NEW + "\r")
    t.until(r": ", 15)
    t.type(PASSWORD[:4] + "xx\x7f\x7f" + PASSWORD[4:] + "\r")
    t.until(r"root\r\n.*\$ ")
    t.type("sudo -k\r")
    t.until(r"\$ ")
    t.type("exit\r")
    save("sudo", t, ["sudo id -un", "****", "****", "sudo -k", "exit"],
         [PASSWORD, NEW, PASSWORD[:4], PASSWORD[4:]])


def r_sudo_stars():
    t = bash(user=USER, cwd="/tmp")
    t.type("sudo id -un\r")
    t.until(r": ")
    t.type(PASSWORD + "\r")
    t.until(r"root\r\n.*\$ ")
    t.type("sudo -k\r")
    t.until(r"\$ ")
    t.type("exit\r")
    save("sudo_stars", t, ["sudo id -un", "****", "sudo -k", "exit"],
         [PASSWORD])


def r_passwd():
    t = bash(user=USER, cwd="/tmp")
    t.type("passwd\r")
    t.until(r"password: ")
    t.type(PASSWORD + "\r")
    t.until(r"New password: ")
    t.type(NEW + "\r")
    t.until(r"new password: ")
    t.type("mis" + NEW + "\r")
    t.until(r"\$ ")
    t.type("exit\r")
    save("passwd", t, ["passwd", "****", "****", "****", "exit"],
         [PASSWORD, NEW])


def r_su():
    t = bash(user=USER, cwd="/tmp")
    t.type("su -c id %s\r" % USER)
    t.until(r"Password: ")
    t.type(PASSWORD + "\r")
    t.until(r"\$ ")
    t.type("exit\r")
    save("su", t, ["su -c id " + USER, "****", "exit"], [PASSWORD])


def r_ssh():
    d = folder()
    subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f",
                    d + "/key"], check=True)
    with open(d + "/conf", "w") as f:
        f.write("Port %d\nListenAddress 127.0.0.1\nHostKey %s/key\n"
                "PidFile none\nUsePAM yes\nPasswordAuthentication yes\n"
                "KbdInteractiveAuthentication no\n"
                % (PORT, d))
    os.makedirs("/run/sshd", exist_ok=True)
    sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", d + "/conf"],
                            stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    try:
        t = bash(cwd=d)
        t.type("ssh -p %d -o UserKnownHostsFile=/dev/null %s@127.0.0.1\r"
               % (PORT, USER))
        t.until(r"\? ")
        t.type("yes\r")
        t.until(r"password: ")
        t.type(PASSWORD + "\r")
        t.until(r"\$ ", 20)
        t.type("echo on the other side\r")
        t.until(r"\$ ")
        t.type("exit\r")
        t.until(r"closed\.[\r\n]+.*\$ ")
        t.type("exit\r")
        save("ssh", t, [
            "ssh -p %d -o UserKnownHostsFile=/dev/null %s@127.0.0.1"
            % (PORT, USER), "yes", "****", "echo on the other side",
            "exit", "exit"], [PASSWORD])
    finally:
        sshd.terminate()
        sshd.wait()


def r_vim():
    d = folder()
    t = bash(cwd=d)
    t.type("vim -u NONE file.txt\r")
    t.read(0.8)
    t.type("ihello from the editor\x1b", 0.06)
    t.read(0.5)
    t.type("yyp", 0.5)
    t.type(":wq\r", 0.06)
    t.until(r"\$ ")
    t.type("cat file.txt\r")
    t.until(r"\$ ")
    t.type("exit\r")
    save("vim", t, None)


def r_vim_default():
    d = folder()
    t = bash(cwd=d)
    t.type("vim file.txt\r")
    t.read(1.0)
    t.type("ohello in a full setup\x1b", 0.06)
    t.read(0.5)
    t.type(":wq\r", 0.06)
    t.until(r"\$ ")
    t.type("exit\r")
    save("vim_default", t, None)


def r_less():
    t = bash()
    t.type("less /etc/services\r")
    t.read(0.6)
    t.type("  ", 0.6)
    t.type("/ldap\r", 0.1)
    t.read(0.6)
    t.type("q", 0.6)
    t.type("echo after less\r")
    t.until(r"\$ ")
    t.type("less -X /etc/services\r")
    t.read(0.6)
    t.type("  ", 0.6)
    t.type("q", 0.6)
    t.type("echo after less -X\r")
    t.until(r"\$ ")
    t.type("exit\r")
    save("less", t, None)


def r_zsh():
    t = Terminal(["zsh", "-f", "-i"], env={"PS1": "%% "}, cwd=folder())
    t.until(r"% ")
    t.type("echo in z shell\r")
    t.until(r"% ")
    t.type("ehco\x7f\x7f\x7fcho fixed\r")
    t.until(r"% ")
    t.type("echo ac\x1b[Db\r")
    t.until(r"% ")
    t.type("cd doc\t\r")
    t.until(r"% ")
    t.type("read -s x\r")
    t.read(0.4)
    t.type(PASSWORD + "\r")
    t.until(r"% ")
    t.type("exit\r")
    save("zsh", t, ["echo in z shell", "echo fixed", "echo abc",
                    "cd doc<Tab>", "read -s x", "****", "exit"], [PASSWORD])


def r_tmux_sudo():
    d = folder()
    os.chmod(d, 0o777)
    t = bash(user=USER, cwd=d)
    t.type("tmux -L t%d -f /dev/null\r" % os.getpid())
    t.read(1.5)
    t.type("sudo id -un\r", 0.06)
    t.read(1.0)
    t.type(PASSWORD + "\r", 0.06)
    t.read(1.5)
    t.type("read -s x\r", 0.06)
    t.read(0.6)
    t.type(NEW + "\r", 0.06)
    t.read(0.6)
    t.type("sudo -k; tmux -L t%d kill-server\r" % os.getpid(), 0.06)
    t.read(1.0)
    t.type("exit\r")
    save("tmux_sudo", t, None, [PASSWORD, NEW])


def r_python():
    t = Terminal(["python3", "-q"])
    t.until(r">>> ")
    t.type("print(6 * 7)\r")
    t.until(r">>> ")
    t.type("import getpass; p = getpass.getpass()\r")
    t.until(r"Password: ")
    t.type(PASSWORD + "\r")
    t.until(r">>> ")
    t.type("exit()\r")
    save("python", t, ["print(6 * 7)",
                       "import getpass; p = getpass.getpass()", "****",
                       "exit()"], [PASSWORD])


NEED_USER = {"sudo", "sudo_stars", "passwd", "su", "ssh", "tmux_sudo"}


def main():
    all_of = {k[2:]: v for k, v in globals().items() if k.startswith("r_")}
    names = sys.argv[1:] or sorted(all_of)
    added = any(n in NEED_USER for n in names)
    sudoers = "/etc/sudoers.d/" + USER
    if added:
        subprocess.run(["useradd", "-m", "-s", "/bin/bash", USER], check=True)
        subprocess.run(["chpasswd"], check=True,
                       input="%s:%s\n" % (USER, PASSWORD), text=True)
    try:
        for n in names:
            if n in NEED_USER:
                with open(sudoers, "w") as f:
                    f.write("%s ALL=(ALL) ALL\nDefaults:%s %spwfeedback,"
                            "timestamp_type=tty,!lecture\n"
                            % (USER, USER, "" if "stars" in n else "!"))
                os.chmod(sudoers, 0o440)
            all_of[n]()
    finally:
        if added:
            os.unlink(sudoers)
            subprocess.run(["userdel", "-rf", USER],
                           stderr=subprocess.DEVNULL)


main()
