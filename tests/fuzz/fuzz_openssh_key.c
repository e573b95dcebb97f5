/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes inside the armour of an OpenSSH private key, and any text.
 */
#include <stdint.h>

#include "base/cdefs.h"
#include "sshclient/b64.h"
#include "sshclient/openssh_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
parse(struct span text)
{
	EVP_PKEY *key;
	int r = openssh_key_parse(text, &key);

	MUST((r == 0) == (key != NULL));
	EVP_PKEY_free(key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
	static const char end[] = "-----END OPENSSH PRIVATE KEY-----\n";
	struct buf b;

	parse(SPAN(data, size));
	buf_init(&b, 1024 * 1024);
	if (buf_put(&b, begin, sizeof(begin) - 1) == 0 &&
	    b64_encode(SPAN(data, size), &b) == 0 &&
	    buf_put(&b, end, sizeof(end) - 1) == 0)
		parse(buf_span(&b));
	buf_fini(&b);
	return 0;
}
