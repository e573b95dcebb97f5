#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: every verb of the command line keeps its contract: 0, 1 or 2, one line
# that says why, and with --json one object or array.
. "$(dirname "$0")/lib.sh" "$@"
node_up

# status wanted, then words of a command line: runs it with --json.
run() {
	local want=$1 what="${*:2}" rc lines
	shift
	setsid -w "$SP_BIN/sallyport" -c "$SP_CONF" --json "$@" \
		>"$dir/out" 2>"$dir/err" </dev/null
	rc=$?
	if [ $rc != "$want" ]; then
		fail "$what: status $rc, not $want: $(head -c 300 "$dir/err")"
		return
	fi
	lines=$(grep -vc '^host keys of \|^  ' "$dir/err")
	if [ "$want" = 0 ]; then
		/usr/bin/python3 -c 'import json, sys
v = json.load(open(sys.argv[1]))
sys.exit(not isinstance(v, (dict, list)))' "$dir/out" &&
			[ "$lines" = 0 ] && ok "$what" ||
			fail "$what: $(head -c 300 "$dir/out" "$dir/err")"
	elif [ "$lines" = 1 ] && tail -n 1 "$dir/err" | grep -q '^sallyport: .'; then
		ok "$what: $(tail -n 1 "$dir/err" | cut -c12-)"
	else
		fail "$what: $(head -c 300 "$dir/err")"
	fi
}
has() { # expression over v, what the last command answered
	/usr/bin/python3 -c 'import json, sys
v = json.load(open(sys.argv[1]))
sys.exit(not eval(sys.argv[2]))' "$dir/out" "$1" && ok "  $1" ||
		fail "  $1: $(head -c 300 "$dir/out")"
}
get() { # expression over v
	/usr/bin/python3 -c 'import json, sys
v = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$dir/out" "$1"
}
talk() { # script, command: in a terminal
	printf '%s\n' "$1" >"$dir/script"
	shift
	/usr/bin/python3 "$here/tests/e2e/drive.py" --timeout 20 "$dir/script" \
		"$@" >"$dir/screen" 2>&1
}
cli=("$SP_BIN/sallyport" -c "$SP_CONF")

# ---- the command line itself
run 2
run 2 nonsense
run 2 user
run 2 user nonsense
run 2 user show
run 2 user show alice bob
run 2 user list --nonsense
run 2 user list --help=yes
run 2 audit list --limit
run 2 audit list --limit many
run 2 audit list --since yesterday
run 2 -x
run 2 audit list --event no.such.event
run 1 -c "$dir/none" user list
run 0 version
check "the version is the package's" grep -q "$("$SP_BIN/sallyportd" --version | cut -d' ' -f2)" "$dir/out"
run 2 completion tcsh
for h in "" user "user add"; do
	check "help: $h" sh -c "'$SP_BIN/sallyport' $h --help | grep -q '^usage: sallyport'"
done

# ---- the node
run 1 init
check "  nothing was changed" grep -q 'initialised already' "$dir/err"
run 0 check
has "all(row['state'] == 'ok' for row in v)"
run 0 status
has "v['database']['up']"
run 0 healthcheck
run 0 db status
has "v and all(row['done'] for row in v)"
run 0 db migrate
has "v['ran'] == 0"

# ---- users
echo 'a long enough password' >"$dir/password"
run 0 user add bob --full-name "Bob Müller" --role user,approver \
	--password-file "$dir/password"
has "v['name'] == 'bob'"
run 1 user add bob --no-password
run 2 user add 'bob@home' --no-password
run 2 user add -- -bob
run 2 user add carol --role king --no-password
run 2 user add carol --generate --no-password
run 1 user add carol --password-file "$dir/none"
run 1 user add carol
echo short >"$dir/short"
run 1 user add carol --password-file "$dir/short"
run 0 user add carol --generate
has "len(v['password']) == 20"
run 0 user list
has "[u['roles'] for u in v if u['name'] == 'bob'] == ['user,approver']"
run 1 user show nobody
run 0 user show bob
has "v['full_name'] == 'Bob Müller' and v['keys'] == [] and v['password']"
ssh-keygen -q -t ed25519 -N '' -C bob -f "$dir/bob"
run 0 user key bob add "$dir/bob.pub"
fp=$(get "v['fingerprint']")
run 1 user key bob add "$dir/bob.pub"
run 1 user key bob add "$dir/bob"
run 1 user key bob add "$dir/none"
run 0 user key bob list
has "[k['fingerprint'] for k in v] == ['$fp']"
run 2 user key bob burn
run 2 user key bob add
run 0 user role bob user
run 0 user show bob
has "v['roles'] == 'user' and len(v['keys']) == 1"
run 0 user passwd bob --generate
has "len(v['password']) == 20"
run 2 user passwd bob --generate --password-stdin
check "a password is asked for twice, and never shown" talk \
	$'expect password:\nsend new-long-password\\r\nexpect again:\nsend new-long-password\\r\nexpect bob' \
	"${cli[@]}" user passwd bob
