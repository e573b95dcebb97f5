/* SPDX-License-Identifier: Apache-2.0 */
/* From statements to answers; what they ask for is up to the verbs. */
#include "cli/link.h"

#include "cli/answer.h"

int
answer_name(struct cli *c, const char *name)
{
	out_one(&c->out);
	out_text(&c->out, "name", name);
	return out_end(&c->out);
}

int
answer_changed(struct cli *c, const char *name, const char *detail)
{
	int r = link_changed(c, name, detail);

	return r ? r : answer_name(c, name);
}

int
answer_list(struct cli *c, const struct db_stmt *s, db_row_fn *fn)
{
	int r;

	out_list(&c->out);
	r = cli_query(c, s, fn, &c->out);
	return r ? r : out_end(&c->out);
}

int
answer_one(
    struct cli *c, const uint8_t id[16], const struct db_stmt *s, db_row_fn *fn)
{
	int r;

	out_one(&c->out);
	out_uuid(&c->out, "id", id);
	r = cli_query(c, s, fn, &c->out);
	return r ? r : out_end(&c->out);
}

static int
on_word(const struct db_row *row, void *ctx, struct fail *f)
{
	(void)f;
	out_word(ctx, db_row_text(row, 0));
	return 0;
}

int
answer_words(struct cli *c, const char *key, const struct db_stmt *s)
{
	int r;

	out_words(&c->out, key);
	r = cli_query(c, s, on_word, &c->out);
	out_words_end(&c->out);
	return r;
}
