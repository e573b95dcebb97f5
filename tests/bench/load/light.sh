# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For benches and drills, after lib.sh and node_up: the light client and a light
# target behind the gateway.

# Builds the client; sets load (its program).
light_build() {
	make -s -C "${build:?}" tests/bench/load/load || exit 1
	load=$build/tests/bench/load/load
}

# Starts the target and makes it the asset "light" with the account "demo" for
# alice; sets light_port and light_target (its pid).
light_up() {
	light_port=$((${offset:?} + 4530))
	"$load" target "127.0.0.1:$light_port" \
		--password-file "${dir:?}/state/secrets/target" >"$dir/target.out" 2>&1 &
	light_target=$!
	children+=("$light_target")
	if ! eventually 10 grep -q '^load target ready' "$dir/target.out"; then
		cat "$dir/target.out"
		exit 1
	fi
	if ! { sp asset add light 127.0.0.1 --port $light_port --yes &&
		sp account add light demo --password-file "$dir/state/secrets/target" &&
		sp policy add light --user alice --asset light; } >"$dir/add.out" 2>&1; then
		cat "$dir/add.out"
		exit 1
	fi
}
