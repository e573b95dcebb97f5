/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public key lines and blobs.  A blob is taken apart by the row of its type in
 * pubkey_tbl.h: every field has the length it must have, and nothing follows.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#include "sshclient/b64.h"
#include "sshclient/pubkey_line.h"

enum shape {
	SHAPE_ED25519,
	SHAPE_ECDSA,
	SHAPE_RSA,
	SHAPE_SK_ED25519,
	SHAPE_SK_ECDSA,
};

struct kind {
	const char *type;
	enum shape shape;
	const char *curve;
	unsigned bits;
};

enum {
	LINE_MAX_LEN = 16384,
	RSA_BITS_LEAST = 1024, /* of a blob: a host key of an old device */
	RSA_BITS_USER = 2048,
	RSA_BITS_MOST = 16384,
};

static const struct kind kinds[] = {
#define PUBKEY(type, shape, curve, bits) {type, SHAPE_##shape, curve, bits},
#include "sshclient/pubkey_tbl.h"
#undef PUBKEY
};

static const struct kind *
kind_find(struct span type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++)
		if (span_eq(type, kinds[i].type))
			return &kinds[i];
	return NULL;
}

void
pubkey_line_fini(struct pubkey_line *p)
{
	free(p->blob);
	*p = (struct pubkey_line){0};
}

/* A positive mpint in its shortest form; its number of bits. */
static int
check_mpint(struct span *s, unsigned *bits)
{
	struct span n;
	uint8_t top;

	if (span_string(s, &n) != 0 || n.len == 0 || n.len > 4096 ||
	    (n.p[0] & 0x80) != 0)
		return FAIL_FORMAT;
	if (n.p[0] == 0) {
		if (n.len == 1 || (n.p[1] & 0x80) == 0)
			return FAIL_FORMAT;
		n.p++;
		n.len--;
	}
	*bits = (unsigned)(n.len - 1) * 8;
	for (top = n.p[0]; top != 0; top >>= 1)
		(*bits)++;
	return 0;
}

static int
check_rsa(struct span *s, unsigned *bits)
{
	unsigned e_bits;

	if (check_mpint(s, &e_bits) != 0 || e_bits < 2 || e_bits > 64 ||
	    check_mpint(s, bits) != 0)
		return FAIL_FORMAT;
	return *bits >= RSA_BITS_LEAST && *bits <= RSA_BITS_MOST
		   ? 0
		   : FAIL_UNSUPPORTED;
}

static int
check_ed25519(struct span *s)
{
	struct span point;

	return span_string(s, &point) == 0 && point.len == 32 ? 0 : FAIL_FORMAT;
}

static int
check_ecdsa(struct span *s, const struct kind *k)
{
	struct span curve, point;
	size_t field = (k->bits + 7) / 8;

	if (span_string(s, &curve) != 0 || !span_eq(curve, k->curve) ||
	    span_string(s, &point) != 0)
		return FAIL_FORMAT;
	/* Not compressed: 4, x, y. */
	return point.len == 1 + 2 * field && point.p[0] == 4 ? 0 : FAIL_FORMAT;
}

static int
check_application(struct span *s)
{
	struct span app;

	return span_string(s, &app) == 0 && app.len > 0 && app.len <= 1024
		   ? 0
		   : FAIL_FORMAT;
}

static int
check_blob(struct span s, const struct kind **kind, unsigned *bits)
{
	const struct kind *k;
	struct span type;
	int r = FAIL_FORMAT;

	if (span_string(&s, &type) != 0)
		return FAIL_FORMAT;
	if ((k = kind_find(type)) == NULL)
		return FAIL_UNSUPPORTED;
	*kind = k;
	*bits = k->bits;
	switch (k->shape) {
	case SHAPE_ED25519:
	case SHAPE_SK_ED25519:
		r = check_ed25519(&s);
		break;
	case SHAPE_ECDSA:
	case SHAPE_SK_ECDSA:
		r = check_ecdsa(&s, k);
		break;
	case SHAPE_RSA:
		r = check_rsa(&s, bits);
		break;
	}
	if (r == 0 &&
	    (k->shape == SHAPE_SK_ED25519 || k->shape == SHAPE_SK_ECDSA))
		r = check_application(&s);
	return r != 0 ? r : s.len == 0 ? 0 : FAIL_FORMAT;
}

