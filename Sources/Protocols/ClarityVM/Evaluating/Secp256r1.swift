// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Crypto
import FarthingStacks

/// Signatures on the curve of passkeys.
///
/// - Source: stacks-core, `secp256r1_verify`: the digest is hashed once more with SHA-256, as Clarity 4 has it; a
///   high `s` is taken.
enum Secp256r1 {
    /// Whether the key of 33 bytes made r ‖ s.
    static func verifies(_ signature: [UInt8], over digest: [UInt8], by key: [UInt8]) -> Bool {
        guard let key = try? P256.Signing.PublicKey(compressedRepresentation: key),
            let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
        else { return false }
        return key.isValidSignature(parsed, for: SHA256.hash(data: digest))
    }
}
