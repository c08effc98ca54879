// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// By what payees prove who they are to a facilitator that signs for them: a secret for each.
///
/// Only hashes are kept, so nothing can be read out of it.
public struct FacilitatedPayees: Hashable, Sendable {
    private let hashes: [Address: Hash32]

    /// How long a secret is at least.
    ///
    /// - Unit: bytes.
    public static let shortest = 16

    /// - Parameter secrets: For each receiver the secret that whoever may order refunds in its name shows.
    /// - Returns: `nil` when one is shorter than ``shortest``.
    public init?(_ secrets: [Address: String]) {
        guard secrets.values.allSatisfy({ $0.utf8.count >= Self.shortest }) else { return nil }
        hashes = secrets.mapValues { Keccak256.hash(utf8: $0) }
    }

    private init() { hashes = [:] }

    /// Of nobody.
    public static let none = FacilitatedPayees()

    /// Whether a secret is the one of a receiver.
    func prove(_ receiver: Address, by secret: String?) -> Bool {
        guard let secret, let hash = hashes[receiver] else { return false }
        return Keccak256.hash(utf8: secret) == hash
    }
}
