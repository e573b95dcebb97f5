/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox of whoever shows what a target has sent. */
#include <time.h>

#include "base/crypt.h"
#include "base/hash.h"
#include "base/sandbox.h"
#include "cli/viewer.h"

/* What libraries read when they are first used; without it they go on. */
static void
warm_up(void)
{
	uint8_t digest[SHA256_LEN];

	tzset();
	aead_free(aead_new());
	IGNORE(sha256(digest, &(struct span){0}, 1));
}

int
viewer_confine(struct fail *f)
{
	const struct sandbox_opts o = {.profile = SANDBOX_VIEWER};

	warm_up();
	return sandbox_enter(&o, f);
}
