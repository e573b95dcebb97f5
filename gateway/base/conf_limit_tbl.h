/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the settings of conf_tbl.h may be, beyond their type.  RANGE(section,
 * key, least, most): a number; sizes in bytes, times in ms.  WORDS(section,
 * key, "one|of|these"): a text.
 */
/* clang-format off */
RANGE(gateway, workers, 1, 256)
RANGE(gateway, sessions_per_worker, 1, 20000)
RANGE(gateway, max_sessions, 1, 1000000)
RANGE(gateway, login_grace, 1000, 3600000)
RANGE(gateway, max_auth_tries, 1, 100)
RANGE(gateway, connect_timeout, 100, 600000)
RANGE(gateway, rekey_bytes, 65536, 1ULL << 40)
WORDS(database, mode, "embedded|cluster")
RANGE(database, pool, 1, 64)
RANGE(database, timeout, 100, 600000)
RANGE(database, journal_max, 1 << 20, 1ULL << 50)
RANGE(recording, flush, 10, 1000)
RANGE(recording, segment, 1 << 20, 1ULL << 30)
RANGE(recording, commit, 1, 500)
RANGE(recording, reserve_percent, 0, 99)
WORDS(log, level, "err|warn|info|debug")
WORDS(log, format, "text|json")
/* clang-format on */
