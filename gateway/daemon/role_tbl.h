/* SPDX-License-Identifier: Apache-2.0 */
/* ROLE(NAME, number, name in words, main): append only. */
/* clang-format off */
ROLE(KEEPER,	1,	"keeper",	keeper_main)
ROLE(BROKER,	2,	"broker",	broker_main)
ROLE(RECORDER,	3,	"recorder",	recorder_main)
ROLE(WORKER,	4,	"worker",	worker_main)
ROLE(DATABASE,	5,	"database",	database_main)
/* clang-format on */
