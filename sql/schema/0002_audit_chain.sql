-- SPDX-License-Identifier: Apache-2.0
-- The end of each node's audit chain.  Whoever adds events locks this row, so
-- that two writers of one node cannot take the same place; and a chain that was
-- cut at its end does not reach what stands here.
CREATE TABLE IF NOT EXISTS audit_chain (
	node_id BINARY(16) NOT NULL PRIMARY KEY,
	seq BIGINT UNSIGNED NOT NULL,
	hash BINARY(32) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Given by who saw the event: what is sent twice is stored once.
ALTER TABLE audit ADD COLUMN IF NOT EXISTS row_id BINARY(16) NULL;

CREATE INDEX IF NOT EXISTS audit_row ON audit (row_id);
