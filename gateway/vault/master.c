/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master key as a file.  A file that others could read or that is somebody
 * else's is refused: what it holds may be known already, or not be ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

#include "vault/master.h"

/* Hexadecimal digits and the newline. */
enum { MASTER_TEXT_LEN = 2 * MASTER_KEY_LEN + 1 };

static int
write_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FAIL_SYS;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
write_text(const char *path, const struct secret *text, struct fail *f)
{
	int fd, r = 0;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR);
	if (fd < 0 && errno == EEXIST)
		return fail_set(
		    f, FAIL_EXISTS, "master key %s is there already", path);
	if (fd < 0)
		return fail_sys(f, "cannot create master key %s", path);
	/* The mode is exact whatever the umask is. */
	if (fchmod(fd, S_IRUSR) != 0 ||
	    write_all(fd, secret_show(text).p, MASTER_TEXT_LEN) != 0 ||
	    fsync(fd) != 0)
		r = fail_sys(f, "cannot write master key %s", path);
	if (close(fd) != 0 && r == 0)
		r = fail_sys(f, "cannot write master key %s", path);
	if (r != 0)
		(void)unlink(path);
	return r;
}

int
master_create(const char *path, struct secret **key, struct fail *f)
{
	struct secret *raw = secret_random(MASTER_KEY_LEN);
	struct secret *text = secret_new(MASTER_TEXT_LEN);
	int r;

	*key = NULL;
	if (raw == NULL || text == NULL) {
		r = fail_set(f, FAIL_NOMEM,
		    "no locked memory for the master key (RLIMIT_MEMLOCK, "
		    "LimitMEMLOCK=)");
		goto done;
	}
	/* hex_encode ends with a zero: that byte becomes the newline. */
	hex_encode(
	    (char *)secret_fill(text), secret_show(raw).p, MASTER_KEY_LEN);
	secret_fill(text)[MASTER_TEXT_LEN - 1] = '\n';
	if ((r = write_text(path, text, f)) != 0)
		goto done;
	*key = raw;
	raw = NULL;
done:
	secret_free(text);
	secret_free(raw);
	return r;
}

static int
check_file(int fd, const char *path, uid_t owner, struct fail *f)
{
	struct stat st;
	unsigned mode;

	if (fstat(fd, &st) != 0)
		return fail_sys(f, "cannot look at master key %s", path);
	if (!S_ISREG(st.st_mode))
		return fail_set(f, FAIL_DENIED,
		    "master key %s is not a regular file", path);
	if (st.st_uid != owner)
		return fail_set(f, FAIL_DENIED,
		    "master key %s belongs to user id %u, not %u", path,
		    (unsigned)st.st_uid, (unsigned)owner);
	mode = st.st_mode & 07777U;
	if (mode != 0400 && mode != 0600)
		return fail_set(f, FAIL_DENIED,
		    "master key %s has mode %04o, must be 0400 or 0600", path,
		    mode);
	if (st.st_size != MASTER_TEXT_LEN)
		return fail_set(f, FAIL_FORMAT,
		    "master key %s is not 64 hexadecimal digits and a newline",
		    path);
	return 0;
}

/* text has one byte more than the file, so that a longer file shows. */
static int
read_text(int fd, struct secret *text)
{
	size_t have = 0;
	ssize_t n;

	while (have <= MASTER_TEXT_LEN) {
		n = read(
		    fd, secret_fill(text) + have, MASTER_TEXT_LEN + 1 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return have == MASTER_TEXT_LEN ? 0 : FAIL_FORMAT;
}

static int
decode(
    const char *path, struct secret *text, struct secret *raw, struct fail *f)
{
	uint8_t *t = secret_fill(text);
	bool line = t[MASTER_TEXT_LEN - 1] == '\n';

	t[MASTER_TEXT_LEN - 1] = 0;
	if (!line ||
	    hex_decode(secret_fill(raw), MASTER_KEY_LEN, (const char *)t) != 0)
		return fail_set(f, FAIL_FORMAT,
		    "master key %s is not 64 hexadecimal digits and a newline",
		    path);
	return 0;
}

int
master_load(const char *path, uid_t owner, struct secret **key, struct fail *f)
{
	struct secret *text, *raw = NULL;
	int fd, r;

	*key = NULL;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return fail_set(
		    f, FAIL_NOTFOUND, "there is no master key %s", path);
	if (fd < 0)
		return fail_sys(f, "cannot open master key %s", path);
	text = secret_new(MASTER_TEXT_LEN + 1);
	raw = secret_new(MASTER_KEY_LEN);
	if (text == NULL || raw == NULL) {
		r = fail_set(f, FAIL_NOMEM,
		    "no locked memory for the master key (RLIMIT_MEMLOCK, "
		    "LimitMEMLOCK=)");
		goto done;
	}
	if ((r = check_file(fd, path, owner, f)) != 0)
		goto done;
	if ((r = read_text(fd, text)) == FAIL_SYS)
		r = fail_sys(f, "cannot read master key %s", path);
	else if (r != 0)
		r = fail_set(
		    f, r, "master key %s changes while it is read", path);
	if (r == 0)
		r = decode(path, text, raw, f);
	if (r != 0)
		goto done;
	*key = raw;
	raw = NULL;
done:
	secret_free(text);
	secret_free(raw);
	(void)close(fd);
	return r;
}
