// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingPrimitives
import Testing

/// A sender and a receiver over a wire that loses, repeats and reorders what they send, with the contract behind them;
/// both die now and then.
@Suite("A random walk over a channel of balance proofs")
struct BalanceProofWalkTests {
    @Test(arguments: [1, 2, 3, 4, 20_261_121] as [UInt64])
    func `keeps both books as a simple model does, and lets neither side lose`(seed: UInt64) throws {
        print("Walk over balance proofs with seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var steps = 0
        let notes = ProofNotes()
        while steps < 20_000 {
            var walk = try ProofWalk(seed: random.next(), notes: notes)
            steps += try walk.run()
        }
        let missing = ProofNotes.all.subtracting(notes.seen)
        #expect(missing == [], "what never happened, seed \(seed)")
    }
}

/// What has happened in the walks of one seed, and the signatures that they share.
final class ProofNotes {
    var seen: Set<String> = []
    private var proofs: [UInt128: BalanceProof] = [:]

    /// All codes of the receiver's and the sender's refusals that an honest run can meet, and all that succeeds.
    static let all: Set<String> = [
        "balance-proof-receiver.not-open", "balance-proof-receiver.ending", "balance-proof-receiver.not-more",
        "balance-proof-receiver.exceeds-deposit", "balance-proof-receiver.too-little",
        "balance-proof-sender.zero-amount", "balance-proof-sender.exceeds-deposit", "balance-proof-sender.not-open",
        "balance-proof-sender.ending", "balance-proof-sender.unknown-proof", "balance-proof-sender.below-withdrawn",
        "taken", "replayed", "confirmed", "corrected", "withdrawn", "topped up", "dispute", "closeTogether", "settle",
        "ended together", "ended alone", "books lost", "sender died", "receiver died",
    ]

    /// The proof for a balance: every scene has the same keys and the same channel.
    func proof(_ balance: UInt128, in scene: Scene) throws -> BalanceProof {
        if let known = proofs[balance] { return known }
        let proof = try scene.proof(balance)
        proofs[balance] = proof
        return proof
    }
}
