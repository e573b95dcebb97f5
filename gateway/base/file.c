/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole files into buffers; who may read which file is decided elsewhere.
 * Locks are flock(2): they end with the process, however that ends.
 */
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum { LOCK_STEP_MS = 10 };

int
file_read(int fd, struct buf *b)
{
	uint8_t *p;
	ssize_t n;
	int r;

	for (;;) {
		if ((r = buf_reserve(b, FILE_STEP, &p)) != 0)
			return r;
		n = read(fd, p, FILE_STEP);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS;
		if (n == 0)
			return 0;
		buf_commit(b, (size_t)n);
	}
}

int
file_lock(const char *path, uint32_t wait_ms, int *fd, struct fail *f)
{
	const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};
	uint32_t waited = 0;
	int r;

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return fail_sys(f, "%s", path);
	while (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EINTR)
			continue;
		r = errno != EWOULDBLOCK ? fail_sys(f, "%s", path)
		    : waited >= wait_ms
			? fail_set(f, FAIL_BUSY, "another process has %s", path)
			: 0;
		if (r != 0) {
			(void)close(*fd);
			*fd = -1;
			return r;
		}
		(void)nanosleep(&step, NULL);
		waited += LOCK_STEP_MS;
	}
	return 0;
}
