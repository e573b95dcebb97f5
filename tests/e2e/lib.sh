#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# For the end-to-end tests: a node of its own per test, with a real sshd as
# target, in a temporary folder; everything is ended by its process id.
#
#	. lib.sh BUILD; node_up [settings]; ...; the rest happens on exit
set -u

build=${1:?usage: $0 BUILD}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/sp-e2e.XXXXXX")
chmod 755 "$dir"
# Ports by the test's number, so that those of two tests never meet.
: "${number:=}"
[ -n "$number" ] || number=$(basename "$0" | sed 's/^\([0-9]*\).*/\1/')
offset=$((10000 + 10#${number:-0} * 200))
failures=0
children=()
# The leak finder traces its own process, which a confined one forbids.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

note() {
	printf '# %s\n' "$*"
}

ok() { # what is true
	printf 'ok - %s\n' "$*"
}

fail() {
	printf 'NOT OK - %s\n' "$*"
	failures=$((failures + 1))
}

# what, then a command that must succeed
check() {
	local what=$1
	shift
	if "$@"; then ok "$what"; else fail "$what"; fi
}

equal() { # what, got, wanted
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		fail "$1"
		printf '#   got    %s\n#   wanted %s\n' "${2:0:400}" "${3:0:400}"
	fi
}

# seconds, command: until it succeeds
eventually() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

finish() {
	local rc=$? p
	trap - EXIT
	for p in "${children[@]}"; do kill -TERM "$p" 2>/dev/null; done
	for p in "${children[@]}"; do wait "$p" 2>/dev/null; done
	if grep -E 'AddressSanitizer|LeakSanitizer|runtime error:' \
		"$dir/state/sallyportd.log" 2>/dev/null; then
		fail "no process of the node broke a rule"
		grep -A 30 -E 'AddressSanitizer|LeakSanitizer|runtime error:' \
			"$dir/state/sallyportd.log" | head -n 60
	fi
	if [ $failures != 0 ] || [ $rc != 0 ]; then
		note "log of the node:"
		tail -n 40 "$dir/state/sallyportd.log" 2>/dev/null |
			sed 's/^/#   /'
		[ -z "${KEEP-}" ] || { note "kept: $dir"; exit 1; }
		rm -rf "$dir"
		exit 1
	fi
	rm -rf "$dir"
	exit 0
}
trap finish EXIT
trap 'exit 1' INT TERM

# Start a node; arguments are for dist/demo (--set ...).
node_up() {
	local p
	"$here/dist/demo" --bin "$build" --state "$dir/state" --quiet \
		--port-offset "$offset" --env "$dir/env" "$@" \
		>"$dir/demo.out" 2>"$dir/demo.err" &
	p=$!
	children+=("$p")
	demo_pid=$p
	if ! eventually 120 grep -q 'sallyport is ready' "$dir/demo.out"; then
		cat "$dir/demo.err"
		echo "the node did not start"
		exit 1
	fi
	. "$dir/env"
	ssh_opts=(-F /dev/null -o UserKnownHostsFile="$dir/known_hosts"
		-o StrictHostKeyChecking=accept-new -o LogLevel=ERROR
		-o IdentitiesOnly=yes -i "$SP_KEY" -o ConnectTimeout=20)
}

node_down() {
	kill -TERM "$demo_pid"
	wait "$demo_pid" 2>/dev/null
}

sp() {
	"$SP_BIN/sallyport" -c "$SP_CONF" "$@"
}

replay() {
	"$SP_BIN/sallyport-replay" -c "$SP_CONF" "$@"
}

# Processes of this node alone, others may run beside it: those of these roles
# (a|b|c), all if none is said.
role_pids() {
	pgrep -f -- "-c ${SP_CONF:?} --role (${1:-[a-z]+}) "
}

# pids: none of them lives
all_gone() {
	local p
	for p in "$@"; do
		! kill -0 "$p" 2>/dev/null || return 1
	done
}

# ssh through the gateway as alice; first the options, as for ssh
gw() {
	ssh "${ssh_opts[@]}" -p "$SP_SSH_PORT" "$@"
}

at() { # login part of a gateway address
	echo "${1:-$SP_SSH_LOGIN}@$SP_HOST"
}

# Process ids of the node.
children_of() { # role
	pgrep -f -- "--role $1 " | while read -r p; do
		tr '\0' ' ' <"/proc/$p/cmdline" | grep -qF "$SP_CONF" && echo "$p"
	done
}

# A session that types numbered lines; its screen is $dir/screen.
typist_up() {
	mkfifo "$dir/keys"
	gw -tt "$(at)" <"$dir/keys" >"$dir/screen" 2>&1 &
	typist_pid=$!
	children+=("$typist_pid")
	exec 9>"$dir/keys"
	typed=0
	eventually 10 grep -q '\$' "$dir/screen"
}
type_lines() { # how many more
	local i
	for i in $(seq "$1"); do
		typed=$((typed + 1))
		printf 'echo line-%d-end\r' $typed >&9
		sleep 0.1
	done
}
typed_shown() { # the last line has run
	grep -q "^[^ ]*line-$typed-end" "$dir/screen"
}
typist_down() { # its exit status
	printf 'exit\r' >&9
	exec 9>&-
	wait "$typist_pid"
}

# The node's account on a server of the test's own; its password: $dir/dbpw.
database_account() { # the server's socket, hosts that may use it
	local pw
	pw=$(head -c 12 /dev/urandom | base64 | tr '+/' 'ab')
	printf '%s' "$pw" >"$dir/dbpw"
	chmod 600 "$dir/dbpw"
	[ "$(id -u)" != 0 ] || chown nobody "$dir/dbpw"
	mariadb --no-defaults -S "$1" <<SQL
CREATE DATABASE sallyport CHARACTER SET utf8mb4;
CREATE USER sp@'$2' IDENTIFIED BY '$pw' REQUIRE SSL;
GRANT ALL ON sallyport.* TO sp@'$2';
SQL
}

# ssh straight to the target, with its password
direct() {
	SSHPASS=$(cat "$dir/state/secrets/target") sshpass -e ssh -F /dev/null \
		-o UserKnownHostsFile="$dir/known_direct" -o LogLevel=ERROR \
		-o StrictHostKeyChecking=accept-new \
		-p "${SP_TARGET_SSH#*:}" "$@"
}

# column of the newest session in the database
last_session() {
	sp --json session list --ended --limit 1 |
		/usr/bin/python3 -c 'import json,sys
rows = json.load(sys.stdin)
print(rows[0].get(sys.argv[1], "") if rows else "")' "${1:-id}"
}

sum() {
	sha256sum | cut -d' ' -f1
}
