#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Manual pages are free of errors and warnings, those that the build makes too.
set -u
cd "$1" || exit 1
command -v mandoc >/dev/null || { echo "mandoc is missing"; exit 1; }
bad=0
made=
if [ -n "${2-}" ]; then
	made=$(find "$2/man" -name '*.[1-8]')
	[ -n "$made" ] || { echo "the build made no manual page"; bad=1; }
fi
for m in $(git ls-files 'man/*.[1-8]') $made; do
	mandoc -T lint -W warning "$m" || bad=1
done
exit $bad
