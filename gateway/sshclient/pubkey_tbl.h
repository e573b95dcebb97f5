/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUBKEY(type name, shape, curve name, bits): the public keys that are known.
 * Shapes: ED25519, ECDSA, RSA; SK_* with the application string of a FIDO key.
 */
/* clang-format off */
PUBKEY("ssh-ed25519",				ED25519,	"",		256)
PUBKEY("ecdsa-sha2-nistp256",			ECDSA,		"nistp256",	256)
PUBKEY("ecdsa-sha2-nistp384",			ECDSA,		"nistp384",	384)
PUBKEY("ecdsa-sha2-nistp521",			ECDSA,		"nistp521",	521)
PUBKEY("ssh-rsa",				RSA,		"",		0)
PUBKEY("sk-ssh-ed25519@openssh.com",		SK_ED25519,	"",		256)
PUBKEY("sk-ecdsa-sha2-nistp256@openssh.com",	SK_ECDSA,	"nistp256",	256)
/* clang-format on */
