/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of user authentication against a hostile client: an input
 * is records of a length byte and a packet; a length of 255 is the answer no,
 * 254 the answer yes.  Nobody is in without a yes to a password or signature.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ssh/auth/userauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum userauth_method asked;

static int
on_send(void *ctx, struct span head, struct span tail)
{
	(void)ctx;
	return head.len + tail.len > 65536 ? abort(), 1 : 0;
}

static int
on_ask(void *ctx, const struct userauth_ask *q)
{
	(void)ctx;
	asked = q->method;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct userauth_ops ops = {on_send, on_ask};
	const struct userauth_opts o = {
	    .ops = &ops, .session_id = SPAN("session", 7), .banner = "hello"};
	struct userauth *ua = userauth_new(&o);
	int v = USERAUTH_MORE, yes = 0;
	uint8_t p[254];

	for (size_t i = 0; ua != NULL && i < size && v >= 0;) {
		size_t n = data[i++];

		if (n >= 254) {
			if (v == USERAUTH_ASKED) {
				yes |= n == 254 && asked != USERAUTH_PROBE;
				v = userauth_answer(ua, n == 254);
			}
		} else if (v != USERAUTH_ASKED) {
			n = n < size - i ? n : size - i;
			memcpy(p, data + i, n);
			i += n;
			v = userauth_packet(ua, p, n);
		}
		if (v == USERAUTH_DONE && !yes)
			abort();
	}
	userauth_free(ua);
	return 0;
}
