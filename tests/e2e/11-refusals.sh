#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: whatever goes wrong on the way in gives the user one plain sentence and
# the auditor an event, and tells a stranger nothing (A8, A9).
. "$(dirname "$0")/lib.sh" "$@"
node_up

as() { # login, password, command: prints what the client says
	SSHPASS=$2 sshpass -e ssh -F /dev/null -o LogLevel=ERROR \
		-o UserKnownHostsFile="$dir/known_hosts" \
		-o StrictHostKeyChecking=accept-new \
		-o NumberOfPasswordPrompts=1 -o PubkeyAuthentication=no \
		-o PreferredAuthentications=password \
		-p "$SP_SSH_PORT" "$1@$SP_HOST" "${3:-echo in}" 2>&1
}

events() { # of a kind
	sp --json audit list --event "$1" --limit 1000 | /usr/bin/python3 -c '
import json, sys
print(len(json.load(sys.stdin)))'
}

# one sentence, one event.  what, login, text, kind of event
refused() {
	local before out
	before=$(events "$4")
	out=$(as "$2" "$SP_PASSWORD")
	case $out in
	*"$3"*) ok "$1: the user reads: $out" ;;
	*) fail "$1: the user reads: $out" ;;
	esac
	equal "$1: one line" "$(printf '%s\n' "$out" | grep -c .)" 1
	check "$1: an event" eventually 5 more_events "$4" "$before"
}

more_events() { # kind, than
	[ "$(events "$1")" -gt "$2" ]
}

equal "the right password lets in" "$(as alice@demo@demo "$SP_PASSWORD")" in

before=$(events auth.fail)
as alice@demo@demo wrong >"$dir/out"
check "a wrong password is refused" grep -q 'Permission denied' "$dir/out"
as nobody-here@demo@demo wrong >"$dir/out"
check "an unknown user is refused in the same words" \
	grep -q 'Permission denied' "$dir/out"
sleep 1
check "both are in the audit log" [ "$(events auth.fail)" -ge $((before + 2)) ]

# times of both, in turns
/usr/bin/python3 - "$SP_HOST" "$SP_SSH_PORT" >"$dir/times" 2>&1 <<'PY'
import sys, time, statistics, paramiko, logging
logging.getLogger("paramiko").setLevel(logging.CRITICAL)
def once(user):
    t = paramiko.Transport((sys.argv[1], int(sys.argv[2])))
    t.start_client(timeout=20)
    began = time.monotonic()
    try:
        t.auth_password(user, "wrong", fallback=False)
    except paramiko.SSHException:
        pass
    took = time.monotonic() - began
    t.close()
    return took
known, unknown = [], []
for i in range(4):
    known.append(once("alice@demo@demo"))
    unknown.append(once("stranger@demo@demo"))
a, b = statistics.median(known), statistics.median(unknown)
print("known %.3f unknown %.3f" % (a, b))
sys.exit(0 if abs(a - b) < 0.15 * max(a, b) + 0.05 else 1)
PY
check "the delay does not tell whether the user exists ($(cat "$dir/times"))" [ $? = 0 ]

sp asset add down 127.0.0.1 --port 1 --no-scan >/dev/null
sp account add down root --password-file "$dir/state/secrets/target" >/dev/null
sp asset add nowhere no-such-host.invalid --no-scan >/dev/null
sp account add nowhere root --password-file "$dir/state/secrets/target" >/dev/null
/usr/bin/python3 -c '
import socket, sys, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(5)
kept = []
while True: kept.append(s.accept())' $((offset + 4530)) &
children+=($!)
sp asset add silent 127.0.0.1 --port $((offset + 4530)) --no-scan >/dev/null
sp account add silent root --password-file "$dir/state/secrets/target" >/dev/null
printf 'not-the-password' >"$dir/badpw"
sp account add demo wrongpw --password-file "$dir/badpw" >/dev/null
sp policy add more --user alice --asset down --asset nowhere --asset silent \
	--account wrongpw@demo >/dev/null
# an account that alice has no policy for
sp account add demo other --password-file "$dir/badpw" >/dev/null

refused "unknown asset" alice@demo@nosuch 'not permitted' session.refuse
refused "unknown account" alice@nosuch@demo 'not permitted' session.refuse
refused "no policy" alice@other@demo 'not permitted' session.refuse
refused "no target named" alice 'no target' session.refuse
refused "target down" alice@root@down 'cannot be reached' session.refuse
refused "name does not resolve" alice@root@nowhere 'resolve' session.refuse
refused "target refuses the credential" alice@wrongpw@demo \
	'refused the credential' session.refuse
refused "target accepts and says nothing" alice@root@silent \
	'does not answer' session.refuse

# the same target with another host key
for f in $(sp --json asset show demo | /usr/bin/python3 -c '
import json, sys
for k in json.load(sys.stdin)["hostkeys"]: print(k.split()[1])'); do
	sp asset hostkey demo remove "$f" >/dev/null
done
ssh-keygen -q -t ed25519 -N '' -f "$dir/otherkey"
sp asset hostkey demo add "$dir/otherkey.pub" >/dev/null
before=$(events hostkey.changed)
refused "changed host key" alice@demo@demo 'host key has changed' session.refuse
check "a changed host key is an event of its own" \
	[ "$(events hostkey.changed)" -gt "$before" ]
