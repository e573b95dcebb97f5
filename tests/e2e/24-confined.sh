#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: every process of a running node is confined, and so is what shows a
# target's output: no root, no privilege to gain, a filter of system calls, no
# file open that it must not have (N4).  What is refused: test_confine.
. "$(dirname "$0")/lib.sh" "$@"
node_up

pids() { # role
	local p
	for p in $(pgrep -f -- "--role $1 "); do
		tr '\0' ' ' <"/proc/$p/cmdline" | grep -qF "$SP_CONF" && echo "$p"
	done
}

field() { # pid, name
	awk -v n="$2:" '$1 == n { $1 = ""; print substr($0, 2) }' "/proc/$1/status"
}

files() { # pid: what it has open and has a path
	local f to
	for f in "/proc/$1/fd/"*; do
		to=$(readlink "$f")
		case $to in
		/dev/null | /dev/pts/* | */sallyportd.log | */demo.out) ;;
		/*) echo "${to#"$dir"/state/node/}" ;;
		esac
	done
}

# who, pid, seccomp wanted
confined() {
	local uid
	uid=$(id -u nobody)
	[ "$(id -u)" = 0 ] || uid=$(id -u)
	equal "$1 runs as the node's user" "$(field "$2" Uid)" "$uid $uid $uid $uid"
	equal "$1 has no capability" "$(field "$2" CapPrm) $(field "$2" CapEff) $(
		field "$2" CapInh) $(field "$2" CapAmb)" \
		"0000000000000000 0000000000000000 0000000000000000 0000000000000000"
	equal "$1 cannot gain privileges" "$(field "$2" NoNewPrivs)" 1
	equal "$1 has its filter of system calls, in every thread" \
		"$(awk '/^Seccomp:/ { print $2 }' "/proc/$2/task/"*/status | sort -u)" "$3"
}

ssh "${ssh_opts[@]}" -p "$SP_SSH_PORT" "$(at)" 'echo here; sleep 60' >"$dir/out" &
user=$!
children+=($user)
eventually 20 grep -q here "$dir/out"

for role in worker keeper broker recorder; do
	for p in $(pids $role); do
		confined $role "$p" 2
		equal "$role leaves no core" \
			"$(awk '/^Max core/ { print $5, $6 }' "/proc/$p/limits")" "0 0"
	done
	check "there is a $role" [ -n "$(pids $role)" ]
done
confined supervisor "$SP_PID" 0
confined database "$(pids database)" 0
server=$(pgrep -P "$(pids database)")
confined "the database's server" "$server" 0

for p in $(pids worker) $(pids keeper); do
	equal "$(cat "/proc/$p/comm") has no file open" "$(files "$p")" ""
done
equal "the recorder has nothing open but the spool" \
	"$(files "$(pids recorder)" | grep -Ev '^(spool|recordings)/')" ""
equal "the broker has nothing open but the journal" \
	"$(files "$(pids broker)" | grep -Ev '^journal(/|$)')" ""

# The database's server reads and writes its own files alone.
as_node() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"
	else
		"$@"
	fi
}
sql() {
	as_node mariadb --no-defaults -S "$socket" -N -B -e "$1" 2>&1
}
socket=$(tr '\0' '\n' <"/proc/$server/cmdline" | sed -n 's/^--socket=//p')
node=$dir/state/node
equal "the server answers" "$(sql 'SELECT 1+1')" 2
equal "it cannot read the master key" \
	"$(sql "SELECT LOAD_FILE('$node/vault/master.key') IS NULL")" 1
echo plain >"$dir/plain" # the server itself refuses what is not for all
chmod 644 "$dir/plain"
equal "nor any other file" \
	"$(sql "SELECT LOAD_FILE('$dir/plain') IS NULL")" 1
check "it cannot write among the recordings" sh -c \
	"! [ -e '$node/recordings/planted' ]" "$(sql \
	"SELECT 'x' INTO OUTFILE '$node/recordings/planted'")"
equal "it listens on no network" \
	"$(ss -Hltnp | grep -c "pid=$server,")" 0

# Who shows what a target sent.
id=$(sp --json session list --limit 1 | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["id"])')
"$SP_BIN/sallyport" -c "$SP_CONF" session watch "$id" >"$dir/watched" 2>&1 &
watch=$!
children+=($watch)
eventually 10 sh -c "grep -q '^Seccomp:.2' /proc/$watch/status"
equal "session watch has its filter" "$(field "$watch" Seccomp)" 2
equal "and one socket open, the stream" \
	"$(find "/proc/$watch/fd" -lname 'socket:*' | wc -l)" 1
kill -TERM $watch
wait $watch 2>/dev/null
kill $user 2>/dev/null
wait $user 2>/dev/null
eventually 10 sh -c "'$SP_BIN/sallyport' -c '$SP_CONF' --json recording list --limit 1 |
	grep -q '\"state\":\"finished\"'"

cat >"$dir/play" <<S
expect here
run p=\$(pgrep -f "^$SP_BIN/sallyport-replay -c $SP_CONF"); cp /proc/\$p/status $dir/player; find /proc/\$p/fd -lname 'socket:*' >$dir/sockets
send q
S
/usr/bin/python3 "$here/tests/e2e/drive.py" --timeout 20 "$dir/play" \
	"$SP_BIN/sallyport-replay" -c "$SP_CONF" --speed 0.1 last >"$dir/played" 2>&1
equal "the player plays" $? 0
equal "it has its filter" "$(awk '/^Seccomp:/ { print $2 }' "$dir/player")" 2
equal "and no socket open" "$(cat "$dir/sockets")" ""
