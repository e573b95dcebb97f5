/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyring file.  The structure is parsed first, bounded and without any
 * key; then the master key is checked, then the seal of the whole file, and
 * only then entries are opened one by one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/hash.h"

#include "vault/keyring_file.h"
#include "vault/keyring_priv.h"
#include "vault/master.h"

enum {
	HEADER_LEN = 4 + 2 + 2 + UUID_LEN + SHA256_LEN + 4,
	SEAL_LEN = AEAD_NONCE_LEN + AEAD_TAG_LEN,
	VERSION = 1,
	ENTRY_AAD_MAX = 4 + UUID_LEN + 2 + 4 + 8 + 4 + KEYRING_NAME_MAX,
};

static const char magic[4] = {'S', 'P', 'K', '1'};

/* What the master key is expanded to, for one keyring. */
struct ring_keys {
	struct secret *seal;
	uint8_t check[SHA256_LEN]; /* stands in the file, tells the key */
};

/* One entry as it stands in the file; lent from it. */
struct ring_entry {
	uint16_t kind;
	uint32_t version;
	uint64_t created_us;
	char name[KEYRING_NAME_MAX + 1];
	const uint8_t *nonce;
	struct span sealed;
};

struct ring_header {
	const uint8_t *id;
	const uint8_t *check;
	uint32_t n;
	struct span entries; /* the rest, without the seal of the file */
};

static int
derive(const struct secret *master, const uint8_t id[UUID_LEN],
    const char *label, uint8_t out[SHA256_LEN])
{
	uint8_t info[16 + UUID_LEN] = {0};

	/* A label is at most 16 bytes, padded with zeros. */
	memcpy(info, label, strlen(label));
	memcpy(info + 16, id, UUID_LEN);
	return hkdf_expand(
	    out, SHA256_LEN, secret_show(master), SPAN(info, sizeof(info)));
}

static void
keys_fini(struct ring_keys *k)
{
	secret_free(k->seal);
	k->seal = NULL;
}

static int
keys_init(struct ring_keys *k, const struct secret *master,
    const uint8_t id[UUID_LEN])
{
	int r;

	if (secret_len(master) != MASTER_KEY_LEN)
		return FAIL_RANGE;
	if ((k->seal = secret_new(AEAD_KEY_LEN)) == NULL)
		return FAIL_NOMEM;
	if ((r = derive(master, id, "SPK1 check", k->check)) != 0 ||
	    (r = derive(master, id, "SPK1 seal", secret_fill(k->seal))) != 0)
		keys_fini(k);
	return r;
}

/* The associated data of an entry. */
static int
entry_aad(struct buf *b, const uint8_t id[UUID_LEN], const struct ring_entry *e)
{
	int r;

	if ((r = buf_put(b, magic, sizeof(magic))) != 0 ||
	    (r = buf_put(b, id, UUID_LEN)) != 0 ||
	    (r = buf_put_u16(b, e->kind)) != 0 ||
	    (r = buf_put_u32(b, e->version)) != 0 ||
	    (r = buf_put_u64(b, e->created_us)) != 0)
		return r;
	return buf_put_cstring(b, e->name);
}

static int
encode_entry(struct aead *a, const struct ring_keys *keys,
    const struct keyring *k, const struct keyring_entry *e, struct buf *out)
{
	struct ring_entry v = {
	    .kind = (uint16_t)e->kind,
	    .version = e->version,
	    .created_us = e->created_us,
	};
	size_t len = secret_len(e->key);
	uint8_t nonce[AEAD_NONCE_LEN];
	struct span aad_span;
	struct buf aad;
	uint8_t *p;
	int r;

	memcpy(v.name, e->name, sizeof(v.name));
	random_bytes(nonce, sizeof(nonce));
	buf_init(&aad, ENTRY_AAD_MAX);
	if ((r = entry_aad(&aad, k->id, &v)) != 0 ||
	    (r = buf_put_u16(out, v.kind)) != 0 ||
	    (r = buf_put_u32(out, v.version)) != 0 ||
	    (r = buf_put_u64(out, v.created_us)) != 0 ||
	    (r = buf_put_cstring(out, v.name)) != 0 ||
	    (r = buf_put(out, nonce, sizeof(nonce))) != 0 ||
	    (r = buf_put_u32(out, (uint32_t)(len + AEAD_TAG_LEN))) != 0 ||
	    (r = buf_reserve(out, len + AEAD_TAG_LEN, &p)) != 0)
		goto done;
	aad_span = buf_span(&aad);
	r = aead_seal(a, secret_show(keys->seal).p, nonce, &aad_span, 1,
	    secret_show(e->key), p);
	if (r == 0)
		buf_commit(out, len + AEAD_TAG_LEN);
done:
	buf_fini(&aad);
	return r;
}

