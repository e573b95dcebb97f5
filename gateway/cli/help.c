/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Usage, completion and manual page, all made from the table of verbs, so that
 * none of them can forget a verb or an option.
 */
#include <string.h>

#include "cli/help.h"

#define EACH_VERB(r)                                                           \
	for (const struct args_row *r = args_table;                            \
	     r < args_table + args_table_len; r++)                             \
		if (r->noun)
#define EACH_OPT(o, r)                                                         \
	for (const struct args_row *o = (r) + 1;                               \
	     o < args_table + args_table_len && o->opt; o++)

static int
print_call(const struct args_row *r, FILE *to)
{
	return fprintf(to, "%s%s%s%s%s", r->noun, r->verb[0] ? " " : "",
	    r->verb, r->synopsis[0] ? " " : "", r->synopsis);
}

static void
print_verb_line(const struct args_row *r, FILE *to)
{
	int n = fprintf(to, "  ");

	n += print_call(r, to);
	fprintf(to, "%*s%s\n", n < 44 ? 44 - n : 2, "", r->text);
}

static void
print_verb(const struct args_row *r, FILE *to)
{
	bool any = false;

	fprintf(to, "usage: sallyport [-c FILE] [--json] ");
	print_call(r, to);
	EACH_OPT(o, r)
	{
		if (!any)
			fprintf(to, " [options]");
		any = true;
	}
	fprintf(to, "\n%s\n", r->text);
	EACH_OPT(o, r)
	{
		int n = fprintf(
		    to, "  --%s%s%s", o->opt, o->value[0] ? " " : "", o->value);

		fprintf(to, "%*s%s\n", n < 28 ? 28 - n : 2, "", o->text);
	}
}

void
help_print(const struct args *a, FILE *to)
{
	if (a->row) {
		print_verb(a->row, to);
		return;
	}
	fprintf(to, "usage: sallyport [-c FILE] [--json] NOUN VERB [ARGUMENTS] "
		    "[OPTIONS]\n\n");
	EACH_VERB(r)
	{
		if (a->noun == NULL || strcmp(a->noun, r->noun) == 0)
			print_verb_line(r, to);
	}
	fprintf(to, "\n"
		    "  -c FILE     the configuration, instead of "
		    "/etc/sallyport/sallyport.conf\n"
		    "  --json      answer with one JSON object or array\n"
		    "  --help      say more about a noun or verb\n"
		    "Exit status: 0 done, 1 refused or failed, 2 usage.\n");
}

static bool
first_of_noun(const struct args_row *r)
{
	EACH_VERB(other)
	{
		if (strcmp(other->noun, r->noun) == 0)
			return other == r;
	}
	return false;
}

void
help_bash(FILE *to)
{
	fprintf(to, "# SPDX-License-Identifier: Apache-2.0\n"
		    "# In zsh: autoload -U bashcompinit && bashcompinit, then "
		    "source this.\n"
		    "_sallyport() {\n"
		    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} w skip= words=()\n"
		    "\tfor w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
		    "\t\tif [ -n \"$skip\" ]; then skip=; continue; fi\n"
		    "\t\tcase $w in -c) skip=1 ;; -*) ;; *) words+=(\"$w\") ;; "
		    "esac\n"
		    "\tdone\n"
		    "\tif [ -n \"$skip\" ]; then\n"
		    "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
		    "\t\treturn\n"
		    "\tfi\n"
		    "\tlocal list='-c --json --help'\n"
		    "\tcase \"${words[*]:0:2}\" in\n"
		    "\t'') list+='");
	EACH_VERB(r)
	{
		if (first_of_noun(r))
			fprintf(to, " %s", r->noun);
	}
	fprintf(to, "' ;;\n");
	EACH_VERB(n)
	{
		if (!first_of_noun(n) || n->verb[0] == '\0')
			continue;
		fprintf(to, "\t'%s') list+='", n->noun);
		EACH_VERB(r)
		{
			if (strcmp(r->noun, n->noun) == 0)
				fprintf(to, " %s", r->verb);
		}
		fprintf(to, "' ;;\n");
	}
	EACH_VERB(r)
	{
		if (r->verb[0] == '\0' ||
		    r + 1 == args_table + args_table_len || r[1].opt == NULL)
			continue;
		fprintf(to, "\t'%s %s') list+='", r->noun, r->verb);
		EACH_OPT(o, r)
		{
			fprintf(to, " --%s", o->opt);
		}
		fprintf(to, "' ;;\n");
	}
	fprintf(to,
	    "\tesac\n"
	    "\tCOMPREPLY=($(compgen -W \"$list\" -- \"$cur\"))\n"
	    "\t[ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "
	    "\"$cur\"))\n"
	    "}\n"
	    "complete -o filenames -F _sallyport sallyport\n");
}

