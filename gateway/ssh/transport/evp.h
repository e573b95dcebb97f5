/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_EVP_H
#define GATEWAY_SSH_TRANSPORT_EVP_H

#include <stdbool.h>

#include <openssl/evp.h>

/*
 * The algorithms of evp_tbl.h, fetched from OpenSSL at first use and kept for
 * the life of the process.  NULL when this OpenSSL does not have it.  Thread
 * safe.
 */
const EVP_CIPHER *evp_cipher(const char *name);
const EVP_MD *evp_md(const char *name);
EVP_MAC *evp_mac(const char *name);

/* ML-KEM came with OpenSSL 3.5. */
bool evp_has_mlkem(void);

#endif /* GATEWAY_SSH_TRANSPORT_EVP_H */
