/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stddef.h>

#include "base/cdefs.h"
#include "base/fail.h"

/*
 * Confines the calling process for the rest of its life: landlock for what it
 * may do to files, seccomp for what it may ask of the kernel.  Everything that
 * a profile does not list is refused by ending the process with SIGSYS, after a
 * line on stderr that names the number of the system call.
 */

enum sandbox_profile {
	SANDBOX_WORKER,	  /* TCP connections; no file, no thread */
	SANDBOX_KEEPER,	  /* what is open already, and nothing else */
	SANDBOX_RECORDER, /* files below the writable folders; threads */
	SANDBOX_BROKER,	  /* files, threads, connections, name look-ups */
	SANDBOX_VIEWER,	  /* what is open already, and a terminal */
	SANDBOX_PROGRAMS, /* programs and files; for sandbox_files() only */
};

/*
 * Lists of files and folders, NULL-terminated; NULL is an empty list.  Those
 * that do not exist are left out.  Open files are not concerned.
 */
struct sandbox_opts {
	enum sandbox_profile profile;
	const char *const *read_only;
	const char *const *read_write;
	const char *const *execute; /* and read */
	/*
	 * Out of reach although they lie below one of the others.  Of the
	 * folders on the way to them only what is there now can be used.
	 */
	const char *const *hidden;
};

/*
 * Call with every file open that needs to be, and before any thread is started
 * (FAIL_STATE).  A kernel without landlock is logged and is not an error; a
 * kernel without seccomp is FAIL_UNSUPPORTED.
 */
int sandbox_enter(const struct sandbox_opts *o, struct fail *f) MUST_USE;

/* Landlock alone, which the programs that are started then are under too. */
int sandbox_files(const struct sandbox_opts *o, struct fail *f) MUST_USE;

/* The landlock ABI of this kernel; 0: none. */
int sandbox_landlock_abi(void);

#endif /* BASE_SANDBOX_H */
