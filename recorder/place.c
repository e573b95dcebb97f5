/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of files of the recorder process, and the state of a recording that is
 * partly moved out of the spool.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/hash.h"

#include "recorder/place.h"

static const uint8_t magic[4] = {'R', 'S', 'T', '1'};

enum { STATE_ZEROS = 118 }; /* from there to the checksum */

int
place_name(char dst[PLACE_NAME], const uint8_t rec_id[UUID_LEN])
{
	time_t t = (time_t)(uuid_unix_ms(rec_id) / 1000);
	char id[UUID_TEXT_SIZE];
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 100 || tm.tm_year > 8000)
		return FAIL_RANGE;
	(void)snprintf(dst, PLACE_NAME, "%04d/%02d/%02d/%s.rcd",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
	    uuid_text(id, rec_id));
	return 0;
}

void
place_path(char *dst, size_t size, const char *folder, const char *name,
    const char *suffix)
{
	(void)snprintf(dst, size, "%s/%s%s", folder, name, suffix);
}

void
place_state_path(
    char *dst, size_t size, const char *spool, const uint8_t rec_id[UUID_LEN])
{
	char id[UUID_TEXT_SIZE];

	(void)snprintf(dst, size, "%s/open/%s", spool, uuid_text(id, rec_id));
}

void
place_state_encode(uint8_t p[PLACE_STATE], const struct rcd_chain *c)
{
	memset(p, 0, PLACE_STATE);
	memcpy(p, magic, 4);
	le16_put(p + 4, 1);
	le16_put(p + 6, c->epoch);
	memcpy(p + 8, c->rec_id, RCD_ID_LEN);
	memcpy(p + 24, c->hash, RCD_HASH_LEN);
	memcpy(p + 56, c->salt, RCD_SALT_LEN);
	le64_put(p + 72, c->next_seq);
	le64_put(p + 80, c->off);
	le64_put(p + 88, c->last_us);
	le64_put(p + 96, c->raw_a);
	le64_put(p + 104, c->raw_b);
	le32_put(p + 112, c->max_chunk);
	p[116] = c->gop;
	p[117] = c->ended;
	le32_put(p + PLACE_STATE - 4, crc32c(0, p, PLACE_STATE - 4));
}

int
place_state_decode(const uint8_t p[PLACE_STATE], struct rcd_chain *c)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	if (memcmp(p, magic, 4) != 0 || le16_get(p + 4) != 1 ||
	    le32_get(p + PLACE_STATE - 4) != crc32c(0, p, PLACE_STATE - 4))
		return FAIL_FORMAT;
	if (p[116] > 1 || p[117] > 1)
		return FAIL_FORMAT;
	for (i = STATE_ZEROS; i < PLACE_STATE - 4; i++)
		if (p[i] != 0)
			return FAIL_FORMAT;
	c->epoch = le16_get(p + 6);
	memcpy(c->rec_id, p + 8, RCD_ID_LEN);
	memcpy(c->hash, p + 24, RCD_HASH_LEN);
	memcpy(c->salt, p + 56, RCD_SALT_LEN);
	c->next_seq = le64_get(p + 72);
	c->off = le64_get(p + 80);
	c->last_us = le64_get(p + 88);
	c->raw_a = le64_get(p + 96);
	c->raw_b = le64_get(p + 104);
	c->max_chunk = le32_get(p + 112);
	c->gop = p[116];
	c->ended = p[117];
	return 0;
}

int
place_mkdirs(const char *root, const char *path)
{
	char dir[PLACE_PATH];
	size_t i, n = strlen(path);

	if (n >= sizeof(dir) || strlen(root) > n)
		return FAIL_RANGE;
	memcpy(dir, path, n + 1);
	for (i = strlen(root) + 1; i < n; i++) {
		if (dir[i] != '/')
			continue;
		dir[i] = '\0';
		if (mkdir(dir, 0750) == 0) {
			/* The new name must last as long as what is in it. */
			if (place_sync_folder(dir) != 0)
				return FAIL_SYS;
		} else if (errno != EEXIST) {
			return FAIL_SYS;
		}
		dir[i] = '/';
	}
	return 0;
}

int
place_sync_folder(const char *path)
{
	char dir[PLACE_PATH];
	const char *slash = strrchr(path, '/');
	size_t n = slash != NULL ? (size_t)(slash - path) : 0;
	int fd, r;

	if (n == 0 || n >= sizeof(dir))
		return FAIL_RANGE;
	memcpy(dir, path, n);
	dir[n] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return FAIL_SYS;
	r = fsync(fd) == 0 ? 0 : FAIL_SYS;
	(void)close(fd);
	return r;
}
