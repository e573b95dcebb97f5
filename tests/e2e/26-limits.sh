#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a session ends when it was idle, or went on, for as long as its policy
# allows, and its user is told a minute before it goes on for too long.
. "$(dirname "$0")/lib.sh" "$@"
trap '' PIPE # of a user who is gone
node_up

# name, limit: for the sessions that begin from now on
limit() {
	sp policy add "$1" --user alice --asset demo "--$1" "$2" --priority 50 >/dev/null
}

unlimit() {
	sp policy remove "$1" >/dev/null
}

# A user whose keys come from here.
user_up() {
	rm -f "$dir/keys"
	mkfifo "$dir/keys"
	gw -tt "$(at)" <"$dir/keys" >"$dir/screen" 2>&1 &
	user=$!
	children+=($user)
	exec 9>"$dir/keys"
	eventually 10 grep -q '\$' "$dir/screen"
}

alive() {
	kill -0 $user 2>/dev/null
}

# seconds: he types every half second for so long
types() {
	local i
	for ((i = 0; i < 2 * $1; i++)); do
		echo "echo tick-$i" >&9 2>/dev/null
		sleep 0.5
	done
}

# reason: of the last session
ended_by() {
	[ "$(last_session why)" = "$1" ]
}

limit idle 3s
user_up
types 5
check "who types is not idle" alive
began=$SECONDS
check "who does not is sent away" eventually 8 sh -c "! kill -0 $user 2>/dev/null"
check "not before his time" [ $((SECONDS - began)) -ge 2 ]
check "and reads why" grep -q 'idle for too long' "$dir/screen"
check "which the session has" eventually 5 ended_by 'idle for too long'
unlimit idle

limit length 4s
user_up
types 2
check "a session may go on for its time" alive
types 4
check "and no longer, whatever is typed" eventually 3 sh -c "! kill -0 $user 2>/dev/null"
check "its user reads why" grep -q 'maximum length reached' "$dir/screen"
check "the session has it too" eventually 5 ended_by 'maximum length reached'
unlimit length

# A worker that is busy at that very moment says it a little later.
limit length 65s
user_up
workers=$(children_of worker)
check "nobody is told too early" sh -c "! grep -q 'one minute' '$dir/screen'"
sleep 1
kill -STOP $workers
sleep 4
kill -CONT $workers
check "the last minute is announced" eventually 5 grep -q 'ends in one minute' "$dir/screen"
sleep 2.5
equal "once" "$(grep -c 'ends in one minute' "$dir/screen")" 1
exec 9>&-
