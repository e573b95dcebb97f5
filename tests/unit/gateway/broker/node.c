/* SPDX-License-Identifier: Apache-2.0 */
/* A broker process and those that it talks to, for test_broker.c. */
#include <crypt.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/uuid.h"
#include "broker/broker.h"
#include "session/audit.h"

#include "node.h"

enum { ACKS = 200000 };

/* ---- the broker's process */

static void
on_term(int signo, void *ctx)
{
	(void)signo;
	loop_stop(ctx);
}

static void
on_died(int signo, void *ctx)
{
	(void)signo;
	broker_worker_gone(*(struct broker **)ctx, 7);
}

struct fds {
	int worker, other, recorder, keeper, listener;
};

static void
broker_process(struct node *n, const struct fds *fds)
{
	struct loop *loop = loop_new();
	struct fail f = {0};
	struct broker *b;

	if (loop == NULL || loop_signal(loop, SIGTERM, on_term, loop) != 0 ||
	    loop_signal(loop, SIGUSR1, on_died, &b) != 0 ||
	    broker_new(&b,
		&(struct broker_opts){
		    .loop = loop, .conf = n->db->conf, .version = "test"},
		&f) != 0) {
		fprintf(stderr, "broker: %s\n", f.why);
		_exit(1);
	}
	if (n->alone)
		broker_alone(b);
	broker_link(b, ROLE_KEEPER, 1, fds->keeper);
	broker_link(b, ROLE_WORKER, 7, fds->worker);
	broker_link(b, ROLE_WORKER, 8, fds->other);
	broker_link(b, ROLE_RECORDER, 3, fds->recorder);
	broker_listen(b, fds->listener);
	if (loop_run(loop) != 0)
		_exit(1);
	broker_free(b);
	loop_free(loop);
	exit(0);
}

/* ---- the ends here */

static int
on_msg(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct end *e = ctx;

	(void)c;
	if (m->type == bm_stored_type && m->id < e->max_acked) {
		assert_int_equal(e->acked[m->id], 0);
		e->acked[m->id] = 1;
		e->n_acked++;
	}
	if (e->wait_id != 0 ? m->id == e->wait_id : m->type == e->type) {
		buf_reset(&e->body);
		assert_int_equal(buf_put(&e->body, m->body.p, m->body.len), 0);
		e->type = m->type;
		e->id = m->id;
		e->fd = m->fd;
		e->came = true;
	} else if (m->fd >= 0) {
		close(m->fd);
	}
	return 0;
}

static void
on_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	struct end *e = ctx;

	(void)f;
	ipc_free(c);
	e->ipc = NULL;
}

static int
on_keeper(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct node *n = ctx;
	struct km_granted granted = {0};
	struct km_grant grant;
	uint8_t wrapped[60];

	if (m->type == km_revoke_type) {
		n->revokes++;
		return 0;
	}
	assert_int_equal(m->type, km_grant_type);
	assert_int_equal(km_grant_get(m->body, &grant), 0);
	assert_int_equal(grant.version, 3);
	assert_int_equal(grant.kind, 1);
	assert_true(span_eq(grant.sealed, "sealed-bytes"));
	n->grants++;
	if (n->keeper_refuses) {
		struct km_error err = {.code = 23, .why = SPAN("sealed", 6)};

		return km_error_send(c, m->id, &err);
	}
	assert_true(grant.worker == 7 || grant.worker == 8);
	memcpy(granted.grant_id, grant.grant_id, 16);
	random_bytes(granted.dek_id, 16);
	random_bytes(wrapped, sizeof(wrapped));
	granted.wrapped = SPAN(wrapped, sizeof(wrapped));
	return km_granted_send(c, m->id, &granted);
}

static void
on_keeper_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	struct node *n = ctx;

	(void)f;
	ipc_free(c);
	n->keeper = NULL;
}

