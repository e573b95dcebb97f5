#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Manual pages are free of errors and warnings.
set -u
cd "$1" || exit 1
command -v mandoc >/dev/null || { echo "mandoc is missing"; exit 1; }
bad=0
for m in $(git ls-files 'man/*.[1-8]'); do
	mandoc -T lint -W warning "$m" || bad=1
done
exit $bad
