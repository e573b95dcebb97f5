#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a session that is idle while the clock passes 2^32 ms stays whole and
# goes on; dead peers of idle sessions are noticed.
#
# The node runs in a time namespace; the machine's own clock is not touched.
#	33-idle.sh BUILD [SECONDS]	of idleness behind it (8)
if [ -z "${SP_OWN_CLOCK-}" ]; then
	# 4294967.296 s is 2^32 ms: it passes some seconds after the start;
	# where a node takes longer to start, once more with more time.
	for lead in 20 60 180; do
		now=$(cut -d. -f1 /proc/uptime)
		export SP_OWN_CLOCK=$((4294967 - now - lead))
		unshare -T --monotonic $SP_OWN_CLOCK --boottime $SP_OWN_CLOCK \
			--fork --kill-child bash "$0" "$@"
		rc=$?
		[ $rc = 99 ] || exit $rc
	done
	exit $rc
fi
. "$(dirname "$0")/../e2e/lib.sh" "$@"
seconds=${2:-8}
uptime_s() {
	cut -d. -f1 /proc/uptime
}
note "the clock stands at $(uptime_s) s"
node_up --set gateway.workers=1

# A terminal that idles, and one that is read all the time.
mkfifo "$dir/keys"
exec 7<>"$dir/keys"
ssh -tt "${ssh_opts[@]}" -p "$SP_SSH_PORT" "$(at)" \
	'while read -r l; do echo "got-$l"; done' <"$dir/keys" >"$dir/shown" 2>&1 7<&- &
children+=($!)
idle=$!
echo first >&7
eventually 20 grep -q got-first "$dir/shown"
if [ "$(uptime_s)" -ge 4294967 ]; then
	note "too late ($(uptime_s) s)"
	trap - EXIT
	kill -TERM "${children[@]}" 2>/dev/null
	wait
	rm -rf "$dir"
	exit 99
fi
check "a session runs at $(uptime_s) s" eventually 20 grep -q got-first "$dir/shown"
keeps_alive() { # both legs: timer 2 of /proc/net/tcp
	/usr/bin/python3 - "$SP_SSH_PORT" "${SP_TARGET_SSH#*:}" <<'PY'
import sys
ports = [int(p) for p in sys.argv[1:]]
user = target = 0
for line in open("/proc/net/tcp"):
    f = line.split()
    if f[0] == "sl" or f[3] != "01":
        continue
    here, there = (int(a.split(":")[1], 16) for a in f[1:3])
    alive = f[5].split(":")[0] == "02"
    user += here == ports[0] and alive
    target += there == ports[1] and alive
sys.exit(0 if user == 1 and target == 1 else 1)
PY
}
check "the kernel asks both peers now and then whether they live" \
	eventually 5 keeps_alive
edge=4294968
left=$((edge - $(uptime_s)))
[ $left -lt 0 ] || sleep $((left + 1))
sleep "$seconds"
check "the clock has passed 2^32 ms ($(uptime_s) s)" [ "$(uptime_s)" -gt $edge ]
check "the session is there" kill -0 $idle
echo second >&7
check "and goes on" eventually 5 grep -q got-second "$dir/shown"
equal "a new session is let in" "$(gw "$(at)" 'echo in')" in
kill $idle
wait $idle 2>/dev/null
eventually 10 sh -c "! '$SP_BIN/sallyport' -c '$SP_CONF' --json session list | grep -q running"
id=$(sp --json recording list --limit 2 | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)[1]["id"])')
check "its recording verifies" replay --verify "$id"
equal "and holds all of it" "$(replay --text "$id" | grep -o 'got-[a-z]*' | tr '\n' ' ')" \
	"got-first got-second "
