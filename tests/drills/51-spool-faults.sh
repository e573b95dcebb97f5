#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a spool that is read-only, gone, forbidden or broken never lets a session
# run unrecorded: sessions end with the reason or wait, new ones are refused,
# the command line works, and all is well again when the spool is (C4).
#
# usage: 51-spool-faults.sh BUILD [FAULT...], of: readonly forbidden removed; and
# by hand broken (I/O errors, made by strace, in a node without sandbox: a call
# that strace takes away is one that the filter does not know) or abort (an ext4
# in a loop device that gives up; then it is over).
if [ -z "${SP_OWN_MOUNTS-}" ]; then
	SP_OWN_MOUNTS=1 exec unshare -m --propagation private bash "$0" "$@"
fi
number=51
. "$(dirname "$0")/../e2e/lib.sh" "$@"
shift
faults=${*:-readonly forbidden removed}
log=$dir/state/sallyportd.log
spool=$dir/disk/spool
mkdir -p "$dir/disk"
case $faults in
*abort*)
	truncate -s 300M "$dir/image"
	mkfs.ext4 -q "$dir/image"
	mount -o loop "$dir/image" "$dir/disk"
	;;
*)
	mount -t tmpfs -o size=300m tmpfs "$dir/disk"
	;;
esac
mkdir -m 700 "$spool" "$dir/disk/recordings"
chown nobody: "$spool" "$dir/disk/recordings"
trap 'rc=$?; umount -l "$spool" 2>/dev/null; umount -l "$dir/disk"; (exit $rc); finish' EXIT
sandbox=yes
case $faults in *broken*) sandbox=no ;; esac
node_up --set recording.spool="$spool" --set recording.segment=2M \
	--set recording.folder="$dir/disk/recordings" --set gateway.sandbox=$sandbox
sp policy add waits --user alice --asset demo --on-fail pause --priority 20 >/dev/null

recorder() {
	local p
	for p in $(pgrep -f -- "--role recorder "); do
		tr '\0' ' ' <"/proc/$p/cmdline" | grep -qF "$SP_CONF" && echo "$p"
	done
}

do_fault() {
	case $1 in
	readonly)
		# What is open stays writable, as with no other file system:
		# the next segment is what fails.
		mount --bind "$spool" "$spool"
		mount -o remount,bind,ro "$spool"
		;;
	forbidden)
		chown root: "$spool"
		;;
	removed)
		rm -rf "$spool"
		;;
	broken)
		strace -f -o "$dir/strace" -p "$(recorder | head -n 1)" \
			-e trace=fdatasync,pwritev -e inject=fdatasync,pwritev:error=EIO \
			2>"$dir/strace.err" &
		tracer=$!
		children+=($tracer)
		;;
	abort)
		mount -o remount,abort "$dir/disk"
		;;
	esac
}

undo_fault() {
	case $1 in
	readonly)
		umount -l "$spool"
		;;
	forbidden)
		chown nobody: "$spool"
		;;
	removed)
		mkdir -m 700 "$spool"
		chown nobody: "$spool"
		;;
	broken)
		kill -INT $tracer
		wait $tracer 2>/dev/null
		;;
	esac
}

# a session that says what second it is, and enough to fill segments
ticks='i=0; while [ $i -lt 20000 ]; do echo tick-$i; head -c 60000 /dev/urandom |
	base64 -w 0; echo; i=$((i+1)); sleep 0.05; done'
session() { # name
	ssh "${ssh_opts[@]}" -p "$SP_SSH_PORT" "$(at)" "$ticks" \
		>"$dir/$1" 2>"$dir/$1.err" &
	user=$!
	children+=($user)
	eventually 20 grep -q tick-20 "$dir/$1"
}
running_recording() {
	local id= try
	# Its row is stored beside it, not before it.
	for try in $(seq 100); do
		id=$(sp --json session list --limit 1 | /usr/bin/python3 -c '
import json, sys
rows = json.load(sys.stdin)
print(rows[0]["id"] if rows else "")')
		[ -z "$id" ] || break
		sleep 0.2
	done
	sp --json session show "$id" | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)["recording"])'
}
stopped() { # name: nothing comes any more
	local a
	a=$(wc -c <"$dir/$1")
	sleep 1.5
	[ "$a" = "$(wc -c <"$dir/$1")" ]
}
last_tick() {
	grep -ao 'tick-[0-9]*' | tail -n 1
}
works() {
	[ "$(gw "$(at)" 'echo in' 2>&1)" = in ]
}
finished() { # recording
	sp --json recording show "$1" | grep -q '"state":"finished"'
}
holds() { # what was seen, file; and which recording has it
	local seen kept
	seen=$(last_tick <"$2")
	kept=$(replay --text "$3" 2>/dev/null | last_tick)
	check "$1: what was seen ($seen) is in the recording (up to $kept)" \
		[ "${kept:-tick--1}" != "tick--1" -a "${kept#tick-}" -ge "${seen#tick-}" ]
}

for fault in $faults; do
	note "$fault: a session whose policy is to wait"
	session waits
	rec=$(running_recording)
	do_fault "$fault"
	check "$fault: it waits" eventually 30 stopped waits
	check "$fault: and is not ended" kill -0 $user
	check "$fault: nobody else gets past" sh -c \
		"! timeout 20 ssh ${ssh_opts[*]} -p $SP_SSH_PORT $(at) 'echo in' | grep -q in"
	check "$fault: the command line works" sp session list
	check "$fault: the log says why" grep -q 'no recording can be written' "$log"
	[ "$fault" != abort ] || break
	undo_fault "$fault"
	if [ "$fault" = removed ]; then
		check "$fault: what was lost ends it" eventually 30 sh -c \
			"! kill -0 $user 2>/dev/null"
	else
		check "$fault: it goes on" eventually 30 sh -c \
			"! ( a=\$(wc -c <'$dir/waits'); sleep 1; [ \$a = \$(wc -c <'$dir/waits') ] )"
		kill $user
		wait $user 2>/dev/null
		check "$fault: its recording is finished" eventually 20 finished "$rec"
		check "$fault: and whole" replay --verify "$rec"
		holds "$fault" "$dir/waits" "$rec"
	fi
	check "$fault: others are let in again" eventually 30 works

	note "$fault: a session whose policy is to end"
	sp policy remove waits >/dev/null
	session strict
	rec=$(running_recording)
	do_fault "$fault"
	check "$fault: it is ended" eventually 30 sh -c "! kill -0 $user 2>/dev/null"
	wait $user
	equal "$fault: with an error" $? 255
	check "$fault: the user reads why" grep -q 'recording could not be written' \
		"$dir/strict.err"
	undo_fault "$fault"
	check "$fault: the node recovers" eventually 30 works
	if [ "$fault" != removed ]; then
		check "$fault: its recording is closed" eventually 30 finished "$rec"
		check "$fault: and whole" replay --verify "$rec"
		holds "$fault" "$dir/strict" "$rec"
	fi
	sp policy add waits --user alice \
		--asset demo --on-fail pause --priority 20 >/dev/null
done
