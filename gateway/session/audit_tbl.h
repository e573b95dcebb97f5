/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AUDIT(NAME, number, "dotted name", "fields", "sentence"): one row per audit
 * event.  Append only.  Fields are members of the event's JSON object.
 */
/* clang-format off */
AUDIT(NODE_START,	1,   "node.start",	"version", "The node started.")
AUDIT(NODE_STOP,	2,   "node.stop",	"", "The node stopped in good order.")
AUDIT(WORKER_DIED,	3,   "worker.died",	"worker,status", "A worker process ended abnormally.")
AUDIT(SESSION_START,	100, "session.start",	"user,account,asset,peer,protocol,target", "A session was granted, the target let it in and recording has begun.")
AUDIT(SESSION_END,	101, "session.end",	"user,account,asset,why,detail,bytes_up,bytes_down,seconds", "A session ended.")
AUDIT(SESSION_REFUSE,	102, "session.refuse",	"user,account,asset,peer,why,detail", "A session was refused or its target could not be reached.")
AUDIT(SESSION_PAUSE,	103, "session.pause",	"by,reason", "A session was paused.")
AUDIT(SESSION_RESUME,	104, "session.resume",	"by", "A paused session goes on.")
AUDIT(SESSION_MESSAGE,	105, "session.message",	"by,text", "A message was shown to the user.")
AUDIT(SESSION_TERMINATE, 106, "session.terminate", "by,reason", "A session was ended by order.")
AUDIT(SESSION_WATCH,	107, "session.watch",	"by", "Somebody began to watch a session.")
AUDIT(CHANNEL_OPEN,	110, "channel.open",	"channel,type", "A channel was opened.")
AUDIT(CHANNEL_REFUSE,	111, "channel.refuse",	"type,detail", "A channel or request was refused.")
AUDIT(CHANNEL_EXEC,	112, "channel.exec",	"channel,command", "A command was run.")
AUDIT(CHANNEL_SUBSYSTEM, 113, "channel.subsystem", "channel,name", "A subsystem was started.")
AUDIT(AUTH_OK,		200, "auth.ok",		"user,peer,method", "A user logged in.")
AUDIT(AUTH_FAIL,	201, "auth.fail",	"user,peer,method,detail", "A login failed.")
AUDIT(AUTH_CROWD,	202, "auth.crowd",	"refused,waiting", "More users were logging in than can be served; so many were not let in.")
AUDIT(CREDENTIAL_USE,	210, "credential.use",	"user,account,asset", "A credential was handed to a session.")
AUDIT(HOSTKEY_CHANGED,	220, "hostkey.changed",	"asset,pinned,presented", "A target presented another host key than the pinned one.")
AUDIT(RECORDING_TRUNCATED, 300, "recording.truncated", "recording,seconds", "A recording lost its writer and was closed.")
AUDIT(RECORDING_VIEW,	301, "recording.view",	"recording,by,how", "The key of a recording was given out.")
AUDIT(RECORDING_FAIL,	302, "recording.fail",	"detail", "A recording could not be written.")
AUDIT(ADMIN_CHANGE,	400, "admin.change",	"by,noun,verb,name,detail", "The configuration in the database was changed.")
AUDIT(DB_AWAY,		500, "database.away",	"detail", "The database is unreachable; events go to the journal.")
AUDIT(DB_BACK,		501, "database.back",	"rows", "The database is back; the journal was stored.")
/* clang-format on */
