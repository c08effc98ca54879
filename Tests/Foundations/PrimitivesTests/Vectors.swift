// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// Files below `Tests/Vectors`.
enum Vectors {
    /// The value that a JSON file holds, read by a parser that is not the one of this package.
    static func decode<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) throws -> Value {
        let tests = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try JSONDecoder().decode(type, from: Data(contentsOf: tests.appending(path: "Vectors/\(path)")))
    }
}

/// What `x402/batch_settlement_crypto.json` says about keys and signatures.
struct SigningVectors: Decodable {
    struct Key: Decodable {
        let privateKey: String
        let address: String
        let publicKeyUncompressed: String
    }

    struct Voucher: Decodable {
        let digest: String
        let signer: String
        let signature: String
    }

    let keys: [String: Key]
    let vouchers: [Voucher]

    static func load() throws -> SigningVectors { try Vectors.decode("x402/batch_settlement_crypto.json") }
}
