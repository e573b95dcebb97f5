/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import of private keys: libssh reads the file and writes it out again in the
 * one or two forms that it writes; from those OpenSSL makes PKCS#8.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <libssh/libssh.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "sshclient/b64.h"
#include "sshclient/keyfile.h"
#include "sshclient/openssh_key.h"

void
keyfile_fini(struct keyfile *k)
{
	secret_free(k->pkcs8);
	k->pkcs8 = NULL;
	pubkey_line_fini(&k->pub);
}

/*
 * libssh asks for the passphrase: remember that, and give none.  (Without a
 * callback OpenSSL would ask on the terminal.)
 */
static int
passphrase_asked(
    const char *prompt, char *dst, size_t len, int echo, int verify, void *ctx)
{
	bool *asked = ctx;

	(void)prompt;
	(void)dst;
	(void)len;
	(void)echo;
	(void)verify;
	*asked = true;
	return -1;
}

static int
import(const char *text, const char *passphrase, ssh_key *key, struct fail *f)
{
	bool asked = false;

	if (ssh_pki_import_privkey_base64(
		text, NULL, passphrase_asked, &asked, key) == SSH_OK)
		return 0;
	if (!asked)
		return fail_set(f, FAIL_FORMAT,
		    "not a private key in OpenSSH, PEM or PKCS#8 format");
	if (passphrase == NULL)
		return fail_set(f, FAIL_AUTH,
		    "the private key is encrypted: its passphrase is needed");
	if (ssh_pki_import_privkey_base64(
		text, passphrase, passphrase_asked, &asked, key) == SSH_OK)
		return 0;
	return fail_set(
	    f, FAIL_AUTH, "the passphrase is not that of the private key");
}

/* The public key, by way of libssh. */
static int
export_public(ssh_key key, struct pubkey_line *pub, struct fail *f)
{
	struct buf blob;
	ssh_key half = NULL;
	char *text = NULL;
	int r;

	buf_init(&blob, PUBKEY_LINE_BLOB_MAX);
	if (ssh_pki_export_privkey_to_pubkey(key, &half) != SSH_OK ||
	    ssh_pki_export_pubkey_base64(half, &text) != SSH_OK)
		r = fail_set(f, FAIL_SSH, "libssh gives no public key");
	else if ((r = b64_decode(SPAN(text, strlen(text)), &blob)) != 0)
		r = fail_set(f, r, "libssh gives no base64");
	else
		r = pubkey_line_from_blob(pub, buf_span(&blob), f);
	ssh_string_free_char(text);
	ssh_key_free(half);
	buf_fini(&blob);
	return r;
}

/* Never asks: what libssh exports is not encrypted. */
static int
no_passphrase(char *dst, int size, int rwflag, void *ctx)
{
	(void)dst;
	(void)size;
	(void)rwflag;
	(void)ctx;
	return -1;
}

static int
read_exported(struct span text, EVP_PKEY **key)
{
	BIO *bio;

	*key = NULL;
	if (openssh_key_is(text))
		return openssh_key_parse(text, key);
	if ((bio = BIO_new_mem_buf(text.p, (int)text.len)) == NULL)
		return FAIL_NOMEM;
	*key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	return *key == NULL ? FAIL_FORMAT : 0;
}

static int
encode_pkcs8(const EVP_PKEY *key, struct secret **der)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	unsigned char *p = NULL;
	int len, r = FAIL_CRYPTO;

	if (info == NULL)
		return FAIL_CRYPTO;
	if ((len = i2d_PKCS8_PRIV_KEY_INFO(info, &p)) > 0) {
		*der = secret_from(p, (size_t)len);
		r = *der == NULL ? FAIL_NOMEM : 0;
		OPENSSL_clear_free(p, (size_t)len);
	}
	PKCS8_PRIV_KEY_INFO_free(info);
	return r;
}

/* By way of libssh's export. */
static int
convert(ssh_key key, EVP_PKEY **pkey)
{
	char *text = NULL;
	int r = FAIL_SSH;

	if (ssh_pki_export_privkey_base64(key, NULL, NULL, NULL, &text) ==
	    SSH_OK) {
		r = read_exported(SPAN(text, strlen(text)), pkey);
		wipe(text, strlen(text));
	}
	ssh_string_free_char(text);
	return r;
}

