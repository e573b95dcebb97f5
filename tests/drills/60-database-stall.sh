#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a database that stalls under load adds nothing to the round trip of a
# keystroke, and every row is stored afterwards, once and in order: also when
# the broker is killed meanwhile (C1, C2).
#
#	tests/drills/60-database-stall.sh BUILD [SECONDS] [SESSIONS]
#
# SECONDS is how long each stall lasts (long form: 10).
seconds=${2:-4}
sessions=${3:-8}
set -- "$1"
. "$(dirname "$0")/../e2e/lib.sh" "$@"
node_up

as=()
[ "$(id -u)" != 0 ] || as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
sock=$dir/state/node/db/db.sock
ask() { # statement
	"${as[@]}" mariadb --no-defaults -S "$sock" sallyport -sNe "$1"
}
mine() { # words of the command line: pids of this node
	pgrep -f -- "$1" | while read -r p; do
		{ tr "\0" " " <"/proc/$p/cmdline"; } 2>/dev/null | grep -qF "$dir/state/" && echo "$p"
	done
}
dbpid=$(mine '^/usr/sbin/mariadbd')
check "the database server is known" [ -n "$dbpid" ]
to() { # phase
	echo "$1" >"$dir/phase"
}
to before
/usr/bin/python3 "$here/tests/drills/stall_typist.py" "$dir" "$sessions" line \
	ssh "${ssh_opts[@]}" -tt -p "$SP_SSH_PORT" "$(at)" cat >"$dir/times" 2>"$dir/typist.err" &
typist=$!
children+=($typist)
check "the sessions type" eventually 30 test -e "$dir/typing"
sleep "$seconds"

# A login: its words and how long it took.
login() {
	local began=$SECONDS out
	out=$(gw "$(at)" 'echo in' 2>&1)
	echo "${out##*: } $((SECONDS - began))"
}
answered_or_refused() { # what login printed
	case $1 in
	"in "*) ;;
	*"cannot reach its database"*) ;;
	*) return 1 ;;
	esac
	[ "${1##* }" -le 20 ]
}
serves() { [ "$(gw "$(at)" 'echo in' 2>/dev/null)" = in ]; }

# ---- the server stops
to stopped
kill -STOP "$dbpid"
login >"$dir/login" &
trying=$!
sleep "$seconds"
kill -CONT "$dbpid"
wait $trying
check "a login meanwhile gets in late or is told why: $(cat "$dir/login")" \
	answered_or_refused "$(cat "$dir/login")"
to between
check "logins go on" eventually 20 serves

# ---- every table is locked: nothing is written, all is read
to locked
(ask "FLUSH TABLES WITH READ LOCK; DO SLEEP($seconds)") &
locker=$!
sleep "$seconds"
wait $locker
to between
check "logins go on after the lock" eventually 20 serves

# ---- the server stops, and the broker dies before it goes on
to broker
kill -STOP "$dbpid"
sleep $((seconds / 2))
broker=$(mine '--role broker ')
check "the broker dies" kill -9 "$broker"
sleep $((seconds - seconds / 2))
kill -CONT "$dbpid"
to after
check "logins go on after the broker's death" eventually 20 serves
sleep "$seconds"
to end
wait $typist
equal "every session ended well" $? 0
sed 's/^/#   /' "$dir/typist.err"
note "phase, keystrokes, round trip in ms: p50 p99 longest"
sed '/^lines/d; s/^/#   /' "$dir/times"

# What a phase may cost: not more than twice the worst of the undisturbed ones,
# and 20 ms for a machine that does other things as well.
steady() {
	awk '$1 == "before" || $1 == "after" { if ($3 > p50) p50 = $3; if ($4 > p99) p99 = $4 }
		{ a[NR] = $1; m[NR] = $3; t[NR] = $4 }
		END { for (i = 1; i <= NR; i++) if (a[i] == "stopped" || a[i] == "locked" ||
			a[i] == "broker") { n++; bad += m[i] > p50 * 2 + 2; bad += t[i] > p99 * 2 + 20 }
			exit !(n == 3 && bad == 0) }' "$dir/times"
}
check "no stall is felt in the round trip of a keystroke" steady

lines() { awk '$1 == "lines" { for (i = 2; i <= NF; i++) n += $i } END { print n + 0 }' "$dir/times"; }
wanted=$(lines)
# Rows, distinct ones, those that stand where they were typed.
stored() {
	ask "SELECT CONCAT_WS(' ', COUNT(*), COUNT(DISTINCT line), SUM(place =
		SUBSTRING_INDEX(line, '-', -1))) FROM (SELECT line, ROW_NUMBER() OVER
		(PARTITION BY session_id ORDER BY seq) place FROM keystroke
		WHERE line LIKE 'line-%') x"
}
all_stored() { [ "$(stored)" = "$wanted $wanted $wanted" ]; }
eventually 60 all_stored
equal "every line is stored once, in order" "$(stored)" "$wanted $wanted $wanted"
ended() {
	[ "$(ask "SELECT COUNT(*), COUNT(DISTINCT session_id) FROM audit
		WHERE event=101 AND session_id IN (SELECT session_id FROM keystroke
		WHERE line LIKE 'line-%')" | tr '\t' ' ')" = "$sessions $sessions" ]
}
check "each session's end is an event, once" eventually 20 ended
check "the audit chain verifies" sp audit verify
