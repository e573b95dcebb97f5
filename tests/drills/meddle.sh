#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# For drills, after lib.sh: relays that do to a stream what their plan says
# (see meddle.py), in front of the gateway and between it and a target.

# Sets user_port, target_port (the asset "wired") and meddler (the pid of the
# relay in front of the gateway); plans are $dir/plan.{user,target}.
meddle_up() {
	local leg
	user_port=$((offset + 4600)) target_port=$((offset + 4601))
	for leg in user target; do
		echo none >"$dir/plan.$leg"
		: >"$dir/log.$leg"
	done
	/usr/bin/python3 "$here/tests/drills/meddle.py" $user_port \
		"$SP_HOST:$SP_SSH_PORT" "$dir/plan.user" "$dir/log.user" &
	meddler=$!
	children+=($meddler)
	/usr/bin/python3 "$here/tests/drills/meddle.py" $target_port \
		"$SP_TARGET_SSH" "$dir/plan.target" "$dir/log.target" &
	children+=($!)
	eventually 10 ssh-keyscan -p $user_port 127.0.0.1
	eventually 10 ssh-keyscan -p $target_port 127.0.0.1
	sp asset add wired 127.0.0.1 --port $target_port --yes >/dev/null
	sp account add wired demo \
		--password-file "$dir/state/secrets/target" >/dev/null
	sp policy add wired --user alice --asset wired >/dev/null
}
