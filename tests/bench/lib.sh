# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For the benches: which processes are measured and what they use.  Sourced
# after tests/e2e/lib.sh and node_up.

# Every process of the node: the supervisor and the database's server too.
node_pids() {
	local p
	echo "${SP_PID:?}"
	role_pids
	for p in $(role_pids database); do pgrep -P "$p"; done
}

# CPU that processes and the children they waited for have used, in ticks.
cpu_ticks() { # pids
	local p
	for p in "$@"; do
		cat "/proc/$p/stat" 2>/dev/null
	done | awk '{ n += $14 + $15 + $16 + $17 } END { print n + 0 }'
}

# Memory of processes in KiB; what they share is counted once.
pss_kib() { # pids
	local p
	for p in "$@"; do
		cat "/proc/$p/smaps_rollup" 2>/dev/null
	done | awk '$1 == "Pss:" { n += $2 } END { print n + 0 }'
}

# Of the numbers on standard input.
median() {
	sort -n | awk '{ a[NR] = $1 } END { print NR ? a[int((NR + 1) / 2)] : "-" }'
}
