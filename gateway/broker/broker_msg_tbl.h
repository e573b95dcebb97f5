/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between workers (W), the recorder (R), the command line (A) and the
 * broker (B).  Append only.
 *
 * Rows (session_start, session_end, audit, keys) carry an ipc id that is not 0;
 * the broker answers `stored` with the same id once the row is in the database
 * or in the journal on disk.  After a break a worker sends again what has no
 * answer; row_id, session_id and seq make that harmless: a row is stored once.
 *
  conn is the worker's own number of a connection,
 * never used again in its life; session_id is a UUIDv7 given by the broker.
 */
/* clang-format off */

/* B>any: a request failed; code is a FAIL_* code, negated; why may be shown. */
MSG(error, 1)
MSG_U32(error, code)
MSG_TEXT(error, why, 255)
MSG_END(error)

/* W>B: a login attempt.  method: enum auth_method (1 password, 2 publickey
 * probe, 3 publickey signature).  For 3, signed is the data of RFC 4252
 * section 7 and the broker verifies it.  Answer: auth_result, after the same
 * delay whether or not the user exists. */
MSG(auth, 2)
MSG_U64(auth, conn)
MSG_U8(auth, method)
MSG_TEXT(auth, peer, 64)
MSG_TEXT(auth, user, 255)
MSG_BYTES(auth, password, 1024)
MSG_TEXT(auth, alg, 64)
MSG_BYTES(auth, key, 16384)
MSG_BYTES(auth, signed_data, 65536)
MSG_BYTES(auth, signature, 8192)
MSG_END(auth)

MSG(auth_result, 3)
MSG_U64(auth_result, conn)
MSG_U8(auth_result, ok)
MSG_UUID(auth_result, user_id)
MSG_END(auth_result)

/* W>B: the authenticated user of conn wants this account.  Answer: grant or
 * refuse.  The broker remembers who authenticated on conn. */
MSG(want, 4)
MSG_U64(want, conn)
MSG_TEXT(want, account, 255)
MSG_TEXT(want, asset, 255)
MSG_U8(want, protocol)
MSG_END(want)

/* One plain sentence for the user; why_code: enum why (session/why_tbl.h). */
MSG(refuse, 5)
MSG_U64(refuse, conn)
MSG_U32(refuse, why_code)
MSG_TEXT(refuse, sentence, 255)
MSG_END(refuse)

/* addrs: numeric addresses "ip" separated by '\n', tried in order.
 * pins: SSH strings one after the other, each a host key blob.
 * record_*: enum record_rule (0 metadata, 1 full); on_fail: 0 strict, 1 pause.
 * wrapped: the wrapped data key, shown to the keeper again in `resume`.
 * admin: 1 when the user is an administrator, whom a full spool does not stop.
 * keeper: which one has the grant, as the supervisor counts processes. */
MSG(grant, 6)
MSG_U64(grant, conn)
MSG_UUID(grant, session_id)
MSG_UUID(grant, rec_id)
MSG_UUID(grant, grant_id)
MSG_UUID(grant, dek_id)
MSG_U64(grant, node_seq)
MSG_TEXT(grant, user, 255)
MSG_TEXT(grant, account, 255)
MSG_TEXT(grant, asset, 255)
MSG_TEXT(grant, login, 255)
MSG_TEXT(grant, addrs, 1024)
MSG_U16(grant, port)
MSG_BYTES(grant, pins, 65536)
MSG_U8(grant, legacy)
MSG_U8(grant, record_shell)
MSG_U8(grant, record_exec)
MSG_U8(grant, record_sftp)
MSG_U8(grant, on_fail)
MSG_U32(grant, idle_s)
MSG_U32(grant, length_s)
MSG_U8(grant, admin)
MSG_BYTES(grant, wrapped, 256)
MSG_U32(grant, keeper)
MSG_END(grant)

/* W>B: the connection on which a user authenticated is gone. */
MSG(conn_end, 7)
MSG_U64(conn_end, conn)
MSG_END(conn_end)

/* W>B: after a restart of the broker or a hand-over: this session lives in
 * me.  No answer. */
MSG(session_here, 8)
MSG_UUID(session_here, session_id)
MSG_END(session_here)

