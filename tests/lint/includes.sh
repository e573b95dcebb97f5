#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Includes point inward only, and each foreign library has its folder.
set -u
cd "$1" || exit 1
bad=0

# folder: what it may include of ours, as an extended regular expression
law() {
	local folder=$1 allowed=$2 f inc
	while IFS=: read -r f inc; do
		case $inc in */*) ;; *) continue ;; esac
		if ! [[ $inc =~ ^($allowed)/ ]]; then
			echo "$f includes \"$inc\": not allowed from $folder"
			bad=1
		fi
	done < <(git ls-files "$folder" | grep -E '\.[ch]$' |
		xargs -r grep -HoE '^#include "[^"]+"' |
		sed -E 's/#include "([^"]+)"/\1/')
}
law gateway/base base
law sql 'base|sql|daemon'
law recorder 'base|recorder|daemon|keeper|broker|session'
law recorder/replay 'base|recorder'
law gateway/session 'base|session|recorder|keeper|broker'
law gateway/ssh/transport 'base|ssh/transport'
law gateway/ssh 'base|session|recorder|ssh|keeper|broker'
law gateway/vault 'base|vault'
law gateway/keeper 'base|vault|keeper|daemon|ssh/transport'
law gateway/broker 'base|sql|broker|keeper|session|daemon|ssh/transport'
law gateway/sshclient 'base|sshclient|ssh/transport'

# header, folder that may include it
foreign() {
	local f
	for f in $(git ls-files '*.c' '*.h' | xargs grep -lE "^#include <$1" |
		grep -vE "^(tests/|$2)"); do
		echo "$f includes <$1>: only $2 may"
		bad=1
	done
}
foreign 'libssh/' gateway/sshclient/
foreign 'mysql' sql/
foreign 'mariadb' sql/
foreign 'zstd' recorder/
foreign 'seccomp' gateway/base/
foreign 'vterm' recorder/replay/
foreign 'openssl/' 'gateway/(base|ssh/transport|keeper|vault|sshclient)/'
exit $bad
