/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FAIL(NAME, number, sentence): one row per error code.  Append only; a
 * number is never used again.  The code is FAIL_NAME == -number.
 */
/* clang-format off */
FAIL(NOMEM,	1,	"out of memory")
FAIL(SYS,	2,	"system call failed")
FAIL(PROTO,	3,	"peer broke the protocol")
FAIL(FULL,	4,	"a bounded queue or buffer is full")
FAIL(TIMEOUT,	5,	"took too long")
FAIL(CLOSED,	6,	"peer closed the connection")
FAIL(CRYPTO,	7,	"cryptographic operation failed")
FAIL(MAC,	8,	"message authentication failed")
FAIL(NOTFOUND,	9,	"not found")
FAIL(DENIED,	10,	"not permitted")
FAIL(CONF,	11,	"configuration is wrong")
FAIL(FORMAT,	12,	"data is malformed")
FAIL(RANGE,	13,	"value out of range")
FAIL(STATE,	14,	"not allowed in this state")
FAIL(SQL,	15,	"database error")
FAIL(SSH,	16,	"ssh library error")
FAIL(RDP,	17,	"rdp library error")
FAIL(RECORDING,	18,	"recording failed")
FAIL(AUTH,	19,	"authentication failed")
FAIL(HOSTKEY,	20,	"host key is not the pinned one")
FAIL(CONNECT,	21,	"could not connect")
FAIL(UNSUPPORTED, 22,	"not supported")
FAIL(SEALED,	23,	"vault is sealed")
FAIL(EXISTS,	24,	"already exists")
FAIL(BUSY,	25,	"busy, try again")
FAIL(CHAIN,	26,	"hash chain is broken")
FAIL(SIGNATURE,	27,	"signature does not verify")
FAIL(TRUNCATED,	28,	"ends too early")
/* clang-format on */
