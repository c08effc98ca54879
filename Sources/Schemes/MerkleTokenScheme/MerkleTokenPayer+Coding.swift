// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingPrimitives

// Version 1, in this order:
//   id 32 · terms · tag 32 · seed 32 · count 4, each: payee 20, count 4, amount 16, shown 4, taken 4, charged 16,
//   doubtful 16
extension MerkleTokenPayer {
    private static let version: UInt8 = 1

    /// The stored form, version first; it holds the seed of all tokens, so it is a secret.
    ///
    /// After a crash nobody knows what became of requests under way, so they are in doubt in it.
    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 256 + 80 * accounts.count)
        writer.write(id.hash)
        writer.write(terms)
        writer.write(tag)
        writer.write(seed)
        writer.write(UInt32(clamping: accounts.count))
        for (payee, account) in accounts.sorted(by: { $0.value.start < $1.value.start }) {
            writer.write(payee)
            writer.write(account.count)
            writer.write(account.amount)
            writer.write(account)
        }
        return writer.bytes
    }

    /// Makes the tree again, and sees whether it is the channel's.
    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let id = ChannelID(try reader.hash())
        let terms = try reader.merkleTokenTerms()
        let (tag, seed) = (try reader.hash(), try reader.hash())
        var shares: [MerkleTokenPlan.Share] = []
        var accounts: [Address: MerkleTokenAccount] = [:]
        var start: UInt32 = 0
        for _ in 0..<(try reader.uint32()) {
            let share = MerkleTokenPlan.Share(
                payee: try reader.address(), count: try reader.uint32(), amount: try reader.amount())
            guard share.count <= terms.tokenCount, start <= terms.tokenCount else { throw .damaged }
            accounts[share.payee] = try MerkleTokenAccount(
                &reader, start: start, count: share.count, amount: share.amount)
            start += share.count
            shares.append(share)
        }
        try reader.finish()
        guard terms.fault == nil, let plan = MerkleTokenPlan(shares), plan.tokenCount == terms.tokenCount,
            plan.tokenAmount == terms.tokenAmount, let tree = Self.tree(plan, terms, seed: seed, tag: tag),
            tree.root == terms.root
        else { throw .damaged }
        self.init(id: id, terms: terms, tag: tag, seed: seed, tree: tree, accounts: accounts)
    }
}
