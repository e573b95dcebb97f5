#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: graceful restarts one after the other under hundreds of live sessions,
# typing, idle and in bulk: not one is dropped, not one byte is lost, their
# recordings go on, no old process stays (K3, K6).
#
#	41-reload-storm.sh BUILD [ROUNDS] [SESSIONS]
#
# By hand: 10 rounds, 500 sessions.
rounds=${2:-2}
sessions=${3:-60}
. "$(dirname "$0")/../e2e/lib.sh" "$1"
make -s -C "$build" tests/bench/load/load || exit 1
node_up
check "the restarts are not noticed" /usr/bin/python3 \
	"$here/tests/drills/reload_storm.py" "$dir/env" "$dir" \
	"$build/tests/bench/load/load" "$rounds" "$sessions"
