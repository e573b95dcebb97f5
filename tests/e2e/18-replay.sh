#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: recordings are played, searched, exported and verified, also away from
# the node (E1, E2, E3, C3).
. "$(dirname "$0")/lib.sh" "$@"
node_up

cat >"$dir/script" <<'S'
expect $
send echo marker-alpha\r
expect marker-alpha
sleep 3
send printf 'gr\\xc3\\xbc\\xc3\\x9fe\\n'\r
sleep 1
send exit\r
S
/usr/bin/python3 "$here/tests/e2e/drive.py" "$dir/script" ssh "${ssh_opts[@]}" -tt \
	-p "$SP_SSH_PORT" "$(at)" >"$dir/screen" 2>&1
sleep 2
rec=$(sp --json recording list --limit 1 | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["id"])')
file=$(sp recording path "$rec")
check "the recording is one file" test -f "$file"
check "--text shows what was shown" sh -c "'$SP_BIN/sallyport-replay' -c '$SP_CONF' --text $rec | grep -q marker-alpha"
check "--keys shows what was typed" sh -c "'$SP_BIN/sallyport-replay' -c '$SP_CONF' --keys $rec | grep -q 'echo marker-alpha'"
check "--events names the shell" sh -c "'$SP_BIN/sallyport-replay' -c '$SP_CONF' --events $rec | grep -q shell"
check "--info names the user" sh -c "'$SP_BIN/sallyport-replay' -c '$SP_CONF' --info $rec | grep -q alice"
check "--verify is content" replay --verify "$rec"
check "last is the newest one" sh -c "'$SP_BIN/sallyport-replay' -c '$SP_CONF' --text last | grep -q marker-alpha"
check "what was done with it is in the audit" sh -c \
	"'$SP_BIN/sallyport' -c '$SP_CONF' --json audit list --event recording.view | grep -q keys"

for v in 2 3; do
	replay --cast "$dir/v$v.cast" --cast-version $v "$rec"
	check "asciicast v$v is what it says" /usr/bin/python3 - "$dir/v$v.cast" $v <<'PY'
import json, sys
lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
head = json.loads(lines[0])
assert head["version"] == int(sys.argv[2]), head
text = "".join(json.loads(l)[2] for l in lines[1:] if json.loads(l)[1] == "o")
assert "marker-alpha" in text and "gr\u00fc\u00dfe" in text
PY
done

cat >"$dir/play" <<'S'
expect marker-alpha
send  
sleep 0.3
send q
S
/usr/bin/python3 "$here/tests/e2e/drive.py" --timeout 20 "$dir/play" \
	"$SP_BIN/sallyport-replay" -c "$SP_CONF" --max-idle 0.2 "$rec" >"$dir/played" 2>&1
equal "it plays in a terminal, and q leaves it" $? 0

# a command: all three streams, byte for byte
head -c 100000 /dev/urandom >"$dir/given"
gw "$(at)" 'cat; printf "no\377\000good" >&2' <"$dir/given" >"$dir/got" 2>"$dir/complaint"
streams() {
	local s
	sleep 0.2
	for s in in:given out:got err:complaint; do
		replay --bytes ${s%:*} last 2>/dev/null | cmp - "$dir/${s#*:}" || return 1
	done
}
check "what a command read and wrote comes out byte for byte" eventually 10 streams

# away from the node: the file and an exported key
sp recording key "$rec" >"$dir/key"
cp "$file" "$dir/away.rcd"
check "a file with its key plays without a server" sh -c \
	"'$SP_BIN/sallyport-replay' --key '$dir/key' --text '$dir/away.rcd' | grep -q marker-alpha"
check "and is verified without any key" "$SP_BIN/sallyport-replay" --verify "$dir/away.rcd"
check "giving out the key is an event" sh -c \
	"'$SP_BIN/sallyport' -c '$SP_CONF' audit list --event recording.view | grep -q recording.view"

# every kind of harm is named
size=$(stat -c %s "$dir/away.rcd")
bad=0
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	cp "$dir/away.rcd" "$dir/bad.rcd"
	/usr/bin/python3 - "$dir/bad.rcd" $i <<'PY'
import random, sys
random.seed(int(sys.argv[2]))
d = bytearray(open(sys.argv[1], "rb").read())
p = random.randrange(len(d)); d[p] ^= 1 << random.randrange(8)
open(sys.argv[1], "wb").write(d)
PY
	"$SP_BIN/sallyport-replay" --verify "$dir/bad.rcd" >"$dir/verdict" 2>&1 || bad=$((bad + 1))
done
equal "twelve flipped bits are found, without a key" $bad 12
head -c $((size - 100)) "$dir/away.rcd" >"$dir/cut.rcd"
"$SP_BIN/sallyport-replay" --verify "$dir/cut.rcd" >"$dir/verdict" 2>&1
check "a cut end is named" [ $? = 1 ]
cat "$dir/verdict"
