#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a graceful restart moves live sessions into new processes: a transfer
# and an open editor do not notice, and no old process stays (K3, K6).
. "$(dirname "$0")/lib.sh" "$@"
node_up
size=${SP_RELOAD_BYTES:-1073741824}
sp policy add bulk --user alice --asset demo --record-exec metadata --priority 9 >/dev/null

ours() {
	pgrep -f -- "--role (worker|keeper|broker|recorder) " | while read -r p; do
		tr '\0' ' ' <"/proc/$p/cmdline" | grep -qF "$SP_CONF" && echo "$p"
	done | sort -n
}
stream() {
	openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff \
		-iv 00000000000000000000000000000000 -in /dev/zero 2>/dev/null |
		head -c "$size"
}
want=$(stream | sum)

stream | gw "$(at)" sha256sum >"$dir/up" 2>"$dir/up.err" &
up=$!
gw "$(at)" "openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff \
	-iv 00000000000000000000000000000000 -in /dev/zero 2>/dev/null |
	head -c $size" 2>"$dir/down.err" | sum >"$dir/down" &
down=$!
cat >"$dir/script" <<S
expect $
send exec vi -u NONE -N note.txt || exec nano\r
sleep 2
send ibefore the restart \e
sleep 8
send aand after it\e:wq\r
sleep 1
S
command -v vi >/dev/null || sed -i 's/^send exec vi.*/send cat >note.txt\\r/; s/ibefore/before/; s/ \\e$/\\r/; s/^send aand after it.*/send and after it\\r\\x04exit\\r/' "$dir/script"
/usr/bin/python3 "$here/tests/e2e/drive.py" --timeout 60 "$dir/script" ssh "${ssh_opts[@]}" \
	-tt -p "$SP_SSH_PORT" "$(at)" >"$dir/editor" 2>&1 &
editor=$!
sleep 3
before=$(ours)
kill -HUP "$SP_PID"
sleep 2
equal "a new session is let in right after it" "$(gw "$(at)" 'echo new' 2>&1)" new
wait $up
equal "the transfer up is whole" "$(cut -d' ' -f1 "$dir/up")" "$want"
wait $down
equal "the transfer down is whole" "$(cut -d' ' -f1 "$dir/down")" "$want"
wait $editor
equal "the editor's session ended well" $? 0
equal "what was edited is there" "$(gw "$(at)" 'tr "\n" " " <note.txt')" \
	"$(printf 'before the restart and after it ')"
# shellcheck disable=SC2086 # a list
check "no old process stays" eventually 20 all_gone $before
check "the recordings verify" sh -c "
	for r in \$('$SP_BIN/sallyport' -c '$SP_CONF' --json recording list --limit 4 |
		/usr/bin/python3 -c 'import json,sys
for r in json.load(sys.stdin): print(r[\"id\"])'); do
		'$SP_BIN/sallyport-replay' -c '$SP_CONF' --verify \$r || exit 1
	done"
check "none of them is truncated" sh -c \
	"! '$SP_BIN/sallyport' -c '$SP_CONF' --json recording list | grep -Eq '\"truncated\": ?(true|1)'"
