/* SPDX-License-Identifier: Apache-2.0 */
/* FLAW(NAME, number, sentence): what can be wrong with a chunk.  Append only. */
/* clang-format off */
FLAW(MAGIC,	1, "magic: not a chunk")
FLAW(CRC,	2, "crc: the chunk header is damaged")
FLAW(SEQUENCE,	3, "sequence: a chunk is missing, repeated or in another place")
FLAW(CHAIN,	4, "chain: content does not match its hash")
FLAW(SIGNATURE,	5, "signature: not made by the node for this content")
FLAW(TRUNCATED,	6, "truncated: the file ends in the middle or has no trailer")
FLAW(HEADER,	7, "header: the file header is damaged")
FLAW(EPOCH,	8, "epoch: not the one that was announced")
FLAW(SHAPE,	9, "shape: a field has a value that it must not have")
FLAW(EXTRA,	10, "extra: bytes behind the trailer")
FLAW(KEY,	11, "key: the file names another signing key")
/* clang-format on */
