#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: one session carries any number of gigabytes in both directions through
# any number of key exchanges, whole, in the same memory (A4, M2).
#
#	32-long-stream.sh BUILD [GiB]	each way; 0.125 without one
. "$(dirname "$0")/../e2e/lib.sh" "$@"
gib=${2:-0.125}
size=$(/usr/bin/python3 -c "print(int(float('$gib') * 2**30))")
# New keys often: every 1/32 of it by the user, and by the gateway itself.
each=$((size / 32))
node_up --set gateway.workers=1 --set gateway.rekey_bytes=$((size / 20)) \
	--set recording.segment=4M
sp policy add bulk --user alice --asset demo --record-exec metadata \
	--priority 9 >/dev/null
worker=$(role_pids worker)
memory() {
	/usr/bin/python3 "$here/tests/drills/slow_peers.py" memory "$worker"
}
stream() { # bytes of a known stream
	openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff \
		-iv 00000000000000000000000000000000 -in /dev/zero 2>/dev/null |
		head -c "$1"
}
number() { # of lines, of file
	grep -c "$1" "$2"
}

# 1. up, echoed, down again: one session, both directions at once
equal "a session before" "$(gw "$(at)" 'echo in')" in
before=$(memory)
began=$(date +%s.%N)
stream "$size" | tee >(sum >"$dir/sum.up") |
	gw -v -o RekeyLimit=$each "$(at)" cat 2>"$dir/ssh.log" |
	tee >(wc -c >"$dir/bytes.down") | sum >"$dir/sum.down" &
pipe=$!
children+=($pipe)
eventually 60 grep -q 'Sending command' "$dir/ssh.log"
sleep 2
during=$(memory)
wait $pipe
rc=$?
took=$(/usr/bin/python3 -c "print('%.1f' % ($(date +%s.%N) - $began))")
after=$(memory)
equal "the stream ends well" $rc 0
eventually 5 test -s "$dir/bytes.down"
equal "all bytes came back" "$(cat "$dir/bytes.down")" "$size"
equal "and are the same" "$(cat "$dir/sum.down")" "$(cat "$dir/sum.up")"
rekeys=$(($(number 'SSH2_MSG_NEWKEYS received' "$dir/ssh.log") - 1))
note "$gib GiB up and down in $took s: $(/usr/bin/python3 -c "
print('%.0f' % (2 * $size / 2**20 / $took))") MiB/s in all, $rekeys key exchanges on the user's leg"
note "memory of the worker: $before KiB before, $during KiB in it, $after KiB after"
check "new keys were made again and again ($rekeys)" [ $rekeys -ge 30 ]
check "the worker's memory does not grow with the stream" \
	[ $((after - before)) -lt 8192 ]
eventually 10 sh -c "'$SP_BIN/sallyport' -c '$SP_CONF' --json session list | grep -qv running"
check "its recording verifies" replay --verify last

# 2. recorded in full, over many segments of the spool
sp policy remove bulk >/dev/null
part=$((size < 67108864 ? size : 67108864))
stream $part | gw -o RekeyLimit=4M "$(at)" cat | sum >"$dir/sum.down"
equal "a recorded stream is whole" "$(cat "$dir/sum.down")" "$(stream $part | sum)"
equal "its recording has what went up" "$(replay --bytes in last | sum)" \
	"$(cat "$dir/sum.down")"
equal "and what came down" "$(replay --bytes out last | sum)" \
	"$(cat "$dir/sum.down")"
check "and verifies" replay --verify last
newest=$(basename "$(find "$dir/state/node/spool" -name '*.seg' | sort | tail -n 1)" .seg)
check "it went through many segments ($newest)" [ "$((10#$newest))" -gt 8 ]
check "the worker is the same" kill -0 "$worker"
