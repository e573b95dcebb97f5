/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ALLOW(message, links, handler, "when"): one row per request.  What has no row
 * for a kind of link ends that link.  Links: W worker, B broker, R recorder,
 * A administrator's command line.  The handler holds the condition.
 */
/* clang-format off */
ALLOW(hostkeys_get,	W,		core_host_list,
    "any time")
ALLOW(hostkey_sign,	W,		core_host_sign,
    "any time, within the link's rate; over a hash of 32, 48 or 64 bytes")
ALLOW(grant,		B,		core_grant_make,
    "while there is room; a grant id and a recording id that are new")
ALLOW(revoke,		B,		core_grant_revoke,
    "any time")
ALLOW(open,		W,		core_grant_open,
    "a grant that names this worker, once, before it expires")
ALLOW(user_sign,	W,		core_grant_sign,
    "after open of a grant with a key, four times within a minute; over a "
    "login request with that key")
ALLOW(checkpoint_sign,	W | R,		core_rec_sign,
    "W: a recording that it holds, growing sequence, nothing after the final "
    "one; R: any recording")
ALLOW(resume,		W,		core_rec_resume,
    "with the wrapped key of a recording that is not finished")
ALLOW(finish,		W,		core_rec_finish,
    "a recording that it holds")
ALLOW(seal,		A,		core_admin_seal,
    "any time; a key must be one that can sign")
ALLOW(rec_key_get,	A,		core_admin_rec_key,
    "with the wrapped key of the recording")
ALLOW(node_key_get,	W | B | R | A,	core_admin_node_key,
    "any time")
/* clang-format on */
