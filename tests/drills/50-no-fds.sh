#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a process that runs out of file descriptors says so once, does not spin,
# lets others serve, harms no session and recovers by itself (C4).
#
# usage: 50-no-fds.sh BUILD [SECONDS that each want lasts, default 3]
number=50
. "$(dirname "$0")/../e2e/lib.sh" "$@"
lasts=${2:-3}
log=$dir/state/sallyportd.log
node_up --set gateway.workers=2 --set recording.segment=2M
sp user key admin add "$SP_KEY.pub" >/dev/null 2>&1
sp policy add root --user admin --asset demo >/dev/null
printf '%s\n%s\n' "$SP_ADMIN_PASSWORD" "$SP_ADMIN_PASSWORD" >"$dir/pw"
sp user passwd admin --password-file "$dir/pw" >/dev/null 2>&1 ||
	sp user passwd admin --password-file "$dir/state/secrets/admin" >/dev/null 2>&1

pids() { # role
	local p
	for p in $(pgrep -f -- "--role $1 "); do
		tr '\0' ' ' <"/proc/$p/cmdline" | grep -qF "$SP_CONF" && echo "$p"
	done
}

fds() { # pid: how many are open
	local n=("/proc/$1/fd/"*)
	echo ${#n[@]}
}

# Root may lack the privilege; the user of a process needs none.
as_node() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"
	else
		"$@"
	fi
}

limit() { # pid, how many more it may open
	as_node prlimit --pid "$1" --nofile=$(($(fds "$1") + $2)):
}

nothing_more() {
	as_node prlimit --pid "$1" --nofile=3:
}

unlimit() {
	local hard
	hard=$(awk '/^Max open files/ { print $5 }' "/proc/$1/limits")
	as_node prlimit --pid "$1" --nofile="$hard:"
}

cpu_ms() { # pids: of processor time so far
	local p sum=0
	for p in "$@"; do
		sum=$((sum + $(awk '{ print $14 + $15 }' "/proc/$p/stat")))
	done
	echo $((sum * 1000 / $(getconf CLK_TCK)))
}