static int
encode_body(struct aead *a, const struct ring_keys *keys,
    const struct keyring *k, struct buf *b)
{
	uint8_t seal[SEAL_LEN];
	struct span whole;
	size_t i;
	int r;

	if ((r = buf_put(b, magic, sizeof(magic))) != 0 ||
	    (r = buf_put_u16(b, VERSION)) != 0 ||
	    (r = buf_put_u16(b, 0)) != 0 ||
	    (r = buf_put(b, k->id, sizeof(k->id))) != 0 ||
	    (r = buf_put(b, keys->check, sizeof(keys->check))) != 0 ||
	    (r = buf_put_u32(b, (uint32_t)k->n)) != 0)
		return r;
	for (i = 0; i < k->n; i++)
		if ((r = encode_entry(a, keys, k, &k->entry[i], b)) != 0)
			return r;
	random_bytes(seal, AEAD_NONCE_LEN);
	whole = buf_span(b);
	r = aead_seal(a, secret_show(keys->seal).p, seal, &whole, 1,
	    SPAN(NULL, 0), seal + AEAD_NONCE_LEN);
	return r != 0 ? r : buf_put(b, seal, sizeof(seal));
}

int
keyring_file_encode(
    const struct keyring *k, const struct secret *master, struct buf *out)
{
	struct ring_keys keys = {0};
	struct aead *a = aead_new();
	struct buf b;
	int r;

	buf_init(&b, KEYRING_FILE_MAX);
	r = a == NULL ? FAIL_NOMEM : keys_init(&keys, master, k->id);
	if (r == 0)
		r = encode_body(a, &keys, k, &b);
	if (r == 0)
		r = buf_put(out, buf_head(&b), buf_len(&b));
	buf_fini(&b);
	keys_fini(&keys);
	aead_free(a);
	return r;
}

static int
parse_header(struct span file, struct ring_header *h, struct fail *f)
{
	const uint8_t *m;
	uint16_t version, flags;

	if (file.len < HEADER_LEN + SEAL_LEN || file.len > KEYRING_FILE_MAX)
		return fail_set(
		    f, FAIL_FORMAT, "keyring of %zu bytes", file.len);
	h->entries = SPAN(file.p, file.len - SEAL_LEN);
	if (span_take(&h->entries, sizeof(magic), &m) != 0 ||
	    memcmp(m, magic, sizeof(magic)) != 0)
		return fail_set(f, FAIL_FORMAT, "not a keyring");
	if (span_u16(&h->entries, &version) != 0 ||
	    span_u16(&h->entries, &flags) != 0 || version != VERSION ||
	    flags != 0)
		return fail_set(
		    f, FAIL_FORMAT, "keyring of a version that is not known");
	if (span_take(&h->entries, UUID_LEN, &h->id) != 0 ||
	    span_take(&h->entries, SHA256_LEN, &h->check) != 0 ||
	    span_u32(&h->entries, &h->n) != 0 || h->n > KEYRING_ENTRIES_MAX)
		return fail_set(f, FAIL_FORMAT, "keyring header is malformed");
	return 0;
}

