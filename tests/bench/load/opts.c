/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of both roles.
 */
#include <arpa/inet.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/file.h"

#include "ssh/transport/sshkey.h"
#include "sshclient/keyfile.h"

#include "client.h"
#include "opts.h"

void
opts_usage(void)
{
	(void)fputs(
	    "usage: load target [options] ADDRESS:PORT\n"
	    "       load client [options] ADDRESS:PORT\n"
	    "both:\n"
	    "  --cipher LIST, --kex LIST   offer only these\n"
	    "  --rekey BYTES       ask for new keys after so many bytes\n"
	    "  --password-file F   client: to log in with; target: the right "
	    "one\n"
	    "target: accepts everybody (with --password-file: that password, "
	    "and\n"
	    "        any key); prints \"load target ready\", runs until "
	    "SIGTERM\n"
	    "  --hostkey F         OpenSSH private key; default: a new one\n"
	    "        commands: cat, echo WORDS, exit N, sink SEED,\n"
	    "        source BYTES SEED PACE; a shell is cat with a terminal's "
	    "echo\n"
	    "client:\n"
	    "  --login NAME        %d in it becomes the number of the session\n"
	    "  --key F             private key to log in with\n"
	    "  -n N                sessions at a time (1)\n"
	    "  --total N           sessions in all; 0: until the time is up "
	    "(-n)\n"
	    "  --rate N            set-ups begun a second at most (no limit)\n"
	    "  --pending N         in set-up at a time (32)\n"
	    "  -a A[:N][,A:N...]   what a session does (once):\n"
	    "        once   one command, its output and status verified\n"
	    "        keys   a shell; a key each interval, its echo verified\n"
	    "        idle   a shell; nothing until the end, then a line\n"
	    "        down   a download, verified\n"
	    "        up     an upload, verified by the target\n"
	    "        login  logs in, or fails to, and leaves\n"
	    "        mute   connects and says nothing\n"
	    "  --seconds S         keys, idle, down, up: end so long after all "
	    "are\n"
	    "                      there; with --total 0: after the start\n"
	    "  --interval MS       from key to key (1000)\n"
	    "  --bytes N           of a transfer; 0: until the end (0)\n"
	    "  --pace N            bytes a second of a transfer (no limit)\n"
	    "  --expect in|out|any whether logins must work, fail, or may "
	    "(in)\n"
	    "  --tries N           wrong passwords on one connection (1)\n"
	    "  --addresses N       come from 127.1.0.1 and the N-1 that "
	    "follow\n"
	    "  --first-address K   begin K further on\n"
	    "  --stall S           what takes longer has failed (30)\n"
	    "  --report S          a line of figures each S seconds\n"
	    "The client prints \"load ready\" when no set-up is left to do, "
	    "and at\n"
	    "the end one line \"load client key=value ...\"; times in ms.  "
	    "Status 1\n"
	    "if anything was refused, dropped, lost or wrong.  SIGTERM: ends "
	    "as if\n"
	    "the time were up.\n",
	    stderr);
}

static uint64_t
number(const char *what, const char *text)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		errx(2, "%s: not a number: %s", what, text);
	return v;
}

static void
address(struct opts *o, const char *text)
{
	char host[64];
	const char *colon = strrchr(text, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);

	if (colon == NULL || len >= sizeof(host))
		errx(2, "ADDRESS:PORT is needed, not %s", text);
	memcpy(host, text, len);
	host[len] = '\0';
	o->address.sin_family = AF_INET;
	o->address.sin_port = htons((uint16_t)number("port", colon + 1));
	if (inet_pton(AF_INET, host, &o->address.sin_addr) != 1)
		errx(2, "not an IPv4 address: %s", host);
}

static void
load_password(struct opts *o, const char *path)
{
	char line[1024];
	FILE *f = fopen(path, "r");

	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		err(2, "%s", path);
	(void)fclose(f);
	line[strcspn(line, "\n")] = '\0';
	free(o->password);
	o->password = strdup(line);
	if (o->password == NULL)
		errx(2, "no memory");
}

static void
blob_of_key(struct opts *o)
{
	buf_init(&o->key_blob, 8192);
	if (sshkey_public_blob(o->key, &o->key_blob) != 0)
		errx(2, "cannot use this key");
}

static void
load_key(struct opts *o, const char *path)
{
	struct keyfile k = {0};
	struct fail f = {0};
	struct span der;
	const unsigned char *p;

	if (keyfile_load(&k, path, NULL, &f) != 0)
		errx(2, "%s: %s", path, f.why);
	der = secret_show(k.pkcs8);
	p = der.p;
	EVP_PKEY_free(o->key);
	o->key = d2i_AutoPrivateKey(NULL, &p, (long)der.len);
	keyfile_fini(&k);
	if (o->key == NULL)
		errx(2, "%s: cannot be read", path);
}

/* "keys:300,idle:100", or one name for all. */
static void
actions(struct opts *o, char *text)
{
	char *save = NULL;

	o->n_share = 0;
	for (char *t = strtok_r(text, ",", &save); t != NULL;
	     t = strtok_r(NULL, ",", &save)) {
		char *colon = strchr(t, ':');
		struct opts_share *s = &o->share[o->n_share];

		if (o->n_share == OPTS_ACTIONS)
			errx(2, "too many actions");
		if (colon != NULL)
			*colon = '\0';
		s->action = action_find(t);
		if (s->action == NULL)
			errx(2, "no action %s", t);
		s->count = colon != NULL ? number(t, colon + 1) : 0;
		o->n_share++;
	}
}

