// SPDX-License-Identifier: Apache-2.0
// libsecp256k1 called from C: the most that any verifier of vouchers on one core can reach with it.
#include "anchors.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint8_t secret[32];
    uint8_t digest[32];
    secp256k1_pubkey key;
    secp256k1_ecdsa_signature signature;
    uint8_t compact[64];
    int parity;
} entry;

struct anchor_signatures {
    secp256k1_context *context;
    size_t count;
    entry entries[];
};

static int fill(const secp256k1_context *context, entry *entry, size_t number) {
    memset(entry, 0, sizeof *entry);
    memcpy(entry->secret, &number, sizeof number);
    entry->secret[31] = 1;
    anchor_keccak256_chain(entry->secret, 32, 1);
    memcpy(entry->digest, entry->secret, 32);
    anchor_keccak256_chain(entry->digest, 32, 1);
    secp256k1_ecdsa_recoverable_signature signature;
    return secp256k1_ec_pubkey_create(context, &entry->key, entry->secret) &&
           secp256k1_ecdsa_sign_recoverable(context, &signature, entry->digest, entry->secret, NULL, NULL) &&
           secp256k1_ecdsa_recoverable_signature_convert(context, &entry->signature, &signature) &&
           secp256k1_ecdsa_recoverable_signature_serialize_compact(context, entry->compact, &entry->parity, &signature);
}

anchor_signatures *anchor_signatures_create(size_t count) {
    anchor_signatures *all = malloc(sizeof *all + count * sizeof(entry));
    if (!all) return NULL;
    all->count = count;
    all->context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    for (size_t number = 0; number < count; number++) {
        if (!fill(all->context, &all->entries[number], number)) {
            anchor_signatures_destroy(all);
            return NULL;
        }
    }
    return all;
}

void anchor_signatures_destroy(anchor_signatures *all) {
    secp256k1_context_destroy(all->context);
    free(all);
}

size_t anchor_verify(const anchor_signatures *all, size_t count) {
    size_t right = 0;
    for (size_t number = 0; number < count; number++) {
        const entry *entry = &all->entries[number % all->count];
        right += secp256k1_ecdsa_verify(all->context, &entry->signature, entry->digest, &entry->key) == 1;
    }
    return right;
}

size_t anchor_recover(const anchor_signatures *all, size_t count) {
    size_t right = 0;
    for (size_t number = 0; number < count; number++) {
        const entry *entry = &all->entries[number % all->count];
        secp256k1_ecdsa_recoverable_signature signature;
        secp256k1_pubkey key;
        right += secp256k1_ecdsa_recoverable_signature_parse_compact(
                     all->context, &signature, entry->compact, entry->parity) == 1 &&
                 secp256k1_ecdsa_recover(all->context, &key, &signature, entry->digest) == 1;
    }
    return right;
}

size_t anchor_sign(const anchor_signatures *all, size_t count) {
    size_t right = 0;
    for (size_t number = 0; number < count; number++) {
        const entry *entry = &all->entries[number % all->count];
        secp256k1_ecdsa_recoverable_signature signature;
        uint8_t compact[64];
        int parity = 0;
        right += secp256k1_ecdsa_sign_recoverable(
                     all->context, &signature, entry->digest, entry->secret, NULL, NULL) == 1 &&
                 secp256k1_ecdsa_recoverable_signature_serialize_compact(
                     all->context, compact, &parity, &signature) == 1;
    }
    return right;
}
