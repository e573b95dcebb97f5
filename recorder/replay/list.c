/* SPDX-License-Identifier: Apache-2.0 */
/* Prints JSON row by row. */
#include <string.h>

#include "base/fail.h"

#include "recorder/replay/list.h"

enum { ROW_MAX = 16 * 1024 * 1024 };

void
list_init(struct list *l, FILE *to)
{
	memset(l, 0, sizeof(*l));
	l->to = to;
	buf_init(&l->text, ROW_MAX);
}

void
list_fini(struct list *l)
{
	buf_fini(&l->text);
}

struct json *
list_row(struct list *l)
{
	buf_reset(&l->text);
	json_init(&l->js, &l->text);
	json_object(&l->js, NULL);
	return &l->js;
}

static int
row_close(struct list *l)
{
	int r;

	json_close(&l->js, '}');
	r = json_end(&l->js);
	if (l->err == 0)
		l->err = r;
	return l->err;
}

void
list_row_end(struct list *l)
{
	if (row_close(l) != 0)
		return;
	(void)fputs(l->rows++ == 0 ? "[\n" : ",\n", l->to);
	(void)fwrite(buf_head(&l->text), 1, buf_len(&l->text), l->to);
}

int
list_flush(FILE *to)
{
	return fflush(to) != 0 || ferror(to) ? FAIL_SYS : 0;
}

int
list_end(struct list *l)
{
	(void)fputs(l->rows == 0 ? "[]\n" : "\n]\n", l->to);
	return l->err != 0 ? l->err : list_flush(l->to);
}

int
list_one(struct list *l)
{
	if (row_close(l) != 0)
		return l->err;
	(void)fwrite(buf_head(&l->text), 1, buf_len(&l->text), l->to);
	(void)fputc('\n', l->to);
	return list_flush(l->to);
}
