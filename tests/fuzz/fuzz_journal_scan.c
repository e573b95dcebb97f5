/* SPDX-License-Identifier: Apache-2.0 */
/* A segment of the broker's journal, as a crash may leave it. */
#include "broker/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
on_record(struct span rec, void *ctx)
{
	MUST(rec.len <= JOURNAL_RECORD_MAX);
	*(size_t *)ctx += rec.len + JOURNAL_FRAME_LEN;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t sum = JOURNAL_HEADER_LEN, again = JOURNAL_HEADER_LEN;
	size_t n = journal_scan(SPAN(data, size), on_record, &sum);

	MUST(n <= size);
	if (n == 0)
		return 0;
	/* The sound part is its records, and stays sound when cut there. */
	MUST(n == sum);
	MUST(journal_scan(SPAN(data, n), on_record, &again) == n);
	return 0;
}
