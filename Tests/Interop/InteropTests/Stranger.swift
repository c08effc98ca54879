// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives

/// Somebody who pays by one of the schemes that fill a purse, with a program that was written from `Specs/` alone.
struct Stranger {
    enum Scheme: String, CaseIterable {
        case twoWay = "two-way"
        case hashChain = "hash-chain"
        case merkleToken = "merkle-token"
        case lottery
    }

    /// What it told of one thing that it did.
    struct Deed {
        let json: JSON

        /// `open`, `pay`, `corrected`, `free`, `refused`, `misuse`, `ask` or `close`.
        var step: String { json["step"]?.stringValue ?? "" }
        var status: Int64? { json["status"]?.integerValue }
        /// What it was charged, after it checked the receipt; `nil` when nothing was to be charged.
        var charged: Int? { json.units("charged") }
        /// The code with which it was refused.
        var refusal: String? { json["refused"]?.stringValue }
        /// The code with which it should be refused, by the specification.
        var expectedRefusal: String? { json["expected"]?.stringValue }
        /// What came back to it.
        var returned: Int? { json.units("amount") }
        var channel: String? { json["channel"]?.stringValue }
        var deposit: Int? { json.units("deposit") }
        /// What it believes to have been charged on the channel.
        var booksCharged: Int? { json["books"]?.units("charged") }
        /// What it believes that its payments brought.
        var booksAuthorised: Int? { json["books"]?.units("authorised") }
        /// What it believes to have been charged and not delivered.
        var booksCredit: Int? { json["books"]?.units("credit") }
    }

    let scheme: Scheme
    let address: Address
    private let key: String
    private let shop: Shop

    /// - Parameter key: All 32 bytes of the private key.
    init(key: UInt8, paying scheme: Scheme, at shop: Shop) throws {
        let bytes = [UInt8](repeating: key, count: 32)
        guard let secret = PrivateKey(bytes) else { throw InteropFault("No such key.") }
        address = secret.address
        self.key = Hex.encode(bytes)
        self.scheme = scheme
        self.shop = shop
    }

    /// Opens a channel, pays for so many requests at each path, and does what is asked for besides.
    ///
    /// - Throws: ``InteropFault`` when an answer is not what the specification says that a payer may believe.
    func pay(_ paths: [String], count: Int, _ options: [String] = []) async throws -> [Deed] {
        let arguments =
            [Places.script("schemes_client.py"), "--key", key, "--scheme", scheme.rawValue, "--count", "\(count)"]
            + options + paths.map { shop.url + $0 }
        let lines = try await shop.run("stranger", try Places.python(), arguments)
        return try lines.map { Deed(json: try JSON.parse($0)) }
    }
}