/* W>B: the target let us in; the session runs.  Answer: stored. */
MSG(session_start, 9)
MSG_UUID(session_start, session_id)
MSG_U64(session_start, at_us)
MSG_TEXT(session_start, target_addr, 64)
MSG_END(session_start)

/* W>B: coverage: a JSON object.  why: enum why; detail: the latched cause. */
MSG(session_end, 10)
MSG_UUID(session_end, session_id)
MSG_U64(session_end, at_us)
MSG_U32(session_end, why_code)
MSG_TEXT(session_end, detail, 255)
MSG_U64(session_end, bytes_up)
MSG_U64(session_end, bytes_down)
MSG_TEXT(session_end, coverage, 8192)
MSG_END(session_end)

/* W>B: an audit event (enum audit_event).  session_id all zero: none.
 * fields: a JSON object of what the event's row lists. */
MSG(audit, 11)
MSG_UUID(audit, row_id)
MSG_U32(audit, event)
MSG_UUID(audit, session_id)
MSG_U64(audit, at_us)
MSG_TEXT(audit, fields, 8192)
MSG_END(audit)

/* W>B: a finished keystroke line, masked.  seq counts from 1 in a session.
 * kind: 0 typed line, 1 command (exec). */
MSG(keys, 12)
MSG_UUID(keys, session_id)
MSG_U32(keys, seq)
MSG_U32(keys, channel)
MSG_U64(keys, at_us)
MSG_U8(keys, kind)
MSG_TEXT(keys, line, 8192)
MSG_END(keys)

/* B>W: rows of the session up to seq are stored or journalled. */
MSG(stored, 13)
MSG_UUID(stored, session_id)
MSG_U32(stored, seq)
MSG_END(stored)

/* B>W: an order for a session.  verb: enum control_verb; with CONTROL_WATCH
 * comes a descriptor, to which the worker writes the live stream.  Answer:
 * controlled. */
MSG(control, 14)
MSG_UUID(control, session_id)
MSG_U8(control, verb)
MSG_TEXT(control, by, 255)
MSG_TEXT(control, text, 1024)
MSG_END(control)

MSG(controlled, 15)
MSG_UUID(controlled, session_id)
MSG_U32(controlled, code)
MSG_TEXT(controlled, why, 255)
MSG_END(controlled)

/* R>B: a recording is finished and lies in path (relative to the recording
 * folder).  truncated: its writer died.  hash: the chain's last. */
MSG(rec_finished, 16)
MSG_UUID(rec_finished, rec_id)
MSG_U8(rec_finished, truncated)
MSG_U64(rec_finished, bytes)
MSG_U64(rec_finished, chunks)
MSG_U64(rec_finished, duration_us)
MSG_BYTES(rec_finished, hash, 32)
MSG_TEXT(rec_finished, path, 512)
MSG_END(rec_finished)

/* A>B: order for a session by its id in text form; same verbs as control.
 * Answer: controlled; for watch the live stream's descriptor comes with it. */
MSG(order, 17)
MSG_TEXT(order, session, 36)
MSG_U8(order, verb)
MSG_TEXT(order, text, 1024)
MSG_END(order)

/* A>B: policies, users or assets were changed: forget what is cached. */
MSG(changed, 18)
MSG_END(changed)

/* A>B: state of the broker.  Answer: status. */
MSG(status_get, 19)
MSG_END(status_get)

/* json: an object: database up or down, journal rows and bytes, sessions. */
MSG(status, 20)
MSG_TEXT(status, json, 65536)
MSG_END(status)

/* A>B: record an audit event of the command line.  Answer: stored. */
MSG(audit_cli, 21)
MSG_U32(audit_cli, event)
MSG_TEXT(audit_cli, fields, 8192)
MSG_END(audit_cli)

/* W>B: somebody has connected and has not spoken; conn is new.  Answer:
 * knocked. */
MSG(knock, 22)
MSG_U64(knock, conn)
MSG_TEXT(knock, peer, 64)
MSG_END(knock)

/* admit: 0: too many are logging in already, and others come first. */
MSG(knocked, 23)
MSG_U64(knocked, conn)
MSG_U8(knocked, admit)
MSG_END(knocked)
/* clang-format on */
