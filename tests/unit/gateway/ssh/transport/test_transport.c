/* SPDX-License-Identifier: Apache-2.0 */
/* The transport against itself: handshakes, data, and what may go wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"

#include "ssh/transport/names.h"

#include "pair.h"

static void
the_default_handshake_gives_both_sides_keys(void **state)
{
	EVP_PKEY *key = pair_key("ED25519");
	struct pair p;

	(void)state;
	pair_init(&p, NULL, key);
	pair_handshake(&p);
	print_message("%s\n", ssh_transport_algs_text(p.client.t));
	pair_fini(&p);
	EVP_PKEY_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_default_handshake_gives_both_sides_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
