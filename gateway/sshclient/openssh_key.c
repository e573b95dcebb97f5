/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes an unencrypted ed25519 key in OpenSSH's own format apart.  libssh has
 * read and checked the user's file already; this reads what libssh wrote.
 */
#include <string.h>

#include "sshclient/b64.h"
#include "sshclient/openssh_key.h"

enum { CONTAINER_MAX = 4096, CIPHER_BLOCK = 8 };

static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
static const char end[] = "-----END OPENSSH PRIVATE KEY-----";
static const char magic[] = "openssh-key-v1"; /* its zero is part of it */

bool
openssh_key_is(struct span text)
{
	return text.len >= sizeof(begin) - 1 &&
	       memcmp(text.p, begin, sizeof(begin) - 1) == 0;
}

/* What is between the BEGIN and the END line. */
static int
strip_armour(struct span *text)
{
	size_t last = sizeof(end) - 1;

	if (!openssh_key_is(*text))
		return FAIL_FORMAT;
	text->p += sizeof(begin) - 1;
	text->len -= sizeof(begin) - 1;
	if (text->len > 0 && text->p[text->len - 1] == '\n')
		text->len--;
	if (text->len < last ||
	    memcmp(text->p + text->len - last, end, last) != 0)
		return FAIL_FORMAT;
	text->len -= last;
	return 0;
}

static int
expect(struct span *s, const char *text)
{
	struct span v;

	return span_string(s, &v) == 0 && span_eq(v, text) ? 0 : FAIL_FORMAT;
}

/* string "ssh-ed25519", string of 32 bytes. */
static int
parse_public(struct span *s, struct span *pub)
{
	if (expect(s, "ssh-ed25519") != 0 || span_string(s, pub) != 0 ||
	    pub->len != ED25519_KEY_LEN)
		return FAIL_FORMAT;
	return 0;
}

static int
check_padding(struct span s)
{
	size_t i;

	if (s.len >= CIPHER_BLOCK)
		return FAIL_FORMAT;
	for (i = 0; i < s.len; i++)
		if (s.p[i] != i + 1)
			return FAIL_FORMAT;
	return 0;
}

static int
parse_private(struct span s, struct span *seed, struct span *pub)
{
	uint32_t check[2];
	struct span both, comment;

	if (s.len % CIPHER_BLOCK != 0 || span_u32(&s, &check[0]) != 0 ||
	    span_u32(&s, &check[1]) != 0 || check[0] != check[1] ||
	    parse_public(&s, pub) != 0 || span_string(&s, &both) != 0 ||
	    both.len != 2 * ED25519_KEY_LEN || span_string(&s, &comment) != 0)
		return FAIL_FORMAT;
	if (memcmp(both.p + ED25519_KEY_LEN, pub->p, ED25519_KEY_LEN) != 0)
		return FAIL_FORMAT;
	*seed = SPAN(both.p, ED25519_KEY_LEN);
	return check_padding(s);
}

static int
parse_container(struct span s, struct span *seed, struct span *pub)
{
	struct span blob, private, outer;
	const uint8_t *m;
	uint32_t n;

	if (span_take(&s, sizeof(magic), &m) != 0 ||
	    memcmp(m, magic, sizeof(magic)) != 0 || expect(&s, "none") != 0 ||
	    expect(&s, "none") != 0 || expect(&s, "") != 0 ||
	    span_u32(&s, &n) != 0 || n != 1 || span_string(&s, &blob) != 0 ||
	    span_string(&s, &private) != 0 || s.len != 0)
		return FAIL_FORMAT;
	if (parse_public(&blob, &outer) != 0 || blob.len != 0 ||
	    parse_private(private, seed, pub) != 0)
		return FAIL_FORMAT;
	return memcmp(outer.p, pub->p, ED25519_KEY_LEN) == 0 ? 0 : FAIL_FORMAT;
}

int
openssh_key_parse(
    struct span text, struct secret **seed, uint8_t pub[ED25519_KEY_LEN])
{
	struct span s, p;
	struct buf raw;
	int r;

	*seed = NULL;
	buf_init_secret(&raw, CONTAINER_MAX);
	if ((r = strip_armour(&text)) != 0 ||
	    (r = b64_decode(text, &raw)) != 0 ||
	    (r = parse_container(buf_span(&raw), &s, &p)) != 0 ||
	    (r = ed25519_public(pub, s.p)) != 0)
		goto done;
	if (memcmp(pub, p.p, ED25519_KEY_LEN) != 0)
		r = FAIL_FORMAT;
	else if ((*seed = secret_from(s.p, s.len)) == NULL)
		r = FAIL_NOMEM;
done:
	buf_fini(&raw);
	return r;
}
