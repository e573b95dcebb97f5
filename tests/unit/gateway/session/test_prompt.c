/* SPDX-License-Identifier: Apache-2.0 */
/* Which prompts ask for a secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "session/prompt.h"

static bool
secret(const char *text)
{
	uint16_t cells[512];
	size_t n = 0, len = strlen(text);
	uint32_t cp;

	for (size_t at = 0, k; at < len; at += k) {
		k = utf8_get((const uint8_t *)text + at, len - at, &cp);
		assert_true(k > 0 && n + 1 < ARRAY_LEN(cells));
		cells[n++] = cp == ' ' ? 0 : (uint16_t)cp;
		if (utf8_width(cp) == 2)
			cells[n++] = 0;
	}
	return prompt_is_secret(cells, n);
}

static void
real_prompts_for_secrets_are_known(void **state UNUSED)
{
	static const char *const yes[] = {"Password: ", "Password:",
	    "[sudo] password for ana: ", "ana@web1's password: ",
	    "Enter passphrase for key '/home/ana/.ssh/id_rsa': ", "PASSWORD: ",
	    "Current password: ", "New password: ", "Verification code: ",
	    "Enter PIN for token: ", "Enter your OTP: ", "Passwort: ",
	    "Mot de passe : ",
	    "\xd0\x9f\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c: ",
	    "\xe5\xaf\x86\xe7\xa0\x81\xef\xbc\x9a"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (!secret(yes[i]))
			fail_msg("\"%s\" asks for no secret", yes[i]);
}

static void
other_lines_are_not(void **state UNUSED)
{
	static const char *const no[] = {"", " ", "$ ", "ana@web1:~$ ",
	    "root@password:~# ", "Username: ", "login: ", "Continue? [y/N] ",
	    "password", "spinning: ", "Shipping: ", "passwordless: "};

	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (secret(no[i]))
			fail_msg("\"%s\" asks for a secret", no[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(real_prompts_for_secrets_are_known),
	    cmocka_unit_test(other_lines_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
