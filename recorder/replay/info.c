/* SPDX-License-Identifier: Apache-2.0 */
/* What a recording is, in words or as JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/hash.h"
#include "base/uuid.h"

#include "recorder/replay/chans.h"
#include "recorder/replay/info.h"
#include "recorder/replay/list.h"
#include "recorder/replay/words.h"

/* What was found by reading all of it. */
struct found {
	struct rcd_info info;
	struct chans chans;
	uint64_t events;
	uint64_t lines; /* typed */
	uint64_t last_us;
	int end; /* what reading answered; FAIL_DENIED: no key */
	char damage[SOURCE_END_SIZE];
};

/* The members of the session that are shown, in this order. */
static const char *const members[] = {
    "session", "user", "account", "asset", "login", "peer", "client", "node"};

static const char *
protocol_text(uint32_t protocol)
{
	static const char *const names[] = {
	    "unknown", "ssh", "rdp", "vnc", "database", "telnet"};

	return names[protocol < ARRAY_LEN(names) ? protocol : 0];
}

static int
look(struct source *s, struct found *f)
{
	struct rcd_event_view e;
	struct chan *ch;
	int r;

	chans_init(&f->chans);
	if ((r = source_info(s, &f->info)) != 0)
		return r;
	r = source_seek(s, 0);
	while (r == 0 && (r = source_next(s, &e)) == 0) {
		f->events++;
		f->last_us = e.t_us;
		if (e.type == RCD_EV_KEYS_LINE)
			f->lines++;
		r = chans_event(&f->chans, &e, &ch);
	}
	f->end = r;
	if (r < 0 && r != FAIL_DENIED)
		(void)snprintf(f->damage, sizeof(f->damage), "%s",
		    fail_why(source_fail(s), r));
	return r == FAIL_NOMEM || r == FAIL_SYS ? r : 0;
}

static const char *
state_text(const struct found *f)
{
	if (f->damage[0] != '\0')
		return "damaged";
	if (!f->info.complete)
		return "not ended: still being written, or cut";
	return f->info.truncated ? "complete, closed for a writer that died"
				 : "complete";
}

/* ---- words */

static void
text_session(struct source *s, FILE *to)
{
	char val[1024], head[16];
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++) {
		(void)source_about(s, members[i], val, sizeof(val));
		if (val[0] == '\0')
			continue;
		(void)snprintf(head, sizeof(head), "%s:", members[i]);
		(void)fprintf(to, "%-12s%s\n", head, val);
	}
}

static void
text_channel(FILE *to, const struct chan *ch)
{
	char title[CHAN_TITLE], at[WORDS_SIZE];

	(void)fprintf(to, "%s; from %s", chan_title(title, ch),
	    words_offset(at, ch->opened_us));
	if (!ch->open)
		(void)fprintf(to, " to %s", words_offset(at, ch->closed_us));
	if (ch->pty)
		(void)fprintf(
		    to, "; terminal %ux%u %s", ch->cols, ch->rows, ch->term);
	(void)fprintf(to, "; %" PRIu64 " bytes shown", ch->out_bytes);
	if (ch->not_kept > 0)
		(void)fprintf(to, ", %" PRIu64 " not kept", ch->not_kept);
	if (ch->has_exit)
		(void)fprintf(to, "; exit status %" PRIu32, ch->exit);
	if (ch->signal[0] != '\0')
		(void)fprintf(to, "; ended by signal %s", ch->signal);
	(void)fputc('\n', to);
}

static void
text_times(struct source *s, FILE *to, const struct found *f)
{
	const struct rcd_header *h = source_header(s);
	char text[WORDS_SIZE];

	(void)fprintf(
	    to, "started:    %s\n", words_time(text, h->start_unix_us));
	if (f->info.complete)
		(void)fprintf(to, "ended:      %s\n",
		    words_time(text, f->info.summary.end_unix_us));
	(void)fprintf(
	    to, "duration:   %s\n", words_offset(text, f->info.duration_us));
}

static void
text_end(FILE *to, const struct found *f, const struct info_opts *o)
{
	(void)fprintf(to, "state:      %s\n", state_text(f));
	if (f->damage[0] != '\0')
		(void)fprintf(to, "damage:     %s\n", f->damage);
	if (!f->info.complete)
		return;
	(void)fprintf(to, "reason:     %" PRIu32 "%s%s\n", f->info.summary.why,
	    o->why_text != NULL ? " " : "",
	    o->why_text != NULL ? o->why_text((int)f->info.summary.why) : "");
	(void)fprintf(to, "end signed: %s\n",
	    f->info.unsigned_end ? "no" : "yes (--verify checks it)");
}