check "  on the screen" sh -c "! grep -q new-long '$dir/screen'"
check "what is not the same is refused" sh -c "! '$SP_BIN/sallyport' -c '$SP_CONF' user passwd bob --password-file '$dir/short' 2>/dev/null"

# ---- groups
run 0 group add ops
run 1 group add ops
run 0 group member ops add alice bob
run 1 group member ops add nobody
run 2 group member ops kick bob
run 0 group show ops
has "v['members'] == ['alice', 'bob']"
run 0 group member ops remove alice
run 0 group list
has "[(g['name'], g['members']) for g in v] == [('ops', 1)]"
run 1 group show none
run 0 user show bob
has "v['groups'] == ['ops']"

# ---- assets: the host keys are shown before they are pinned
port=${SP_TARGET_SSH#*:}
wanted=$(ssh-keygen -lf "$SP_STATE/target/etc/host_ed25519.pub" | cut -d' ' -f2)
run 2 asset add web 127.0.0.1 --port 70000
run 2 asset add web 'a b'
run 2 asset add web 127.0.0.1 --label nonsense
run 1 asset add web 127.0.0.1 --port 1 --yes
run 1 asset add web 127.0.0.1 --port "$port"
check "  the keys were shown" grep -q "$wanted" "$dir/err"
run 1 asset show web
check "no is no" sh -c '! "$@"' - /usr/bin/python3 "$here/tests/e2e/drive.py" \
	--timeout 20 <(printf 'expect (yes/no)\nsend no\\r\n') \
	"${cli[@]}" asset add web 127.0.0.1 --port "$port"
run 1 asset show web
run 1 asset add web 127.0.0.1 --port "$port" --fingerprint SHA256:nonsense
check "yes is yes" talk $'expect '"$wanted"$'\nexpect (yes/no)\nsend yes\\r\nexpect web' \
	"${cli[@]}" asset add web 127.0.0.1 --port "$port" --label env=test --label tier=1
run 0 asset show web
has "v['labels'] == {'env': 'test', 'tier': '1'} and len(v['hostkeys']) == 3"
run 1 asset add web 127.0.0.1 --port "$port" --yes
run 0 asset add one 127.0.0.1 --port "$port" --fingerprint "$wanted"
has "v['hostkeys'] == ['$wanted']"
run 0 asset add bare 127.0.0.1 --no-scan --platform cisco-ios --legacy
run 0 asset hostkey bare add "$SP_STATE/target/etc/host_ed25519.pub"
run 0 asset hostkey bare list
has "[k['fingerprint'] for k in v] == ['$wanted']"
run 0 asset hostkey bare remove "$wanted"
run 1 asset hostkey bare remove "$wanted"
run 0 asset hostkey one scan --yes
has "len(v) == 3"
run 0 asset list
has "{a['name']: a['hostkeys'] for a in v} == {'bare': 0, 'demo': 3, 'one': 3, 'web': 3}"

# ---- accounts: a key logs in to the target
ssh-keygen -q -t ed25519 -N '' -C key -f "$dir/key"
ssh-keygen -q -t ecdsa -N 'pass phrase' -C locked -f "$dir/locked"
cat "$dir/key.pub" "$dir/locked.pub" >>"$SP_STATE/target/home/.ssh/authorized_keys"
chown --reference="$SP_STATE/target/home" "$SP_STATE/target/home/.ssh/authorized_keys"
chmod 600 "$SP_STATE/target/home/.ssh/authorized_keys"
run 0 account add web demo --name bykey --key-file "$dir/key"
has "v['credential'] == 'key' and v['fingerprint'] == '$(ssh-keygen -lf "$dir/key.pub" | cut -d' ' -f2)'"
run 1 account add web demo --name bykey --key-file "$dir/key"
run 1 account add web demo --name x --key-file "$dir/key.pub"
run 1 account add web demo --name x --key-file "$dir/none"
run 1 account add web demo --name x --key-file "$dir/locked"
run 1 account add none demo --password-file "$dir/password"
run 2 account add web demo --name x --key-file "$dir/key" --password-file "$dir/password"
run 2 account show bykey
run 0 account show bykey@web
has "v['login'] == 'demo' and len(v['credentials']) == 1"
check "  no secret is in it" sh -c "! grep -qi 'private\|sealed' '$dir/out'"
run 0 account list
run 0 account list web
has "[a['account'] for a in v] == ['bykey']"

# ---- policies
run 2 policy add p1
run 2 policy add p1 --user alice
run 2 policy add p1 --user alice --all --asset web
run 2 policy add p1 --user alice --all --record-shell some
run 2 policy add p1 --user alice --all --idle soon
run 1 policy add p1 --user nobody --all
run 1 policy add p1 --user alice --account none@web
run 1 policy test alice bykey@web
has "v['allowed'] is False"
run 0 policy add p1 --user alice --account bykey@web --idle 15m --length 8h \
	--record-sftp full --on-fail pause --priority 5
run 1 policy add p1 --user alice --all
run 0 policy add p2 --group ops --asset web
run 0 policy show p1
has "v['users'] == ['alice'] and v['accounts'] == ['bykey@web'] and v['idle_s'] == 900 and v['length_s'] == 28800 and v['on_fail'] == 'pause'"
run 0 policy list
has "[p['name'] for p in v][0] == 'p1'"
run 0 policy test alice bykey@web
has "v['allowed'] and v['policy'] == 'p1'"
run 0 policy test bob bykey@web
has "v['policy'] == 'p2'"
equal "a key logs in to the target" "$(gw "$(at alice@bykey@web)" echo by-key-$((40 + 2)) 2>&1)" by-key-42
check "a key with a passphrase is asked for it" talk \
	$'expect passphrase\nsend pass phrase\\r\nexpect key' \
	"${cli[@]}" account set bykey@web --key-file "$dir/locked"
run 0 account show bykey@web
has "len(v['credentials']) == 2"
equal "the new key logs in" "$(gw "$(at alice@bykey@web)" echo new-key 2>&1)" new-key
run 0 account set bykey@web --password-file "$SP_STATE/secrets/target"
has "v['version'] == 3 and v['credential'] == 'password'"
equal "a password instead logs in" "$(gw "$(at alice@bykey@web)" echo pass-word 2>&1)" pass-word
run 0 user disable alice
run 1 policy test alice bykey@web
check "who is disabled does not get in" sh -c '! "$@" 2>/dev/null' - \
	ssh "${ssh_opts[@]}" -o BatchMode=yes -p "$SP_SSH_PORT" "$(at alice@bykey@web)" true
run 0 user enable alice
run 0 asset disable web
run 1 policy test alice bykey@web
run 0 asset enable web
run 0 policy remove p1
run 1 policy remove p1
run 1 policy test alice bykey@web

# ---- sessions and recordings
printf 'echo typed-word-%s\nexit\n' zebra | gw -tt "$(at)" >/dev/null 2>&1
settled() {
	sp --json session list --ended --limit 1 | grep -q '"state":"ended"' &&
		sp --json keystroke search typed-word-zebra | grep -q zebra &&
		sp --json recording list --limit 1 | grep -q '"state":"finished"'
}
check "the session is stored" eventually 20 settled
run 0 session list
has "v == []"
run 0 session list --ended --user alice --asset web --since 1h
has "len(v) == 3"
run 0 session list --ended --limit 1
id=$(get "v[0]['id']")
run 0 session show "$id"
has "v['why'] and v['asset'] == 'demo' and v['policy'] == 'demo' and v['coverage']"
run 0 session show "${id:0:30}"
run 1 session show 00000000-0000-7000-8000-000000000000
run 2 session show nonsense
for verb in pause resume terminate; do run 1 session $verb "$id"; done
run 1 session message "$id" hello
run 1 session watch "$id"
run 0 recording list --user alice --limit 1
rec=$(get "v[0]['id']")
run 0 recording show "$id"
has "v['id'] == '$rec' and v['session'] == '$id' and v['truncated'] is False"
run 0 recording path "$rec"
file=$(get "v['path']")
equal "the path is the same without --json" "$(sp recording path "$rec")" "$file"
check "  and there is a file" [ -f "$file" ]
run 0 recording verify "$rec"
has "v['whole'] and v['signed_by_node']"
run 0 recording key "$rec"
has "len(v['key']) == 64"
run 2 recording show nonsense
run 0 keystroke search typed-word-zebra
has "len(v) >= 1 and v[0]['session'] == '$id' and v[0]['user'] == 'alice'"
run 0 keystroke search zebra --words --session "$id" --user alice --asset demo
has "len(v) >= 1"
run 0 keystroke search 'no such words'
has "v == []"
run 2 keystroke search ab --words
flip() { # a byte in the middle of the recording
	/usr/bin/python3 - "$1" <<'PY'
import os, sys
f = open(sys.argv[1], "r+b")
f.seek(os.path.getsize(sys.argv[1]) // 2)
b = f.read(1)
f.seek(-1, 1)
f.write(bytes([b[0] ^ 1]))
PY
}
flip "$file"
run 1 recording verify "$rec"
has "v['whole'] is False and v['flaw']"
flip "$file"

# ---- audit
run 0 audit list --limit 1000
has "len(v) > 30"
run 0 audit list --event session.start --since 1h --limit 2
has "len(v) == 2 and all(e['event'] == 'session.start' for e in v)"
run 0 audit list --session "$id"
has "{'session.start', 'session.end', 'credential.use'} <= {e['event'] for e in v}"
run 0 audit search bykey
has "len(v) > 3"
run 0 audit verify
has "len(v) == 1 and v[0]['whole']"
run 0 audit export
has "[e['seq'] for e in v] == list(range(1, len(v) + 1)) and all(len(e['hash']) == 64 for e in v)"
sp audit export >"$dir/lines"
check "without --json they are lines" /usr/bin/python3 -c 'import json, sys
for line in open(sys.argv[1]): json.loads(line)' "$dir/lines"
check "every event has the fields of its manual page" /usr/bin/python3 -c 'import json, re, sys
rows = dict(re.findall(r"AUDIT\(\w+,\s*\d+,\s*\"([^\"]*)\",\s*\"([^\"]*)\"", open(sys.argv[2]).read()))
bad = 0
for line in open(sys.argv[1]):
    e = json.loads(line)
    extra = set(e["fields"]) - set(rows[e["event"]].split(","))
    if extra: print(e["event"], extra); bad = 1
sys.exit(bad)' "$dir/lines" "$here/gateway/session/audit_tbl.h"

# ---- what is removed is gone
run 0 account remove bykey@web
run 1 account show bykey@web
run 0 group remove ops
run 0 asset remove web
run 1 asset show web
run 0 user key bob remove "$fp"
run 1 user key bob remove "$fp"

# ---- every verb of the table was run above
sp --help | sed -n 's/^  \([a-z]\)/\1/p' >"$dir/verbs"
check "the verbs were listed" [ "$(wc -l <"$dir/verbs")" -ge 55 ]
# (those in a loop or in a terminal by another name)
tested=$(cat "$0")"
run 1 session pause; run 1 session resume; run 1 session terminate; run 0 account set"
while read -r noun verb rest; do
	case $verb in [a-z]*) call="$noun $verb" ;; *) call=$noun ;; esac
	case $tested in
	*"run "[012]" $call"*) ;;
	*) fail "untested: $call" ;;
	esac
done <"$dir/verbs"

# ---- for people: a table, and nothing with the node down
check "a table has a head" sh -c "'$SP_BIN/sallyport' -c '$SP_CONF' user list | head -n 1 | grep -q '^NAME'"
node_down
for v in "user list" status healthcheck "audit list" "session list"; do run 1 $v; done
run 0 check
has "{'database', 'broker', 'keeper'} == {row['check'] for row in v if row['state'] == 'not running'}"
