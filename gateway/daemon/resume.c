/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the supervisor as bytes.  It comes from this program or an
 * earlier version of it, and is checked all the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

#include "daemon/resume.h"

static int
put_listener(struct buf *to, const struct listener *l)
{
	int r = buf_put_cstring(to, l->name);

	r = r ? r : buf_put_cstring(to, l->at);
	return r ? r : buf_put_u32(to, (uint32_t)l->fd);
}

static int
put_proc(struct buf *to, const struct resume_proc *p)
{
	int r = buf_put_u8(to, p->role);

	r = r ? r : buf_put_u8(to, p->state);
	r = r ? r : buf_put_u8(to, p->flags);
	r = r ? r : buf_put_u32(to, p->number);
	r = r ? r : buf_put_u32(to, p->pid);
	r = r ? r : buf_put_u32(to, p->fd);
	r = r ? r : buf_put_u32(to, p->load);
	r = r ? r : buf_put_u64(to, p->start_ns);
	r = r ? r : buf_put_u64(to, p->idle_ns);
	return r ? r : buf_put_u64(to, p->due_ns);
}

int
resume_encode(const struct resume *x, struct buf *to)
{
	int r = buf_put_u32(to, RESUME_VERSION);

	r = r ? r : buf_put_u32(to, x->next_number);
	r = r ? r : buf_put_string(to, x->conf.p, x->conf.len);
	r = r ? r : buf_put_u32(to, (uint32_t)x->listeners.n);
	for (size_t i = 0; r == 0 && i < x->listeners.n; i++)
		r = put_listener(to, &x->listeners.l[i]);
	r = r ? r : buf_put_u32(to, (uint32_t)x->n_procs);
	for (size_t i = 0; r == 0 && i < x->n_procs; i++)
		r = put_proc(to, &x->procs[i]);
	return r;
}

static int
get_listener(struct span *s, struct listener *l)
{
	uint32_t fd;
	int r = span_cstring(s, l->name, sizeof(l->name));

	r = r ? r : span_cstring(s, l->at, sizeof(l->at));
	r = r ? r : span_u32(s, &fd);
	if (r == 0 && fd > INT32_MAX)
		r = FAIL_FORMAT;
	if (r == 0)
		l->fd = (int)fd;
	return r;
}

static int
get_proc(struct span *s, struct resume_proc *p)
{
	int r = span_u8(s, &p->role);

	r = r ? r : span_u8(s, &p->state);
	r = r ? r : span_u8(s, &p->flags);
	r = r ? r : span_u32(s, &p->number);
	r = r ? r : span_u32(s, &p->pid);
	r = r ? r : span_u32(s, &p->fd);
	r = r ? r : span_u32(s, &p->load);
	r = r ? r : span_u64(s, &p->start_ns);
	r = r ? r : span_u64(s, &p->idle_ns);
	return r ? r : span_u64(s, &p->due_ns);
}

static int
get_procs(struct resume *x, struct span *s)
{
	uint32_t n;
	int r = span_u32(s, &n);

	if (r != 0 || n > RESUME_PROCS_MAX)
		return FAIL_FORMAT;
	x->procs = calloc(n == 0 ? 1 : n, sizeof(x->procs[0]));
	if (x->procs == NULL)
		return FAIL_NOMEM;
	x->n_procs = n;
	for (uint32_t i = 0; r == 0 && i < n; i++)
		r = get_proc(s, &x->procs[i]);
	return r == 0 && s->len > 0 ? FAIL_FORMAT : r;
}

int
resume_decode(struct resume *x, struct span s)
{
	uint32_t version, n;
	int r;

	memset(x, 0, sizeof(*x));
	r = span_u32(&s, &version);
	if (r != 0 || version != RESUME_VERSION)
		return FAIL_FORMAT;
	r = span_u32(&s, &x->next_number);
	r = r ? r : span_string(&s, &x->conf);
	r = r ? r : span_u32(&s, &n);
	if (r != 0 || n > LISTENERS_MAX)
		return FAIL_FORMAT;
	for (uint32_t i = 0; r == 0 && i < n; i++)
		r = get_listener(&s, &x->listeners.l[i]);
	x->listeners.n = n;
	r = r ? r : get_procs(x, &s);
	if (r != 0)
		resume_fini(x);
	return r;
}

void
resume_fini(struct resume *x)
{
	free(x->procs);
	memset(x, 0, sizeof(*x));
}
