/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_KEEPER_CRED_H
#define GATEWAY_KEEPER_CRED_H

/* Kinds of credential.  The numbers are in the database and in what is sealed:
 * append only. */

enum cred_kind {
	CRED_PASSWORD = 1, /* the bytes of the password, 1 to 4096 */
	CRED_KEY = 2,	   /* PKCS#8 DER of a private key */
};

enum { CRED_PASSWORD_MAX = 4096, CRED_KEY_MAX = 16384 };

#endif /* GATEWAY_KEEPER_CRED_H */
