// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

func units(_ amount: UInt128) -> Amount { Amount(units: amount) }

/// A channel of balance proofs, the contract behind it, and both keys.
struct Scene {
    let domain: ContractDomain
    let terms: BalanceProofTerms
    let id: ChannelID
    let sender: KeySigner
    let receiver: KeySigner
    private(set) var contract: BalanceProofContract
    private(set) var block = Block(height: 100, time: Instant(unixSeconds: 1_800_000_000))

    /// How long a block takes at the least; nothing where a chain makes the blocks.
    private let blockSeconds: UInt64

    init(deposit: UInt128 = 100, blockSeconds: UInt64 = 0) throws {
        self.blockSeconds = blockSeconds
        domain = try #require(ContractDomain(.balanceProof, on: Network(evm: 84_532)))
        (sender, receiver) = (try Self.signer("sender"), try Self.signer("receiver"))
        terms = BalanceProofTerms(
            sender: sender.address, receiver: receiver.address, token: try Self.signer("token").address,
            challengeBlocks: 500, salt: Keccak256.hash(utf8: "salt"))
        id = terms.channelID(in: domain)
        contract = BalanceProofContract(terms)
        _ = try contract.fund(units(deposit), by: terms.sender, in: context)
    }

    private struct NoKey: Error {}

    static func signer(_ name: String) throws -> KeySigner {
        guard let key = PrivateKey(Keccak256.hash(utf8: "the key of \(name)").bytes) else { throw NoKey() }
        return KeySigner(key)
    }

    private var context: ContractContext {
        ContractContext(domain: domain, channel: id, block: block, blockSeconds: blockSeconds)
    }

    var snapshot: ContractSnapshot<BalanceProofContract> { ContractSnapshot(state: contract, block: block) }

    /// Puts more in, in the next block.
    mutating func topUp(_ amount: UInt128) throws {
        wait(blocks: 1)
        _ = try contract.fund(units(amount), by: terms.sender, in: context)
    }

    func proof(_ balance: UInt128) throws -> BalanceProof {
        let digest = BalanceProofContract.proofDigest(of: id, balance: units(balance), in: domain)
        let proof = UnverifiedBalanceProof(balance: units(balance), signature: sender.signNow(digest))
        return try #require(proof.verified(under: terms, of: id, in: domain))
    }

    func end(_ balance: UInt128) throws -> BalanceProofEnd {
        let digest = BalanceProofContract.closeDigest(of: id, balance: units(balance), in: domain)
        let end = UnverifiedBalanceProofEnd(balance: units(balance), signature: receiver.signNow(digest))
        return try #require(end.verified(under: terms, of: id, in: domain))
    }

    /// Carries an order out in the next block.
    @discardableResult
    mutating func send(_ order: BalanceProofContract.Order) throws -> [Payout] {
        block = Block(height: block.height + 1, time: block.time)
        return try contract.carryOut(order, in: context)
    }

    mutating func wait(blocks: UInt64, seconds: Int64 = 0) {
        block = Block(height: block.height + blocks, time: Instant(unixSeconds: block.time.unixSeconds + seconds))
    }

    mutating func requestClose(_ balance: UInt128) throws {
        let digest = BalanceProofContract.requestDigest(of: id, balance: units(balance), in: domain)
        try send(.requestClose(balance: units(balance), signature: sender.signNow(digest)))
    }
}
