/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between workers (W) and the recorder (R).  Append only.
 */
/* clang-format off */

/* W>R: a new recording; header is the RCD1 file header.  Answer: state. */
MSG(open, 1)
MSG_UUID(open, rec_id)
MSG_BYTES(open, header, 16384)
MSG_END(open)

/* W>R: this recording goes on with this writer (hand-over, or the recorder was
 * restarted).  Answer: state; the worker then sends what is missing. */
MSG(resume, 2)
MSG_UUID(resume, rec_id)
MSG_END(resume)

/* R>W: next_seq is the first sequence that the recorder does not hold; code is
 * 0 or a FAIL_* code, negated. */
MSG(state, 3)
MSG_UUID(state, rec_id)
MSG_U64(state, next_seq)
MSG_U32(state, code)
MSG_END(state)

/* W>R: one sealed chunk, whole (header, ciphertext, tag). */
MSG(chunk, 4)
MSG_UUID(chunk, rec_id)
MSG_U64(chunk, seq)
MSG_BYTES(chunk, data, 1310720)
MSG_END(chunk)

/* R>W: everything below next_seq is on disk. */
MSG(committed, 5)
MSG_UUID(committed, rec_id)
MSG_U64(committed, next_seq)
MSG_END(committed)

/* R>W: this recording can not be written (disk full, I/O error); the policy of
 * the session decides.  `ready` follows when it can again. */
MSG(error, 6)
MSG_UUID(error, rec_id)
MSG_U32(error, code)
MSG_TEXT(error, why, 255)
MSG_END(error)

/* W>R: the trailer was sent; finish the file.  R>W: closed. */
MSG(close, 7)
MSG_UUID(close, rec_id)
MSG_END(close)

MSG(closed, 8)
MSG_UUID(closed, rec_id)
MSG_U32(closed, code)
MSG_END(closed)

/* R>W, any time: share of the spool that is free, and whether it can be
 * written: below 10 percent workers refuse new sessions of all but
 * administrators; rec_id all zero. */
MSG(space, 9)
MSG_U8(space, free_percent)
MSG_U8(space, writable)
MSG_END(space)

/* W>R: the sender gives this recording to another worker, which resumes it:
 * the end of this link does not end the recording for 10 s. */
MSG(handover, 10)
MSG_UUID(handover, rec_id)
MSG_END(handover)
/* clang-format on */
