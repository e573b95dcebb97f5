#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a session that is idle for a day goes on as if nothing had been, unless
# its policy ends it, to the minute; its recording is whole and as long as that
# (A4, C1).
#
# The clocks of the node's processes go faster meanwhile; nobody else's do.
#	34-day.sh BUILD [HOURS] [SECONDS]	3 hours in 15 s; by hand 24 in 240
. "$(dirname "$0")/../e2e/lib.sh" "$@"
hours=${2:-3}
seconds=${3:-15}
times=$((hours * 3600 / seconds))
"${CC:-cc}" -shared -fPIC -O2 -o "$dir/fast_clock.so" \
	"$here/tests/drills/fast_clock.c" -ldl || exit 1
fast() { # so many times; prints how far ahead the node's clock is
	/usr/bin/python3 "$here/tests/drills/fast_clock.py" "$dir/clock" "$1"
}
fast 1 >/dev/null
chmod 711 "$dir"
LD_PRELOAD=$dir/fast_clock.so FAST_CLOCK=$dir/clock node_up --set gateway.workers=1

# name, login: a shell that answers each line, in a session of its own
user_up() {
	mkfifo "$dir/$1.keys"
	ssh -tt "${ssh_opts[@]}" -p "$SP_SSH_PORT" "$2" \
		'while read -r l; do echo "got-$l"; done' \
		<"$dir/$1.keys" >"$dir/$1.screen" 2>&1 &
	children+=($!)
	users[$1]=$!
}
declare -A users
shows() { # name, words
	grep -q "$2" "$dir/$1.screen"
}

user_up kept "$(at)"
exec 7>"$dir/kept.keys"
echo first >&7
check "a session runs" eventually 20 shows kept got-first
# The next one may be idle for two thirds of the time.
sp policy add brief --user alice --asset demo --idle $((hours * 40))m \
	--priority 50 >/dev/null
user_up brief "$(at)"
exec 8>"$dir/brief.keys"
echo first >&8
check "and one that may not be idle for $((hours * 40)) minutes" \
	eventually 20 shows brief got-first
pids=$(role_pids 'worker|broker|keeper|recorder')

fast $times >/dev/null
sleep $((seconds / 2))
check "after half of the time both are there" \
	kill -0 "${users[kept]}" "${users[brief]}"
sleep $((seconds - seconds / 2))
past=$(($(fast 1) + seconds))
note "$((past / 3600)) h $((past % 3600 / 60)) min have passed for the node"
check "hours have passed" [ "$past" -ge $((hours * 3600)) ]
check "the session is there" kill -0 "${users[kept]}"
echo second >&7
check "and goes on" eventually 10 shows kept got-second
wait "${users[brief]}" 2>/dev/null
check "the other was ended" shows brief 'idle for too long'
for p in $pids; do
	check "process $p still runs" kill -0 "$p"
done
sp policy remove brief >/dev/null
equal "a new session is let in" "$(gw "$(at)" 'echo in')" in
kill "${users[kept]}"
wait "${users[kept]}" 2>/dev/null
check "all have ended" eventually 20 sh -c "! '$SP_BIN/sallyport' \
	-c '$SP_CONF' --json session list | grep -q running"

# the recordings of the two: their lengths in seconds, by what they show
for id in $(sp --json recording list --limit 9 | /usr/bin/python3 -c '
import json, sys
for r in json.load(sys.stdin):
    print(r["id"])'); do
	check "recording $id verifies" replay --verify "$id"
	replay --text "$id" >"$dir/text"
	if grep -q got-second "$dir/text"; then
		equal "one holds what was typed before and after" \
			"$(grep -o 'got-[a-z]*' "$dir/text" | tr '\n' ' ')" \
			"got-first got-second "
	fi
done
