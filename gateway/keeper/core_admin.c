/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the administrator's command line: sealing a credential, the data
 * key of a recording; and the node's public key, which anybody may have.
 */
#include "keeper/core_priv.h"
#include "keeper/cred.h"

enum { PUBKEY_MAX = 8192 };

/* A key is sealed only if it can do what it is there for. */
static int
check_key(struct span der, struct buf *pub)
{
	EVP_PKEY *key;
	int r;

	if (der.len > CRED_KEY_MAX)
		return FAIL_RANGE;
	if ((r = core_key_load(der, &key)) != 0)
		return r;
	if ((r = core_key_blob(key, pub)) == 0)
		r = core_key_prove(key, buf_span(pub));
	EVP_PKEY_free(key);
	return r;
}

static int
check_credential(const struct km_seal *x, struct buf *pub)
{
	if (x->kind == CRED_KEY)
		return check_key(x->secret, pub);
	if (x->kind != CRED_PASSWORD)
		return FAIL_UNSUPPORTED;
	return x->secret.len >= 1 && x->secret.len <= CRED_PASSWORD_MAX
		   ? 0
		   : FAIL_RANGE;
}

int
core_admin_seal(struct core_req *q)
{
	struct envelope_row row;
	struct buf blob, pub;
	struct km_sealed a;
	struct km_seal x;
	int r;

	if (km_seal_get(q->body, &x) != 0)
		return core_malformed(q);
	row = (struct envelope_row){.version = x.version, .kind = x.kind};
	for (size_t i = 0; i < UUID_LEN; i++)
		row.id[i] = x.row_id[i];
	buf_init(&blob, ENVELOPE_PLAIN_MAX + ENVELOPE_OVERHEAD);
	buf_init(&pub, PUBKEY_MAX);
	if ((r = check_credential(&x, &pub)) == 0 &&
	    (r = envelope_seal(
		 q->core->ring, &row, x.secret, &blob, &a.kek_version)) == 0) {
		a.blob = buf_span(&blob);
		a.pubkey = buf_span(&pub);
		r = km_sealed_put(q->out, &a);
		q->type = km_sealed_type;
	}
	buf_fini(&pub);
	buf_fini(&blob);
	return r != 0 ? core_refuse(q, r, "this credential cannot be sealed")
		      : 0;
}

int
core_admin_rec_key(struct core_req *q)
{
	struct km_rec_key_get x;
	struct km_rec_key a;
	struct secret *dek;
	int r;

	if (km_rec_key_get_get(q->body, &x) != 0)
		return core_malformed(q);
	r = dek_unwrap(q->core->ring, x.rec_id, x.wrapped, NULL, &dek);
	if (r == 0) {
		a.dek = secret_show(dek);
		r = km_rec_key_put(q->out, &a);
		q->type = km_rec_key_type;
		secret_free(dek);
	}
	return r != 0
		   ? core_refuse(q, r, "this is not the key of that recording")
		   : 0;
}

int
core_admin_node_key(struct core_req *q)
{
	struct km_node_key_get x;
	struct km_node_key a;
	int r;

	if (km_node_key_get_get(q->body, &x) != 0)
		return core_malformed(q);
	a.key_id = q->core->node.id;
	a.pub = SPAN(q->core->node.pub, sizeof(q->core->node.pub));
	r = km_node_key_put(q->out, &a);
	q->type = km_node_key_type;
	return r != 0 ? core_refuse(q, r, "cannot give the node's key") : 0;
}
