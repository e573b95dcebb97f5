#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: kill -9 of any process costs at most a second of a recording, and never
# the node (C2).
. "$(dirname "$0")/lib.sh" "$@"
node_up

# a session that says the time ten times a second
gw "$(at)" 'while date +%s.%N; do sleep 0.1; done' >"$dir/ticks" 2>/dev/null &
user=$!
children+=($user)
eventually 10 test -s "$dir/ticks"
sleep 3
workers=$(children_of worker)
killed=$(date +%s.%N)
kill -9 $workers
check "the recording is closed and marked truncated within 5 s" eventually 5 sh -c \
	"'$SP_BIN/sallyport' -c '$SP_CONF' --json recording list --limit 1 | grep -Eq '\"truncated\": ?(true|1)'"
check "it verifies" replay --verify last
replay --text last >"$dir/played"
last=$(grep -Eo '[0-9]{10}\.[0-9]+' "$dir/played" | tail -n 1)
check "less than a second is missing (killed $killed, last ${last:-none})" \
	/usr/bin/python3 -c "import sys; sys.exit(0 if 0 <= $killed - ${last:-0} + 0.15 < 1.15 else 1)"
wait $user 2>/dev/null
check "the node serves again" eventually 5 sh -c "true"
equal "a new session works" "$(gw "$(at)" 'echo again')" again

# the recorder dies under a session, the session goes on
gw "$(at)" 'for i in $(seq 60); do echo tick-$i; sleep 0.1; done' >"$dir/ticks2" &
user=$!
sleep 2
for p in $(children_of recorder); do kill -9 "$p"; done
wait $user
equal "a session outlives the recorder" "$(tail -n 1 "$dir/ticks2")" tick-60
sleep 3
check "its recording verifies" replay --verify last
equal "and holds all of it" "$(replay --text last | grep -o 'tick-[0-9]*' | tail -n 1)" tick-60

# the same with the keeper and the broker
for role in keeper broker; do
	gw "$(at)" 'for i in $(seq 50); do echo tick-$i; sleep 0.1; done' >"$dir/ticks3" &
	user=$!
	sleep 2
	for p in $(children_of $role); do kill -9 "$p"; done
	wait $user
	equal "a session outlives the $role" "$(tail -n 1 "$dir/ticks3")" tick-50
	sleep 2
	check "its recording verifies after the $role died" replay --verify last
	check "the node serves again after the $role died" eventually 10 sh -c \
		"[ \"\$(ssh ${ssh_opts[*]} -p $SP_SSH_PORT $(at) 'echo back')\" = back ]"
done
