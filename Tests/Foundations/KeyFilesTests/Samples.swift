// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation

@testable import FarthingKeyFiles

/// The key and the texts that the tests work with.
enum Samples {
    static let secret = "4c0883a69102937d6231471b5dbb6204fe512961708279feb1be6ae5538da033"
    static let address = Address(hex: "0xb960bed53c17f9a021538b5d6f08e7466b966c53") ?? .zero
    static let passphrase = Array("correct horse battery staple".utf8)

    struct NoKey: Error {}

    static func key() throws -> PrivateKey {
        guard let key = Hex.decode(secret).flatMap({ PrivateKey($0) }) else { throw NoKey() }
        return key
    }

    /// The text of a file in `Tests/Vectors/keystore`.
    static func keystore(_ name: String) throws -> [UInt8] {
        let tests = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return Array(try Data(contentsOf: tests.appending(path: "Vectors/keystore/\(name).json")))
    }

    /// A keystore whose derivation takes no time: one round of PBKDF2, salt 1, 2, 3 …, passphrase `x`.
    static func quickKeystore() throws -> JSON {
        let derivation = KeyDerivation.pbkdf2(rounds: 1, salt: (1...32).map { UInt8($0) })
        return try Keystore(sealing: key(), passphrase: [0x78], derivation: derivation).json(id: RandomBytes.uuid())
    }
}
