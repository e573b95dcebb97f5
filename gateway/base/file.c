/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files into buffers; who may read which file is decided elsewhere. */
#include <errno.h>
#include <unistd.h>

#include "base/fail.h"

#include "base/file.h"

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
