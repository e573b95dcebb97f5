-- SPDX-License-Identifier: Apache-2.0
-- The first schema.  Keys are UUID version 7.  Identifiers compare byte by
-- byte with no padding; columns that are searched as text fold case.
-- A migration may run again after a crash: every statement stands that.

CREATE TABLE IF NOT EXISTS node (
	id BINARY(16) NOT NULL PRIMARY KEY,
	name VARCHAR(255) NOT NULL,
	version VARCHAR(64) NOT NULL DEFAULT '',
	key_id INT UNSIGNED NOT NULL DEFAULT 0,
	pubkey VARBINARY(64) NULL,
	created_us BIGINT UNSIGNED NOT NULL,
	seen_us BIGINT UNSIGNED NOT NULL DEFAULT 0,
	UNIQUE KEY node_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS user (
	id BINARY(16) NOT NULL PRIMARY KEY,
	name VARCHAR(255) NOT NULL,
	full_name VARCHAR(255) COLLATE utf8mb4_general_ci NOT NULL DEFAULT '',
	password_hash VARCHAR(255) NULL,
	roles INT UNSIGNED NOT NULL,
	disabled TINYINT UNSIGNED NOT NULL DEFAULT 0,
	must_change TINYINT UNSIGNED NOT NULL DEFAULT 0,
	created_us BIGINT UNSIGNED NOT NULL,
	version INT UNSIGNED NOT NULL DEFAULT 1,
	UNIQUE KEY user_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS user_key (
	id BINARY(16) NOT NULL PRIMARY KEY,
	user_id BINARY(16) NOT NULL,
	alg VARCHAR(64) NOT NULL,
	key_blob VARBINARY(16384) NOT NULL,
	comment VARCHAR(255) COLLATE utf8mb4_general_ci NOT NULL DEFAULT '',
	fingerprint VARCHAR(64) NOT NULL,
	created_us BIGINT UNSIGNED NOT NULL,
	UNIQUE KEY user_key_fingerprint (user_id, fingerprint),
	KEY user_key_by_fingerprint (fingerprint),
	CONSTRAINT user_key_user FOREIGN KEY (user_id)
		REFERENCES user (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS grp (
	id BINARY(16) NOT NULL PRIMARY KEY,
	name VARCHAR(255) NOT NULL,
	created_us BIGINT UNSIGNED NOT NULL,
	UNIQUE KEY grp_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS grp_member (
	grp_id BINARY(16) NOT NULL,
	user_id BINARY(16) NOT NULL,
	PRIMARY KEY (grp_id, user_id),
	KEY grp_member_user (user_id),
	CONSTRAINT grp_member_grp_fk FOREIGN KEY (grp_id)
		REFERENCES grp (id) ON DELETE CASCADE,
	CONSTRAINT grp_member_user_fk FOREIGN KEY (user_id)
		REFERENCES user (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS asset (
	id BINARY(16) NOT NULL PRIMARY KEY,
	name VARCHAR(255) NOT NULL,
	address VARCHAR(255) NOT NULL,
	port SMALLINT UNSIGNED NOT NULL,
	protocol TINYINT UNSIGNED NOT NULL DEFAULT 1,
	platform VARCHAR(64) NOT NULL DEFAULT 'linux',
	legacy TINYINT UNSIGNED NOT NULL DEFAULT 0,
	labels TEXT COLLATE utf8mb4_general_ci NOT NULL DEFAULT '{}',
	disabled TINYINT UNSIGNED NOT NULL DEFAULT 0,
	created_us BIGINT UNSIGNED NOT NULL,
	UNIQUE KEY asset_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS asset_hostkey (
	id BINARY(16) NOT NULL PRIMARY KEY,
	asset_id BINARY(16) NOT NULL,
	alg VARCHAR(64) NOT NULL,
	key_blob VARBINARY(16384) NOT NULL,
	fingerprint VARCHAR(64) NOT NULL,
	created_us BIGINT UNSIGNED NOT NULL,
	UNIQUE KEY asset_hostkey_fingerprint (asset_id, fingerprint),
	CONSTRAINT asset_hostkey_asset FOREIGN KEY (asset_id)
		REFERENCES asset (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS account (
	id BINARY(16) NOT NULL PRIMARY KEY,
	asset_id BINARY(16) NOT NULL,
	name VARCHAR(255) NOT NULL,
	login VARCHAR(255) NOT NULL,
	disabled TINYINT UNSIGNED NOT NULL DEFAULT 0,
	created_us BIGINT UNSIGNED NOT NULL,
	UNIQUE KEY account_name (asset_id, name),
	CONSTRAINT account_asset FOREIGN KEY (asset_id)
		REFERENCES asset (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- id and version are the identity that sealed is bound to.
CREATE TABLE IF NOT EXISTS credential (
	id BINARY(16) NOT NULL PRIMARY KEY,
	account_id BINARY(16) NOT NULL,
	version INT UNSIGNED NOT NULL,
	kind TINYINT UNSIGNED NOT NULL,
	kek_version INT UNSIGNED NOT NULL,
	sealed MEDIUMBLOB NOT NULL,
	pubkey VARBINARY(8192) NULL,
	state TINYINT UNSIGNED NOT NULL,
	created_us BIGINT UNSIGNED NOT NULL,
	UNIQUE KEY credential_version (account_id, version),
	KEY credential_state (account_id, state),
	CONSTRAINT credential_account FOREIGN KEY (account_id)
		REFERENCES account (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS policy (
	id BINARY(16) NOT NULL PRIMARY KEY,
	name VARCHAR(255) NOT NULL,
	record_shell TINYINT UNSIGNED NOT NULL DEFAULT 1,
	record_exec TINYINT UNSIGNED NOT NULL DEFAULT 1,
	record_sftp TINYINT UNSIGNED NOT NULL DEFAULT 0,
	on_fail TINYINT UNSIGNED NOT NULL DEFAULT 0,
	idle_s INT UNSIGNED NOT NULL DEFAULT 0,
	length_s INT UNSIGNED NOT NULL DEFAULT 0,
	priority INT NOT NULL DEFAULT 0,
	disabled TINYINT UNSIGNED NOT NULL DEFAULT 0,
	created_us BIGINT UNSIGNED NOT NULL,
	UNIQUE KEY policy_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS policy_subject (
	policy_id BINARY(16) NOT NULL,
	kind TINYINT UNSIGNED NOT NULL,
	ref_id BINARY(16) NOT NULL,
	PRIMARY KEY (policy_id, kind, ref_id),
	KEY policy_subject_ref (ref_id, kind),
	CONSTRAINT policy_subject_policy FOREIGN KEY (policy_id)
		REFERENCES policy (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS policy_object (
	policy_id BINARY(16) NOT NULL,
	kind TINYINT UNSIGNED NOT NULL,
	ref_id BINARY(16) NOT NULL,
	PRIMARY KEY (policy_id, kind, ref_id),
	KEY policy_object_ref (ref_id, kind),
	CONSTRAINT policy_object_policy FOREIGN KEY (policy_id)
		REFERENCES policy (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Names are kept as they were at the time; rows outlive what they name.
CREATE TABLE IF NOT EXISTS session (
	id BINARY(16) NOT NULL PRIMARY KEY,
	node_id BINARY(16) NOT NULL,
	worker INT UNSIGNED NOT NULL DEFAULT 0,
	user_id BINARY(16) NOT NULL,
	account_id BINARY(16) NOT NULL,
	asset_id BINARY(16) NOT NULL,
	policy_id BINARY(16) NULL,
	user_name VARCHAR(255) NOT NULL,
	account_name VARCHAR(255) NOT NULL,
	asset_name VARCHAR(255) NOT NULL,
	peer VARCHAR(64) NOT NULL DEFAULT '',
	target VARCHAR(64) NOT NULL DEFAULT '',
	protocol TINYINT UNSIGNED NOT NULL,
	state TINYINT UNSIGNED NOT NULL,
	started_us BIGINT UNSIGNED NOT NULL,
	ended_us BIGINT UNSIGNED NULL,
	why INT UNSIGNED NOT NULL DEFAULT 0,
	detail VARCHAR(255) COLLATE utf8mb4_general_ci NOT NULL DEFAULT '',
	bytes_up BIGINT UNSIGNED NOT NULL DEFAULT 0,
	bytes_down BIGINT UNSIGNED NOT NULL DEFAULT 0,
	coverage TEXT NULL,
	rec_id BINARY(16) NULL,
	KEY session_started (started_us),
	KEY session_state (state, node_id),
	KEY session_user (user_id, started_us),
	KEY session_account (account_id, started_us),
	KEY session_asset (asset_id, started_us)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS recording (
	id BINARY(16) NOT NULL PRIMARY KEY,
	session_id BINARY(16) NOT NULL,
	node_id BINARY(16) NOT NULL,
	node_seq BIGINT UNSIGNED NOT NULL,
	dek_id BINARY(16) NOT NULL,
	wrapped_dek VARBINARY(512) NULL,
	state TINYINT UNSIGNED NOT NULL,
	truncated TINYINT UNSIGNED NOT NULL DEFAULT 0,
	bytes BIGINT UNSIGNED NOT NULL DEFAULT 0,
	chunks BIGINT UNSIGNED NOT NULL DEFAULT 0,
	duration_us BIGINT UNSIGNED NOT NULL DEFAULT 0,
	hash BINARY(32) NULL,
	path VARCHAR(512) NOT NULL DEFAULT '',
	started_us BIGINT UNSIGNED NOT NULL,
	KEY recording_session (session_id),
	KEY recording_node (node_id, node_seq),
	KEY recording_started (started_us),
	KEY recording_state (state, node_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- One partition a month: migrate_partitions() makes them ahead of time.
CREATE TABLE IF NOT EXISTS keystroke (
	session_id BINARY(16) NOT NULL,
	seq INT UNSIGNED NOT NULL,
	at_us BIGINT UNSIGNED NOT NULL,
	channel INT UNSIGNED NOT NULL,
	kind TINYINT UNSIGNED NOT NULL,
	line TEXT COLLATE utf8mb4_general_ci NOT NULL,
	PRIMARY KEY (session_id, seq, at_us),
	KEY keystroke_at (at_us),
	FULLTEXT KEY keystroke_line (line)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin
PARTITION BY RANGE (at_us) (PARTITION pmax VALUES LESS THAN MAXVALUE);

-- seq has no gap in a node's chain; hash covers the row and prev_hash.
CREATE TABLE IF NOT EXISTS audit (
	node_id BINARY(16) NOT NULL,
	seq BIGINT UNSIGNED NOT NULL,
	at_us BIGINT UNSIGNED NOT NULL,
	event INT UNSIGNED NOT NULL,
	session_id BINARY(16) NULL,
	fields TEXT COLLATE utf8mb4_general_ci NOT NULL,
	prev_hash BINARY(32) NOT NULL,
	hash BINARY(32) NOT NULL,
	PRIMARY KEY (node_id, seq, at_us),
	KEY audit_at (at_us),
	KEY audit_event (event, at_us),
	KEY audit_session (session_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin
PARTITION BY RANGE (at_us) (PARTITION pmax VALUES LESS THAN MAXVALUE);
