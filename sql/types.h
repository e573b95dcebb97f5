/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQL_TYPES_H
#define SQL_TYPES_H

/*
 * Numbers that stand in columns of the schema (sql/schema/).  Append only.
 * Times in columns that end in _us are Unix time in microseconds, UTC.
 */

/* user.roles */
enum user_role {
	USER_ROLE_USER = 1,
	USER_ROLE_APPROVER = 2,
	USER_ROLE_AUDITOR = 4,
	USER_ROLE_ADMINISTRATOR = 8,
};

/* policy_subject.kind */
enum subject_kind {
	SUBJECT_USER = 0,
	SUBJECT_GROUP = 1,
};

/* policy_object.kind; ref_id is all zero for OBJECT_ALL */
enum object_kind {
	OBJECT_ACCOUNT = 0,
	OBJECT_ASSET = 1,
	OBJECT_ALL = 2,
};

/* policy.record_* */
enum record_rule {
	RECORD_METADATA = 0,
	RECORD_FULL = 1,
};

/* policy.on_fail */
enum on_fail {
	ON_FAIL_STRICT = 0,
	ON_FAIL_PAUSE = 1,
};

/* asset.protocol, session.protocol */
enum asset_protocol {
	PROTOCOL_SSH = 1,
	PROTOCOL_RDP = 2,
};

/* credential.state */
enum credential_state {
	CREDENTIAL_CURRENT = 1,
	CREDENTIAL_PREVIOUS = 2,
};

/* session.state */
enum session_row_state {
	SESSION_ROW_GRANTED = 1, /* the target has not let it in yet */
	SESSION_ROW_RUNNING = 2,
	SESSION_ROW_PAUSED = 3,
	SESSION_ROW_ENDED = 4,
	SESSION_ROW_FAILED = 5, /* never reached the target */
};

/* recording.state */
enum recording_state {
	RECORDING_OPEN = 1,
	RECORDING_FINISHED = 2,
	RECORDING_ERASED = 3, /* its wrapped key is gone */
};

#endif /* SQL_TYPES_H */
