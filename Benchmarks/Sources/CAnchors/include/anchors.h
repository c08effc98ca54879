// SPDX-License-Identifier: Apache-2.0
// What the Swift code is measured against: the same work in plain C, in a loop.
#ifndef FARTHING_ANCHORS_H
#define FARTHING_ANCHORS_H

#include <stddef.h>
#include <stdint.h>

/// Hashes a message of `length` bytes `count` times over; each hash becomes the head of the next message.
///
/// `message` holds the last hash in its first 32 bytes when this returns. `length` is at least 32.
void anchor_keccak256_chain(uint8_t *message, size_t length, size_t count);

/// Keys, digests and signatures to go round in.
typedef struct anchor_signatures anchor_signatures;

/// Makes `count` of them, the same ones every time; NULL when there is no memory.
anchor_signatures *anchor_signatures_create(size_t count);
void anchor_signatures_destroy(anchor_signatures *all);

/// Each does its work `count` times with libsecp256k1 and answers how often it came out right.
size_t anchor_verify(const anchor_signatures *all, size_t count);
size_t anchor_recover(const anchor_signatures *all, size_t count);
size_t anchor_sign(const anchor_signatures *all, size_t count);

#endif
