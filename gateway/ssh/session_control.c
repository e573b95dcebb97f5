/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The orders of auditors: pause, resume, a message, the end, and who watches.
 */
#include <stdio.h>
#include <unistd.h>

#include "ssh/session_impl.h"

static void
note(struct ssh_session *s, const char *text)
{
	if (ssh_relay_notice(s->relay, text, mono_ns()) < 0)
		log_debug(&s->log, "a notice was not shown");
	io_flush_soon(s->leg[LEG_USER].io);
}

static void
pause_to(struct ssh_session *s, bool on, const char *by)
{
	char text[400];

	(void)snprintf(text, sizeof(text), "sallyport: session %s by %s",
	    on ? "paused" : "resumed", by);
	if (on)
		note(s, text);
	IGNORE(recording_say(s->recording, RCD_EV_POLICY, text));
	live_say(s->live, RCD_EV_POLICY, text);
	s->paused = on;
	ssh_relay_pause(s->relay, on);
	if (!on)
		note(s, text);
	(void)snprintf(s->paused_by, sizeof(s->paused_by), "%s", by);
	s->active_ns = mono_ns();
	session_rules_arm(s);
	session_kick(s);
}

static int
message(
    struct ssh_session *s, const char *by, const char *text, struct fail *why)
{
	char line[1500];

	(void)snprintf(
	    line, sizeof(line), "sallyport: message from %s: %s", by, text);
	line[999] = '\0';
	if (ssh_relay_notice(s->relay, line, mono_ns()) <= 0)
		return fail_set(
		    why, FAIL_BUSY, "no channel can show a message just now");
	io_flush_soon(s->leg[LEG_USER].io);
	return 0;
}

static void
terminate(struct ssh_session *s, const char *by, const char *text)
{
	const char *colon = text[0] != '\0' ? ": " : "";
	char line[1500];

	(void)snprintf(line, sizeof(line),
	    "sallyport: session terminated by %s%s%s", by, colon, text);
	line[999] = '\0';
	ssh_relay_pause(s->relay, false);
	note(s, line);
	session_endf(s, WHY_TERMINATED, "by %.60s%s%.100s", by, colon, text);
}

static int
order(struct ssh_session *s, uint8_t verb, const char *by, const char *text,
    struct fail *why)
{
	switch (verb) {
	case CONTROL_PAUSE:
	case CONTROL_RESUME:
		if (s->paused == (verb == CONTROL_PAUSE))
			return fail_set(why, FAIL_STATE,
			    "the session is %s paused",
			    s->paused ? "already" : "not");
		pause_to(s, verb == CONTROL_PAUSE, by);
		return 0;
	case CONTROL_MESSAGE:
		return message(s, by, text, why);
	case CONTROL_TERMINATE:
		terminate(s, by, text);
		return 0;
	case CONTROL_WATCH:
		return fail_set(
		    why, FAIL_FORMAT, "nothing to write the stream to");
	default:
		return fail_set(
		    why, FAIL_UNSUPPORTED, "unknown order %u", verb);
	}
}

int
ssh_session_control(struct ssh_session *s, uint8_t verb, const char *by,
    const char *text, int fd, struct fail *why)
{
	int r = 0;

	if (s->state != SESSION_RELAY)
		r = fail_set(why, FAIL_STATE, "the session is not running");
	else if (fd < 0)
		return order(s, verb, by, text, why);
	else if (verb != CONTROL_WATCH)
		r = fail_set(
		    why, FAIL_FORMAT, "order %u with a descriptor", verb);
	else if (live_watch(s->live, fd) != 0)
		return fail_set(why, FAIL_FULL, "too many watch this session");
	if (r != 0 && fd >= 0)
		(void)close(fd);
	return r;
}
