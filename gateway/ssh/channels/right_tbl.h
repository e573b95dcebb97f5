/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RIGHT(NAME, number, "name", "noun in sentences"): one row per thing that a
 * user may be permitted inside a session.  Append only.
 */
/* clang-format off */
RIGHT(SESSION,		0,  "session",		"a session channel")
RIGHT(SHELL,		1,  "shell",		"a shell")
RIGHT(EXEC,		2,  "exec",		"running a command")
RIGHT(SFTP,		3,  "sftp",		"file transfer by sftp")
RIGHT(SUBSYSTEM,	4,  "subsystem",	"this subsystem")
RIGHT(ENV,		5,  "env",		"setting the environment")
RIGHT(PTY,		6,  "pty",		"a terminal")
RIGHT(SIGNAL,		7,  "signal",		"sending a signal")
RIGHT(BREAK,		8,  "break",		"sending a break")
RIGHT(REQUEST,		9,  "request",		"this request")
RIGHT(GLOBAL,		10, "global-request",	"this request")
RIGHT(AGENT,		11, "agent-forwarding",	"agent forwarding")
RIGHT(X11,		12, "x11-forwarding",	"X11 forwarding")
RIGHT(LOCAL_FORWARD,	13, "local-forward",	"port forwarding")
RIGHT(REMOTE_FORWARD,	14, "remote-forward",	"remote port forwarding")
RIGHT(STREAMLOCAL,	15, "streamlocal",	"forwarding of unix sockets")
RIGHT(TUN,		16, "tun",		"tunnel forwarding")
RIGHT(OTHER,		17, "other",		"this kind of channel")
/* clang-format on */
