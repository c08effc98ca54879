// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

// `#require` takes no value that cannot be copied.
extension PrivateKey {
    static func made(of bytes: [UInt8]) throws -> PrivateKey {
        guard let key = PrivateKey(bytes) else { throw NoKey() }
        return key
    }

    /// A key whose 32 bytes are all the same.
    static func made(of byte: UInt8) throws -> PrivateKey { try made(of: [UInt8](repeating: byte, count: 32)) }

    struct NoKey: Error {}
}
