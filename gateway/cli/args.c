/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses the command line: finds the verb in the table and checks that the
 * arguments and options are those of the verb.  What they mean is the verb's
 * business.
 */
#include <string.h>

#include "cli/verbs.h"

#include "cli/args.h"

const struct args_row args_table[] = {
#define VERB(noun, verb, fn, args, needs, text)                                \
	{noun, verb, fn, args, needs, NULL, NULL, text},
#define OPT(name, value, text) {NULL, NULL, NULL, NULL, 0, name, value, text},
#include "cli/cli_tbl.h"
#undef VERB
#undef OPT
};

const size_t args_table_len = ARRAY_LEN(args_table);

static const struct args_row *
find_verb(const char *noun, const char *verb)
{
	for (size_t i = 0; i < args_table_len; i++) {
		const struct args_row *r = &args_table[i];

		if (r->noun && strcmp(r->noun, noun) == 0 &&
		    strcmp(r->verb, verb) == 0)
			return r;
	}
	return NULL;
}

static bool
is_noun(const char *noun)
{
	for (size_t i = 0; i < args_table_len; i++) {
		if (args_table[i].noun && strcmp(args_table[i].noun, noun) == 0)
			return true;
	}
	return false;
}

/* The option's row among those below verb; len: without "=value". */
static const struct args_row *
find_opt(const struct args_row *verb, const char *name, size_t len)
{
	const struct args_row *end = args_table + args_table_len;

	for (const struct args_row *r = verb + 1; r < end && r->opt; r++) {
		if (strlen(r->opt) == len && memcmp(r->opt, name, len) == 0)
			return r;
	}
	return NULL;
}

static bool
repeats(const char *synopsis)
{
	size_t len = strlen(synopsis);

	return len > 3 && strcmp(synopsis + len - 3, "...") == 0 &&
	       synopsis[len - 4] != ',' && synopsis[len - 4] != ':';
}

/* How many positional arguments the synopsis asks for. */
static void
count_synopsis(const char *s, size_t *least, size_t *most)
{
	size_t n;

	*least = *most = 0;
	if (repeats(s))
		*most = ARGS_POS_MAX;
	for (; *s; s += n) {
		s += strspn(s, " ");
		n = strcspn(s, " ");
		if (n == 0)
			break;
		*least += s[0] != '[';
		if (*most != ARGS_POS_MAX)
			(*most)++;
	}
}

struct parse {
	struct args *a;
	int argc;
	char *const *argv;
	int i;
	struct fail *f;
};

/* --name, --name=value, --name value */
static int
parse_long(struct parse *p)
{
	struct args *a = p->a;
	const char *arg = p->argv[p->i] + 2, *value = "";
	size_t len = strcspn(arg, "=");
	const struct args_row *r;

	if (strcmp(arg, "json") == 0) {
		a->json = true;
		return 0;
	}
	if (strcmp(arg, "help") == 0) {
		a->help = true;
		return 0;
	}
	if (a->row == NULL)
		return fail_set(p->f, FAIL_FORMAT,
		    "option --%s stands before the verb", arg);
	r = find_opt(a->row, arg, len);
	if (r == NULL)
		return fail_set(
		    p->f, FAIL_FORMAT, "no option --%.*s here", (int)len, arg);
	if (r->value[0] == '\0' && arg[len])
		return fail_set(
		    p->f, FAIL_FORMAT, "--%s takes no value", r->opt);
	if (r->value[0]) {
		if (arg[len])
			value = arg + len + 1;
		else if (++p->i < p->argc)
			value = p->argv[p->i];
		else
			return fail_set(p->f, FAIL_FORMAT,
			    "--%s needs a value: %s", r->opt, r->value);
	}
	if (args_opt(a, r->opt) && !repeats(r->value))
		return fail_set(
		    p->f, FAIL_FORMAT, "--%s is given twice", r->opt);
	if (a->n_opt == ARGS_OPT_MAX)
		return fail_set(p->f, FAIL_FORMAT, "too many options");
	a->opt[a->n_opt].name = r->opt;
	a->opt[a->n_opt++].value = value;
	return 0;
}

static int
parse_short(struct parse *p)
{
	const char *arg = p->argv[p->i];

	if (strcmp(arg, "-h") == 0) {
		p->a->help = true;
		return 0;
	}
	if (strncmp(arg, "-c", 2) != 0)
		return fail_set(p->f, FAIL_FORMAT, "no option %s here", arg);
	if (arg[2])
		p->a->file = arg + 2;
	else if (++p->i < p->argc)
		p->a->file = p->argv[p->i];
	else
		return fail_set(p->f, FAIL_FORMAT, "-c needs a file");
	return 0;
}

/* A word: noun, verb, then the positional arguments. */
static int
parse_word(struct parse *p)
{
	struct args *a = p->a;
	const char *word = p->argv[p->i];

	if (a->noun == NULL) {
		if (!is_noun(word))
			return fail_set(p->f, FAIL_FORMAT,
			    "there is no \"%s\", see sallyport --help", word);
		a->noun = word;
		a->row = find_verb(word, "");
		return 0;
	}
	if (a->row == NULL) {
		a->row = find_verb(a->noun, word);
		if (a->row == NULL)
			return fail_set(p->f, FAIL_FORMAT,
			    "%s has no verb \"%s\", see sallyport %s --help",
			    a->noun, word, a->noun);
		return 0;
	}
	if (a->n_pos == ARGS_POS_MAX)
		return fail_set(p->f, FAIL_FORMAT, "too many arguments");
	a->pos[a->n_pos++] = word;
	return 0;
}

static int
check_whole(const struct args *a, struct fail *f)
{
	size_t least, most;

	if (a->help)
		return 0;
	if (a->noun == NULL)
		return fail_set(f, FAIL_FORMAT,
		    "no command is given, see sallyport --help");
	if (a->row == NULL)
		return fail_set(f, FAIL_FORMAT,
		    "%s needs a verb, see sallyport %s --help", a->noun,
		    a->noun);
	count_synopsis(a->row->synopsis, &least, &most);
	if (a->n_pos < least || a->n_pos > most)
		return fail_set(f, FAIL_FORMAT, "usage: sallyport %s%s%s%s%s",
		    a->row->noun, a->row->verb[0] ? " " : "", a->row->verb,
		    a->row->synopsis[0] ? " " : "", a->row->synopsis);
	return 0;
}

int
args_parse(struct args *a, int argc, char *const *argv, struct fail *f)
{
	struct parse p = {.a = a, .argc = argc, .argv = argv, .f = f};
	bool words_only = false;
	int r = 0;

	memset(a, 0, sizeof(*a));
	for (p.i = 1; r == 0 && p.i < argc; p.i++) {
		const char *arg = argv[p.i];

		if (words_only || arg[0] != '-' || arg[1] == '\0')
			r = parse_word(&p);
		else if (strcmp(arg, "--") == 0)
			words_only = true;
		else if (arg[1] == '-')
			r = parse_long(&p);
		else
			r = parse_short(&p);
	}
	return r ? r : check_whole(a, f);
}

const char *
args_opt_at(const struct args *a, const char *name, size_t i)
{
	for (size_t k = 0; k < a->n_opt; k++) {
		if (strcmp(a->opt[k].name, name) == 0 && i-- == 0)
			return a->opt[k].value;
	}
	return NULL;
}

const char *
args_opt(const struct args *a, const char *name)
{
	return args_opt_at(a, name, 0);
}
