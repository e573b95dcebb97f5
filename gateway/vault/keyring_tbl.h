/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KEYRING(KIND, number, "name in words", bytes of the key at least, at most):
 * one row per kind of key in the keyring.  Append only; numbers are in files.
 */
/* clang-format off */
KEYRING(KEK,		1, "credential key",	32,	32)
KEYRING(HOSTKEY,	2, "host key",		32,	8192)
KEYRING(NODE,		3, "node signing key",	36,	36)
KEYRING(REC_KEK,	4, "recording key",	32,	32)
/* clang-format on */
