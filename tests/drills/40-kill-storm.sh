#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: kill -9 of any process of a node at a random moment under load: at most
# the last second of a recording is missing, it is closed, marked and playable
# within 5 s; no row that was there is lost; the node serves again within 5 s
# (C1, C2).
#
#	40-kill-storm.sh BUILD [ROUNDS] [SEED] [VICTIM...]
#
# Without ROUNDS each victim has its turn once.  The seed is printed; the same
# one makes the same choices.
rounds=${2:-8}
seed=${3-}
. "$(dirname "$0")/../e2e/lib.sh" "$1"
shift $(($# < 3 ? $# : 3))
node_up --set gateway.workers=3 --set gateway.sessions_per_worker=4
node_down
check "the storm is survived" /usr/bin/python3 "$here/tests/drills/kill_storm.py" \
	"$dir/env" "$dir" "$rounds" "$seed" "$@"
