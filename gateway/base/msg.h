/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MSG_H
#define BASE_MSG_H

/*
 * Message tables.  A table file lists messages and their fields:
 *
 *	MSG(grant, 12)
 *	MSG_U64(grant, session)
 *	MSG_UUID(grant, rec_id)
 *	MSG_BYTES(grant, data, 65536)	at most that many bytes
 *	MSG_END(grant)
 *
 * From it msg_struct.h and msg_code.h make, for a table named PREFIX:
 *
 *	enum { PREFIX_grant_type = 12 }
 *	struct PREFIX_grant { uint64_t session; uint8_t rec_id[16]; struct span data; }
 *	int PREFIX_grant_put(struct buf *, const struct PREFIX_grant *)
 *	int PREFIX_grant_get(struct span body, struct PREFIX_grant *)
 *	int PREFIX_grant_send(struct ipc *, uint32_t id, const struct PREFIX_grant *)
 *
 * _get checks every length and refuses trailing bytes (FAIL_FORMAT); spans
 * are lent from body.  Wire: u8, u16, u32, u64 big endian; uuid 16 raw bytes;
 * bytes and text a u32 length and the bytes; text has no zero byte.
 */

#endif /* BASE_MSG_H */
