/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REQUEST("name", FROM, parser, RIGHT, EVENT, PENDING): channel requests that
 * the relay knows.  FROM: the leg; the same name from the other leg is unknown.
 * RIGHT: asked for it; COUNT: nobody is asked.  EVENT: what is recorded.
 */
/* clang-format off */
REQUEST("pty-req",	USER, parse_pty,	PTY,	   PTY_REQ,	PTY)
REQUEST("shell",	USER, parse_nothing,	SHELL,	   SHELL,	START)
REQUEST("exec",		USER, parse_text,	EXEC,	   EXEC,	START)
REQUEST("subsystem",	USER, parse_subsystem,	SUBSYSTEM, SUBSYSTEM,	START)
REQUEST("env",		USER, parse_env,	ENV,	   ENV,		RELAYED)
REQUEST("window-change", USER, parse_resize,	COUNT,	   RESIZE,	RELAYED)
REQUEST("signal",	USER, parse_name,	SIGNAL,	   SIGNAL,	RELAYED)
REQUEST("break",	USER, parse_break,	BREAK,	   REQUEST,	RELAYED)
REQUEST("exit-status",	TARGET, parse_exit,	COUNT,	   EXIT,	RELAYED)
REQUEST("exit-signal",	TARGET, parse_name,	COUNT,	   EXIT_SIGNAL,	RELAYED)
REQUEST("auth-agent-req@openssh.com", USER, parse_nothing, AGENT, CH_REFUSE, RELAYED)
REQUEST("auth-agent-req", USER, parse_nothing,	AGENT,	   CH_REFUSE,	RELAYED)
REQUEST("x11-req",	USER, parse_nothing,	X11,	   CH_REFUSE,	RELAYED)
/* clang-format on */
