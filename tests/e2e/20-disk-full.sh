#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a full disk never lets a session run unrecorded: the policy decides
# whether it ends or waits, strangers are refused, an administrator gets in (C4).
#
# The spool is a small file system of its own, in a mount namespace.
if [ -z "${SP_OWN_MOUNTS-}" ]; then
	SP_OWN_MOUNTS=1 exec unshare -m --propagation private bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh" "$@"
mkdir -p "$dir/spool"
mount -t tmpfs -o size=48m,mode=0700,uid=65534,gid=65534 tmpfs "$dir/spool"
trap 'rc=$?; umount -l "$dir/spool"; (exit $rc); finish' EXIT
node_up --set recording.spool="$dir/spool" --set recording.segment=4M

sp policy add waits --user alice --asset demo --on-fail pause --priority 20 >/dev/null
sp user key admin add "$SP_KEY.pub" >/dev/null 2>&1
sp policy add root --user admin --asset demo >/dev/null
printf '%s\n%s\n' "$SP_ADMIN_PASSWORD" "$SP_ADMIN_PASSWORD" >"$dir/pw"
sp user passwd admin --password-file "$dir/pw" >/dev/null 2>&1 ||
	sp user passwd admin --password-file "$dir/state/secrets/admin" >/dev/null 2>&1

fill() { # leave this many KiB
	local free
	rm -f "$dir/spool/filler"
	free=$(df -k --output=avail "$dir/spool" | tail -n 1)
	fallocate -l $(((free - $1) * 1024)) "$dir/spool/filler"
}

# 1. little room: new sessions are refused, the administrator is let in
fill 3000
check "a new session is refused for lack of room" eventually 10 sh -c \
	"ssh ${ssh_opts[*]} -p $SP_SSH_PORT $(at) true 2>&1 | grep -q 'too little room'"
equal "an administrator is let in" "$(gw "admin@demo@demo@$SP_HOST" 'echo in' 2>&1)" in
check "the refusal is an event" sh -c \
	"'$SP_BIN/sallyport' -c '$SP_CONF' audit list --event session.refuse | grep -q session.refuse"
rm -f "$dir/spool/filler"
check "with room again sessions are let in" eventually 10 sh -c \
	"[ \"\$(ssh ${ssh_opts[*]} -p $SP_SSH_PORT $(at) 'echo in' 2>&1)\" = in ]"

# 2. the disk fills up under a session whose policy is to wait
ticks='i=0; while [ $i -lt 20000 ]; do echo tick-$i; head -c 30000 /dev/urandom |
	base64 -w 0; echo; i=$((i+1)); sleep 0.02; done'
recording() { # of the one session that runs
	local id
	id=$(sp --json session list --limit 1 | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["id"])')
	sp --json session show "$id" | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)["recording"])'
}
gw "$(at)" "$ticks" >"$dir/waits" 2>"$dir/waits.err" &
user=$!
children+=($user)
eventually 10 grep -q tick-20 "$dir/waits"
rec=$(recording)
fill 0
stopped() {
	local a
	a=$(wc -c <"$dir/$1")
	sleep 1.5
	[ "$a" = "$(wc -c <"$dir/$1")" ]
}
check "the session waits while nothing can be recorded" eventually 20 stopped waits
sleep 3
check "and is not ended" kill -0 $user
rm -f "$dir/spool/filler"
check "it goes on when there is room" eventually 20 sh -c "! ( a=\$(wc -c <'$dir/waits'); sleep 1; [ \$a = \$(wc -c <'$dir/waits') ] )"
pkill -P $user
wait $user 2>/dev/null
check "its recording is finished" eventually 10 sh -c \
	"'$SP_BIN/sallyport' -c '$SP_CONF' --json recording show $rec | grep -q '\"state\":\"finished\"'"
check "its recording verifies" replay --verify "$rec"
seen=$(grep -o 'tick-[0-9]*' "$dir/waits" | tail -n 1)
kept=$(replay --text "$rec" 2>/dev/null | grep -o 'tick-[0-9]*' | tail -n 1)
check "what was seen ($seen) is in the recording (up to $kept)" \
	[ "${kept#tick-}" -ge "${seen#tick-}" ]

# 3. the same with the default policy: the session ends, with its reason
sp policy remove waits >/dev/null
gw "$(at)" "$ticks" >"$dir/strict" 2>"$dir/strict.err" &
user=$!
children+=($user)
eventually 10 grep -q tick-20 "$dir/strict"
fill 0
check "the session is ended" eventually 30 sh -c "! kill -0 $user 2>/dev/null"
wait $user
equal "with an error" $? 255
check "the user reads why" grep -q 'recording could not be written' "$dir/strict.err"
rm -f "$dir/spool/filler"
check "the node recovers by itself" eventually 20 sh -c \
	"[ \"\$(ssh ${ssh_opts[*]} -p $SP_SSH_PORT $(at) 'echo in' 2>&1)\" = in ]"
