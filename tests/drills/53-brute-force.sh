#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: while a thousand logins a second from many addresses guess passwords, and
# while connections that say nothing pile up, whoever logged in from his address
# before still gets in, and soon (A8).
#
# usage: 53-brute-force.sh BUILD [SECONDS of each attack, default 10]
#
# Attackers and users run on this machine too.  An attack adds a fraction of a
# second to a login; the limit here is for machines that are busy otherwise.
. "$(dirname "$0")/../e2e/lib.sh" "$@"
seconds=${2:-10}
log=$dir/state/sallyportd.log
make -s -C "$build" tests/bench/load/load || exit 1
load=$build/tests/bench/load/load
node_up
echo not-it >"$dir/guess"

# Their logins a second apart until the attack is over: milliseconds of each.
users() { # file, further options of ssh
	local out=$1 end=$((SECONDS + seconds)) began
	shift
	: >"$out"
	while [ $SECONDS -lt $end ]; do
		began=$(date +%s%N)
		if gw "$@" "$(at)" true 2>>"$out.err"; then
			echo $((($(date +%s%N) - began) / 1000000)) >>"$out"
		else
			echo no >>"$out"
		fi
		sleep 0.3
	done
}

figures() { # file: how many, refused, median, worst
	sort -n "$1" | awk '$1 == "no" { no++; next } { v[n++] = $1 }
		END { print n + no, no + 0, v[int(n / 2)] + 0, v[n - 1] + 0 }'
}

# what, file: all got in, at least half of them in time
got_in() {
	local n no median worst
	read -r n no median worst < <(figures "$2")
	: "${usual:=$median}"
	check "$1: all $n got in, median $median ms, worst $worst ms" \
		[ "$no" = 0 -a "$n" -gt 0 -a "$median" -le $((usual + 4000)) ]
}

# what, then what the light client is told: attack for a while, users try
attack() {
	local what=$1 attackers strangers
	shift
	"$load" client "127.0.0.1:$SP_SSH_PORT" --expect any \
		--login 'user%d' --password-file "$dir/guess" \
		--addresses 2000 -n 3000 --pending 3000 --total 1000000 \
		--rate 1000 --seconds "$seconds" --stall 600 "$@" >"$dir/attack" 2>"$dir/attack.err" &
	attackers=$!
	children+=("$attackers")
	sleep 2
	# One of whom nothing is known.
	users "$dir/strangers" -b 127.77.0.1 &
	strangers=$!
	users "$dir/users"
	wait "$strangers"
	kill -TERM "$attackers" 2>/dev/null
	wait "$attackers"
	note "$(grep '^load client' "$dir/attack")"
	got_in "$what, a user who is known" "$dir/users"
	note "one from a new address: $(figures "$dir/strangers")" \
		"(tries, refused, median and worst ms)"
	workers=$(role_pids worker | wc -l)
	check "the node runs few workers ($workers)" [ "$workers" -le 16 ]
}

gw "$(at)" true || fail "alice can log in"
seconds=3 users "$dir/before"
got_in "without an attack" "$dir/before"
pids=$(role_pids 'worker|broker|keeper|recorder')

attack "a thousand logins a second from 2000 addresses" \
	-a login --tries 3
guesses=$(sp audit list --event auth.fail --limit 1 2>/dev/null | wc -l)
check "failures are in the audit log" [ "$guesses" -gt 0 ]
check "the log tells how many were not let in" \
	eventually 15 grep -q 'connections were not let in' "$log"

attack "connections that say nothing, from 2000 addresses" \
	-a mute --first-address 5000
check "the audit log has the crowd" eventually 15 sh -c \
	"'$SP_BIN/sallyport' -c '$SP_CONF' audit list --event auth.crowd | grep -q auth.crowd"

for p in $pids; do
	check "process $p still runs" kill -0 "$p"
done
# The crowd has gone: everybody is let in again.
check "a stranger gets in afterwards" \
	eventually 10 gw -b 127.77.0.2 "$(at)" true
