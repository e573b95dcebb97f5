/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the keeper.  Every request carries an ipc id; the answer repeats
 * it.  Which link may send what is the table in keeper_allow_tbl.h.  Append
 * only.  Asked by: W worker, B broker, R recorder, A administrator's command
 * line (own unix socket, peer uid checked).
 */
/* clang-format off */

/* Answer to anything that fails: code is a FAIL_* code, negated. */
MSG(error, 1)
MSG_U32(error, code)
MSG_TEXT(error, why, 255)
MSG_END(error)

/* W: the public host keys.  Answer: hostkeys. */
MSG(hostkeys_get, 2)
MSG_END(hostkeys_get)

/* blobs: SSH strings one after the other, each a public key blob. */
MSG(hostkeys, 3)
MSG_BYTES(hostkeys, blobs, 16384)
MSG_END(hostkeys)

/* W: sign an exchange hash (RFC 4253 section 8) with the host key that alg
 * (a signature algorithm name) belongs to.  Answer: signature. */
MSG(hostkey_sign, 4)
MSG_TEXT(hostkey_sign, alg, 64)
MSG_BYTES(hostkey_sign, hash, 64)
MSG_END(hostkey_sign)

/* blob: an SSH signature blob (string algorithm, string signature), or 64 raw
 * bytes of Ed25519 for checkpoints. */
MSG(signature, 5)
MSG_BYTES(signature, blob, 4096)
MSG_END(signature)

/* B: a grant.  worker is the supervisor's number of the worker that may use
 * it; sealed the credential as it stands in the database, row_id and version
 * what it was sealed for; kind: see enum cred_kind.  Answer: granted. */
MSG(grant, 6)
MSG_UUID(grant, grant_id)
MSG_U32(grant, worker)
MSG_UUID(grant, rec_id)
MSG_UUID(grant, row_id)
MSG_U32(grant, version)
MSG_U8(grant, kind)
MSG_U32(grant, ttl_s)
MSG_BYTES(grant, sealed, 65536)
MSG_END(grant)

/* wrapped: the recording's data key under the vault (opens only for rec_id). */
MSG(granted, 7)
MSG_UUID(granted, grant_id)
MSG_UUID(granted, dek_id)
MSG_BYTES(granted, wrapped, 256)
MSG_END(granted)

/* B: the session is over or was never begun: forget the grant. */
MSG(revoke, 8)
MSG_UUID(revoke, grant_id)
MSG_END(revoke)

/* W: take what the grant gives; once.  Answer: opened.  secret is the password
 * for CRED_PASSWORD and empty for CRED_KEY; pubkey is the public key blob for
 * CRED_KEY, else empty.  dek: 32 bytes.  key_id, node_key: the signing key of
 * checkpoints. */
MSG(open, 9)
MSG_UUID(open, grant_id)
MSG_END(open)

MSG(opened, 10)
MSG_UUID(opened, rec_id)
MSG_UUID(opened, dek_id)
MSG_BYTES(opened, dek, 32)
MSG_U32(opened, node_key_id)
MSG_BYTES(opened, node_key, 32)
MSG_U8(opened, kind)
MSG_BYTES(opened, secret, 4096)
MSG_BYTES(opened, pubkey, 8192)
MSG_END(opened)

/* W: sign data (RFC 4252 section 7) with the grant's private key by the
 * algorithm alg, e.g. rsa-sha2-256.  Answer: signature. */
MSG(user_sign, 11)
MSG_UUID(user_sign, grant_id)
MSG_TEXT(user_sign, alg, 64)
MSG_BYTES(user_sign, data, 65536)
MSG_END(user_sign)

/* W: sign a checkpoint of a recording that is this worker's.  R: of any
 * recording, to close what a dead worker left.  final: 1 for the trailer.
 * Answer: signature (64 bytes) over "RCD1 ckpt" || rec_id || seq (8, LE) || hash. */
MSG(checkpoint_sign, 12)
MSG_UUID(checkpoint_sign, rec_id)
MSG_U64(checkpoint_sign, seq)
MSG_BYTES(checkpoint_sign, hash, 32)
MSG_U8(checkpoint_sign, final)
MSG_END(checkpoint_sign)

/* W: this recording is mine now (hand-over, or the keeper was restarted).
 * Proved by the wrapped data key.  Answer: resumed. */
MSG(resume, 13)
MSG_UUID(resume, rec_id)
MSG_BYTES(resume, wrapped, 256)
MSG_END(resume)

MSG(resumed, 14)
MSG_UUID(resumed, rec_id)
MSG_END(resumed)

/* W: this recording is closed; nothing more will be signed for it here. */
MSG(finish, 15)
MSG_UUID(finish, rec_id)
MSG_UUID(finish, grant_id)
MSG_END(finish)

/* A: seal a credential for a row.  Answer: sealed. */
MSG(seal, 16)
MSG_UUID(seal, row_id)
MSG_U32(seal, version)
MSG_U8(seal, kind)
MSG_BYTES(seal, secret, 65536)
MSG_END(seal)

MSG(sealed, 17)
MSG_U32(sealed, kek_version)
MSG_BYTES(sealed, blob, 66560)
MSG_BYTES(sealed, pubkey, 8192)
MSG_END(sealed)

/* A: the data key of a recording, for replay and export.  Answer: rec_key. */
MSG(rec_key_get, 18)
MSG_UUID(rec_key_get, rec_id)
MSG_BYTES(rec_key_get, wrapped, 256)
MSG_END(rec_key_get)

MSG(rec_key, 19)
MSG_BYTES(rec_key, dek, 32)
MSG_END(rec_key)

/* Any: the node's checkpoint signing key.  Answer: node_key. */
MSG(node_key_get, 20)
MSG_END(node_key_get)

MSG(node_key, 21)
MSG_U32(node_key, key_id)
MSG_BYTES(node_key, pub, 32)
MSG_END(node_key)
/* clang-format on */
