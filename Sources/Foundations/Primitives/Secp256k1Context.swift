// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import CSecp256k1

/// The library's tables, made once for the process.
enum Secp256k1Context {
    // The library promises that a context may be read by many threads at once; nothing writes to this
    // one after it is made.
    nonisolated(unsafe) static let shared: OpaquePointer = make()

    /// A context that is blinded, so that the time a signature takes tells nothing about the key.
    private static func make() -> OpaquePointer {
        guard let context = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY)) else {
            // The library aborts by itself when it has no memory for its tables.
            preconditionFailure("libsecp256k1 gave no context")
        }
        var random = SystemRandomNumberGenerator()
        let seed = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
        _ = secp256k1_context_randomize(context, seed)
        return context
    }
}
