/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CIPHER(list, name, name in OpenSSL, key, iv, block, cbc, box): one row per
 * cipher, best first.  list: DEFAULT or LEGACY.  key, iv, block in bytes (block
 * is what a packet's length is a multiple of); box is the backend.
 */
/* clang-format off */
CIPHER(DEFAULT, "aes128-gcm@openssh.com",	"AES-128-GCM",	16, 12, 16, false, gcm)
CIPHER(DEFAULT, "aes256-gcm@openssh.com",	"AES-256-GCM",	32, 12, 16, false, gcm)
CIPHER(DEFAULT, "chacha20-poly1305@openssh.com", "ChaCha20",	64,  0,  8, false, chapoly)
CIPHER(DEFAULT, "aes256-ctr",			"AES-256-CTR",	32, 16, 16, false, stream)
CIPHER(DEFAULT, "aes192-ctr",			"AES-192-CTR",	24, 16, 16, false, stream)
CIPHER(DEFAULT, "aes128-ctr",			"AES-128-CTR",	16, 16, 16, false, stream)
CIPHER(LEGACY,	"aes128-cbc",			"AES-128-CBC",	16, 16, 16, true,  stream)
CIPHER(LEGACY,	"aes256-cbc",			"AES-256-CBC",	32, 16, 16, true,  stream)
CIPHER(LEGACY,	"3des-cbc",			"DES-EDE3-CBC",	24,  8,  8, true,  stream)
/* clang-format on */
