// SPDX-License-Identifier: Apache-2.0
// Keccak-256 in plain unrolled C, as one would write it: each round reads one set of 25 lanes and writes another.
// For machines that keep the low byte first.
// Source: the Keccak reference, section 1.2; rate 136 bytes, padding 0x01 ... 0x80.
#include "anchors.h"

#include <string.h>

enum { RATE = 136 };

static const uint64_t round_constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

static inline uint64_t rotated(uint64_t lane, int by) { return lane << by | lane >> (64 - by); }

// One plane of chi: five lanes that theta, rho and pi brought together.
static inline void plane(uint64_t *out, uint64_t b0, uint64_t b1, uint64_t b2, uint64_t b3, uint64_t b4) {
    out[0] = b0 ^ (~b1 & b2);
    out[1] = b1 ^ (~b2 & b3);
    out[2] = b2 ^ (~b3 & b4);
    out[3] = b3 ^ (~b4 & b0);
    out[4] = b4 ^ (~b0 & b1);
}

static inline void permute_once(const uint64_t *a, uint64_t *e, uint64_t constant) {
    uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    uint64_t c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    uint64_t c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    uint64_t d0 = c4 ^ rotated(c1, 1);
    uint64_t d1 = c0 ^ rotated(c2, 1);
    uint64_t d2 = c1 ^ rotated(c3, 1);
    uint64_t d3 = c2 ^ rotated(c4, 1);
    uint64_t d4 = c3 ^ rotated(c0, 1);
    plane(e, a[0] ^ d0, rotated(a[6] ^ d1, 44), rotated(a[12] ^ d2, 43), rotated(a[18] ^ d3, 21),
          rotated(a[24] ^ d4, 14));
    e[0] ^= constant;
    plane(e + 5, rotated(a[3] ^ d3, 28), rotated(a[9] ^ d4, 20), rotated(a[10] ^ d0, 3), rotated(a[16] ^ d1, 45),
          rotated(a[22] ^ d2, 61));
    plane(e + 10, rotated(a[1] ^ d1, 1), rotated(a[7] ^ d2, 6), rotated(a[13] ^ d3, 25), rotated(a[19] ^ d4, 8),
          rotated(a[20] ^ d0, 18));
    plane(e + 15, rotated(a[4] ^ d4, 27), rotated(a[5] ^ d0, 36), rotated(a[11] ^ d1, 10), rotated(a[17] ^ d2, 15),
          rotated(a[23] ^ d3, 56));
    plane(e + 20, rotated(a[2] ^ d2, 62), rotated(a[8] ^ d3, 55), rotated(a[14] ^ d4, 39), rotated(a[15] ^ d0, 41),
          rotated(a[21] ^ d1, 2));
}

static void permute(uint64_t state[25]) {
    uint64_t other[25];
    for (int round = 0; round < 24; round += 2) {
        permute_once(state, other, round_constants[round]);
        permute_once(other, state, round_constants[round + 1]);
    }
}

static void absorb(uint64_t state[25], const uint8_t *block) {
    for (int lane = 0; lane < RATE / 8; lane++) {
        uint64_t word;
        memcpy(&word, block + 8 * lane, 8);
        state[lane] ^= word;
    }
    permute(state);
}

static void keccak256(const uint8_t *message, size_t length, uint8_t digest[32]) {
    uint64_t state[25] = {0};
    for (; length >= RATE; message += RATE, length -= RATE) absorb(state, message);
    uint8_t last[RATE] = {0};
    memcpy(last, message, length);
    last[length] = 0x01;
    last[RATE - 1] |= 0x80;
    absorb(state, last);
    memcpy(digest, state, 32);
}

void anchor_keccak256_chain(uint8_t *message, size_t length, size_t count) {
    while (count--) {
        uint8_t digest[32];
        keccak256(message, length, digest);
        memcpy(message, digest, 32);
    }
}
