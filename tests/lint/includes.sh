#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Includes point inward only, and each foreign library has its folder.
set -u
cd "$1" || exit 1
bad=0
no() {
	echo "$*"
	bad=1
}

# Folder: what it may include besides itself.  A folder may only name folders
# that stand above it, so that no circle can be allowed.  Each folder of the
# tree has its line; below gateway/ that word is left out, as in the includes.
declare -A law=()
inward() {
	local folder=$1 to
	shift
	for to; do
		[ -n "${law[$to]+x}" ] || no "$folder -> $to: not inward"
	done
	law[$folder]=" $folder $* "
}
inward base
inward sql base
inward vault base
inward sshclient base
inward ssh/transport base
inward recorder base
inward recorder/replay base recorder
inward keeper base vault ssh/transport
inward broker base sql ssh/transport
inward session base recorder
inward ssh/auth base ssh/transport
inward ssh/channels base recorder session ssh/transport
inward ssh base recorder session ssh/auth ssh/channels ssh/transport
inward daemon base recorder session ssh
inward cli base sql vault sshclient recorder recorder/replay session broker

# Headers for all: what processes say to each other, how one is born, and the
# names of what happens.
open=' broker/broker_msg.h keeper/keeper_msg.h keeper/cred.h
 recorder/recorder_msg.h daemon/role.h daemon/child.h daemon/confine.h
 session/audit.h session/why.h '
for h in $open; do
	[ -f "$h" ] || [ -f "gateway/$h" ] || no "no header $h"
done
open=${open//$'\n'/}

while IFS=: read -r file inc; do
	folder=${file#gateway/}
	folder=${folder%/*}
	if [ -z "${law[$folder]+x}" ]; then
		no "$file: its folder has no law"
		continue
	fi
	case $inc in
	'') continue ;; # it includes nothing of ours
	*/*) ;;
	*)
		no "$file includes \"$inc\" without its folder"
		continue
		;;
	esac
	case "${law[$folder]}" in *" ${inc%/*} "*) continue ;; esac
	case "$open" in *" $inc "*) continue ;; esac
	no "$file includes \"$inc\": not allowed from $folder"
done < <(git ls-files '*.c' '*.h' | grep -v '^tests/' | xargs awk '
	FNR == 1 { print FILENAME ":" }
	/^#include "/ { split($0, part, "\""); print FILENAME ":" part[2] }')

# header, folders that may include it
foreign() {
	local f
	for f in $(git ls-files '*.c' '*.h' | xargs grep -lE "^#include <$1" |
		grep -vE "^(tests/|$2)"); do
		no "$f includes <$1>: only $2 may"
	done
}
foreign 'libssh/' gateway/sshclient/
foreign 'mysql' sql/
foreign 'mariadb' sql/
foreign 'zstd' recorder/
foreign 'seccomp' gateway/base/
foreign 'vterm' recorder/replay/
foreign 'crypt\.h' 'gateway/(broker|cli)/'
foreign 'openssl/' 'gateway/(base|ssh/transport|keeper|vault|sshclient)/'
exit $bad
