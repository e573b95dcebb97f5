/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KEX(list, name, digest, backend, parameter): one row per key exchange method,
 * best first.  digest is the one of the exchange hash and of the keys; the
 * parameter is the backend's own (a curve, bits of a group).
 */
/* clang-format off */
KEX(DEFAULT, "mlkem768x25519-sha256",			"SHA256", mlkem,  "")
KEX(DEFAULT, "curve25519-sha256",			"SHA256", ecdh,	  "X25519")
KEX(DEFAULT, "curve25519-sha256@libssh.org",		"SHA256", ecdh,	  "X25519")
KEX(DEFAULT, "ecdh-sha2-nistp256",			"SHA256", ecdh,	  "P-256")
KEX(DEFAULT, "ecdh-sha2-nistp384",			"SHA384", ecdh,	  "P-384")
KEX(DEFAULT, "ecdh-sha2-nistp521",			"SHA512", ecdh,	  "P-521")
KEX(DEFAULT, "diffie-hellman-group-exchange-sha256",	"SHA256", dh,	  "")
KEX(DEFAULT, "diffie-hellman-group16-sha512",		"SHA512", dh,	  "4096")
KEX(DEFAULT, "diffie-hellman-group18-sha512",		"SHA512", dh,	  "8192")
KEX(DEFAULT, "diffie-hellman-group14-sha256",		"SHA256", dh,	  "2048")
KEX(LEGACY,  "diffie-hellman-group14-sha1",		"SHA1",	  dh,	  "2048")
KEX(LEGACY,  "diffie-hellman-group1-sha1",		"SHA1",	  dh,	  "1024")
KEX(LEGACY,  "diffie-hellman-group-exchange-sha1",	"SHA1",	  dh,	  "")
/* clang-format on */
