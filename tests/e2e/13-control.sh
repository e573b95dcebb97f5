#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: an auditor lists, watches, holds, addresses and ends a session (D2).
. "$(dirname "$0")/lib.sh" "$@"
node_up

# A user who types a word every second and keeps the connection honest.
mkfifo "$dir/keys"
gw -tt -o ServerAliveInterval=1 -o ServerAliveCountMax=2 "$(at)" \
	<"$dir/keys" >"$dir/screen" 2>"$dir/screen.err" &
user=$!
children+=($user)
exec 9>"$dir/keys"
eventually 10 grep -q '\$' "$dir/screen"
echo 'echo first-$((40+2))' >&9
eventually 10 grep -q first-42 "$dir/screen"

id=$(sp --json session list | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["id"])')
check "the session is listed" [ -n "$id" ]
check "and named in the table" sh -c "'$SP_BIN/sallyport' -c '$SP_CONF' session list | grep -q alice"

sp session watch "$id" >"$dir/watched" 2>&1 </dev/null &
watcher=$!
children+=($watcher)
sleep 1
echo 'echo seen-$((50+5))' >&9
check "who watches sees it" eventually 5 grep -q seen-55 "$dir/watched"

echo "printf '\033]52;c;aGk=\007\033[cafter-%d\n' \$((70+7))" >&9
check "who watches is shown what draws" eventually 5 grep -q after-77 "$dir/watched"
check "and nothing that his terminal would answer to" sh -c \
	"! LC_ALL=C grep -qaF \"\$(printf '\033]52;')\" '$dir/watched' &&
	! LC_ALL=C grep -qaF \"\$(printf '\033[c')\" '$dir/watched'"

sp session pause "$id" "coffee" >/dev/null
check "the pause is announced" eventually 5 grep -q 'session paused' "$dir/screen"
echo 'echo held-$((60+6))' >&9
sleep 5
check "nothing passes while it is paused" sh -c "! grep -q held-66 '$dir/screen'"
check "the client's keepalives do not end it" kill -0 $user
sp session resume "$id" >/dev/null
check "what was typed arrives after it" eventually 5 grep -q held-66 "$dir/screen"

sp session message "$id" "please log out at noon" >/dev/null
check "a message is shown" eventually 5 grep -q 'log out at noon' "$dir/screen"

sp session terminate "$id" "enough" >/dev/null
check "the user reads why it ended" eventually 5 grep -q "terminated by" "$dir/screen" "$dir/screen.err"
exec 9>&-
wait $user
check "the client ends with an error" [ $? = 255 ]
check "the watcher ends too" eventually 5 sh -c "! kill -0 $watcher 2>/dev/null"
check "it is listed no more" eventually 5 sh -c \
	"[ \"\$('$SP_BIN/sallyport' -c '$SP_CONF' --json session list)\" = '[]' ]"
for e in session.pause session.resume session.message session.terminate session.watch; do
	check "$e is in the audit log" sh -c \
		"'$SP_BIN/sallyport' -c '$SP_CONF' audit list --event $e | grep -q $e"
done
check "the audit chain verifies" sp audit verify