# what, seconds, pids: they use less than a tenth of a processor
at_rest() {
	local what=$1 secs=$2 before
	shift 2
	before=$(cpu_ms "$@")
	sleep "$secs"
	used=$(($(cpu_ms "$@") - before))
	check "$what ($used ms of processor in $secs s)" \
		[ $used -lt $((secs * 100 * $#)) ]
}

said() { # text: lines of the node's log since the mark
	tail -n +"$mark" "$log" | grep -c -- "$1"
}
mark_log() {
	mark=$(($(wc -l <"$log") + 1))
}

cat >"$dir/flood.py" <<'PY'
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
held = []
for i in range(int(sys.argv[2])):
    try:
        if sys.argv[1].startswith("/"):
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(2)
            s.connect(sys.argv[1])
        else:
            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 2)
        held.append(s)
    except OSError as e:
        print(e, file=sys.stderr)
        break
print(len(held), flush=True)
time.sleep(600)
PY
flood() { # port or socket, connections
	rm -f "$dir/flood.out"
	/usr/bin/python3 "$dir/flood.py" "$@" >"$dir/flood.out" 2>/dev/null &
	flooder=$!
	children+=($flooder)
	eventually 30 test -s "$dir/flood.out"
}
flood_end() {
	kill $flooder
	wait $flooder 2>/dev/null
}

# two sessions that count; what they show must have no gap in the end
tick='i=0; while :; do i=$((i+1)); echo tick-$i; sleep 0.1; done'
users=()
for n in 1 2; do
	ssh "${ssh_opts[@]}" -p "$SP_SSH_PORT" "$(at)" "$tick" >"$dir/ticks$n" 2>"$dir/err$n" &
	users+=($!)
	children+=($!)
done
eventually 20 grep -q tick-3 "$dir/ticks1"
eventually 20 grep -q tick-3 "$dir/ticks2"
ticking() {
	local n a
	for n in 1 2; do
		a=$(wc -l <"$dir/ticks$n")
		eventually 5 sh -c "[ \$(wc -l <'$dir/ticks$n') -gt $((a + 3)) ]" ||
			return 1
	done
}

note "workers"
workers=$(pids worker)
mark_log
# 32 are kept for what those who are in need, and 16 may come at a time.
for p in $workers; do limit "$p" 52; done
flood "$SP_SSH_PORT" 60
check "both workers run out" eventually 15 sh -c \
	"[ \$(tail -n +$mark '$log' | grep -c 'ssh: nobody is let in for now: Too many open files') -ge 2 ]"
at_rest "they do not spin" "$lasts" $workers
check "sessions go on" ticking
equal "an administrator is let in, by a worker that was started" \
	"$(gw "admin@demo@demo@$SP_HOST" 'echo in' 2>&1)" in
check "one line each is in the log ($(said 'nobody is let in'))" \
	[ "$(said 'nobody is let in')" -le 3 ]
flood_end
for p in $workers; do unlimit "$p"; done
check "they recover by themselves" eventually 10 sh -c \
	"[ \$(tail -n +$mark '$log' | grep -c 'ssh: users are let in again') -ge 2 ]"
equal "users are let in again" "$(gw "$(at)" 'echo in' 2>&1)" in
for p in $workers; do
	check "worker $p is the same process" kill -0 "$p"
done

note "keeper and broker"
for role in keeper broker; do
	p=$(pids $role)
	mark_log
	limit "$p" 12
	flood "$dir/state/run/$role.sock" 40
	at_rest "the $role does not spin" "$lasts" "$p"
	check "sessions go on" ticking
	equal "users are let in" "$(gw "$(at)" 'echo in' 2>&1)" in
	check "the $role says so once ($(said 'nobody is let in'))" \
		[ "$(said 'nobody is let in')" = 1 ]
	flood_end
	unlimit "$p"
	check "the $role recovers" eventually 10 sh -c \
		"tail -n +$mark '$log' | grep -q 'users are let in again'"
	check "the command line is answered" sp session list
	check "the $role is the same process" kill -0 "$p"
done

note "recorder"
p=$(pids recorder)
mark_log
bulk='head -c 6000000 /dev/urandom | base64; sleep 3; echo end'
nothing_more "$p"
gw "$(at)" "$bulk" >"$dir/bulk" 2>"$dir/bulk.err"
check "a session that cannot be recorded ends with its reason" \
	grep -q 'recording could not be written' "$dir/bulk.err"
at_rest "the recorder does not spin" "$lasts" "$p"
check "it says what is wrong" [ "$(said 'Too many open files')" -ge 1 ]
check "once for the spool, once for the files ($(said 'Too many open files'))" \
	[ "$(said 'Too many open files')" -le 4 ]
unlimit "$p"
check "it recovers: users are let in" eventually 20 sh -c \
	"[ \"\$(ssh ${ssh_opts[*]} -p $SP_SSH_PORT $(at) 'echo in' 2>&1)\" = in ]"
check "every recording is finished but those that run" eventually 20 sh -c \
	"[ \$('$SP_BIN/sallyport' -c '$SP_CONF' --json recording list --limit 50 |
		grep -o '\"state\":\"[a-z]*\"' | grep -vc finished) -le 2 ]"
check "the recorder is the same process" kill -0 "$p"

note "supervisor"
mark_log
nothing_more "$SP_PID"
victim=$(pids worker | tail -n 1)
for w in $(pids worker); do
	# One that holds none of the two sessions.
	[ "$(find "/proc/$w/fd" -lname 'socket:*' | wc -l)" -gt 6 ] || victim=$w
done
kill -9 "$victim"
at_rest "the supervisor does not spin" "$lasts" "$SP_PID"
check "the others serve" eventually 10 sh -c \
	"[ \"\$(ssh ${ssh_opts[*]} -p $SP_SSH_PORT $(at) 'echo in' 2>&1)\" = in ]"
unlimit "$SP_PID"
check "workers are there again" eventually 10 sh -c \
	"[ \$(pgrep -fc -- '$SP_CONF --role worker ') -ge 2 ]"

for n in 1 2; do
	kill "${users[$((n - 1))]}" 2>/dev/null
	wait "${users[$((n - 1))]}" 2>/dev/null
	equal "no tick of session $n is missing" \
		"$(grep -c tick "$dir/ticks$n")" \
		"$(tail -n 1 "$dir/ticks$n" | tr -dc 0-9)"
done
