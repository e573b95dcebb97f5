#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a target is logged in to in the way that it asks for: by keyboard-
# interactive alone, by key alone, and where another program is the server
# (A9).
. "$(dirname "$0")/lib.sh" "$@"
node_up
secrets=$SP_STATE/secrets

# name, port: what the gateway calls it
asset() {
	eventually 10 sh -c "ssh-keyscan -p $2 127.0.0.1 2>/dev/null | grep -q ssh"
	sp asset add "$1" 127.0.0.1 --port "$2" --yes >/dev/null
}
# name, port, sshd_config lines: an sshd of its own.  PAM sees the accounts of
# the demo's target as those of this machine.
target() {
	local name=$1 port=$2
	shift 2
	unshare -m bash -c '
		for f in passwd group shadow; do
			mount --bind "$0/target/etc/$f" /etc/$f || exit 1
		done
		exec "$@"' "$SP_STATE" "$here/dist/demo-target" "$dir/$name" \
		"$port" demo "$secrets/target" "$@" >"$dir/$name.out" 2>&1 &
	children+=($!)
	asset "$name" "$port"
}

target kbd $((offset + 12)) "UsePAM yes" "PasswordAuthentication no" \
	"PubkeyAuthentication no" "KbdInteractiveAuthentication yes"
sp account add kbd demo --password-file "$secrets/target" >/dev/null
sp policy add kbd --user alice --account demo@kbd >/dev/null
equal "a password goes in by keyboard-interactive" \
	"$(gw "$(at alice@demo@kbd)" 'echo in' 2>&1)" in

target key $((offset + 13)) "PasswordAuthentication no"
ssh-keygen -q -t rsa -b 3072 -N '' -f "$dir/id"
cat "$dir/id.pub" >"$dir/key/home/.ssh/authorized_keys"
chmod 644 "$dir/key/home/.ssh/authorized_keys"
sp account add key demo --key-file "$dir/id" >/dev/null
sp policy add key --user alice --account demo@key >/dev/null
equal "a key goes in" "$(gw "$(at alice@demo@key)" 'echo in' 2>&1)" in

# A password where only a key is taken.
sp account add key demo --name wrong --password-file "$secrets/target" >/dev/null
sp policy add wrong --user alice --account wrong@key >/dev/null
out=$(gw "$(at alice@wrong@key)" 'echo in' 2>&1)
check "the user reads that the credential was refused ($out)" \
	sh -c "case '$out' in *'refused the credential'*) ;; *) exit 1 ;; esac"
equal "the log says so once" "$(grep 'refused: the target' "$dir/state/sallyportd.log" |
	grep -o 'accepts no password' | wc -l)" 1

# dropbear, with the same account.
port=$((offset + 14))
ssh-keygen -q -t ed25519 -N '' -f "$dir/db_openssh"
dropbearconvert openssh dropbear "$dir/db_openssh" "$dir/db_key" >/dev/null 2>&1
LD_PRELOAD=$(ls /usr/lib/*/libnss_wrapper.so) \
	NSS_WRAPPER_PASSWD=$dir/kbd/etc/passwd NSS_WRAPPER_GROUP=$dir/kbd/etc/group \
	NSS_WRAPPER_SHADOW=$dir/kbd/etc/shadow \
	dropbear -F -E -r "$dir/db_key" -p 127.0.0.1:$port \
	-P "$dir/db.pid" >"$dir/dropbear.log" 2>&1 &
children+=($!)
asset bear $port
sp account add bear demo --password-file "$secrets/target" >/dev/null
sp policy add bear --user alice --account demo@bear >/dev/null
equal "dropbear as the target" "$(gw "$(at alice@demo@bear)" 'echo in; exit 3' 2>&1; echo $?)" \
	"$(printf 'in\n3')"
printf 'one\0two\377' >"$dir/bytes"
equal "and binary bytes both ways" "$(gw "$(at alice@demo@bear)" cat <"$dir/bytes" | sum)" \
	"$(sum <"$dir/bytes")"
check "the recordings verify" sh -c "
	for r in \$('$SP_BIN/sallyport' -c '$SP_CONF' --json recording list --limit 5 |
		/usr/bin/python3 -c 'import json,sys
for r in json.load(sys.stdin): print(r[\"id\"])'); do
		'$SP_BIN/sallyport-replay' -c '$SP_CONF' --verify \$r || exit 1
	done"