/*
 * libssh 0.10 cannot export an rsa key that it read in OpenSSH's own format:
 * that is read from the file itself, if it is not encrypted.
 */
static int
convert_file(ssh_key key, struct span file, EVP_PKEY **pkey, struct fail *f)
{
	int r = convert(key, pkey);

	if (r == FAIL_SSH && openssh_key_is(file))
		r = openssh_key_parse(file, pkey);
	if (r == FAIL_UNSUPPORTED)
		return fail_set(f, r,
		    "an encrypted rsa key in OpenSSH's own format cannot be "
		    "read here: convert a copy of it by ssh-keygen -p -m PEM");
	return r != 0 ? fail_set(f, r, "cannot convert the private key") : 0;
}

static int
export_private(
    ssh_key key, struct span file, struct secret **der, struct fail *f)
{
	EVP_PKEY *pkey = NULL;
	int r;

	if ((r = convert_file(key, file, &pkey, f)) != 0)
		return r;
	r = encode_pkcs8(pkey, der);
	EVP_PKEY_free(pkey);
	return r != 0 ? fail_set(f, r, "cannot encode the private key") : 0;
}

static int
check_type(ssh_key key, struct fail *f)
{
	enum ssh_keytypes_e type = ssh_key_type(key);

	switch (type) {
	case SSH_KEYTYPE_ED25519:
	case SSH_KEYTYPE_RSA:
	case SSH_KEYTYPE_ECDSA_P256:
	case SSH_KEYTYPE_ECDSA_P384:
	case SSH_KEYTYPE_ECDSA_P521:
		return 0;
	default:
		return fail_set(f, FAIL_UNSUPPORTED,
		    "private keys of type %s are not used",
		    ssh_key_type_to_char(type));
	}
}

static int
parse_text(
    struct keyfile *k, const char *text, const char *passphrase, struct fail *f)
{
	ssh_key key = NULL;
	int r;

	if ((r = import(text, passphrase, &key, f)) != 0)
		return r;
	if ((r = check_type(key, f)) == 0 &&
	    (r = export_public(key, &k->pub, f)) == 0 &&
	    strcmp(k->pub.type, "ssh-rsa") == 0 && k->pub.bits < 2048)
		r = fail_set(f, FAIL_UNSUPPORTED,
		    "rsa key of %u bits; at least 2048 are needed",
		    k->pub.bits);
	if (r == 0)
		r = export_private(key, SPAN(text, strlen(text)), &k->pkcs8, f);
	ssh_key_free(key);
	return r;
}

int
keyfile_parse(
    struct keyfile *k, struct span text, const char *passphrase, struct fail *f)
{
	struct secret *copy;
	int r;

	*k = (struct keyfile){0};
	if (text.len == 0 || text.len > KEYFILE_MAX ||
	    memchr(text.p, 0, text.len) != NULL)
		return fail_set(f, FAIL_FORMAT, "not a private key file");
	/* libssh wants a string. */
	if ((copy = secret_new(text.len + 1)) == NULL)
		return fail_set(f, FAIL_NOMEM, "no memory for a private key");
	memcpy(secret_fill(copy), text.p, text.len);
	r = parse_text(k, (const char *)secret_show(copy).p, passphrase, f);
	secret_free(copy);
	if (r != 0)
		keyfile_fini(k);
	return r;
}

int
keyfile_load(
    struct keyfile *k, const char *path, const char *passphrase, struct fail *f)
{
	struct buf b;
	int fd, r;

	*k = (struct keyfile){0};
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return fail_sys(f, "cannot open key file %s", path);
	buf_init_secret(&b, KEYFILE_MAX + FILE_STEP);
	if ((r = file_read(fd, &b)) == FAIL_SYS)
		r = fail_sys(f, "cannot read key file %s", path);
	else if (r != 0)
		r = fail_set(f, r, "key file %s is too large", path);
	else
		r = keyfile_parse(k, buf_span(&b), passphrase, f);
	buf_fini(&b);
	(void)close(fd);
	return r;
}
