/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cdefs.h"
#include "base/fail.h"

/*
 * The configuration: sallyport.conf, an INI file.  Every setting is a row in
 * conf_tbl.h, from which come the struct, the defaults, the parser,
 * --print-config and the manual page.
 */

#define CONF_T_STR char *
#define CONF_T_LIST char *
#define CONF_T_UINT uint64_t
#define CONF_T_SIZE uint64_t
#define CONF_T_TIME uint64_t
#define CONF_T_BOOL bool

struct conf {
	char *file; /* where it came from */
#define CONF(section, key, type, def, text) CONF_T_##type section##_##key;
#include "base/conf_tbl.h"
#undef CONF
};

void conf_free(struct conf *c);

/*
 * Read file (NULL: defaults only).  An unknown section or key, a value that
 * does not parse, a line over 1,023 bytes: FAIL_CONF, f names file and line.
 */
int conf_load(struct conf **out, const char *file, struct fail *f) MUST_USE;
/* The same from memory; name stands for the file in errors. */
int conf_parse(struct conf **out, const char *name, const char *text,
    size_t len, struct fail *f) MUST_USE;

/* As a file that conf_load() reads back to the same. */
void conf_print(const struct conf *c, FILE *to);
/* The settings part of sallyport.conf.5, in mdoc. */
void conf_print_man(FILE *to);

/* path, or node.state/path when it is relative.  Gives; NULL: no memory. */
char *conf_path(const struct conf *c, const char *path) MUST_USE;

#endif /* BASE_CONF_H */
