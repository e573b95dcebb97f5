/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIG(algorithm, key type, kind, digest, curve, curve of OpenSSL): one row per
 * signature algorithm.  A key type that has several algorithms names the
 * preferred one first.  kind: RSA, EC, ED.  digest "" where the algorithm has
 * its own.
 */
/* clang-format off */
SIG("ssh-ed25519",		"ssh-ed25519",		ED,  "",       "", "")
SIG("ecdsa-sha2-nistp256",	"ecdsa-sha2-nistp256",	EC,  "SHA256", "nistp256", "prime256v1")
SIG("ecdsa-sha2-nistp384",	"ecdsa-sha2-nistp384",	EC,  "SHA384", "nistp384", "secp384r1")
SIG("ecdsa-sha2-nistp521",	"ecdsa-sha2-nistp521",	EC,  "SHA512", "nistp521", "secp521r1")
SIG("rsa-sha2-512",		"ssh-rsa",		RSA, "SHA512", "", "")
SIG("rsa-sha2-256",		"ssh-rsa",		RSA, "SHA256", "", "")
SIG("sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com", SK_ED, "", "", "")
SIG("sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", SK_EC, "SHA256", "nistp256", "prime256v1")
/* Last: only for old devices. */
SIG("ssh-rsa",			"ssh-rsa",		RSA, "SHA1",   "", "")
/* clang-format on */
