/* SPDX-License-Identifier: Apache-2.0 */
/* Public key blobs and signature blobs from anybody. */
#include "base/cdefs.h"

#include "ssh/transport/sshkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What parses is written again as it was, but for zeros in front of numbers. */
static void
again(struct span blob)
{
	struct buf out, twice;
	EVP_PKEY *key, *same;

	if (sshkey_parse(blob, SSHKEY_LEGACY, &key) != 0)
		return;
	buf_init(&out, 8192);
	buf_init(&twice, 8192);
	MUST(sshkey_public_blob(key, &out) == 0);
	if (sshkey_parse(buf_span(&out), SSHKEY_LEGACY, &same) == 0) {
		MUST(sshkey_public_blob(same, &twice) == 0);
		MUST(EVP_PKEY_eq(key, same) == 1);
		EVP_PKEY_free(same);
	}
	buf_fini(&out);
	buf_fini(&twice);
	EVP_PKEY_free(key);
}

/* A blob as an SSH string, then a signature blob as one. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[SSHKEY_FINGERPRINT_SIZE];
	struct span s = SPAN(data, size);
	struct span blob, sig;
	const char *type, *alg;

	if (span_string(&s, &blob) != 0)
		return 0;
	(void)sshkey_bits(blob);
	MUST(sshkey_fingerprint(blob, text, sizeof(text)) == 0);
	if (span_string(&s, &sig) != 0)
		sig = s;
	if ((type = sshkey_type(blob)) == NULL)
		return 0;
	for (size_t i = 0; (alg = sshkey_type_alg(type, i)) != NULL; i++)
		MUST(sshkey_verify_flags(
			 blob, alg, SPAN("x", 1), sig, SSHKEY_LEGACY) <= 0);
	if (type[1] != 'k')
		again(blob);
	return 0;
}
