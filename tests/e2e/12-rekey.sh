#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: a gibibyte with new keys every mebibyte, asked for by either side or
# both, arrives whole in both directions (A4).
. "$(dirname "$0")/lib.sh" "$@"
node_up
size=${SP_REKEY_BYTES:-1073741824}

# A second target that asks for new keys itself.
"$here/dist/demo-target" "$dir/t2" $((offset + 4525)) demo \
	"$dir/state/secrets/target" "RekeyLimit 1M" &
children+=($!)
eventually 10 ssh-keyscan -p $((offset + 4525)) 127.0.0.1
sp asset add rekeys 127.0.0.1 --port $((offset + 4525)) --yes >/dev/null
sp account add rekeys demo --password-file "$dir/state/secrets/target" >/dev/null
sp policy add rekeys --user alice --asset rekeys --record-exec metadata >/dev/null
sp policy add bulk --user alice --asset demo --record-exec metadata --priority 9 >/dev/null

# A known stream: the same bytes without a file of that size.
stream() {
	openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff \
		-iv 00000000000000000000000000000000 -in /dev/zero 2>/dev/null |
		head -c "$size"
}
want=$(stream | sum)

both() { # what, asset, ssh options
	local what=$1 asset=$2
	shift 2
	equal "$what: up" "$(stream | gw "$@" "alice@demo@$asset@$SP_HOST" sha256sum |
		cut -d' ' -f1)" "$want"
	equal "$what: down" "$(gw "$@" "alice@demo@$asset@$SP_HOST" \
		"openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff \
		-iv 00000000000000000000000000000000 -in /dev/zero 2>/dev/null |
		head -c $size" | sum)" "$want"
}
both "keys asked for by the client" demo -o RekeyLimit=1M
both "keys asked for by the target" rekeys
both "keys asked for by both" rekeys -o RekeyLimit=1M
equal "both directions at once, keys asked for by both" \
	"$(stream | head -c 268435456 | gw -o RekeyLimit=1M \
	"alice@demo@rekeys@$SP_HOST" cat | sum)" \
	"$(stream | head -c 268435456 | sum)"
