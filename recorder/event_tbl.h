/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EVENT(NAME, number, class, has stream, "name in listings", "payload"): one
 * row per event of a recording.  Append only.  Class A: everybody who may see
 * the recording; B: sensitive, under its own key.  stream is the channel's
 * number in the session.  Integers in payloads are little endian; text is UTF-8
 * or what the peer sent.
 */
/* clang-format off */
EVENT(MARK,		0x01, A, 0, "mark",	"text")
EVENT(POLICY,		0x02, A, 0, "policy",	"text: what was decided, e.g. pause, resume, refuse")
EVENT(GAP,		0x03, A, 0, "gap",	"u64 bytes, text reason")
EVENT(NOTE,		0x06, A, 0, "note",	"text shown to the user by the gateway")
EVENT(CLOCK,		0x07, A, 0, "clock",	"u64 Unix time in us")
EVENT(END,		0x09, A, 0, "end",	"u32 why code, text detail")
EVENT(OUT,		0x10, A, 1, "out",	"bytes to the user (stdout)")
EVENT(ERR,		0x11, A, 1, "err",	"bytes to the user (stderr)")
EVENT(IN,		0x12, B, 1, "in",	"bytes from the user")
EVENT(IN_NOECHO,	0x13, B, 1, "noecho",	"u32 count of characters that were not echoed")
EVENT(RESIZE,		0x14, A, 1, "resize",	"u16 columns, rows, width px, height px")
EVENT(PTY_REQ,		0x15, A, 1, "pty",	"u16 columns, rows, width px, height px, u16 length and term name, modes")
EVENT(EXEC,		0x16, A, 1, "exec",	"command line")
EVENT(SHELL,		0x17, A, 1, "shell",	"empty")
EVENT(SUBSYSTEM,	0x18, A, 1, "subsystem", "name")
EVENT(ENV,		0x19, A, 1, "env",	"name=value")
EVENT(SIGNAL,		0x1a, A, 1, "signal",	"name without SIG")
EVENT(EXIT,		0x1b, A, 1, "exit",	"u32 status")
EVENT(EXIT_SIGNAL,	0x1c, A, 1, "exit-signal", "name without SIG")
EVENT(CH_OPEN,		0x1d, A, 1, "open",	"channel type")
EVENT(CH_CLOSE,		0x1e, A, 1, "close",	"u64 bytes to target, u64 bytes to user")
EVENT(CH_REFUSE,	0x1f, A, 1, "refuse",	"channel type or request, NUL, reason")
EVENT(EOF_UP,		0x20, A, 1, "eof-in",	"empty: the user's side will send no more")
EVENT(EOF_DOWN,		0x21, A, 1, "eof-out",	"empty: the target will send no more")
EVENT(REQUEST,		0x22, A, 1, "request",	"name of a channel request relayed as it is")
EVENT(KEYS_LINE,	0x23, B, 1, "keys",	"a line that the user typed, masked, UTF-8")
EVENT(BULK,		0x24, A, 1, "bulk",	"u8 direction (0 to target, 1 to user), u64 bytes not kept, 32 bytes SHA-256 of them or none")
/* clang-format on */
