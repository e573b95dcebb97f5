/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages on the control link (descriptor 3) between the supervisor (S) and
 * its children (C).  Append only.
 */
/* clang-format off */

/* S>C: a link to a peer process; a descriptor comes with it.  role: enum role;
 * peer: the supervisor's number of the process, never used again. */
MSG(link, 1)
MSG_U8(link, role)
MSG_U32(link, peer)
MSG_END(link)

/* S>C: a listening socket; name: "ssh", "rdp", "keeper", "broker". */
MSG(listener, 2)
MSG_TEXT(listener, name, 32)
MSG_END(listener)

/* C>S: set-up is done, work can come. */
MSG(ready, 3)
MSG_END(ready)

/* S>C: accept nothing new, end when the last session has ended. */
MSG(drain, 4)
MSG_END(drain)

/* S>C: end now, in good order (flush, close recordings). */
MSG(stop, 5)
MSG_END(stop)

/* S>C worker: give every live session to the worker at the other end of the
 * descriptor that comes with it, then end. */
MSG(handover, 6)
MSG_U32(handover, to)
MSG_END(handover)

/* S>C worker: live sessions arrive on the descriptor that comes with it. */
MSG(takeover, 7)
MSG_U32(takeover, from)
MSG_END(takeover)

/* C worker>S: sessions that it has now. */
MSG(load, 8)
MSG_U32(load, sessions)
MSG_END(load)

/* S>C broker, recorder: worker `number` ended abnormally; status as of
 * waitpid(2). */
MSG(worker_gone, 9)
MSG_U32(worker_gone, number)
MSG_U32(worker_gone, status)
MSG_END(worker_gone)

/* S>C broker, recorder: there is no worker yet, and none from before: what is
 * open has nobody who goes on with it. */
MSG(alone, 10)
MSG_END(alone)

/* C broker>S: what its predecessor had is its own now, and it hears the
 * workers. */
MSG(serving, 11)
MSG_END(serving)

/* C>S: there is no link to role (enum role) any more, and the process at its
 * other end may not know: make a new one. */
MSG(unlinked, 12)
MSG_U8(unlinked, role)
MSG_END(unlinked)
/* clang-format on */
