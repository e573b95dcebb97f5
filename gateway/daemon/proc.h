/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_PROC_H
#define GATEWAY_DAEMON_PROC_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/ipc.h"
#include "base/loop.h"
#include "daemon/role.h"

/*
 * The children of the supervisor: a list of processes, their control links,
 * and what has been asked of each.
 */

enum proc_state {
	PROC_STARTING, /* has not said `ready` yet */
	PROC_READY,
	PROC_LEAVING,  /* drains, or has handed its sessions over */
	PROC_STOPPING, /* was told to stop, or its control link broke */
	PROC_KILLED,
};

struct proc {
	struct proc *next;
	struct procs *in;
	struct ipc *ctl; /* NULL once broken */
	pid_t pid;
	uint32_t number;
	enum role role;
	enum proc_state state;
	uint32_t load;	   /* workers: sessions, as it says */
	bool asked;	   /* we wanted it to end */
	bool current;	   /* the one of its role that serves; all workers */
	bool old;	   /* is to be replaced in this reload */
	bool serving;	   /* broker: it has taken over from the one before */
	bool took;	   /* has sessions handed over to it in this reload */
	unsigned unlinked; /* roles to which it lacks a link: BIT(enum role) */
	unsigned relinks;  /* given to it since relink_ns */
	uint64_t relink_ns;
	uint64_t start_ns; /* when it was started */
	uint64_t idle_ns;  /* since when it has no session */
	uint64_t due_ns;   /* when patience with its state ends; 0: never */
};

struct procs {
	struct proc *first;
	struct loop *loop;
	void (*changed)(void *ctx); /* something was heard from a child */
	void *ctx;
	uint32_t next_number;
};

/* What a child may have waiting: links to hundreds of peers. */
enum { PROC_MSG_MAX = 4096, PROC_QUEUE_MAX = 1024 * 1024 };

/* A process with its control link; takes fd.  NULL: no memory, fd closed. */
struct proc *proc_add(struct procs *ps, enum role role, uint32_t number,
    pid_t pid, int fd) MUST_USE;
/* It has been waited for. */
void proc_remove(struct proc *p);

struct proc *proc_by_pid(const struct procs *ps, pid_t pid);
struct proc *proc_by_role(const struct procs *ps, enum role role);
size_t proc_count(const struct procs *ps, enum role role);

/* "worker 12"; in a buffer of at least 32 bytes. */
const char *proc_name(const struct proc *p, char name[32]);

/* Orders.  The first is done within ms, or the next sharper one follows. */
void proc_drain(struct proc *p, uint64_t ms);
void proc_stop(struct proc *p, uint64_t ms);
void proc_kill(struct proc *p);
/* It hands its sessions over to the worker `to`; takes fd. */
void proc_handover(struct proc *p, uint32_t to, int fd, uint64_t ms);
void proc_takeover(struct proc *p, uint32_t from, int fd);
void proc_worker_gone(struct proc *p, uint32_t number, int status);
void proc_alone(struct proc *p);

/* Sharpen orders whose time is up; returns when to look again, 0: never. */
uint64_t proc_sharpen(struct procs *ps);

#endif /* GATEWAY_DAEMON_PROC_H */
