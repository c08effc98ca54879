// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@testable import FarthingKeyFiles

@Suite("The function scrypt")
struct ScryptTests {
    /// - Source: RFC 7914, section 12.
    @Test(arguments: [
        (
            "", "", 16, 1, 1,
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
        ),
        (
            "password", "NaCl", 1_024, 8, 16,
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
        ),
    ])
    func `gives the published keys`(passphrase: String, salt: String, n: Int, r: Int, p: Int, key: String) throws {
        let derived = try Scrypt.derive(
            from: Array(passphrase.utf8), salt: Array(salt.utf8), cost: (n: n, r: r, p: p), count: 64)
        #expect(Hex.digits(derived) == key)
    }

    @Test(arguments: [(2, 1, 1), (16, 3, 2), (64, 8, 1), (128, 2, 5), (8, 17, 2)])
    func `agrees with the library where that takes the cost`(n: Int, r: Int, p: Int) throws {
        let salt = (0..<32).map { UInt8($0) }
        let derivation = KeyDerivation.scrypt(cost: (n: n, r: r, p: p), salt: salt)
        let own = try Scrypt.derive(from: [1, 2, 3], salt: salt, cost: (n: n, r: r, p: p), count: 32)
        #expect(try derivation.derive(from: [1, 2, 3]) == own)
    }
}
