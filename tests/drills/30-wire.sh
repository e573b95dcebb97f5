#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: whatever is done to the bytes of either leg, a session ends with one
# reason or goes on whole; the worker lives; what the target got is recorded.
#
#	30-wire.sh BUILD [POSITIONS]	of each kind, leg and direction (2)
. "$(dirname "$0")/../e2e/lib.sh" "$@"
positions=${2:-2}
RANDOM=${SP_SEED:-$$}
note "seed ${SP_SEED:-$$}, $positions positions of each kind"
node_up --set gateway.workers=1 --set gateway.login_grace=8s

. "$here/tests/drills/meddle.sh"
meddle_up

home=$dir/state/target/home
log=$dir/state/sallyportd.log
seq 1 3000 >"$dir/sent" # 13,893 bytes
worker=$(grep -o 'worker-[0-9]*\[[0-9]*' "$log" | tail -n 1 | cut -d[ -f2)
check "there is one worker ($worker)" kill -0 "$worker"

ends() { # lines with the reason why a session ended
	grep -c ' ended: ' "$log"
}
have_ended() { # this many
	[ "$(ends)" -ge "$1" ]
}

runs=0
one() { # leg, kind, direction, position
	local leg=$1 asset=demo port=$user_port n=$((runs + 1))
	[ "$leg" = user ] || asset=wired port=$SP_SSH_PORT
	runs=$n
	echo "$2 $3 $4 1" >"$dir/plan.$leg"
	timeout 40 ssh -o LogLevel=INFO "${ssh_opts[@]}" -o HostKeyAlias=gateway \
		-p $port "alice@demo@$asset@$SP_HOST" "tee got.$n" \
		<"$dir/sent" >"$dir/out.$n" 2>"$dir/err.$n"
	echo "$? $*" >"$dir/run.$n"
}

before=$(ends) # of those who only looked at the host keys
one user none up 0
one target none up 0
equal "without damage sessions are whole" \
	"$(sum <"$dir/out.1") $(sum <"$dir/out.2")" \
	"$(sum <"$dir/sent") $(sum <"$dir/sent")"
read -r _ _ _ _ user_up user_down < <(tail -n 1 "$dir/log.user")
read -r _ _ _ _ target_up target_down < <(tail -n 1 "$dir/log.target")
note "bytes: user up $user_up down $user_down, target up $target_up down $target_down"

for leg in user target; do
	for way in up down; do
		size=${leg}_$way
		one $leg bytes $way 0
		for kind in flip cut twice; do
			for ((i = 0; i < positions; i++)); do
				# Every other one in the handshakes.
				n=${!size}
				[ $((i % 2)) = 0 ] || n=4500
				one $leg $kind $way $(((RANDOM * 32768 + RANDOM) % n))
			done
		done
	done
done
# Who is at fault is told right.
one target cut down 300
check "a target that leaves early has not broken the protocol" \
	grep -q 'the target closed the connection: demo@wired: during the key exchange' \
	"$dir/err.$runs"
one target flip down 300
check "one whose bytes are wrong has" \
	grep -Eq 'the target broke the protocol|no algorithm in common' "$dir/err.$runs"
check "as many ends as sessions are told" eventually 30 have_ended $((before + runs))
sleep 1
equal "and no more" "$(ends)" $((before + runs))
grep -o ' ended: .*' "$log" | sed 's/[0-9][0-9]*/N/g' | sort | uniq -c |
	sed 's/^/# /'
equal "each with one reason" "$(grep ' ended: ' "$log" |
	grep -o ' c=[0-9]* ' | sort | uniq -d)" ""

# What the users and the targets got is held against the recordings.
closed() {
	! sp --json recording list --limit 100000 | grep -q '"state": *"open"'
}
check "all recordings are closed" eventually 10 closed
sp --json recording list --limit 100000 >"$dir/recordings"
/usr/bin/python3 "$here/tests/drills/wire_judge.py" "$dir" $runs \
	"$SP_BIN/sallyport-replay" "$SP_CONF" >"$dir/judged"
rc=$?
cat "$dir/judged"
equal "nobody got what is not recorded, or other bytes" $rc 0
check "the worker is the same" kill -0 "$worker"
equal "and no process of the node has ended" \
	"$(grep -cE 'was killed|has ended|exited' "$log")" 0
equal "the node serves" "$(gw "$(at)" 'echo still')" still