static void
expectation(struct opts *o, const char *text)
{
	if (strcmp(text, "in") == 0)
		o->expect = EXPECT_IN;
	else if (strcmp(text, "out") == 0)
		o->expect = EXPECT_OUT;
	else if (strcmp(text, "any") == 0)
		o->expect = EXPECT_ANY;
	else
		errx(2, "--expect: in, out or any");
}

enum { O_CIPHER = 256, O_KEX, O_PASSWORD, O_KEY, O_LOGIN, O_EXPECT, O_NUMBERS };

/* Options that are numbers: where they go. */
static const struct {
	const char *name;
	size_t at;
} numbers[] = {
    {"rekey", offsetof(struct opts, rekey_bytes)},
    {"total", offsetof(struct opts, total)},
    {"rate", offsetof(struct opts, rate)},
    {"pending", offsetof(struct opts, pending)},
    {"seconds", offsetof(struct opts, seconds)},
    {"interval", offsetof(struct opts, interval_ms)},
    {"bytes", offsetof(struct opts, bytes)},
    {"pace", offsetof(struct opts, pace)},
    {"tries", offsetof(struct opts, tries)},
    {"addresses", offsetof(struct opts, addresses)},
    {"first-address", offsetof(struct opts, first_address)},
    {"stall", offsetof(struct opts, stall_s)},
    {"report", offsetof(struct opts, report_s)},
};

static void
one(struct opts *o, int c)
{
	size_t i = (size_t)c - O_NUMBERS;

	switch (c) {
	case 'a':
		actions(o, optarg);
		break;
	case 'n':
		o->sessions = number("-n", optarg);
		break;
	case O_CIPHER:
		o->cipher = optarg;
		break;
	case O_KEX:
		o->kex = optarg;
		break;
	case O_PASSWORD:
		load_password(o, optarg);
		break;
	case O_KEY:
		load_key(o, optarg);
		break;
	case O_LOGIN:
		o->login = optarg;
		break;
	case O_EXPECT:
		expectation(o, optarg);
		break;
	case 'h':
		opts_usage();
		exit(0);
	default:
		if (c < O_NUMBERS || i >= ARRAY_LEN(numbers)) {
			opts_usage();
			exit(2);
		}
		*(uint64_t *)(void *)((char *)o + numbers[i].at) =
		    number(numbers[i].name, optarg);
	}
}

static void
parse(struct opts *o, int argc, char **argv)
{
	struct option list[ARRAY_LEN(numbers) + 9] = {
	    {"cipher", required_argument, NULL, O_CIPHER},
	    {"kex", required_argument, NULL, O_KEX},
	    {"password-file", required_argument, NULL, O_PASSWORD},
	    {"key", required_argument, NULL, O_KEY},
	    {"hostkey", required_argument, NULL, O_KEY},
	    {"login", required_argument, NULL, O_LOGIN},
	    {"expect", required_argument, NULL, O_EXPECT},
	    {"help", no_argument, NULL, 'h'},
	};
	int c;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		list[8 + i] = (struct option){numbers[i].name,
		    required_argument, NULL, O_NUMBERS + (int)i};
	o->total = UINT64_MAX;
	while ((c = getopt_long(argc, argv, "a:n:h", list, NULL)) != -1)
		one(o, c);
	if (optind + 1 != argc) {
		opts_usage();
		exit(2);
	}
	address(o, argv[optind]);
}

/* Shares without a count get what is left. */
static void
fill_shares(struct opts *o)
{
	uint64_t sum = 0, open = 0;

	if (o->n_share == 0)
		o->share[o->n_share++].action = action_find("once");
	for (unsigned i = 0; i < o->n_share; i++) {
		sum += o->share[i].count;
		open += o->share[i].count == 0 ? 1 : 0;
	}
	if (open > 1)
		errx(2, "-a: only one action without a number");
	if (open == 0 && o->sessions < sum)
		o->sessions = sum;
	for (unsigned i = 0; i < o->n_share; i++) {
		if (o->share[i].count == 0 && o->sessions > sum)
			o->share[i].count = o->sessions - sum;
	}
}

void
opts_client(struct opts *o, int argc, char **argv)
{
	*o = (struct opts){.sessions = 1,
	    .pending = 32,
	    .interval_ms = 1000,
	    .tries = 1,
	    .stall_s = 30,
	    .login = "demo"};
	parse(o, argc, argv);
	fill_shares(o);
	/* Not given: as many as there are at a time. */
	if (o->total == UINT64_MAX)
		o->total = o->sessions;
	else if (o->total == 0)
		o->total = UINT64_MAX;
	if (o->total == UINT64_MAX && o->seconds == 0)
		errx(2, "--total 0 needs --seconds");
	if (o->interval_ms == 0 || o->tries == 0 || o->sessions == 0)
		errx(2, "--interval, --tries and -n are at least 1");
	if (o->key != NULL)
		blob_of_key(o);
	else if (o->password == NULL)
		errx(2, "--key or --password-file is needed");
}

void
opts_target(struct opts *o, int argc, char **argv)
{
	*o = (struct opts){0};
	parse(o, argc, argv);
	if (o->key == NULL)
		o->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (o->key == NULL)
		errx(2, "no host key");
	blob_of_key(o);
}

void
opts_fini(struct opts *o)
{
	EVP_PKEY_free(o->key);
	buf_fini(&o->key_blob);
	free(o->password);
}
