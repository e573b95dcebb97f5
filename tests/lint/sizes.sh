#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Files at most 800 lines (headers 200), functions at most 80, every file with
# its licence line.
set -u
cd "$1" || exit 1
bad=0
while read -r n f; do
	case $f in
	total) continue ;;
	*.h) max=200 ;;
	*) max=800 ;;
	esac
	case $f in *_tbl.h) max=800 ;; esac
	[ "$n" -le $max ] || { echo "$f: $n lines, at most $max"; bad=1; }
done < <(git ls-files '*.c' '*.h' | xargs wc -l)
for f in $(git ls-files '*.c' '*.h' '*.sh' '*.am' '*.ac'); do
	head -n 3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
		[ "$(head -n1 "$f")" = 'dnl SPDX-License-Identifier: Apache-2.0' ] ||
		{ echo "$f: no licence line"; bad=1; }
done
for f in $(git ls-files '*.c' | grep -v '^tests/'); do
	awk -v f="$f" '
		/^{/ { start = NR }
		/^}/ { if (start && NR - start > 81) {
			printf "%s:%d: function of %d lines, at most 80\n", \
			    f, start, NR - start - 1; bad = 1 }
			start = 0 }
		END { exit bad }' "$f" || bad=1
done
exit $bad
