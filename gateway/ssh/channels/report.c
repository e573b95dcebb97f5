/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the relay tells about itself: audit events, refusals, the coverage
 * report, and its channels for those who list sessions.
 */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "ssh/channels/relay_priv.h"

/* Bytes of a text that fit into an audit event however they are escaped. */
enum { TEXT_SAFE = 1200 };

void
relay_printable(char *dst, size_t size, struct span text, bool lines)
{
	size_t n = 0, took, room = size - 1;
	uint32_t cp;

	while (text.len > 0 && (took = utf8_get(text.p, text.len, &cp)) > 0) {
		bool bad = !utf8_printable(cp) || (took == 1 && cp == UTF8_BAD);
		size_t need = bad ? 1 : took;

		if (n + need > room)
			break;
		if (!bad)
			memcpy(dst + n, text.p, took);
		else
			dst[n] = lines && cp == '\n' ? '\n' : '?';
		n += need;
		text.p += took;
		text.len -= took;
	}
	dst[n] = '\0';
}

static int
put_fields(
    struct ssh_relay *r, uint32_t number, const char *name, struct span text)
{
	struct json j;

	buf_reset(&r->json);
	json_init(&j, &r->json);
	json_object(&j, NULL);
	json_uint(&j, "channel", number);
	json_bytes(&j, name, text);
	json_close(&j, '}');
	return json_end(&j);
}

int
relay_audit(struct ssh_relay *r, unsigned event, uint32_t number,
    const char *name, struct span text)
{
	int v;

	if ((v = put_fields(r, number, name, text)) != 0 &&
	    text.len > TEXT_SAFE) {
		/* The recording has all of it. */
		text.len = TEXT_SAFE;
		v = put_fields(r, number, name, text);
	}
	if (v == 0)
		v = r->ops->audit(r->ctx, event, buf_span(&r->json));
	buf_reset(&r->json);
	return v == 0 ? 0 : relay_error(r, v, "audit event");
}

static int
audit_refusal(struct ssh_relay *r, struct span what, const char *why)
{
	struct json j;
	int v;

	if (r->refusals > RELAY_AUDIT_REFUSALS)
		return 0;
	if (++r->refusals > RELAY_AUDIT_REFUSALS)
		why = "further refusals of this session are only recorded";
	buf_reset(&r->json);
	json_init(&j, &r->json);
	json_object(&j, NULL);
	json_bytes(&j, "type", what);
	json_str(&j, "detail", why);
	json_close(&j, '}');
	if ((v = json_end(&j)) == 0)
		v = r->ops->audit(
		    r->ctx, AUDIT_CHANNEL_REFUSE, buf_span(&r->json));
	buf_reset(&r->json);
	return v == 0 ? 0 : relay_error(r, v, "audit event");
}

int
relay_refuse(struct ssh_relay *r, const struct relay_packet *k, uint32_t number,
    enum ssh_right right, struct span what, const char *why)
{
	int v;

	if (what.len > RELAY_NAME_MAX)
		what.len = RELAY_NAME_MAX;
	buf_reset(&r->scratch);
	(void)((v = buf_put(&r->scratch, what.p, what.len)) != 0 ||
	       (v = buf_put_u8(&r->scratch, 0)) != 0 ||
	       (v = buf_put(&r->scratch, why, strlen(why))) != 0);
	if (v != 0)
		return relay_error(r, v, "refusal");
	v = relay_event(r, k, number, RCD_EV_CH_REFUSE, buf_span(&r->scratch));
	buf_reset(&r->scratch);
	if (v == CHAIN_HOLD || v < 0)
		return v;
	r->count[right].refused++;
	return audit_refusal(r, what, why);
}

unsigned
ssh_relay_count(const struct ssh_relay *r)
{
	return r->table.n;
}

uint64_t
ssh_relay_bytes_up(const struct ssh_relay *r)
{
	return r->bytes[LEG_TARGET];
}

uint64_t
ssh_relay_bytes_down(const struct ssh_relay *r)
{
	return r->bytes[LEG_USER];
}

const struct ssh_relay_channel *
ssh_relay_channel(const struct ssh_relay *r, uint32_t from)
{
	struct channel *best = NULL;

	for (uint32_t i = 0; i < r->table.cap; i++) {
		struct channel *ch = r->table.slot[i];

		if (ch != NULL && ch->info.open && ch->info.number >= from &&
		    (best == NULL || ch->info.number < best->info.number))
			best = ch;
	}
	if (best == NULL)
		return NULL;
	best->info.bytes_up = best->to[LEG_TARGET].bytes;
	best->info.bytes_down = best->to[LEG_USER].bytes;
	return &best->info;
}

static void
put_count(const struct ssh_relay *r, enum ssh_right kind,
    const struct relay_count *n, struct json *j)
{
	bool meta = (r->metadata & BIT(kind)) != 0;

	if (n->opened == 0 && n->refused == 0)
		return;
	json_object(j, right_name(kind));
	json_uint(j, "opened", n->opened);
	json_uint(j, "recorded", meta ? 0 : n->opened);
	json_uint(j, "metadata", meta ? n->opened : 0);
	json_uint(j, "refused", n->refused);
	json_uint(j, "bytes_up", n->bytes[LEG_TARGET]);
	json_uint(j, "bytes_down", n->bytes[LEG_USER]);
	json_close(j, '}');
}

void
ssh_relay_coverage(const struct ssh_relay *r, struct json *j)
{
	struct relay_count all[SSH_RIGHT_COUNT];

	memcpy(all, r->count, sizeof(all));
	for (uint32_t i = 0; i < r->table.cap; i++) {
		const struct channel *ch = r->table.slot[i];

		if (ch == NULL || !ch->info.open)
			continue;
		all[ch->info.kind].opened++;
		all[ch->info.kind].bytes[LEG_TARGET] +=
		    ch->to[LEG_TARGET].bytes;
		all[ch->info.kind].bytes[LEG_USER] += ch->to[LEG_USER].bytes;
	}
	for (unsigned i = 0; i < SSH_RIGHT_COUNT; i++)
		put_count(r, (enum ssh_right)i, &all[i], j);
}
