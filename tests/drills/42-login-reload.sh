#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: graceful restarts while users log in, run a command and leave, sixteen
# at a time: nobody is refused, nobody waits for long, and no old process stays.
# To half of the accounts Sallyport logs in with a key (K3).
#
# usage: 42-login-reload.sh BUILD [RESTARTS, default 4]
. "$(dirname "$0")/../e2e/lib.sh" "$@"
. "$here/tests/bench/load/light.sh"
restarts=${2:-4}
pause=4 # seconds from one to the next
light_build
node_up
light_up
ssh-keygen -q -t ed25519 -N '' -f "$dir/light.user"
sp account add light keyed --key-file "$dir/light.user" >/dev/null ||
	fail "an account with a key"
mapfile -t old < <(role_pids 'worker|broker|keeper|recorder')
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
check "no process from before stays" eventually 15 all_gone "${old[@]}"
check "no session is left open" eventually 15 sh -c \
	"! '$SP_BIN/sallyport' -c '$SP_CONF' session list | grep -q running"
