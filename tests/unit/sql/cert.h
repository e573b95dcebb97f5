/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SQL_CERT_H
#define TESTS_UNIT_SQL_CERT_H

/*
 * Write prefix.crt and prefix.key: a self-signed certificate for the address
 * ip, made now.  Returns 0, or -1.
 */
int cert_make(const char *prefix, const char *ip);

#endif /* TESTS_UNIT_SQL_CERT_H */
