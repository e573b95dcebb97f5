/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CDEFS_H
#define BASE_CDEFS_H

/*
 * Compiler attributes that the headers use to say what they promise, and
 * MUST(), the assertion that is never compiled out.
 */

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NOINLINE __attribute__((noinline))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define NO_SANITIZE __attribute__((no_sanitize("undefined")))

/* The result is released with fn, and with nothing else. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define OWNED_BY(fn) __attribute__((malloc(fn, 1)))
#else
#define OWNED_BY(fn)
#endif

/* Address sanitizer: its leak check traces the process from within. */
#if defined(__SANITIZE_ADDRESS__)
#define BUILT_WITH_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BUILT_WITH_SANITIZER 1
#endif
#endif

/* A result that one means to ignore: gcc does not take a cast for an answer. */
#define IGNORE(expr)                                                           \
	do {                                                                   \
		if ((expr) != 0) {                                             \
		}                                                              \
	} while (0)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n) (1U << (n))

/* A broken invariant ends this process.  Never used on input. */
#define MUST(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			must_fail(__FILE__, __LINE__, #cond);                  \
	} while (0)

void must_fail(const char *file, int line, const char *cond) NORETURN;

#endif /* BASE_CDEFS_H */
