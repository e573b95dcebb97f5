/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OPTION(NAME, letter or 0, "long name", "VALUE" or NULL, "sentence"): what
 * sallyport-replay takes; --help is made from it.  MODE rows say what is done
 * with the recording: at most one of them; the word is what the audit calls it.
 */
/* clang-format off */
MODE(TEXT,	"text",		NULL,	"text",		"Print what was shown as plain text.")
MODE(CAST,	"cast",		"FILE",	"cast",		"Write an asciicast; - is standard output.")
MODE(KEYS,	"keys",		NULL,	"keys",		"Print the lines that the user typed.")
MODE(EVENTS,	"events",	NULL,	"events",	"Print everything that happened, one line an event.")
MODE(BYTES,	"bytes",	"STREAM", "bytes",	"Write the bytes of a stream: in, out or err.")
MODE(INFO,	"info",		NULL,	"info",		"Print what is known of the recording.")
MODE(VERIFY,	"verify",	NULL,	"verify",	"Check hash chain and signatures; needs no key.")
OPTION(CONF,	'c', "conf",	"FILE",	"Configuration of the node.")
OPTION(KEY,	'k', "key",	"FILE",	"Key of the recording: 64 hex digits; - is standard input.")
OPTION(NODE_KEY, 0, "node-key",	"HEX",	"With --verify: the public key that must have signed.")
OPTION(SPEED,	's', "speed",	"N",	"Play N times as fast.")
OPTION(AT,	'a', "at",	"T",	"Begin there: 83.5, 5m, 1:23, 1:02:03.")
OPTION(MAX_IDLE, 'i', "max-idle", "S",	"Shorten pauses to S seconds.")
OPTION(CHANNEL,	'C', "channel",	"N",	"Only this channel.")
OPTION(CAST_VERSION, 0, "cast-version", "2|3", "Version of the asciicast; 3 if not given.")
OPTION(JSON,	0, "json",	NULL,	"With --keys, --events, --info, --verify: JSON.")
OPTION(HELP,	'h', "help",	NULL,	"Print this.")
OPTION(VERSION,	'V', "version",	NULL,	"Print the version.")
/* clang-format on */
