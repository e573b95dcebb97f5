/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GATEWAY_SESSION_RECORDING_RIG_H
#define TESTS_UNIT_GATEWAY_SESSION_RECORDING_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/crypt.h"
#include "base/uuid.h"
#include "keeper/keeper_msg.h"
#include "session/recording.h"

/*
 * A recording against a recorder and a keeper played here: what they are sent
 * is written to a file, which the real reader then reads.
 */
struct recording_rig {
	struct loop *loop;
	struct peers *peers;
	struct rcd_codec *codec;
	struct ipc *recorder, *keeper;
	struct recording *rec;
	FILE *file;
	uint64_t next_seq;
	bool mute;	  /* the recorder commits nothing */
	bool thinks;	  /* and does not say at once what it has */
	bool slow;	  /* the keeper waits for a second request */
	unsigned resumed; /* the keeper was told that the recording is ours */
	unsigned signs;	  /* and asked to sign */
	uint64_t keeper_link;
	uint32_t first_id; /* of the request that waits; 0: none */
	struct km_checkpoint_sign first;
	uint8_t first_hash[32];
	uint8_t seed[ED25519_KEY_LEN], pub[ED25519_KEY_LEN], dek[32];
	uint8_t rec_id[UUID_LEN];
	int opened, closed, troubles, resumes;
	char lines[1024];
};

extern struct recording_rig rig;

enum { RIG_OTHER_SESSIONS = 999 }; /* a type of message that is not ours */

int rig_setup(void **state);
int rig_teardown(void **state);
/* What a recording of the rig is made with. */
void rig_options(struct recording_opts *o);
/* A new process at the other end: the recorder or the keeper. */
struct ipc *rig_join(enum peer p);
void rig_spin(int rounds);
/* The recorder says what it has, and that it is on disk. */
void rig_recorder_state(void);
void rig_commit(void);

/* Bytes or an event of a channel; as the filter answers. */
int rig_push(uint32_t channel, enum chunk_kind kind, uint8_t type,
    enum flow flow, const void *p, size_t len);
void rig_event(uint32_t channel, uint8_t type, const char *text);
/* 32 KiB blocks, random, so that they are as long sealed as they are raw. */
int rig_push_much(size_t blocks);
/* Close it, and wait until it is closed. */
void rig_end(void);
/* All events as text, after the whole chain was checked by the reader. */
void rig_read(char *dst, size_t size);

#endif /* TESTS_UNIT_GATEWAY_SESSION_RECORDING_RIG_H */
