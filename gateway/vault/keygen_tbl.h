/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KEYGEN(name in the keyring, OpenSSL's key type, curve, bits): the host keys
 * that a new node makes, in the order in which they are offered.
 */
/* clang-format off */
KEYGEN("ed25519",	"ED25519",	NULL,		0)
KEYGEN("ecdsa-p256",	"EC",		"P-256",	0)
KEYGEN("rsa-3072",	"RSA",		NULL,		3072)
/* clang-format on */
