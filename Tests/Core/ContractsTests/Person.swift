// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
import FarthingPrimitives

/// Somebody with a key.
struct Person: Hashable, Sendable {
    let name: String
    let address: Address
    private let secret: [UInt8]

    init(_ name: String) {
        self.name = name
        secret = Keccak256.hash(utf8: "the key of \(name)").bytes
        address = Self.key(secret).address
    }

    func sign(_ digest: Hash32) -> Signature { Self.key(secret).sign(digest) }

    private static func key(_ secret: [UInt8]) -> PrivateKey {
        // A hash that is no key turns up once in 2^128.
        guard let key = PrivateKey(secret) else { preconditionFailure("the hash is not a key") }
        return key
    }

    static let alice = Person("Alice")
    static let bob = Person("Bob")
    static let carol = Person("Carol")
    /// Does whatever helps her.
    static let mallory = Person("Mallory")
    static let token = Person("the token").address
}

let noon = Instant(unixSeconds: 1_800_000_000)

func units(_ amount: UInt128) -> Amount { Amount(units: amount) }

func hash(_ text: String) -> Hash32 { Keccak256.hash(utf8: text) }
