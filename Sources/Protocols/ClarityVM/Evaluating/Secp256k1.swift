// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import CSecp256k1

/// Signatures as contracts take them: any recovery id, and a high `s` where stacks-core takes one.
///
/// They are looser than those that `FarthingPrimitives` knows, so they are read here. A context that only reads has no
/// tables of its own, so making one for each call costs next to nothing.
///
/// - Source: stacks-core, `secp256k1_recover` and `secp256k1_verify`.
enum Secp256k1 {
    /// The compressed key, 33 bytes, that made r ‖ s, or `nil` when none could have.
    static func recover(_ signature: [UInt8], id: UInt8, over digest: [UInt8]) -> [UInt8]? {
        guard signature.count == 64, digest.count == 32, id <= 3,
            let context = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE))
        else { return nil }
        defer { secp256k1_context_destroy(context) }
        var parsed = secp256k1_ecdsa_recoverable_signature()
        var point = secp256k1_pubkey()
        guard
            secp256k1_ecdsa_recoverable_signature_parse_compact(context, &parsed, signature, Int32(id)) == 1,
            secp256k1_ecdsa_recover(context, &point, &parsed, digest) == 1
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: 33)
        var length = 33
        guard
            secp256k1_ec_pubkey_serialize(context, &bytes, &length, &point, UInt32(SECP256K1_EC_COMPRESSED)) == 1
        else { return nil }
        return bytes
    }

    /// Whether the key of 33 bytes made r ‖ s; a high `s` is refused.
    static func verifies(_ signature: [UInt8], over digest: [UInt8], by key: [UInt8]) -> Bool {
        guard signature.count == 64, digest.count == 32,
            let context = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE))
        else { return false }
        defer { secp256k1_context_destroy(context) }
        var parsed = secp256k1_ecdsa_signature()
        var point = secp256k1_pubkey()
        return secp256k1_ec_pubkey_parse(context, &point, key, key.count) == 1
            && secp256k1_ecdsa_signature_parse_compact(context, &parsed, signature) == 1
            && secp256k1_ecdsa_verify(context, &parsed, digest, &point) == 1
    }
}
