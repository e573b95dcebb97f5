/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a public key line, and as a blob.  What parses must print as a
 * line that parses to the same key.
 */
#include <stdint.h>
#include <string.h>

#include "base/cdefs.h"
#include "sshclient/pubkey_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
print_and_parse(const struct pubkey_line *p)
{
	struct span blob = SPAN(p->blob, p->blob_len);
	struct pubkey_line q;
	struct buf b;

	buf_init(&b, 4 * PUBKEY_LINE_BLOB_MAX);
	MUST(pubkey_line_print(blob, &b) == 0);
	/* A short rsa key is a blob, but not a line. */
	if (pubkey_line_parse(&q, buf_span(&b), NULL) == 0) {
		MUST(q.blob_len == p->blob_len);
		MUST(memcmp(q.blob, p->blob, p->blob_len) == 0);
		MUST(strcmp(q.fingerprint, p->fingerprint) == 0);
		pubkey_line_fini(&q);
	} else {
		MUST(strcmp(p->type, "ssh-rsa") == 0 && p->bits < 2048);
	}
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pubkey_line p;

	if (pubkey_line_parse(&p, SPAN(data, size), NULL) == 0) {
		print_and_parse(&p);
		pubkey_line_fini(&p);
	}
	if (pubkey_line_from_blob(&p, SPAN(data, size), NULL) == 0) {
		print_and_parse(&p);
		pubkey_line_fini(&p);
	}
	return 0;
}