/* The words of a synopsis as arguments of mdoc. */
static void
man_synopsis(const char *s, FILE *to)
{
	for (size_t n; *s; s += n) {
		s += strspn(s, " ");
		n = strcspn(s, " ");
		if (n == 0)
			break;
		if (s[0] == '[')
			fprintf(to, " Op Ar %.*s", (int)n - 2, s + 1);
		else
			fprintf(to, " Ar %.*s", (int)n, s);
	}
	fputc('\n', to);
}

void
help_man(FILE *to)
{
	fprintf(to,
	    ".\\\" SPDX-License-Identifier: Apache-2.0\n"
	    ".\\\" Made by `sallyport completion man` from the table of "
	    "verbs.\n"
	    ".Dd $Mdocdate$\n.Dt SALLYPORT 1\n.Os\n"
	    ".Sh NAME\n.Nm sallyport\n"
	    ".Nd administer a Sallyport node\n"
	    ".Sh SYNOPSIS\n.Nm\n.Op Fl c Ar file\n.Op Fl -json\n"
	    ".Ar noun\n.Op Ar verb\n.Op Ar argument ...\n"
	    ".Sh DESCRIPTION\n"
	    "Users, targets, accounts, policies, sessions and recordings of a "
	    "Sallyport\ngateway.\n"
	    ".Bl -tag -width Ds\n"
	    ".It Fl c Ar file\nThe configuration,\n"
	    ".Pa /etc/sallyport/sallyport.conf\nif not given.\n"
	    ".It Fl -json\nAnswer with one JSON object or array.\n"
	    ".It Fl -help\nSay more about a noun or verb.\n"
	    ".El\n.Sh COMMANDS\n.Bl -tag -width Ds\n");
	EACH_VERB(r)
	{
		fprintf(to, ".It Cm %s%s%s", r->noun, r->verb[0] ? " " : "",
		    r->verb);
		man_synopsis(r->synopsis, to);
		fprintf(to, "%s\n", r->text);
		if (r + 1 == args_table + args_table_len || r[1].opt == NULL)
			continue;
		fprintf(to, ".Bl -tag -width Ds -compact\n");
		EACH_OPT(o, r)
		{
			fprintf(to, ".It Fl -%s", o->opt);
			man_synopsis(o->value, to);
			fprintf(to, "%s\n", o->text);
		}
		fprintf(to, ".El\n");
	}
	fprintf(to,
	    ".El\n.Sh FILES\n"
	    ".Bl -tag -width Ds\n"
	    ".It Pa /etc/sallyport/sallyport.conf\nThe configuration.\n"
	    ".It Pa /run/sallyport/broker.sock , "
	    "/run/sallyport/keeper.sock\nSockets of the running node.\n.El\n"
	    ".Sh EXIT STATUS\n"
	    "0 when it is done; 1 when it was refused or failed, with one "
	    "line that says\nwhy; 2 when the command line is wrong.\n"
	    ".Sh SEE ALSO\n.Xr sallyport-replay 1 ,\n"
	    ".Xr sallyport-audit 5 ,\n.Xr sallyport.conf 5 ,\n.Xr sallyportd "
	    "8\n");
}
