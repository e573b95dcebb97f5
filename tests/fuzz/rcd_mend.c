/* SPDX-License-Identifier: Apache-2.0 */
/* See rcd_mend.h. */
#include <string.h>

#include "base/fail.h"
#include "base/hash.h"
#include "recorder/chain.h"

#include "rcd_mend.h"

void
rcd_mend(uint8_t *p, size_t n)
{
	struct rcd_chain c;
	struct rcd_header h;
	uint64_t seq;

	if (rcd_header_decode(SPAN(p, n), &h) != 0 ||
	    rcd_chain_start(&c, SPAN(p, h.len), &h) != 0)
		return;
	p += h.len;
	n -= h.len;
	for (seq = 0; n >= RCD_CHUNK_HEADER; seq++) {
		size_t size, body = le32_get(p + 32);

		memcpy(p, "RCK1", 4);
		le64_put(p + 8, seq);
		if (body > n - RCD_CHUNK_HEADER)
			body = n - RCD_CHUNK_HEADER;
		if (body == n - RCD_CHUNK_HEADER && body >= RCD_LINK_LEN)
			body -= RCD_LINK_LEN;
		le32_put(p + 32, (uint32_t)body);
		le32_put(p + 36, crc32c(0, p, 36));
		if ((p[5] & RCD_F_GOP) && body >= RCD_ANCHOR_LEN) {
			memcpy(p + 40, c.hash, RCD_HASH_LEN);
			memcpy(p + 72, c.salt, RCD_SALT_LEN);
		}
		size = RCD_CHUNK_HEADER + body;
		if (rcd_chain_hash(c.hash, c.hash, SPAN(p, size)) != 0 ||
		    n < size + RCD_LINK_LEN)
			return;
		memcpy(p + size, c.hash, RCD_LINK_LEN);
		if (p[4] == RCD_NOTICE && body >= RCD_EPOCH_BODY &&
		    p[40] == RCD_EPOCH_START)
			memcpy(c.salt, p + 48, RCD_SALT_LEN);
		p += size + RCD_LINK_LEN;
		n -= size + RCD_LINK_LEN;
	}
}
