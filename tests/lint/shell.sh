#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shell scripts parse.
set -u
cd "$1" || exit 1
bad=0
for s in bootstrap .ci/run dist/demo $(git ls-files '*.sh') tests/run tests/fuzz/run \
	tests/bench/run tests/bench/rows tests/bench/sessions; do
	[ -f "$s" ] || continue
	bash -n "$s" || bad=1
done
exit $bad
