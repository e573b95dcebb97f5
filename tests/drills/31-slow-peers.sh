#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: peers that read slowly, never, or stop in the middle of a packet cost a
# session a bounded amount of memory and others nothing; limits of time hold.
#
#	31-slow-peers.sh BUILD [SECONDS]	that they keep it up (5)
. "$(dirname "$0")/../e2e/lib.sh" "$@"
seconds=${2:-5}
# What would like to pass: the short form is part of every check.
bytes=1073741824
[ "$seconds" -ge 60 ] || bytes=268435456
node_up --set gateway.workers=1 --set gateway.login_grace=4s \
	--set gateway.connect_timeout=3s

. "$here/tests/drills/meddle.sh"
meddle_up

log=$dir/state/sallyportd.log
worker=$(role_pids worker) recorder=$(role_pids recorder)
memory() {
	/usr/bin/python3 "$here/tests/drills/slow_peers.py" memory "$@"
}
running() { # so many sessions
	[ "$(sp --json session list | grep -o '"state": *"running"' | wc -l)" = "$1" ]
}
keys() { # seconds: what a keystroke of an undisturbed session takes
	/usr/bin/python3 "$here/tests/drills/slow_peers.py" keys "$1" \
		ssh "${ssh_opts[@]}" -p "$SP_SSH_PORT" "$(at)" cat
}
ended() { # words: the reason of the newest end
	grep ' ended: ' "$log" | tail -n 1 | grep -q "$1"
}
some_ended() {
	grep ' ended: ' "$log" | grep -q "$1"
}

# 1. before the login: whoever stops has so long and no longer
for at in 10 1500 1750; do
	echo "stop up $at" >"$dir/plan.user"
	began=$SECONDS
	timeout 30 ssh "${ssh_opts[@]}" -o LogLevel=INFO -p $user_port "$(at)" true \
		>/dev/null 2>"$dir/err"
	check "who stops at byte $at before the login is shown out ($((SECONDS - began)) s)" \
		[ $((SECONDS - began)) -le 9 ]
	check "and why is told" eventually 5 ended 'login took too long: .*took too long'
done
echo none >"$dir/plan.user"

# 2. a target that stops: the user is told
for at in 10 1400; do
	echo "stop down $at" >"$dir/plan.target"
	began=$SECONDS
	timeout 30 ssh "${ssh_opts[@]}" -o LogLevel=INFO -p "$SP_SSH_PORT" \
		"$(at alice@demo@wired)" true >/dev/null 2>"$dir/err"
	check "a target that stops at byte $at holds nobody ($((SECONDS - began)) s)" \
		[ $((SECONDS - began)) -le 9 ]
	check "and the user reads why" grep -q 'does not answer' "$dir/err"
done
echo none >"$dir/plan.target"

# 3. peers that take nothing, while a gigabyte would like to pass (a part, in short)
equal "a session before all that" "$(gw "$(at)" 'echo in')" in
alone=$(keys 2)
before=$(memory "$worker" "$recorder")
gig="head -c $bytes /dev/zero"
slow=()
started() {
	slow+=($!)
	children+=($!)
}
# (not gw: it is the process of ssh itself that is to be stopped and ended)
mine=(ssh -n "${ssh_opts[@]}" -o HostKeyAlias=g -p "$SP_SSH_PORT")
# ssh reads, but nobody reads from ssh
mkfifo "$dir/full"
exec 7<>"$dir/full" # lets both sides open it
"${mine[@]}" "$(at)" "$gig" >"$dir/full" 7<&- &
started
full=$!
exec 8<"$dir/full"
exec 7<&-
# ssh itself is stopped, at once: it could be through before the others run
"${mine[@]}" "$(at)" "$gig" >/dev/null 8<&- &
started
stopped=$!
eventually 30 running 2
kill -STOP $stopped
# a window that is never opened
/usr/bin/python3 "$here/tests/drills/slow_peers.py" window "$SP_HOST" \
	"$SP_SSH_PORT" "$SP_SSH_LOGIN" "$SP_KEY" "$dir/enough" 8<&- &
started
window=$!
# a command that reads nothing
ssh "${ssh_opts[@]}" -o HostKeyAlias=g -p "$SP_SSH_PORT" "$(at)" "exec sleep 100000" \
	</dev/zero >/dev/null 8<&- &
started
# a user's packet that never ends, a target's that never does
echo "stop up 20000" >"$dir/plan.user"
ssh "${ssh_opts[@]}" -o HostKeyAlias=g -p $user_port "$(at)" cat \
	</dev/zero >/dev/null 8<&- &
started
echo "stop down 20000" >"$dir/plan.target"
"${mine[@]}" "$(at alice@demo@wired)" "$gig" >/dev/null 8<&- &
started
check "six sessions with slow peers run" eventually 30 running 6
sleep 2
echo none >"$dir/plan.user"
echo none >"$dir/plan.target"
beside=$(keys "$seconds")
after=$(memory "$worker" "$recorder")
grown=$((after - before))
note "keystrokes in ms, p50 p99 max count: alone $alone, beside them $beside"
note "memory of worker and recorder: $before KiB before, $after KiB after $seconds s"
check "six slow sessions hold less than 24 MiB ($grown KiB)" [ $grown -lt 24576 ]
check "a keystroke beside them is not slow (${beside% * *})" \
	/usr/bin/python3 -c "import sys; sys.exit(float('${beside% *}'.split()[1]) > 1000)"
check "all of them are still there" eventually 10 running 6
: >"$dir/enough"
wait $window
equal "no byte came without a window" $? 0
check "whose user has left has ended" eventually 10 running 5

# 4. what was stopped goes on, and comes to its end
kill -CONT $stopped
wait $stopped
equal "who was stopped goes on and ends well" $? 0
head -c $bytes <&8 | cmp -n $bytes - /dev/zero
equal "who did not read gets all of it" "${PIPESTATUS[*]}" "0 0"
wait $full
equal "and ends well" $? 0
exec 8<&-
for p in "${slow[@]}"; do kill -TERM "$p" 2>/dev/null; done
check "all end when their users leave" eventually 15 running 0

# 5. a user who leaves while the target takes nothing is not waited for
# (With many channels there is more under way than all buffers hold.)
echo abort >"$dir/plan.user"
ssh -M -S "$dir/mux" -N "${ssh_opts[@]}" -o HostKeyAlias=g -p $user_port \
	"$(at)" 2>/dev/null &
started
eventually 10 test -S "$dir/mux"
for i in 1 2 3 4 5 6 7 8; do
	ssh -S "$dir/mux" -p "$SP_SSH_PORT" "$(at)" "exec cat >/dev/null" \
		</dev/zero 2>/dev/null &
	started
done
eventually 10 running 1
sleep 4
listener=$(cat "$dir/state/target/etc/sshd.pid")
frozen=($(ps -o pid= --ppid "$listener"))
for p in "${frozen[@]}"; do frozen+=($(ps -o pid= --ppid "$p" --no-headers)); done
kill -STOP "${frozen[@]}"
sleep 5 # until all that there is on the way is full
# The newest of the relays is the one of this session.
kill -KILL "$(pgrep -n -P $meddler)"
check "the session ends all the same" eventually 20 running 0
kill -CONT "${frozen[@]}"

check "the worker is the same" kill -0 "$worker"
check "the recorder is the same" kill -0 "$recorder"
equal "the node serves" "$(gw "$(at)" 'echo still')" still
later=$(memory "$worker" "$recorder")
note "memory when all is over: $later KiB"
