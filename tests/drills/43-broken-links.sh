#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a link that breaks between two processes that live is made anew: those
# who type do not notice, others log in, and every recording is whole (C1, K3).
#
# usage: 43-broken-links.sh BUILD
. "$(dirname "$0")/../e2e/lib.sh" "$@"
. "$here/tests/bench/load/light.sh"
light_build
node_up --set gateway.workers=1
light_up
pids=$(role_pids 'worker|broker|keeper|recorder')

"$load" client "127.0.0.1:$SP_SSH_PORT" --login alice@demo@light \
	--key "$SP_KEY" -n 20 --interval 200 --seconds 60 -a keys \
	>"$dir/keys" 2>"$dir/keys.err" &
typists=$!
children+=($typists)
check "twenty sit and type" eventually 20 grep -q '^load ready' "$dir/keys"
for link in worker,keeper worker,broker worker,recorder broker,keeper \
	recorder,keeper recorder,broker; do
	one=$(role_pids "${link%,*}") other=$(role_pids "${link#*,}")
	cut=$(/usr/bin/python3 "$here/tests/drills/cut_link.py" "$one" "$other")
	equal "the link ${link/,/ to } is there, and breaks" "$cut" 1
	began=$SECONDS
	check "somebody logs in" eventually 15 gw "$(at)" true
	note "after $((SECONDS - began)) s"
	again() {
		grep -q "^${link%,*} .* has no link to the ${link#*,}" \
			<(sed -n 's/.*warn: //p' "$dir/state/sallyportd.log")
	}
	check "it was made anew" eventually 10 again
done
kill -TERM $typists
wait $typists
equal "no key was lost" $? 0
note "$(grep '^load client' "$dir/keys" | cut -c1-220)"
[ ! -s "$dir/keys.err" ] || note "$(sort "$dir/keys.err" | uniq -c | head -n 5)"
for p in $pids; do
	check "process $p still runs" kill -0 "$p"
done
check "all have ended" eventually 20 sh -c "! '$SP_BIN/sallyport' \
	-c '$SP_CONF' session list | grep -q light"
whole() {
	local id n=0
	for id in $(sp --json recording list --limit 100 | /usr/bin/python3 -c '
import json, sys
for r in json.load(sys.stdin):
    print(r["id"])'); do
		replay --verify "$id" >"$dir/verdict" 2>&1 || return 1
		n=$((n + 1))
	done
	note "$n recordings"
	[ $n -ge 26 ]
}
check "every recording is whole" whole