int
pubkey_line_from_blob(struct pubkey_line *p, struct span blob, struct fail *f)
{
	const struct kind *k = NULL;
	int r;

	*p = (struct pubkey_line){0};
	if (blob.len > PUBKEY_LINE_BLOB_MAX)
		return fail_set(
		    f, FAIL_FORMAT, "public key of %zu bytes", blob.len);
	if ((r = check_blob(blob, &k, &p->bits)) != 0)
		return fail_set(f, r,
		    r == FAIL_UNSUPPORTED
			? "public key is of a type or size that is not used"
			: "public key is malformed");
	if ((p->blob = malloc(blob.len)) == NULL)
		return fail_set(f, FAIL_NOMEM, "no memory for a public key");
	memcpy(p->blob, blob.p, blob.len);
	p->blob_len = blob.len;
	memcpy(p->type, k->type, strlen(k->type) + 1);
	r = pubkey_line_fingerprint(p->fingerprint, blob);
	if (r != 0) {
		pubkey_line_fini(p);
		return fail_set(f, r, "cannot take a fingerprint");
	}
	return 0;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The next word of the line, and what follows it without leading blanks. */
static struct span
next_word(struct span *line)
{
	struct span word = SPAN(line->p, 0);

	while (word.len < line->len && !is_blank(line->p[word.len]))
		word.len++;
	line->p += word.len;
	line->len -= word.len;
	while (line->len > 0 && is_blank(line->p[0])) {
		line->p++;
		line->len--;
	}
	return word;
}

static struct span
trim(struct span line)
{
	while (line.len > 0 && is_blank(line.p[0])) {
		line.p++;
		line.len--;
	}
	while (line.len > 0 && (is_blank(line.p[line.len - 1]) ||
				   line.p[line.len - 1] == '\n' ||
				   line.p[line.len - 1] == '\r'))
		line.len--;
	return line;
}

/* Control characters become '?', so that a comment can be shown. */
static void
keep_comment(struct pubkey_line *p, struct span text)
{
	size_t i, n = text.len;

	if (n > sizeof(p->comment) - 1)
		n = sizeof(p->comment) - 1;
	for (i = 0; i < n; i++)
		p->comment[i] = text.p[i] < ' ' || text.p[i] == 0x7f
				    ? '?'
				    : (char)text.p[i];
	p->comment[n] = 0;
}

int
pubkey_line_parse(struct pubkey_line *p, struct span line, struct fail *f)
{
	struct span type, text;
	struct buf blob;
	int r;

	*p = (struct pubkey_line){0};
	line = trim(line);
	if (line.len == 0 || line.len > LINE_MAX_LEN ||
	    memchr(line.p, '\n', line.len) != NULL)
		return fail_set(
		    f, FAIL_FORMAT, "a public key is one line of text");
	type = next_word(&line);
	if (kind_find(type) == NULL)
		return fail_set(f, FAIL_UNSUPPORTED,
		    "not a public key line: it begins neither with a known "
		    "type nor without options");
	text = next_word(&line);
	buf_init(&blob, PUBKEY_LINE_BLOB_MAX);
	if ((r = b64_decode(text, &blob)) != 0)
		r = fail_set(f, r, "public key is not base64");
	else
		r = pubkey_line_from_blob(p, buf_span(&blob), f);
	buf_fini(&blob);
	if (r != 0)
		return r;
	if (!span_eq(type, p->type))
		r = fail_set(f, FAIL_FORMAT,
		    "public key is of another type than its line says");
	else if (strcmp(p->type, "ssh-rsa") == 0 && p->bits < RSA_BITS_USER)
		r = fail_set(f, FAIL_UNSUPPORTED,
		    "rsa key of %u bits; at least %d are needed", p->bits,
		    RSA_BITS_USER);
	if (r != 0)
		pubkey_line_fini(p);
	else
		keep_comment(p, line);
	return r;
}

int
pubkey_line_fingerprint(char dst[PUBKEY_LINE_FP_SIZE], struct span blob)
{
	uint8_t digest[SHA256_LEN];
	struct buf b;
	int r;

	buf_init(&b, 64);
	if ((r = sha256(digest, &blob, 1)) == 0 &&
	    (r = buf_put(&b, "SHA256:", 7)) == 0 &&
	    (r = b64_encode(SPAN(digest, sizeof(digest)), &b)) == 0) {
		/* Without the padding, as ssh-keygen shows it. */
		memcpy(dst, buf_head(&b), buf_len(&b) - 1);
		dst[buf_len(&b) - 1] = 0;
	}
	buf_fini(&b);
	return r;
}

int
pubkey_line_print(struct span blob, struct buf *out)
{
	struct span s = blob, type;
	int r;

	if ((r = span_string(&s, &type)) != 0 ||
	    (r = buf_put(out, type.p, type.len)) != 0 ||
	    (r = buf_put_u8(out, ' ')) != 0)
		return r;
	return b64_encode(blob, out);
}