static void
text_print_all(struct source *s, FILE *to, const struct found *f,
    const struct info_opts *o)
{
	const struct rcd_header *h = source_header(s);
	char id[UUID_TEXT_SIZE], hex[2 * RCD_KEY_LEN + 1];
	size_t i;

	(void)fprintf(to, "recording:  %s\n", uuid_text(id, h->rec_id));
	(void)fprintf(to, "protocol:   %s\n", protocol_text(h->protocol));
	text_session(s, to);
	text_times(s, to, f);
	(void)fprintf(to,
	    "size:       %" PRIu64 " bytes in %" PRIu64 " chunks\n",
	    f->info.file_bytes, f->info.chunks);
	text_end(to, f, o);
	hex_encode(hex, h->node_key, RCD_KEY_LEN);
	(void)fprintf(
	    to, "node key:   %s (%" PRIu32 ")\n", hex, h->node_key_id);
	(void)fprintf(to, "number:     %" PRIu64 " of its node\n", h->node_seq);
	if (f->end == FAIL_DENIED) {
		(void)fputs("sealed:     the session and its channels need the "
			    "key\n",
		    to);
		return;
	}
	(void)fprintf(to, "events:     %" PRIu64, f->events);
	if (!source_is_partial(s))
		(void)fprintf(to, ", %" PRIu64 " typed lines", f->lines);
	(void)fputc('\n', to);
	for (i = 0; i < f->chans.n; i++)
		text_channel(to, &f->chans.tab[i]);
	if (f->chans.forgotten > 0)
		(void)fprintf(to, "and %" PRIu64 " channels before these\n",
		    f->chans.forgotten);
}

/* ---- JSON */

static void
json_channel(struct json *j, const struct chan *ch)
{
	json_object(j, NULL);
	json_uint(j, "channel", ch->number);
	json_str(j, "kind", chan_kind_text(ch->kind));
	json_str(j, "what", ch->what);
	json_bool(j, "terminal", ch->pty);
	json_uint(j, "columns", ch->cols);
	json_uint(j, "rows", ch->rows);
	json_str(j, "term", ch->term);
	json_uint(j, "opened_us", ch->opened_us);
	if (ch->open)
		json_null(j, "closed_us");
	else
		json_uint(j, "closed_us", ch->closed_us);
	json_uint(j, "bytes_shown", ch->out_bytes);
	json_uint(j, "bytes_not_kept", ch->not_kept);
	if (ch->has_exit)
		json_uint(j, "exit", ch->exit);
	else
		json_null(j, "exit");
	json_str(j, "signal", ch->signal[0] != '\0' ? ch->signal : NULL);
	json_close(j, '}');
}

static void
json_end_of(struct json *j, const struct found *f, const struct info_opts *o)
{
	json_bool(j, "complete", f->info.complete);
	json_bool(j, "truncated", f->info.truncated);
	json_bool(j, "unsigned_end", f->info.unsigned_end);
	json_str(j, "damage", f->damage[0] != '\0' ? f->damage : NULL);
	if (!f->info.complete)
		return;
	json_uint(j, "reason", f->info.summary.why);
	if (o->why_text != NULL)
		json_str(
		    j, "reason_text", o->why_text((int)f->info.summary.why));
}

static void
json_session(struct json *j, struct source *s)
{
	char val[1024];
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++) {
		(void)source_about(s, members[i], val, sizeof(val));
		json_str(j, members[i], val[0] != '\0' ? val : NULL);
	}
}

static void
json_all(struct json *j, struct source *s, const struct found *f,
    const struct info_opts *o)
{
	const struct rcd_header *h = source_header(s);
	char id[UUID_TEXT_SIZE], hex[2 * RCD_KEY_LEN + 1], time[WORDS_SIZE];
	size_t i;

	json_str(j, "recording", uuid_text(id, h->rec_id));
	json_str(j, "protocol", protocol_text(h->protocol));
	json_session(j, s);
	json_str(j, "started", words_time(time, h->start_unix_us));
	json_str(j, "ended",
	    f->info.complete ? words_time(time, f->info.summary.end_unix_us)
			     : NULL);
	json_uint(j, "duration_us", f->info.duration_us);
	json_uint(j, "bytes", f->info.file_bytes);
	json_uint(j, "chunks", f->info.chunks);
	json_end_of(j, f, o);
	hex_encode(hex, h->node_key, RCD_KEY_LEN);
	json_str(j, "node_key", hex);
	json_uint(j, "node_key_id", h->node_key_id);
	json_uint(j, "node_sequence", h->node_seq);
	if (f->end == FAIL_DENIED)
		return;
	json_uint(j, "events", f->events);
	json_array(j, "channels");
	for (i = 0; i < f->chans.n; i++)
		json_channel(j, &f->chans.tab[i]);
	json_close(j, ']');
}

int
info_print(struct source *source, FILE *to, const struct info_opts *o)
{
	struct found *f = calloc(1, sizeof(*f));
	struct list l;
	int r;

	if (f == NULL)
		return FAIL_NOMEM;
	r = look(source, f);
	if (r == 0 && o->json) {
		list_init(&l, to);
		json_all(list_row(&l), source, f, o);
		r = list_one(&l);
		list_fini(&l);
	} else if (r == 0) {
		text_print_all(source, to, f, o);
		r = list_flush(to);
	}
	chans_fini(&f->chans);
	free(f);
	return r;
}
