/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CONF(section, key, TYPE, default as text, "sentence for the manual"): one row
 * per setting; the member of struct conf is SECTION_KEY.  TYPE: STR (char *),
 * UINT (uint64_t), BOOL (bool), SIZE (bytes, uint64_t; suffixes K M G),
 * TIME (ms, uint64_t; suffixes ms s m h d), LIST (comma-separated text).
 * Relative paths are relative to [node] state.
 */
/* clang-format off */
CONF(node, name, STR, "", "Name of this node in sessions and audit events; the host name if empty.")
CONF(node, state, STR, "/var/lib/sallyport", "Folder of everything that this node keeps.")
CONF(node, run, STR, "/run/sallyport", "Folder of the unix sockets.")
CONF(node, user, STR, "sallyport", "User to run as when started by root; empty: stay root.")
CONF(node, drain, TIME, "10m", "How long a draining worker waits for sessions that cannot be handed over.")
CONF(gateway, ssh, LIST, "[::]:4422", "Addresses to listen on for SSH.")
CONF(gateway, workers, UINT, "2", "Workers that are always there; more are started as sessions come.")
CONF(gateway, sessions_per_worker, UINT, "64", "Sessions that one worker process holds at most; 1 is a process a session.")
CONF(gateway, max_sessions, UINT, "10000", "Sessions on this node at most.")
CONF(gateway, login_grace, TIME, "60s", "Time in which a user must have logged in.")
CONF(gateway, max_auth_tries, UINT, "6", "Login attempts on one connection.")
CONF(gateway, connect_timeout, TIME, "10s", "Limit for connecting to a target, its banner and its login.")
CONF(gateway, banner, STR, "", "File with a text shown before login.")
CONF(gateway, rekey_bytes, SIZE, "32G", "Bytes after which the gateway itself asks for new keys.")
CONF(gateway, sandbox, BOOL, "yes", "Confine the processes of the node with seccomp and landlock.")
CONF(database, mode, STR, "embedded", "embedded: a private mariadbd; cluster: the hosts below.")
CONF(database, hosts, LIST, "", "Cluster mode: host[:port] of each database server.")
CONF(database, name, STR, "sallyport", "Name of the schema.")
CONF(database, user, STR, "", "Database user in cluster mode.")
CONF(database, password_file, STR, "", "File that holds the database password.")
CONF(database, tls_ca, STR, "", "CA that the servers' certificates are verified against; needed in cluster mode.")
CONF(database, mariadbd, STR, "/usr/sbin/mariadbd", "Server program of embedded mode.")
CONF(database, pool, UINT, "4", "Connections that the broker holds.")
CONF(database, timeout, TIME, "3s", "Limit for one statement.")
CONF(database, journal_max, SIZE, "1G", "Journal on disk while the database is away, at most.")
CONF(vault, master_key, STR, "vault/master.key", "File with the master key, mode 0400.")
CONF(vault, keyring, STR, "vault/keyring", "File with the keys that are sealed under the master key.")
CONF(recording, spool, STR, "spool", "Folder of the segment log.")
CONF(recording, folder, STR, "recordings", "Folder of finished recordings.")
CONF(recording, flush, TIME, "500ms", "A chunk is sealed at the latest this long after its first event; at most 1 s.")
CONF(recording, segment, SIZE, "64M", "Size of a spool segment.")
CONF(recording, commit, TIME, "20ms", "Chunks that arrive within this time share one disk write.")
CONF(recording, reserve_percent, UINT, "10", "Free space of the spool below which new sessions are refused, administrators excepted.")
CONF(log, level, STR, "info", "err, warn, info or debug.")
CONF(log, format, STR, "text", "text or json.")
/* clang-format on */
