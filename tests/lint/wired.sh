#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each unit test and fuzz target is built, and fuzz targets can be linked with
# libFuzzer.
set -u
cd "$1" || exit 1
bad=0
names=$(git ls-files '*module.am' | xargs sed -nE \
	's/^[ \t]*((check_PROGRAMS|fuzz_programs) \+= )?(tests\/[^ ]+).*/\3/p')
for f in $(git ls-files 'tests/unit/*test_*.c' 'tests/fuzz/fuzz_*.c'); do
	grep -qxF "${f%.c}" <<<"$names" || { echo "$f: in no module.am"; bad=1; }
done
for f in $(git ls-files '*module.am'); do
	awk -v f="$f" '
		/^tests_fuzz_[a-z0-9_]*_LDADD/ { in_it = 1; text = "" }
		in_it { text = text $0 }
		in_it && !/\\$/ {
			in_it = 0
			if (text !~ /FUZZ_LIBS/) { print f ": " $1 " lacks $(FUZZ_LIBS)"; bad = 1 }
		}
		END { exit bad }' "$f" || bad=1
done
exit $bad
