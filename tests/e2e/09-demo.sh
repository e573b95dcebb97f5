#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: every command that the demo prints works as it is printed.
. "$(dirname "$0")/lib.sh" "$@"
"$here/dist/demo" --bin "$build" --state "$dir/state" --port-offset "$offset" \
	--env "$dir/env" >"$dir/demo.out" 2>"$dir/demo.err" &
children+=($!)
eventually 60 grep -q 'sallyport is ready' "$dir/demo.out" || {
	cat "$dir/demo.err"
	exit 1
}
. "$dir/env"
equal "the last line is the agreed one" "$(tail -n 1 "$dir/demo.out")" "sallyport is ready"
grep -E '^  (ssh|sftp|/)' "$dir/demo.out" | sed 's/^  //' >"$dir/commands"
check "commands are printed" [ "$(wc -l <"$dir/commands")" -ge 11 ]

talk() { # script text, command line
	printf '%s\n' "$1" >"$dir/script"
	/usr/bin/python3 "$here/tests/e2e/drive.py" --timeout 30 "$dir/script" \
		sh -c "$2" >"$dir/out" 2>&1
}
line() { # pattern: the one command that matches
	grep -E -- "$1" "$dir/commands" | head -n 1
}

shell=$(line '^ssh .*127\.0\.0\.1$')
check "the shell" talk $'expect $\nsend echo demo-$((20+3))\\r\nexpect demo-23\nexpect $\nsend exit\\r' "$shell"
check "the command" sh -c "$(line 'uname') | grep -q Linux"
check "sftp" talk $'expect sftp>\nsend ls\\r\nexpect sftp>\nsend bye\\r' "$(line '^sftp')"

# a session to look at
mkfifo "$dir/keys"
sh -c "${shell/ssh /ssh -tt }" <"$dir/keys" >"$dir/screen" 2>&1 &
children+=($!)
exec 9>"$dir/keys"
eventually 10 grep -q '\$' "$dir/screen"
eventually 10 sh -c "$(line 'session list') | grep -q alice"
check "session list" sh -c "$(line 'session list') | grep -q alice"
id=$(sp --json session list | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["id"])')
of() { # the command with the session's id
	line "$1" | sed "s/ID$/$id/"
}
check "session watch" talk $'expect leaves\nsend q' "$(of 'session watch')"
check "session pause" sh -c "$(of 'session pause')"
check "session terminate" sh -c "$(of 'session terminate')"
exec 9>&-
eventually 10 sh -c "! $(line 'session list') | grep -q alice"
sleep 1
check "replay" talk $'sleep 1\nsend q' "$(line 'sallyport-replay .* last$')"
check "replay --keys" sh -c "$(line '--keys')"
check "replay --verify" sh -c "$(line '--verify')"
check "keystroke search" sh -c "$(line 'keystroke search')"
check "audit list" sh -c "$(line 'audit list') | grep -q session.start"
