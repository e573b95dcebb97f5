/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a keyring file.  What decodes must encode and decode again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "vault/keyring_file.h"
#include "vault/master.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key of the example in FORMAT.md. */
static struct secret *
example_key(void)
{
	struct secret *s = secret_new(MASTER_KEY_LEN);
	uint8_t i;

	MUST(s != NULL);
	for (i = 0; i < MASTER_KEY_LEN; i++)
		secret_fill(s)[i] = i;
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secret *master;
	struct fail f = {0};
	struct keyring *k, *again;
	struct buf b;

	if (master == NULL)
		master = example_key();
	if (keyring_file_decode(&k, SPAN(data, size), master, &f) != 0) {
		MUST(k == NULL && f.code != 0);
		return 0;
	}
	buf_init(&b, KEYRING_FILE_MAX);
	MUST(keyring_file_encode(k, master, &b) == 0);
	MUST(keyring_file_decode(&again, buf_span(&b), master, NULL) == 0);
	MUST(keyring_count(k) == keyring_count(again));
	keyring_free(again);
	keyring_free(k);
	buf_fini(&b);
	return 0;
}
