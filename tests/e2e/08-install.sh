#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: what `make install` puts where, and what the tarball holds.
. "$(dirname "$0")/lib.sh" "$@"
build=$(cd "$build" && pwd)
root=$dir/root
version=$("$build/sallyportd" --version | cut -d' ' -f2)

make -s -C "$build" install DESTDIR="$root" >"$dir/install.log" 2>&1 ||
	cat "$dir/install.log"
value() { # of a variable of the Makefile
	printf 'show:\n\t@echo $(%s)\n' "$1" >"$dir/show.mk"
	make -s -C "$build" -f Makefile -f "$dir/show.mk" show
}
prefix=$(value prefix)
there() { # mode, file below the prefix
	equal "$2" "$(stat -c %a "$root$prefix/$2" 2>&1)" "$1"
}
for p in sallyportd sallyport sallyport-replay; do there 755 "bin/$p"; done
for m in man1/sallyport.1 man1/sallyport-replay.1 man5/sallyport.conf.5 \
	man5/sallyport-audit.5 man5/sallyport-rcd.5 man8/sallyportd.8; do
	there 644 "share/man/$m"
done
there 644 lib/systemd/system/sallyportd.service
there 644 lib/sysusers.d/sallyport.conf
there 644 share/bash-completion/completions/sallyport
doc=share/doc/sallyport
for d in README.md SECURITY.md recorder/FORMAT.md examples/sallyport.conf; do
	there 644 "$doc/$d"
done
equal "nothing else" "$(find "$root" -type f | wc -l)" 16
check "no page names the folder of the build" \
	sh -c "! grep -rlF '$build' '$root$prefix/share' '$root$prefix/lib'"
check "the example is a configuration" "$build/sallyportd" --check \
	-c "$root$prefix/$doc/examples/sallyport.conf"
equal "it says what the defaults are" \
	"$("$build/sallyportd" -c "$root$prefix/$doc/examples/sallyport.conf" --print-config)" \
	"$("$build/sallyportd" -c /dev/null --print-config)"
[ -e "$(value sysconfdir)/sallyport/sallyport.conf" ] ||
	equal "without a configuration they are printed too" \
		"$("$build/sallyportd" --print-config)" \
		"$("$build/sallyportd" -c /dev/null --print-config)"
check "the completion is bash" bash -n \
	"$root$prefix/share/bash-completion/completions/sallyport"

unit=$root$prefix/lib/systemd/system/sallyportd.service
check "the unit starts what is installed" \
	[ -x "$root$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$unit")" ]
if command -v systemd-analyze >/dev/null; then
	# A path of the program that is there.
	sed "s|^ExecStart=/|&$root/|; s|/\{2,\}|/|g" "$unit" >"$dir/sallyportd.service"
	equal "systemd finds nothing wrong with the unit" "$(systemd-analyze verify \
		--man=no --recursive-errors=no "$dir/sallyportd.service" 2>&1)" ""
	systemd-analyze security --offline=true --no-pager \
		"$dir/sallyportd.service" 2>&1 | grep -i overall | sed 's/^/# /'
else
	note "no systemd-analyze here"
fi

if [ -d "$here/.git" ] || [ -f "$here/.git" ]; then
	(cd "$build" && make -s distdir distdir="$dir/sallyport-$version") \
		>"$dir/dist.log" 2>&1 || cat "$dir/dist.log"
	missing=$(cd "$here" && git ls-files | while read -r f; do
		[ -e "$dir/sallyport-$version/$f" ] || echo "$f"
	done)
	equal "the tarball holds every file of the tree" "$missing" ".gitignore"
fi
