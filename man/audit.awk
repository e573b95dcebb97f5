# SPDX-License-Identifier: Apache-2.0
# The lists of sallyport-audit(5): audit events from audit_tbl.h, reasons from
# why_tbl.h, as mdoc in place of the lines @EVENTS@ and @REASONS@ of the last
# file.

# One sentence a line of mdoc, and none that begins as a request does.
function sentence(s) {
	gsub(/\. /, ".\n", s)
	sub(/^[.']/, "\\\\\\&&", s)
	return s
}

/^(AUDIT|WHY)\(/ {
	split($0, part, "\"")
	split(part[1], word, /[(,[:space:]]+/)
}
/^AUDIT\(/ {
	n = split(part[4], field, ",")
	events = events ".It Sy " part[2] " Pq " word[3] "\n" \
	    sentence(part[6]) "\n"
	if (n > 0)
		events = events "Fields:\n"
	for (i = 1; i <= n; i++)
		events = events ".Li " field[i] (i < n ? " ,\n" : " .\n")
	next
}
/^WHY\(/ {
	reasons = reasons ".It Li " word[2] "\n" sentence(part[2]) "\n"
	next
}
FILENAME !~ /\.in$/ { next }
/^@EVENTS@$/ { printf "%s", events; next }
/^@REASONS@$/ { printf "%s", reasons; next }
{ print }
