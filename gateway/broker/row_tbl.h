/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows on their way to the database: the records of the journal.  A record is
 * one byte, the row's number here, and its fields.  Append only: a journal of
 * the previous version is read by the next.
 */
/* clang-format off */

/* The target let a session in. */
MSG(start, 1)
MSG_UUID(start, session_id)
MSG_U64(start, at_us)
MSG_TEXT(start, target, 64)
MSG_END(start)

/* A session ended, or never began (it was granted and not started). */
MSG(end, 2)
MSG_UUID(end, session_id)
MSG_U64(end, at_us)
MSG_U32(end, why)
MSG_TEXT(end, detail, 255)
MSG_U64(end, bytes_up)
MSG_U64(end, bytes_down)
MSG_TEXT(end, coverage, 8192)
MSG_END(end)

MSG(keys, 3)
MSG_UUID(keys, session_id)
MSG_U32(keys, seq)
MSG_U32(keys, channel)
MSG_U64(keys, at_us)
MSG_U8(keys, kind)
MSG_TEXT(keys, line, 8192)
MSG_END(keys)

/* row_id: two rows with the same one are the same event. */
MSG(audit, 4)
MSG_UUID(audit, row_id)
MSG_U32(audit, event)
MSG_UUID(audit, session_id)
MSG_U64(audit, at_us)
MSG_TEXT(audit, fields, 16384)
MSG_END(audit)

/* A recording was finished by the recorder. */
MSG(rec, 5)
MSG_UUID(rec, rec_id)
MSG_U64(rec, at_us)
MSG_U8(rec, truncated)
MSG_U64(rec, bytes)
MSG_U64(rec, chunks)
MSG_U64(rec, duration_us)
MSG_BYTES(rec, hash, 32)
MSG_TEXT(rec, path, 512)
MSG_END(rec)

/* A session was paused (1) or goes on (0). */
MSG(pause, 6)
MSG_UUID(pause, session_id)
MSG_U8(pause, paused)
MSG_END(pause)
/* clang-format on */
