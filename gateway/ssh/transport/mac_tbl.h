/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MAC(list, name, digest, bytes of key and tag, etm): one row per MAC, best
 * first.  etm: over the ciphertext, with the packet's length in the clear.
 */
/* clang-format off */
MAC(DEFAULT,	"hmac-sha2-256-etm@openssh.com",	"SHA256",	32, true)
MAC(DEFAULT,	"hmac-sha2-512-etm@openssh.com",	"SHA512",	64, true)
MAC(DEFAULT,	"hmac-sha2-256",			"SHA256",	32, false)
MAC(DEFAULT,	"hmac-sha2-512",			"SHA512",	64, false)
MAC(LEGACY,	"hmac-sha1-etm@openssh.com",		"SHA1",		20, true)
MAC(LEGACY,	"hmac-sha1",				"SHA1",		20, false)
/* clang-format on */
