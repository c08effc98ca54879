// SPDX-License-Identifier: Apache-2.0
// The system's libsecp256k1: signatures on the curve of Bitcoin and Ethereum.
#include <stddef.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

/// Writes zeros that the optimiser may not leave out, because nothing reads them afterwards.
static inline void farthing_wipe(void *memory, size_t count) {
    volatile unsigned char *byte = (volatile unsigned char *)memory;
    while (count--) *byte++ = 0;
}