static int
parse_entry(struct span *s, struct ring_entry *e)
{
	int r;

	if ((r = span_u16(s, &e->kind)) != 0 ||
	    (r = span_u32(s, &e->version)) != 0 ||
	    (r = span_u64(s, &e->created_us)) != 0 ||
	    (r = span_cstring(s, e->name, sizeof(e->name))) != 0 ||
	    (r = span_take(s, AEAD_NONCE_LEN, &e->nonce)) != 0 ||
	    (r = span_string(s, &e->sealed)) != 0)
		return r;
	return e->sealed.len < AEAD_TAG_LEN ? FAIL_FORMAT : 0;
}

/* Every entry has to be whole, and nothing may be left over. */
static int
check_structure(const struct ring_header *h, struct fail *f)
{
	struct span s = h->entries;
	struct ring_entry e;
	uint32_t i;

	for (i = 0; i < h->n; i++)
		if (parse_entry(&s, &e) != 0)
			return fail_set(f, FAIL_FORMAT,
			    "keyring entry %u of %u is malformed", i + 1, h->n);
	return s.len == 0
		   ? 0
		   : fail_set(f, FAIL_FORMAT,
			 "%zu bytes behind the keyring's last entry", s.len);
}

static int
check_seal(struct aead *a, const struct ring_keys *keys,
    const struct ring_header *h, struct span file, struct fail *f)
{
	const uint8_t *seal = file.p + file.len - SEAL_LEN;
	struct span whole = SPAN(file.p, file.len - SEAL_LEN);
	uint8_t none[1];
	int r;

	if (secret_cmp(keys->check, h->check, SHA256_LEN) != 0)
		return fail_set(f, FAIL_DENIED,
		    "the keyring is sealed under another master key");
	r = aead_open(a, secret_show(keys->seal).p, seal, &whole, 1,
	    SPAN(seal + AEAD_NONCE_LEN, AEAD_TAG_LEN), none);
	if (r == FAIL_MAC)
		return fail_set(f, r, "the keyring is damaged or was changed");
	return r != 0 ? fail_set(f, r, "cannot check the keyring") : 0;
}

static int
open_entry(struct aead *a, const struct ring_keys *keys, struct keyring *k,
    const struct ring_entry *v)
{
	struct keyring_entry e = {
	    .kind = (enum keyring_kind)v->kind,
	    .version = v->version,
	    .created_us = v->created_us,
	};
	struct span aad_span;
	struct buf aad;
	int r;

	memcpy(e.name, v->name, sizeof(e.name));
	if ((e.key = secret_new(v->sealed.len - AEAD_TAG_LEN)) == NULL)
		return FAIL_NOMEM;
	buf_init(&aad, ENTRY_AAD_MAX);
	if ((r = entry_aad(&aad, k->id, v)) == 0) {
		aad_span = buf_span(&aad);
		r = aead_open(a, secret_show(keys->seal).p, v->nonce, &aad_span,
		    1, v->sealed, secret_fill(e.key));
	}
	if (r == 0)
		r = keyring_append(k, &e);
	if (r != 0)
		secret_free(e.key);
	buf_fini(&aad);
	return r;
}

static int
open_entries(struct aead *a, const struct ring_keys *keys, struct keyring *k,
    const struct ring_header *h, struct fail *f)
{
	struct span s = h->entries;
	struct ring_entry v;
	uint32_t i;
	int r;

	for (i = 0; i < h->n; i++) {
		if ((r = parse_entry(&s, &v)) != 0 ||
		    (r = open_entry(a, keys, k, &v)) != 0)
			return fail_set(f, r,
			    "keyring entry %u of %u does not open", i + 1,
			    h->n);
	}
	return 0;
}

int
keyring_file_decode(struct keyring **out, struct span file,
    const struct secret *master, struct fail *f)
{
	struct ring_keys keys = {0};
	struct ring_header h;
	struct aead *a = NULL;
	struct keyring *k = NULL;
	int r;

	*out = NULL;
	if ((r = parse_header(file, &h, f)) != 0 ||
	    (r = check_structure(&h, f)) != 0)
		return r;
	if ((r = keys_init(&keys, master, h.id)) != 0)
		return fail_set(f, r, "cannot use the master key");
	if ((a = aead_new()) == NULL || (k = keyring_new()) == NULL) {
		r = fail_set(f, FAIL_NOMEM, "no memory for the keyring");
		goto done;
	}
	memcpy(k->id, h.id, sizeof(k->id));
	if ((r = check_seal(a, &keys, &h, file, f)) == 0)
		r = open_entries(a, &keys, k, &h, f);
	if (r != 0)
		goto done;
	*out = k;
	k = NULL;
done:
	keyring_free(k);
	aead_free(a);
	keys_fini(&keys);
	return r;
}

