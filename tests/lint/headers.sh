#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each header compiles alone and has a guard.
set -u
cd "$1" || exit 1
bad=0
libs=$(${PKG_CONFIG:-pkg-config} --cflags \
	libcrypto libzstd libssh libmariadb libseccomp cmocka) || exit 1
for h in $(git ls-files '*.h' | grep -vE '_tbl\.h$|base/msg_(struct|code)\.h$'); do
	grep -q '^#ifndef ' "$h" || { echo "$h: no include guard"; bad=1; }
	printf '#include "%s"\n' "$PWD/$h" |
		${CC:-cc} -std=c11 -D_GNU_SOURCE -fsyntax-only -Wall -Werror \
			-Igateway -I. $libs -x c - || { echo "$h: not alone"; bad=1; }
done
exit $bad
