/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings of sessions, event by event. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

#include "rp_make.h"

void
rp_bytes(struct rec_make *m, uint64_t t_ms, enum rcd_event type,
    uint32_t channel, struct span bytes)
{
	MUST(rcd_writer_event(m->w, t_ms * 1000, type, channel, bytes) == 0);
}

void
rp_event(struct rec_make *m, uint64_t t_ms, enum rcd_event type,
    uint32_t channel, const char *text)
{
	rp_bytes(m, t_ms, type, channel, SPAN(text, strlen(text)));
}

void
rp_u32(struct rec_make *m, uint64_t t_ms, enum rcd_event type, uint32_t channel,
    uint32_t v)
{
	uint8_t p[4];

	le32_put(p, v);
	rp_bytes(m, t_ms, type, channel, SPAN(p, 4));
}

void
rp_shell(struct rec_make *m, uint64_t t_ms, uint32_t channel, unsigned cols,
    unsigned rows)
{
	uint8_t p[15] = {0};

	rp_event(m, t_ms, RCD_EV_CH_OPEN, channel, "session");
	le16_put(p, (uint16_t)cols);
	le16_put(p + 2, (uint16_t)rows);
	le16_put(p + 8, 5);
	memcpy(p + 10, "xterm", 5);
	rp_bytes(m, t_ms, RCD_EV_PTY_REQ, channel, SPAN(p, 15));
	rp_event(m, t_ms, RCD_EV_SHELL, channel, "");
}

void
rp_exec(
    struct rec_make *m, uint64_t t_ms, uint32_t channel, const char *command)
{
	rp_event(m, t_ms, RCD_EV_CH_OPEN, channel, "session");
	rp_event(m, t_ms, RCD_EV_EXEC, channel, command);
}

void
rp_resize(struct rec_make *m, uint64_t t_ms, uint32_t channel, unsigned cols,
    unsigned rows)
{
	uint8_t p[8] = {0};

	le16_put(p, (uint16_t)cols);
	le16_put(p + 2, (uint16_t)rows);
	rp_bytes(m, t_ms, RCD_EV_RESIZE, channel, SPAN(p, 8));
}

void
rp_close(struct rec_make *m, uint64_t t_ms, uint32_t channel)
{
	uint8_t p[16] = {7, 0, 0, 0, 0, 0, 0, 0, 9};

	rp_bytes(m, t_ms, RCD_EV_CH_CLOSE, channel, SPAN(p, 16));
}

struct source *
rp_source(const struct rec_make *m)
{
	struct source *s;
	struct fail f = {0};

	MUST(source_open(&s, rec_make_fd(buf_span(&m->file)), m->dek, &f) == 0);
	return s;
}

void
rp_out_init(struct rp_out *o)
{
	o->text = NULL;
	o->to = open_memstream(&o->text, &o->len);
	MUST(o->to != NULL);
}

const char *
rp_out_text(struct rp_out *o)
{
	MUST(fflush(o->to) == 0);
	return o->text;
}

void
rp_out_fini(struct rp_out *o)
{
	(void)fclose(o->to);
	free(o->text);
}
