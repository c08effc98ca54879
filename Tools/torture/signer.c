// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

// What payers need to sign, for Python: Keccak-256 from the benchmarks' anchor, and libsecp256k1.
#include "anchors.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

static secp256k1_context *context;

__attribute__((constructor)) static void begin(void) { context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN); }

enum { LONGEST = 2048 };

// Up to 2,048 bytes; returns 0 for more.
int torture_keccak256(const uint8_t *bytes, size_t length, uint8_t *digest) {
    // The anchor puts the hash where the message was.
    uint8_t message[LONGEST];
    if (length > sizeof message) return 0;
    memcpy(message, bytes, length);
    anchor_keccak256_chain(message, length, 1);
    memcpy(digest, message, 32);
    return 1;
}

// 65 bytes: r, s and 27 or 28. Returns 0 when the key is none.
int torture_sign(const uint8_t *key, const uint8_t *digest, uint8_t *signature) {
    secp256k1_ecdsa_recoverable_signature made;
    int recovery = 0;
    if (!secp256k1_ecdsa_sign_recoverable(context, &made, digest, key, NULL, NULL)) return 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context, signature, &recovery, &made);
    signature[64] = (uint8_t)(27 + recovery);
    return 1;
}

// The 20 bytes of the account that a key belongs to. Returns 0 when the key is none.
int torture_address(const uint8_t *key, uint8_t *address) {
    secp256k1_pubkey point;
    uint8_t serialized[65], digest[32];
    size_t length = sizeof serialized;
    if (!secp256k1_ec_pubkey_create(context, &point, key)) return 0;
    secp256k1_ec_pubkey_serialize(context, serialized, &length, &point, SECP256K1_EC_UNCOMPRESSED);
    torture_keccak256(serialized + 1, 64, digest);
    memcpy(address, digest + 12, 20);
    return 1;
}
