/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of algorithm names: the two that are built in, made of the tables, and
 * what is left of a list for one transport.
 */
#include <string.h>

#include "ssh/transport/algs.h"
#include "ssh/transport/box.h"
#include "ssh/transport/kex.h"
#include "ssh/transport/names.h"
#include "ssh/transport/sshkey.h"

enum { LIST_MAX = 4096 };

/*
 * A built-in list is the names of a table with a comma before each; the first
 * comma is skipped.  The legacy list is the default one and then the rest.
 */
#define PICK_DEFAULT_DEFAULT(name) "," name
#define PICK_DEFAULT_LEGACY(name)
#define PICK_LEGACY_DEFAULT(name)
#define PICK_LEGACY_LEGACY(name) "," name

/* clang-format off */
#define KEX(list, name, digest, backend, param) PICK_DEFAULT_##list(name)
static const char kex_default[] = ""
#include "ssh/transport/kex_tbl.h"
;
static const char kex_legacy[] = ""
#include "ssh/transport/kex_tbl.h"
#undef KEX
#define KEX(list, name, digest, backend, param) PICK_LEGACY_##list(name)
#include "ssh/transport/kex_tbl.h"
#undef KEX
;

#define CIPHER(list, name, evp, key, iv, block, cbc, box)                      \
	PICK_DEFAULT_##list(name)
static const char cipher_default[] = ""
#include "ssh/transport/cipher_tbl.h"
;
static const char cipher_legacy[] = ""
#include "ssh/transport/cipher_tbl.h"
#undef CIPHER
#define CIPHER(list, name, evp, key, iv, block, cbc, box)                      \
	PICK_LEGACY_##list(name)
#include "ssh/transport/cipher_tbl.h"
#undef CIPHER
;

#define MAC(list, name, digest, len, etm) PICK_DEFAULT_##list(name)
static const char mac_default[] = ""
#include "ssh/transport/mac_tbl.h"
;
static const char mac_legacy[] = ""
#include "ssh/transport/mac_tbl.h"
#undef MAC
#define MAC(list, name, digest, len, etm) PICK_LEGACY_##list(name)
#include "ssh/transport/mac_tbl.h"
#undef MAC
;
/* clang-format on */

static const char hostkey_default[] =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
    "ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";
static const char hostkey_legacy[] =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
    "ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256,ssh-rsa";

const char algs_server_sig[] =
    "ssh-ed25519,sk-ssh-ed25519@openssh.com,ecdsa-sha2-nistp256,"
    "ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
    "sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256";

const struct ssh_algs ssh_algs_default = {
    .kex = &kex_default[1],
    .hostkey = hostkey_default,
    .cipher = &cipher_default[1],
    .mac = &mac_default[1],
};

const struct ssh_algs ssh_algs_legacy = {
    .kex = &kex_legacy[1],
    .hostkey = hostkey_legacy,
    .cipher = &cipher_legacy[1],
    .mac = &mac_legacy[1],
};

static bool
can_kex(struct span name)
{
	return kex_find(name) != NULL;
}

static bool
can_cipher(struct span name)
{
	return box_cipher_find(name) != NULL;
}

static bool
can_mac(struct span name)
{
	return box_mac_find(name) != NULL;
}

static bool
can_hostkey(struct span name)
{
	return names_has(names_span(hostkey_legacy), name);
}

static int
filter(struct buf *out, const char *list, bool (*can)(struct span name))
{
	struct span rest = names_span(list);
	struct span name;
	int r = 0;

	buf_init(out, LIST_MAX);
	while (r == 0 && names_next(&rest, &name)) {
		if (can(name) && !names_has(buf_span(out), name))
			r = names_add(out, name);
	}
	return r == 0 && buf_len(out) == 0 ? FAIL_CONF : r;
}

bool
algs_hostkey_for(struct span blobs, const char *alg, struct span *blob)
{
	while (span_string(&blobs, blob) == 0) {
		if (sshkey_fits(*blob, alg))
			return true;
	}
	return false;
}

/* Append those of list for which one of the blobs is (or is not) a key. */
static int
add_with_key(struct buf *out, struct span list, struct span blobs, bool has)
{
	struct span name, blob;
	char alg[64];
	int r = 0;

	while (r == 0 && names_next(&list, &name)) {
		if (name.len >= sizeof(alg))
			continue;
		memcpy(alg, name.p, name.len);
		alg[name.len] = '\0';
		if (algs_hostkey_for(blobs, alg, &blob) == has)
			r = names_add(out, name);
	}
	return r;
}

/* A server offers what it has keys for; a client first what it knows. */
static int
order_hostkeys(struct buf *list, const struct ssh_transport_opts *o)
{
	bool server = o->role == SSH_ROLE_SERVER;
	struct span blobs = server ? o->hostkeys : o->known_hostkeys;
	struct buf out;
	int r;

	if (!server && blobs.len == 0)
		return 0;
	buf_init(&out, LIST_MAX);
	r = add_with_key(&out, buf_span(list), blobs, true);
	if (r == 0 && !server)
		r = add_with_key(&out, buf_span(list), blobs, false);
	buf_fini(list);
	*list = out;
	return r == 0 && buf_len(list) == 0 ? FAIL_CONF : r;
}

int
algs_init(struct algs *a, const struct ssh_transport_opts *o)
{
	const struct ssh_algs *from = o->algs;
	int r;

	if (from == NULL)
		from = &ssh_algs_default;
	*a = (struct algs){0};
	if ((r = filter(&a->kex, from->kex, can_kex)) != 0 ||
	    (r = filter(&a->hostkey, from->hostkey, can_hostkey)) != 0 ||
	    (r = filter(&a->cipher, from->cipher, can_cipher)) != 0 ||
	    (r = filter(&a->mac, from->mac, can_mac)) != 0)
		return r;
	return order_hostkeys(&a->hostkey, o);
}

void
algs_fini(struct algs *a)
{
	buf_fini(&a->kex);
	buf_fini(&a->hostkey);
	buf_fini(&a->cipher);
	buf_fini(&a->mac);
}

static int
check(const char *what, const char *list, bool (*can)(struct span name),
    struct fail *f)
{
	struct span rest = names_span(list);
	struct span name;
	bool any = false;

	while (names_next(&rest, &name)) {
		any = true;
		/* Known, but this OpenSSL lacks it: not a mistake. */
		if (!can(name) &&
		    !names_has(names_span(ssh_algs_legacy.kex), name))
			return fail_set(f, FAIL_CONF, "unknown %s %.*s", what,
			    (int)(name.len > 64 ? 64 : name.len),
			    (const char *)name.p);
	}
	return any ? 0 : fail_set(f, FAIL_CONF, "no %s at all", what);
}

int
ssh_algs_check(const struct ssh_algs *algs, struct fail *f)
{
	int r;

	if ((r = check("key exchange", algs->kex, can_kex, f)) != 0 ||
	    (r = check("host key algorithm", algs->hostkey, can_hostkey, f)) !=
		0 ||
	    (r = check("cipher", algs->cipher, can_cipher, f)) != 0)
		return r;
	return check("MAC", algs->mac, can_mac, f);
}