static void
end_open(struct node *n, struct end *e, int fd)
{
	const struct ipc_opts o = {
	    .max_msg = 2 * 1024 * 1024,
	    .max_queue = 64 * 1024 * 1024,
	    .msg = on_msg,
	    .gone = on_gone,
	    .ctx = e,
	};

	e->node = n;
	e->ipc = ipc_new(n->loop, fd, &o);
	assert_non_null(e->ipc);
	e->n_acked = 0;
	if (e->acked == NULL) {
		e->acked = calloc(ACKS, 1);
		e->max_acked = ACKS;
		buf_init(&e->body, 2 * 1024 * 1024);
	}
	memset(e->acked, 0, ACKS);
	e->fd = -1;
}

static void
end_close(struct end *e)
{
	ipc_free(e->ipc);
	e->ipc = NULL;
}

static void
pair(int fds[2])
{
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

static int
listener(struct node *n)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(n->sock, sizeof(n->sock), "%s/broker.sock", n->db->dir);
	unlink(n->sock);
	memcpy(sun.sun_path, n->sock, sizeof(sun.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static int
dial(struct node *n)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(sun.sun_path, n->sock, sizeof(sun.sun_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

void
node_start(struct node *n)
{
	const struct ipc_opts o = {
	    .max_msg = 2 * 1024 * 1024,
	    .max_queue = 2 * 1024 * 1024,
	    .msg = on_keeper,
	    .gone = on_keeper_gone,
	    .ctx = n,
	};
	int w[2], w2[2], r[2], k[2], l = listener(n);

	pair(w);
	pair(w2);
	pair(r);
	pair(k);
	fflush(NULL);
	n->pid = fork();
	assert_true(n->pid >= 0);
	if (n->pid == 0) {
		close(w[0]);
		close(w2[0]);
		close(r[0]);
		close(k[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		broker_process(n, &(struct fds){w[1], w2[1], r[1], k[1], l});
	}
	close(w[1]);
	close(w2[1]);
	close(r[1]);
	close(k[1]);
	close(l);
	end_close(&n->worker);
	end_close(&n->other);
	end_close(&n->recorder);
	end_close(&n->admin);
	ipc_free(n->keeper);
	end_open(n, &n->worker, w[0]);
	end_open(n, &n->other, w2[0]);
	end_open(n, &n->recorder, r[0]);
	n->keeper = ipc_new(n->loop, k[0], &o);
	assert_non_null(n->keeper);
	end_open(n, &n->admin, dial(n));
}

void
node_ready(struct node *n)
{
	int i;

	for (i = 0; i < 100; i++) {
		assert_true(node_ask(
		    &n->admin, bm_status_get_type, SPAN(NULL, 0), 5000));
		if (memmem(buf_head(&n->admin.body), buf_len(&n->admin.body),
			"\"up\":true", 9) != NULL)
			return;
		node_run(n, 50);
	}
	fail_msg("the broker does not reach its database");
}

void
node_worker_died(struct node *n)
{
	assert_int_equal(kill(n->pid, SIGUSR1), 0);
}

void
node_kill(struct node *n)
{
	int status;

	kill(n->pid, SIGKILL);
	assert_int_equal(waitpid(n->pid, &status, 0), n->pid);
	n->pid = 0;
}

void
node_stop(struct node *n)
{
	int status;

	kill(n->pid, SIGTERM);
	assert_int_equal(waitpid(n->pid, &status, 0), n->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	n->pid = 0;
}

struct node *
node_new(struct server *db)
{
	struct node *n = calloc(1, sizeof(*n));

	assert_non_null(n);
	n->db = db;
	n->last_conn = 100;
	n->loop = loop_new();
	n->sql = db_new(&db->opts);
	assert_non_null(n->loop);
	assert_non_null(n->sql);
	return n;
}

static void
end_fini(struct end *e)
{
	end_close(e);
	buf_fini(&e->body);
	free(e->acked);
}

void
node_free(struct node *n)
{
	if (n->pid != 0)
		node_kill(n);
	end_fini(&n->worker);
	end_fini(&n->other);
	end_fini(&n->recorder);
	end_fini(&n->admin);
	ipc_free(n->keeper);
	db_free(n->sql);
	loop_free(n->loop);
	free(n);
}

/* ---- talking */

void
node_run(struct node *n, unsigned ms)
{
	uint64_t end = mono_ns() + (uint64_t)ms * 1000000;

	while (mono_ns() < end)
		assert_int_equal(loop_once(n->loop, 2), 0);
}

uint32_t
node_send(struct end *e, uint16_t type, struct span body)
{
	uint32_t id = ++e->node->last_id;

	assert_non_null(e->ipc);
	assert_int_equal(ipc_send(e->ipc, type, id, body, -1), 0);
	return id;
}

static bool
wait_came(struct end *e, unsigned ms)
{
	uint64_t end = mono_ns() + (uint64_t)ms * 1000000;

	while (!e->came && e->ipc != NULL && mono_ns() < end)
		assert_int_equal(loop_once(e->node->loop, 1), 0);
	e->wait_id = 0;
	e->type = e->came ? e->type : 0;
	return e->came;
}

bool
node_ask(struct end *e, uint16_t type, struct span body, unsigned ms)
{
	e->came = false;
	e->wait_id = node_send(e, type, body);
	return wait_came(e, ms);
}

bool
node_wait(struct end *e, uint16_t type, unsigned ms)
{
	e->came = false;
	e->wait_id = 0;
	e->type = type;
	return wait_came(e, ms);
}

bool
node_wait_closed(struct end *e, unsigned ms)
{
	uint64_t end = mono_ns() + (uint64_t)ms * 1000000;

	while (e->ipc != NULL && mono_ns() < end)
		assert_int_equal(loop_once(e->node->loop, 2), 0);
	return e->ipc == NULL;
}

static int
on_number(const struct db_row *r, void *ctx, struct fail *f)
{
	(void)f;
	*(uint64_t *)ctx = db_row_u64(r, 0);
	return 0;
}

uint64_t
node_number(struct node *n, const char *sql)
{
	struct fail f = {0};
	uint64_t v = UINT64_MAX;

	if (db_one(n->sql, DB_STMT0(sql), on_number, &v, &f) != 0)
		fail_msg("%s: %s", sql, f.why);
	return v;
}

void
node_exec(struct node *n, const char *sql)
{
	struct fail f = {0};

	if (db_exec(n->sql, DB_STMT0(sql), NULL, &f) != 0)
		fail_msg("%s: %s", sql, f.why);
}

bool
node_wait_sql(struct node *n, const char *sql, uint64_t number, unsigned ms)
{
	uint64_t end = mono_ns() + (uint64_t)ms * 1000000;
	uint64_t got;

	while ((got = node_number(n, sql)) != number) {
		if (mono_ns() >= end) {
			print_message(
			    "%s: %llu\n", sql, (unsigned long long)got);
			return false;
		}
		node_run(n, 20);
	}
	return true;
}

/* ---- audit events */

/* The chain of all events, as an auditor verifies it. */
static int
on_event(const struct db_row *r, void *ctx, struct fail *f)
{
	struct audit_entry e = {
	    .seq = db_row_u64(r, 0),
	    .at_us = db_row_u64(r, 1),
	    .event = (uint32_t)db_row_u64(r, 2),
	    .fields = db_row_bytes(r, 4),
	};

	if (!db_row_null(r, 3))
		assert_int_equal(db_row_uuid(r, 3, e.session), 0);
	return audit_check_add(ctx, &e, db_row_bytes(r, 5).p, f);
}

void
node_verify_chain(struct node *n)
{
	struct audit_check c;
	struct fail f = {0};

	audit_check_init(&c);
	if (db_query(n->sql,
		DB_STMT0("SELECT seq, at_us, event, session_id, fields, hash"
			 " FROM audit ORDER BY seq"),
		on_event, &c, &f) != 0)
		fail_msg("%s", f.why);
	assert_int_equal(c.seq, node_number(n, "SELECT seq FROM audit_chain"));
}

uint64_t
node_count_events(struct node *n, uint32_t event, const char *like)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
	    "SELECT COUNT(*) FROM audit WHERE event=%u AND fields LIKE '%s'",
	    event, like);
	return node_number(n, sql);
}

/* ---- people and places */

static void
user(struct node *n, unsigned no, const char *name, const char *more)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE], sql[1024];
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *hash;

	assert_non_null(
	    crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)));
	hash = crypt_r("right", setting, data);
	assert_non_null(hash);
	snprintf(sql, sizeof(sql),
	    "INSERT INTO user SET id=UNHEX(LPAD('%u',32,'0')), name='%s',"
	    " roles=9, password_hash='%s', created_us=1%s",
	    no, name, hash, more);
	node_exec(n, sql);
	free(data);
}

void
node_people(struct node *n)
{
	user(n, 1, "ana", "");
	user(n, 2, "dis", ", disabled=1");
	user(n, 3, "new", ", must_change=1");
	node_exec(n, "INSERT INTO grp SET id=UNHEX(LPAD('10',32,'0')),"
		     " name='ops', created_us=1");
	node_exec(n, "INSERT INTO grp_member SET"
		     " grp_id=UNHEX(LPAD('10',32,'0')),"
		     " user_id=UNHEX(LPAD('1',32,'0'))");
	node_exec(n, "INSERT INTO asset SET id=UNHEX(LPAD('20',32,'0')),"
		     " name='db1', address='192.0.2.5', port=22,"
		     " created_us=1");
	node_exec(n, "INSERT INTO asset SET id=UNHEX(LPAD('21',32,'0')),"
		     " name='lost', address='no-such-name.invalid', port=22,"
		     " created_us=1");
	node_exec(n, "INSERT INTO asset_hostkey SET"
		     " id=UNHEX(LPAD('22',32,'0')), created_us=1,"
		     " asset_id=UNHEX(LPAD('20',32,'0')), alg='ssh-ed25519',"
		     " key_blob='pin', fingerprint='SHA256:x'");
	node_exec(n, "INSERT INTO account SELECT"
		     " UNHEX(LPAD(30+a.port-22+(a.name='lost'),32,'0')), a.id,"
		     " 'root', 'root-login', 0, 1 FROM asset a");
	node_exec(n, "INSERT INTO account SET id=UNHEX(LPAD('35',32,'0')),"
		     " asset_id=UNHEX(LPAD('20',32,'0')), name='secret',"
		     " login='x', created_us=1");
	node_exec(n, "INSERT INTO credential SELECT"
		     " UNHEX(LPAD(40+RIGHT(HEX(id),2),32,'0')), id, 3, 1, 1,"
		     " 'sealed-bytes', NULL, 1, 1 FROM account");
	node_exec(n, "INSERT INTO policy SET id=UNHEX(LPAD('50',32,'0')),"
		     " name='p', idle_s=77, created_us=1");
	node_exec(n, "INSERT INTO policy_subject SET"
		     " policy_id=UNHEX(LPAD('50',32,'0')), kind=1,"
		     " ref_id=UNHEX(LPAD('10',32,'0'))");
	node_exec(n, "INSERT INTO policy_object SELECT"
		     " UNHEX(LPAD('50',32,'0')), 0, id FROM account"
		     " WHERE name='root'");
}

/* ---- what workers do */

bool
node_login(struct end *e, uint64_t conn, const char *name, const char *password,
    uint64_t *took_ms)
{
	struct bm_auth m = {
	    .conn = conn,
	    .method = 1,
	    .peer = SPAN("192.0.2.9", 9),
	    .user = SPAN(name, strlen(name)),
	    .password = SPAN(password, strlen(password)),
	};
	struct bm_auth_result res = {0};
	uint64_t start = mono_ns();
	struct buf b;

	buf_init(&b, 65536);
	assert_int_equal(bm_auth_put(&b, &m), 0);
	assert_true(node_ask(e, bm_auth_type, buf_span(&b), 15000));
	if (took_ms != NULL)
		*took_ms = (mono_ns() - start) / 1000000;
	buf_fini(&b);
	if (e->type == bm_error_type)
		return false;
	assert_int_equal(e->type, bm_auth_result_type);
	assert_int_equal(bm_auth_result_get(buf_span(&e->body), &res), 0);
	assert_int_equal(res.conn, conn);
	return res.ok != 0;
}

bool
node_grant(struct end *e, uint64_t conn, const char *account, const char *asset,
    struct bm_grant *grant)
{
	struct bm_want m = {
	    .conn = conn,
	    .account = SPAN(account, strlen(account)),
	    .asset = SPAN(asset, strlen(asset)),
	    .protocol = 1,
	};
	struct buf b;

	buf_init(&b, 4096);
	assert_int_equal(bm_want_put(&b, &m), 0);
	assert_true(node_ask(e, bm_want_type, buf_span(&b), 15000));
	buf_fini(&b);
	if (e->type != bm_grant_type)
		return false;
	assert_int_equal(bm_grant_get(buf_span(&e->body), grant), 0);
	return true;
}

uint32_t
node_keys(struct end *e, const uint8_t session[16], uint32_t seq)
{
	char line[64];
	struct bm_keys m = {.seq = seq,
	    .channel = 1,
	    .at_us = uuid_unix_ms(session) * 1000 + seq,
	    .line = SPAN(line, 0)};
	struct buf b;
	uint32_t id;

	m.line.len =
	    (size_t)snprintf(line, sizeof(line), "command number %u", seq);
	memcpy(m.session_id, session, 16);
	buf_init(&b, 16384);
	assert_int_equal(bm_keys_put(&b, &m), 0);
	id = node_send(e, bm_keys_type, buf_span(&b));
	buf_fini(&b);
	return id;
}

void
node_session_start(struct end *e, const uint8_t session[16])
{
	struct bm_session_start m = {
	    .at_us = unix_us(), .target_addr = SPAN("192.0.2.5:22", 12)};
	struct buf b;

	memcpy(m.session_id, session, 16);
	buf_init(&b, 4096);
	assert_int_equal(bm_session_start_put(&b, &m), 0);
	assert_true(node_ask(e, bm_session_start_type, buf_span(&b), 5000));
	assert_int_equal(e->type, bm_stored_type);
	buf_fini(&b);
}

void
node_session_end(struct end *e, const uint8_t session[16], uint32_t why)
{
	struct bm_session_end m = {.at_us = unix_us(),
	    .why_code = why,
	    .bytes_up = 10,
	    .bytes_down = 20,
	    .coverage = SPAN("{}", 2)};
	struct buf b;

	memcpy(m.session_id, session, 16);
	buf_init(&b, 16384);
	assert_int_equal(bm_session_end_put(&b, &m), 0);
	assert_true(node_ask(e, bm_session_end_type, buf_span(&b), 5000));
	assert_int_equal(e->type, bm_stored_type);
	buf_fini(&b);
}

void
node_begin(struct end *e, uint8_t session[16])
{
	uint64_t conn = ++e->node->last_conn;
	struct bm_grant g;

	assert_true(node_login(e, conn, "ana", "right", NULL));
	assert_true(node_grant(e, conn, "root", "db1", &g));
	memcpy(session, g.session_id, 16);
	node_session_start(e, session);
}

void
node_claim(struct end *e, const uint8_t session[16])
{
	struct bm_session_here here;
	struct buf b;

	memcpy(here.session_id, session, 16);
	buf_init(&b, 64);
	assert_int_equal(bm_session_here_put(&b, &here), 0);
	(void)node_send(e, bm_session_here_type, buf_span(&b));
	buf_fini(&b);
}

struct node *
node_setup(void **state)
{
	struct node *n;

	assert_int_equal(server_setup_schema(state), 0);
	n = node_new(*state);
	node_people(n);
	node_start(n);
	node_ready(n);
	return n;
}

int
node_teardown(void **state, struct node *n)
{
	node_free(n);
	return server_teardown(state);
}

void
node_again(struct node *n)
{
	if (n->pid != 0)
		node_stop(n);
	node_start(n);
	node_ready(n);
}
