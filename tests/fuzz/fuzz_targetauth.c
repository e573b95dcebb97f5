/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of user authentication against a hostile target: the first
 * byte chooses the credential, then records of a length byte and a packet; a
 * length of 255 is the signature.  The password leaves only inside the two
 * messages that carry one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ssh/auth/targetauth.h"
#include "ssh/transport/numbers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
on_send(void *ctx, struct span head, struct span tail)
{
	(void)ctx;
	if (memmem(head.p, head.len, "geheim", 6) != NULL ||
	    (tail.len == 6 && head.p[0] != SSH_MSG_USERAUTH_REQUEST &&
		head.p[0] != SSH_MSG_USERAUTH_INFO_RESPONSE))
		abort();
	return 0;
}

static int
on_sign(void *ctx, const char *alg, struct span data)
{
	(void)ctx;
	return alg[0] == '\0' || data.len == 0 ? abort(), 1 : 0;
}

static const char *
on_sig_algs(void *ctx)
{
	(void)ctx;
	return "rsa-sha2-256";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct targetauth_ops ops = {
	    on_send, on_sign, on_sig_algs};
	struct secret *pw = secret_from("geheim", 6);
	const struct targetauth_opts o = {.ops = &ops,
	    .login = "root",
	    .session_id = SPAN("session", 7),
	    .password = size > 0 && data[0] % 2 == 0 ? pw : NULL,
	    .pubkey = SPAN("\0\0\0\7ssh-rsa", 11)};
	struct targetauth *ta = targetauth_new(&o);
	int v = ta == NULL ? -1 : targetauth_start(ta);

	for (size_t i = 1, n; v >= 0 && i < size; i += n) {
		if ((n = data[i++]) == 255) {
			n = 0;
			if (v == TARGETAUTH_SIGN)
				v = targetauth_signed(ta, SPAN("sig", 3));
			continue;
		}
		n = n < size - i ? n : size - i;
		v = targetauth_packet(ta, data + i, n);
		if (targetauth_banner(ta).len > TARGETAUTH_BANNER_MAX)
			abort();
	}
	targetauth_free(ta);
	secret_free(pw);
	return 0;
}
