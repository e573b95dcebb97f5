#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# x/y.c has tests/unit/x/test_y.c, or a reason in tests/lint/untested.
set -u
cd "$1" || exit 1
bad=0
for f in $(git ls-files '*.c' | grep -v '^tests/'); do
	t=tests/unit/$(dirname "$f")/test_$(basename "$f")
	[ -f "$t" ] || grep -q "^$f	" tests/lint/untested || {
		echo "$f: neither $t nor a reason in tests/lint/untested"
		bad=1
	}
done
while IFS=$'\t' read -r f why; do
	[ -f "$f" ] || { echo "tests/lint/untested: no file $f"; bad=1; }
	[ -n "$why" ] || { echo "tests/lint/untested: $f without a reason"; bad=1; }
done <tests/lint/untested
for c in $(git ls-files 'tests/fuzz/fuzz_*.c'); do
	n=$(basename "$c" .c)
	[ -n "$(ls "tests/corpus/${n#fuzz_}" 2>/dev/null)" ] ||
		{ echo "$c: no corpus"; bad=1; }
done
exit $bad
