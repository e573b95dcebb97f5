#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a worker holds sessions_per_worker sessions and no more, so that the
# crash of one ends no other's.
. "$(dirname "$0")/lib.sh" "$@"
node_up --set gateway.sessions_per_worker=2 --set gateway.workers=1

for i in 1 2 3 4 5; do
	gw "$(at)" 'sleep 30; echo whole' >"$dir/out.$i" 2>"$dir/err.$i" &
	pid[i]=$!
	children+=(${pid[i]})
	sleep 0.7
done
running() {
	[ "$(sp --json session list | grep -o '"state":"running"' | wc -l)" = "$1" ]
}
check "five sessions run at once" eventually 10 running 5
sp --json session list --limit 10 | /usr/bin/python3 -c '
import json, sys
for r in json.load(sys.stdin): print(r["id"])' >"$dir/ids"
while read -r id; do
	sp --json session show "$id" | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)["worker"])'
done <"$dir/ids" | sort | uniq -c >"$dir/seats"
check "no worker holds more than two ($(awk '{printf "%s ", $1}' "$dir/seats"))" \
	awk '$1 > 2 { bad = 1 } END { exit bad || NR < 3 }' "$dir/seats"
names=$(ps -o comm= --ppid "$SP_PID" | sort -u | tr '\n' ' ')
check "ps tells the roles apart ($names)" sh -c "
	for n in sp-database sp-keeper sp-recorder sp-broker sp-worker-; do
		case '$names' in *\$n*) ;; *) exit 1 ;; esac
	done"
full=$(awk '$1 == 2 { print $2; exit }' "$dir/seats")
kill -9 "$(grep -o "worker-$full\[[0-9]*" "$dir/state/sallyportd.log" |
	head -n 1 | cut -d[ -f2)"
check "the crash of a worker ends its sessions alone" eventually 15 sh -c \
	"n=\$('$SP_BIN/sallyport' -c '$SP_CONF' --json session list | grep -o '\"state\":\"running\"' | wc -l); [ \$n = 3 ]"
equal "new sessions are let in" "$(gw "$(at)" 'echo in')" in
for i in 1 2 3 4 5; do wait "${pid[$i]}"; done
n=$(cat "$dir"/out.* | grep -c whole)
equal "the other three end well" "$n" 3
