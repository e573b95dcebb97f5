/* SPDX-License-Identifier: Apache-2.0 */
/* LINK(A, B): the supervisor joins every A with every B by a socket pair. */
/* clang-format off */
LINK(WORKER,	KEEPER)
LINK(WORKER,	BROKER)
LINK(WORKER,	RECORDER)
LINK(BROKER,	KEEPER)
LINK(RECORDER,	KEEPER)
LINK(RECORDER,	BROKER)
/* clang-format on */
