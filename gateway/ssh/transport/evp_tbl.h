/* SPDX-License-Identifier: Apache-2.0 */
/* EVP(kind, name): what is fetched from OpenSSL, once in a process. */
/* clang-format off */
EVP(CIPHER,	"AES-128-GCM")
EVP(CIPHER,	"AES-256-GCM")
EVP(CIPHER,	"ChaCha20")
EVP(CIPHER,	"AES-128-CTR")
EVP(CIPHER,	"AES-192-CTR")
EVP(CIPHER,	"AES-256-CTR")
EVP(CIPHER,	"AES-128-CBC")
EVP(CIPHER,	"AES-256-CBC")
EVP(CIPHER,	"DES-EDE3-CBC")
EVP(MD,		"SHA1")
EVP(MD,		"SHA256")
EVP(MD,		"SHA384")
EVP(MD,		"SHA512")
EVP(MAC,	"HMAC")
EVP(MAC,	"POLY1305")
EVP(KEM,	"ML-KEM-768")
EVP(KEYMGMT,	"ML-KEM-768")
/* clang-format on */
