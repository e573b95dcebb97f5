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
git ls-files '*.c' '*.h' '*.sh' '*.am' '*.ac' | xargs awk '
	function check() {
		if (file != "" && !ok) {
			print file ": no licence line"
			bad = 1
		}
	}
	FNR == 1 { check(); file = FILENAME; ok = 0 }
	FNR <= 3 && /SPDX-License-Identifier: Apache-2.0/ { ok = 1 }
	END { check(); exit bad }' || bad=1
git ls-files '*.c' | grep -v '^tests/' | xargs awk '
	FNR == 1 { start = 0 }
	/^{/ { start = FNR }
	/^}/ {
		if (start && FNR - start > 81) {
			printf "%s:%d: function of %d lines, at most 80\n", \
			    FILENAME, start, FNR - start - 1
			bad = 1
		}
		start = 0
	}
	END { exit bad }' || bad=1
exit $bad
