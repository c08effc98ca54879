// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Crypto
import FarthingStacks

/// Signatures on the curve of passkeys.
///
/// - Source: stacks-core, `secp256r1_verify`: the digest is hashed once more with SHA-256, which Clarity 4 keeps.
enum Secp256r1 {
    /// Whether the key of 33 bytes made r ‖ s; a high `s` is refused.
    static func verifies(_ signature: [UInt8], over digest: [UInt8], by key: [UInt8]) -> Bool {
        guard let key = try? P256.Signing.PublicKey(compressedRepresentation: key),
            let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature),
            !isHigh(signature[32...])
        else { return false }
        return key.isValidSignature(parsed, for: SHA256.hash(data: digest))
    }

    /// Half of the order of the curve, rounded down.
    private static let halfOrder: [UInt8] = [
        0x7F, 0xFF, 0xFF, 0xFF, 0x80, 0x00, 0x00, 0x00, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xDE, 0x73,
        0x7D, 0x56, 0xD3, 0x8B, 0xCF, 0x42, 0x79, 0xDC, 0xE5, 0x61, 0x7E, 0x31, 0x92, 0xA8,
    ]

    private static func isHigh(_ s: ArraySlice<UInt8>) -> Bool { halfOrder.lexicographicallyPrecedes(s) }
}
