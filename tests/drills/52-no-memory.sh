#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a worker without memory refuses users, ends sessions in words or ends
# as a whole and is replaced, and never takes users in vain; one that the kernel ends for its memory costs its own sessions alone,
# whose recordings are closed as truncated.  Others serve (C2, C4).
#
# usage: 52-no-memory.sh BUILD [ROUNDS of connections, default 2]
number=52
. "$(dirname "$0")/../e2e/lib.sh" "$@"
rounds=${2:-2}
log=$dir/state/sallyportd.log
node_up --set gateway.workers=2
sp user key admin add "$SP_KEY.pub" >/dev/null 2>&1
sp policy add root --user admin --asset demo >/dev/null
printf '%s\n%s\n' "$SP_ADMIN_PASSWORD" "$SP_ADMIN_PASSWORD" >"$dir/pw"
sp user passwd admin --password-file "$dir/pw" >/dev/null 2>&1 ||
	sp user passwd admin --password-file "$dir/state/secrets/admin" >/dev/null 2>&1

as_node() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"
	else
		"$@"
	fi
}

# a session that counts; sets user, worker (its process) and rec
session() { # name
	local mark
	mark=$(($(wc -l <"$log") + 1))
	ssh "${ssh_opts[@]}" -p "$SP_SSH_PORT" "$(at)" \
		'i=0; while :; do i=$((i+1)); echo tick-$i; sleep 0.1; done' \
		>"$dir/$1" 2>"$dir/$1.err" &
	user=$!
	children+=($user)
	eventually 20 grep -q tick-3 "$dir/$1"
	worker=$(tail -n +$mark "$log" | grep 'session to demo@demo' | tail -n 1 |
		sed 's/.*worker-[0-9]*\[\([0-9]*\)\].*/\1/')
	rec=$(sp --json session list --limit 1 | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["id"])')
	rec=$(sp --json session show "$rec" | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)["recording"])')
}
ticking() { # name
	local a
	a=$(wc -l <"$dir/$1")
	eventually 5 sh -c "[ \$(wc -l <'$dir/$1') -gt $((a + 3)) ]"
}

note "no more memory by limit"
session first
tight=$worker
data=$(awk '/^VmData:/ { print $2 }' "/proc/$tight/status")
as_node prlimit --pid "$tight" --data=$((data * 1024)):
refused=0
in=0
for _ in $(seq "$rounds"); do
	many=()
	for n in $(seq 12); do
		ssh "${ssh_opts[@]}" -p "$SP_SSH_PORT" "$(at)" \
			'head -c 300000 /dev/zero; echo; echo in' \
			>"$dir/many$n" 2>"$dir/many$n.err" &
		many+=($!)
		children+=($!)
	done
	for n in $(seq 12); do
		if wait "${many[$((n - 1))]}" && tail -n 1 "$dir/many$n" | grep -aq '^in$'; then
			in=$((in + 1))
		else
			refused=$((refused + 1))
		fi
	done
done
note "$in let in, $refused not"
kill -0 "$tight" 2>/dev/null && alive=yes || alive=no
note "the worker lives: $alive"
check "an administrator is let in" eventually 20 sh -c \
	"[ \"\$(ssh ${ssh_opts[*]} -p $SP_SSH_PORT admin@demo@demo@$SP_HOST 'echo in' 2>&1)\" = in ]"
check "its session goes on, or has ended in words" sh -c \
	"kill -0 $user 2>/dev/null || grep -q sallyport '$dir/first.err'"
check "what it lacks is in the log" sh -c \
	"[ $refused = 0 ] || grep -Eq 'memory|nobody is let in' '$log'"
if kill -0 "$tight" 2>/dev/null; then
	as_node prlimit --pid "$tight" --data=unlimited:
fi
equal "users are let in again" "$(gw "$(at)" 'echo in' 2>&1)" in
kill $user 2>/dev/null
wait $user 2>/dev/null
check "every recording is finished" eventually 20 sh -c \
	"[ \$('$SP_BIN/sallyport' -c '$SP_CONF' --json recording list --limit 100 |
		grep -o '\"state\":\"[a-z]*\"' | grep -vc finished) = 0 ]"

note "ended by the kernel for its memory"
group=
if mkdir "/sys/fs/cgroup/memory/sp-$$" 2>/dev/null; then
	group=/sys/fs/cgroup/memory/sp-$$
	limit=memory.limit_in_bytes
elif [ -f /sys/fs/cgroup/cgroup.controllers ] &&
	grep -q memory /sys/fs/cgroup/cgroup.subtree_control &&
	mkdir "/sys/fs/cgroup/sp-$$" 2>/dev/null; then
	group=/sys/fs/cgroup/sp-$$
	limit=memory.max
fi
session second
keep=$user kept=$rec keptw=$worker
kill -STOP "$keptw" # so that the next user comes to another one
session third
kill -CONT "$keptw"
other=$worker
check "there are sessions in two workers" [ "$other" != "$keptw" ]
if [ -n "$group" ]; then
	echo 300k >"$group/$limit"
	echo "$keptw" >"$group/cgroup.procs"
	# It needs more than it has for what comes now, to it alone.
	kill -STOP "$other"
	for n in 1 2 3 4 5 6; do
		ssh "${ssh_opts[@]}" -p "$SP_SSH_PORT" "$(at)" \
			'head -c 20000000 /dev/urandom' >/dev/null 2>&1 &
		children+=($!)
	done
else
	note "no cgroup can be made here: it is killed as the kernel would"
	kill -9 "$keptw"
fi
check "it is gone" eventually 30 sh -c "! kill -0 $keptw 2>/dev/null"
kill -CONT "$other"
check "its recording is closed within 5 s" eventually 5 sh -c \
	"'$SP_BIN/sallyport' -c '$SP_CONF' --json recording show $kept | grep -q '\"state\":\"finished\"'"
check "as truncated" sh -c \
	"'$SP_BIN/sallyport' -c '$SP_CONF' --json recording show $kept | grep -Eq '\"truncated\": ?(true|1)'"
check "it verifies" replay --verify "$kept"
check "the log tells of the end" grep -q "pid $keptw) was ended by signal 9" "$log"
check "the session of the other worker goes on" ticking third
check "an administrator is let in" eventually 10 sh -c \
	"[ \"\$(ssh ${ssh_opts[*]} -p $SP_SSH_PORT admin@demo@demo@$SP_HOST 'echo in' 2>&1)\" = in ]"
wait $keep 2>/dev/null
[ -z "$group" ] || eventually 10 rmdir "$group" || fail "the group is empty"
