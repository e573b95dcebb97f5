#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: graceful restarts while users log in, run a command and leave, sixteen
# at a time: nobody is refused, nobody waits for long, and no old process stays.
# To half of the accounts Sallyport logs in with a key (K3).
#
# usage: 42-login-reload.sh BUILD [RESTARTS, default 4]
. "$(dirname "$0")/../e2e/lib.sh" "$@"
restarts=${2:-4}
pause=4 # seconds from one to the next
make -s -C "$build" tests/bench/load/load || exit 1
load=$build/tests/bench/load/load
node_up
port=$((offset + 4600))
ssh-keygen -q -t ed25519 -N '' -f "$dir/light.host"
ssh-keygen -q -t ed25519 -N '' -f "$dir/light.user"
"$load" target "127.0.0.1:$port" --hostkey "$dir/light.host" \
	--password-file "$dir/state/secrets/target" >"$dir/target.out" 2>&1 &
children+=($!)
eventually 10 grep -q '^load target ready' "$dir/target.out" || fail "a target"
{
	sp asset add light 127.0.0.1 --port $port --yes
	sp account add light demo --password-file "$dir/state/secrets/target"
	sp account add light keyed --key-file "$dir/light.user"
	sp policy add light --user alice --asset light
} >"$dir/add.out" 2>&1 || fail "accounts: $(cat "$dir/add.out")"

roles() { pgrep -f -- "$SP_CONF --role (worker|broker|keeper|recorder)"; }
old=$(roles)
clients=()
for account in demo keyed; do
	"$load" client "127.0.0.1:$SP_SSH_PORT" --login "alice@$account@light" \
		--key "$SP_KEY" -n 8 --total 0 -a once --stall 15 \
		--seconds $(((restarts + 1) * pause)) \
		>"$dir/$account.out" 2>"$dir/$account.err" &
	clients+=($!)
	children+=($!)
done
for ((i = 0; i < restarts; i++)); do
	sleep $pause
	kill -HUP "$SP_PID"
done
for account in demo keyed; do
	wait "${clients[0]}"
	status=$?
	clients=("${clients[@]:1}")
	note "$account: $(grep '^load client' "$dir/$account.out")"
	check "$account: every login during $restarts restarts succeeds" \
		[ $status = 0 ]
	[ $status = 0 ] || note "$(sort "$dir/$account.err" | uniq -c | head)"
done
check "each restart was done" [ "$(grep -c 'reload: done' \
	"$dir/state/sallyportd.log")" = "$restarts" ]
none_stays() {
	local p
	for p in $old; do
		! kill -0 "$p" 2>/dev/null || return 1
	done
}
check "no process from before stays" eventually 15 none_stays
check "no session is left open" eventually 15 sh -c \
	"! '$SP_BIN/sallyport' -c '$SP_CONF' session list | grep -q running"
