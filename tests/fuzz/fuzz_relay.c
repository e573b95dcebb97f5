/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay between two hostile legs.  An input is steps: a byte that says what
 * (enum drive_step in its low three bits), a byte n, and for a packet n bytes.
 */
#include "relay_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (drive_start() != 0)
		return 0;
	for (size_t i = 0; i + 2 <= size;) {
		unsigned what = data[i] % DRIVE_STEPS, shift = data[i] >> 3;
		size_t n = data[i + 1];

		i += 2;
		if (what <= DRIVE_TARGET && n > size - i)
			n = size - i;
		if (drive_step(what, shift, data + i, n) < 0)
			break;
		if (what <= DRIVE_TARGET)
			i += n;
	}
	drive_end();
	return 0;
}
