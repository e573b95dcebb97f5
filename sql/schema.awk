# SPDX-License-Identifier: Apache-2.0
# Turns numbered migrations (NNNN_name.sql, given in order) into the C tables
# that migrate.h declares.  A statement ends with a semicolon at the end of a
# line; lines that begin with two dashes are comments.

function flush_file() {
	if (file == "")
		return
	if (open) {
		print "schema.awk: " file ": last statement has no end" \
		    > "/dev/stderr"
		bad = 1
	}
	print "};\n"
}

FNR == 1 {
	flush_file()
	file = FILENAME
	sub(/^.*\//, "", file)
	if (file !~ /^[0-9][0-9][0-9][0-9]_[a-z0-9_]+\.sql$/) {
		print "schema.awk: " file ": not NNNN_name.sql" > "/dev/stderr"
		bad = 1
	}
	n++
	version = substr(file, 1, 4) + 0
	if (version != n) {
		print "schema.awk: " file ": number " n " expected" \
		    > "/dev/stderr"
		bad = 1
	}
	name[n] = substr(file, 6, length(file) - 9)
	if (n == 1) {
		print "/* SPDX-License-Identifier: Apache-2.0 */"
		print "/* Made from sql/schema/ by sql/schema.awk. */"
		print "#include \"sql/migrate.h\"\n"
	}
	print "static const char *const statements_" n "[] = {"
	open = 0
}

/^--/ || /^[ \t]*$/ { next }

{
	line = $0
	last = sub(/;[ \t]*$/, "", line)
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	gsub(/\t/, " ", line)
	printf "\t\"%s%s\"%s\n", line, last ? "" : "\\n", last ? "," : ""
	open = !last
}

END {
	flush_file()
	print "const struct migration migrate_list[] = {"
	for (i = 1; i <= n; i++)
		printf "\t{%d, \"%s\", statements_%d,\n\t    ARRAY_LEN(statements_%d)},\n", i, name[i], i, i
	print "};\n"
	print "const size_t migrate_count = ARRAY_LEN(migrate_list);"
	exit bad
}
