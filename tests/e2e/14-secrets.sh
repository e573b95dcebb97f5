#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the injected password is nowhere but in the vault, and what is typed
# where nothing is echoed is stored nowhere (B3's twin for SSH, C5).
. "$(dirname "$0")/lib.sh" "$@"
node_up
injected=$(cat "$dir/state/secrets/target")

gw -v "$(at)" 'echo in' >"$dir/verbose" 2>&1
/usr/bin/python3 - "$SP_HOST" "$SP_SSH_PORT" "$SP_SSH_LOGIN" "$SP_PASSWORD" >"$dir/trace" 2>&1 <<'PY'
import sys, logging, paramiko
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
c = paramiko.SSHClient()
c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
c.connect(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4],
          look_for_keys=False, allow_agent=False)
print(c.exec_command("env")[1].read())
PY

# Prompts of real programs.  The words are long so that no chance finds them.
tport=${SP_TARGET_SSH#*:}
cat >"$dir/script" <<S
expect $
type echo visible-command\r
expect visible-command
expect $
send sudo -k true\r
expect password for
type hidden-sudo-Zebra81\r
sleep 3
send \x03
expect $
send passwd\r
expect Current password:
type hidden-passwd-Yakka72\r
sleep 3
send \x03
sleep 0.5
send \r
expect $
send ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 -p $tport demo@127.0.0.1\r
expect 's password:
type hidden-ssh-Xerxes63\r
sleep 3
expect $
type read -s variable\r
sleep 0.5
type hidden-read-Wombat54\r
expect $
type echo after-the-read\r
expect after-the-read
expect $
send exit\r
S
/usr/bin/python3 "$here/tests/e2e/drive.py" --timeout 90 "$dir/script" ssh "${ssh_opts[@]}" \
	-tt -p "$SP_SSH_PORT" "$(at)" >"$dir/screen" 2>&1
equal "the prompts were answered" $? 0
sleep 2
id=$(last_session rec_id)
[ -n "$id" ] || id=last

replay --keys last >"$dir/keys.txt"
replay --events last >"$dir/events.txt"
replay --text last >"$dir/text.txt"
replay --cast "$dir/last.cast" last
sp --json keystroke search --limit 1000 '' >"$dir/db.txt" 2>/dev/null
sp --json keystroke search --limit 1000 'echo' >>"$dir/db.txt"
sp audit export >"$dir/audit.txt"
check "what was echoed is there: typed" grep -q 'echo visible-command' "$dir/keys.txt"
check "what was echoed is there: after the prompt" grep -q 'echo after-the-read' "$dir/keys.txt"
check "and in the database" grep -q 'echo visible-command' "$dir/db.txt"

for secret in hidden-sudo-Zebra81 hidden-passwd-Yakka72 hidden-ssh-Xerxes63 \
	hidden-read-Wombat54; do
	for f in keys events text; do
		check "$secret is not in the recording's $f" \
			sh -c "! grep -q '${secret#*-*-}' '$dir/$f.txt'"
	done
	check "$secret is not in the cast" sh -c "! grep -q '${secret#*-*-}' '$dir/last.cast'"
	check "$secret is not in the database" \
		sh -c "! grep -q '${secret#*-*-}' '$dir/db.txt'"
	check "$secret is in no file of the node" sh -c \
		"! grep -rqa '${secret#*-*-}' '$dir/state/node' '$dir/state/sallyportd.log'"
done

mv "$dir/state/secrets/target" "$dir/target.pw"
for where in "$dir/state/node" "$dir/state/sallyportd.log" "$dir/verbose" \
	"$dir/trace" "$dir/events.txt" "$dir/text.txt" "$dir/audit.txt" "$dir/screen"; do
	check "the injected password is not in ${where#"$dir"/}" \
		sh -c "! grep -rqaF '$injected' '$where'"
done
for p in $(pgrep -f "$SP_CONF"); do
	check "nor in the arguments or environment of process $p" sh -c \
		"! tr '\\0' '\\n' </proc/$p/cmdline | grep -qF '$injected' &&
		! tr '\\0' '\\n' </proc/$p/environ 2>/dev/null | grep -qF '$injected'"
done
mv "$dir/target.pw" "$dir/state/secrets/target"