int
keyring_file_load(struct keyring **out, const char *path,
    const struct secret *master, struct fail *f)
{
	struct fail inner = {0};
	struct stat st;
	struct buf b;
	int fd, r;

	*out = NULL;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return fail_set(
		    f, FAIL_NOTFOUND, "there is no keyring %s", path);
	if (fd < 0)
		return fail_sys(f, "cannot open keyring %s", path);
	buf_init(&b, KEYRING_FILE_MAX + FILE_STEP);
	if (fstat(fd, &st) != 0)
		r = fail_sys(f, "cannot look at keyring %s", path);
	else if (!S_ISREG(st.st_mode))
		r = fail_set(f, FAIL_FORMAT, "keyring %s is no file", path);
	else if ((r = file_read(fd, &b)) == FAIL_SYS)
		r = fail_sys(f, "cannot read keyring %s", path);
	else if (r != 0)
		r = fail_set(f, r, "keyring %s is too large", path);
	else if ((r = keyring_file_decode(out, buf_span(&b), master, &inner)) !=
		 0)
		r = fail_set(f, r, "%s: %s", path, fail_why(&inner, r));
	buf_fini(&b);
	(void)close(fd);
	return r;
}

static int
write_all(int fd, struct span s)
{
	ssize_t n;

	while (s.len > 0) {
		n = write(fd, s.p, s.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FAIL_SYS;
		s.p += n;
		s.len -= (size_t)n;
	}
	return 0;
}

static int
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int fd, r;

	dir = slash == NULL   ? strdup(".")
	      : slash == path ? strdup("/")
			      : strndup(path, (size_t)(slash - path));
	if (dir == NULL)
		return FAIL_NOMEM;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0)
		return FAIL_SYS;
	r = fsync(fd) == 0 ? 0 : FAIL_SYS;
	(void)close(fd);
	return r;
}

/* The new file at tmp, with the owner that the file at path has. */
static int
write_file(const char *tmp, const char *path, struct span bytes)
{
	struct stat old;
	int fd, r = 0;

	(void)unlink(tmp); /* left over by a crash */
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	if (fd < 0)
		return FAIL_SYS;
	if (lstat(path, &old) == 0 && fchown(fd, old.st_uid, old.st_gid) != 0)
		r = FAIL_SYS;
	if (r == 0 && (fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
			  write_all(fd, bytes) != 0 || fsync(fd) != 0))
		r = FAIL_SYS;
	if (close(fd) != 0)
		r = FAIL_SYS;
	return r;
}

int
keyring_file_store(const struct keyring *k, const char *path,
    const struct secret *master, struct fail *f)
{
	struct buf b;
	char *tmp = NULL;
	int r;

	buf_init(&b, KEYRING_FILE_MAX);
	if ((r = keyring_file_encode(k, master, &b)) != 0) {
		r = fail_set(f, r, "cannot seal the keyring");
		goto done;
	}
	if (asprintf(&tmp, "%s.new", path) < 0) {
		tmp = NULL;
		r = fail_set(f, FAIL_NOMEM, "no memory to store the keyring");
		goto done;
	}
	if (write_file(tmp, path, buf_span(&b)) != 0 ||
	    rename(tmp, path) != 0) {
		r = fail_sys(f, "cannot write keyring %s", path);
		(void)unlink(tmp);
	} else if (sync_folder(path) != 0) {
		r = fail_sys(f, "cannot sync the folder of %s", path);
	}
done:
	free(tmp);
	buf_fini(&b);
	return r;
}
