/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a transport from another process. */
#include "ssh/transport/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
use(struct ssh_transport *t)
{
	static const uint8_t wire[] =
	    "\0\0\0\x20\x04 and bytes of a packet and tag";
	struct ssh_packet pkt;
	struct buf in, out;

	buf_init(&in, 4096);
	buf_init(&out, 1024 * 1024);
	MUST(buf_put(&in, wire, sizeof(wire)) == 0);
	(void)(ssh_transport_send(t, &out, (const uint8_t *)"\x50x", 2) == 0 &&
	       ssh_transport_next(t, &in, &out, &pkt) == 0 &&
	       ssh_transport_rekey(t, &out) == 0);
	(void)ssh_transport_algs_text(t);
	buf_fini(&in);
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ssh_transport_opts o = {.software = "fuzz"};
	struct ssh_transport *t;

	if (size == 0)
		return 0;
	o.role = (data[0] & 1) != 0 ? SSH_ROLE_CLIENT : SSH_ROLE_SERVER;
	if (ssh_transport_import(&t, &o, SPAN(data + 1, size - 1), NULL) == 0) {
		use(t);
		ssh_transport_free(t);
	}
	return 0;
}
