#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: sessions go on while the database stalls or is gone, and what was typed
# arrives later, in order, once (C1).
. "$(dirname "$0")/lib.sh" "$@"
node_up

mariadb_pid() {
	pgrep -f mariadbd | while read -r p; do
		tr '\0' ' ' <"/proc/$p/cmdline" | grep -qF "$dir/state/node" && echo "$p"
	done
}
typist_up
type_lines 5
eventually 10 typed_shown
kill -STOP "$(mariadb_pid)"
type_lines 20
check "the session goes on while the database stalls" eventually 10 typed_shown
sleep 6
kill -CONT "$(mariadb_pid)"
type_lines 5
check "and after it" eventually 10 typed_shown
kill -9 "$(mariadb_pid)"
type_lines 10
check "and when the database was killed" eventually 10 typed_shown
typist_down
count() {
	sp --json keystroke search 'line-' --limit 1000 | /usr/bin/python3 -c '
import json, re, sys
rows = [r["line"] for r in json.load(sys.stdin)]
got = [int(m.group(1)) for m in (re.search(r"echo line-(\d+)-end", l) for l in rows) if m]
print(len(got), len(set(got)), got in (sorted(got), sorted(got, reverse=True)))'
}
for i in $(seq 60); do
	[ "$(count 2>/dev/null)" = "40 40 True" ] && break
	sleep 0.5
done
equal "every line is in the database once, in order" "$(count)" "40 40 True"
check "the audit chain verifies" sp audit verify
equal "new sessions are let in again" "$(gw "$(at)" 'echo in')" in
