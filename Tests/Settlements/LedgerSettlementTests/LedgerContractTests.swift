// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import GRDB
import Testing

@testable import FarthingLedgerSettlement

/// What the ledger does for every contract alike, shown on hash chains.
@Suite("A ledger that runs contracts")
struct LedgerContractTests {
    @Test func `locks a deposit, and pays out of it what the rules say`() async throws {
        let stage = try await Stage.funded()
        let chain = try Chain(stage)
        let opened = try await stage.ledger.fund(HashChainContract.self, chain.terms, with: chain.funding())
        #expect(opened.transaction != nil)
        #expect(opened.snapshot.state.phase == .open)
        #expect(try await stage.holds(stage.payer) == 970)
        let receipt = try await chain.redeem(4)
        #expect(receipt.payouts == [Payout(to: stage.receiver.address, units(12))])
        #expect(try await stage.holds(stage.receiver) == 12)
        stage.clock.set(Stage.noon.advanced(bySeconds: 10_000))
        let ended = try await stage.ledger.carryOut(.reclaim, on: chain.channel, under: HashChainContract.self)
        #expect(ended.payouts == [Payout(to: stage.payer.address, units(18))])
        let names = try await stage.ledger.events(after: 0, limit: 100).dropFirst().map(\.name)
        #expect(names == ["Funded", "Advanced", "PaidOut", "PaidOut", "Advanced"])
        try await stage.expectConserved()
    }

    @Test func `does the same order twice and pays once`() async throws {
        let stage = try await Stage.funded()
        let chain = try Chain(stage)
        let first = try await stage.ledger.fund(HashChainContract.self, chain.terms, with: chain.funding())
        let again = try await stage.ledger.fund(HashChainContract.self, chain.terms, with: chain.funding())
        #expect(again.transaction == first.transaction)
        #expect(again.snapshot.state == first.snapshot.state)
        _ = try await chain.redeem(4)
        let head = try await stage.ledger.head()
        let repeated = try await chain.redeem(4)
        #expect(repeated.transaction == nil && repeated.payouts == [])
        #expect(try await stage.ledger.head() == head)
        #expect(try await stage.holds(stage.receiver) == 12)
        try await stage.expectConserved()
    }

    @Test func `keeps channels when it is closed`() async throws {
        try await withDirectory { directory in
            let path = directory + "/ledger.db"
            let channel: ChannelID
            do {
                let stage = try await Stage.funded(path: path)
                let chain = try Chain(stage)
                channel = chain.channel
                _ = try await stage.ledger.fund(HashChainContract.self, chain.terms, with: chain.funding())
                _ = try await chain.redeem(3)
            }
            let stage = try Stage(path: path)
            let snapshot = try await stage.ledger.contract(HashChainContract.self, of: channel)
            #expect(snapshot?.state.redeemed.index == 3)
            #expect(snapshot?.state.locked == units(21))
            try await stage.expectConserved()
        }
    }

    // MARK: - Refusals

    @Test func `refuses a deposit that its payer did not sign, or cannot pay`() async throws {
        let stage = try await Stage.funded(20)
        let chain = try Chain(stage)
        let ledger = stage.ledger
        await #expect(throws: ContractError.settlement(.authorizationSignature)) {
            try await ledger.fund(HashChainContract.self, chain.terms, with: chain.funding(by: stage.stranger))
        }
        await #expect(throws: ContractError.settlement(.insufficientBalance(has: units(20), needs: units(30)))) {
            try await ledger.fund(HashChainContract.self, chain.terms, with: chain.funding())
        }
        await #expect(throws: ContractError.settlement(.zeroAmount)) {
            try await ledger.fund(HashChainContract.self, chain.terms, with: chain.funding(0))
        }
        await #expect(throws: ContractError.self) {
            try await ledger.fund(HashChainContract.self, chain.terms, with: chain.funding(20))
        }
        #expect(try await ledger.contract(HashChainContract.self, of: chain.channel) == nil)
        #expect(try await stage.holds(stage.payer) == 20)
    }

    @Test func `refuses a deposit that was signed for another channel`() async throws {
        let stage = try await Stage.funded()
        let (chain, other) = (try Chain(stage), try Chain(stage, salt: 9))
        await #expect(throws: ContractError.settlement(.authorizationSignature)) {
            try await stage.ledger.fund(HashChainContract.self, other.terms, with: chain.funding())
        }
    }

    @Test func `refuses terms that name a contract, nobody, or a token that is not there`() async throws {
        let stage = try await Stage.funded()
        let contract = ContractDomain.ledgerAddress(of: .twoWay)
        for (error, change) in [
            (.invalidTerms, { $0.receiver = contract }),
            (.invalidTerms, { $0.receiver = .zero }),
            (.invalidTerms, { $0.token = .zero }),
            (.unknownToken(stage.stranger.address), { $0.token = stage.stranger.address }),
        ] as [(SettlementError, (inout HashChainTerms) -> Void)] {
            let chain = try Chain(stage, change: change)
            await #expect(throws: ContractError.settlement(error)) {
                try await stage.ledger.fund(HashChainContract.self, chain.terms, with: chain.funding())
            }
        }
    }

    @Test func `tells a refusal of the rules with its code, and moves nothing`() async throws {
        let stage = try await Stage.funded()
        let chain = try Chain(stage)
        _ = try await stage.ledger.fund(HashChainContract.self, chain.terms, with: chain.funding())
        let head = try await stage.ledger.head()
        let error = await #expect(throws: ContractError.self) {
            try await stage.ledger.carryOut(.reclaim, on: chain.channel, under: HashChainContract.self)
        }
        #expect(error?.code == "hash-chain.not-expired")
        #expect(try await stage.ledger.head() == head)
        await #expect(throws: ContractError.unknownChannel(chain.stage.channel)) {
            try await stage.ledger.carryOut(.reclaim, on: stage.channel, under: HashChainContract.self)
        }
    }

    // MARK: - Attacks

    @Test func `sends nobody money into a contract's account, where it would be nobody's`() async throws {
        let stage = try await Stage.funded()
        let contract = ContractDomain.ledgerAddress(of: .hashChain)
        await #expect(throws: SettlementError.invalidReceiver(contract)) {
            try await stage.ledger.transfer(stage.transfer(1, to: contract))
        }
        await #expect(throws: SettlementError.notAuthorized(contract)) {
            try await stage.ledger.mint(to: contract, token: stage.token.address, amount: units(1))
        }
    }

    @Test(arguments: [
        "UPDATE contract_channels SET locked = x'0000000000000000000000000000001f'",
        "DELETE FROM contract_channels",
        "UPDATE contract_channels SET kind = 'two-way'",
        "UPDATE accounts SET balance = x'0000000000000000000000000000001f' WHERE balance = x'0000000000000000000000000000001e'",
        "DELETE FROM events WHERE kind = 'Funded'",
        "UPDATE events SET amount = x'0000000000000000000000000000001f' WHERE kind = 'Funded'",
        "UPDATE authorizations SET amount = x'0000000000000000000000000000001f'",
    ])
    func `is caught when somebody changes a row behind its back`(sql: String) async throws {
        let stage = try await Stage.funded()
        let chain = try Chain(stage)
        _ = try await stage.ledger.fund(HashChainContract.self, chain.terms, with: chain.funding())
        try await stage.expectConserved()
        try await stage.ledger.database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            try db.execute(sql: sql)
        }
        #expect(try await stage.ledger.audit().isConserved == false)
    }

    // MARK: - Limits and hashes

    @Test func `keeps the limits of each kind, and refuses a fee for nobody`() async throws {
        let stage = try Stage()
        #expect(try await stage.ledger.limits(of: .twoWay) == .none)
        let limits = ContractLimits(
            minimum: units(10), maximum: units(1000), openChannels: 3, fee: units(2),
            feeReceiver: stage.stranger.address)
        try await stage.ledger.setLimits(limits, of: .twoWay)
        #expect(try await stage.ledger.limits(of: .twoWay) == limits)
        #expect(try await stage.ledger.limits(of: .hashChain) == .none)
        await #expect(throws: LimitsError.settlement(.invalidReceiver(.zero))) {
            try await stage.ledger.setLimits(ContractLimits(fee: units(1)), of: .twoWay)
        }
    }

    @Test func `takes no limit that a kind does not keep, so that nobody counts on it`() async throws {
        let stage = try Stage()
        let fee = ContractLimits(fee: units(2), feeReceiver: stage.stranger.address)
        let limits: [ContractLimits.Name: ContractLimits] = [
            .minimum: ContractLimits(minimum: units(10)), .maximum: ContractLimits(maximum: units(1000)),
            .openChannels: ContractLimits(openChannels: 3), .fee: fee,
        ]
        for kind in ContractKind.allCases {
            for (name, limit) in limits {
                #expect(limit.set == [name])
                if kind.keptLimits.contains(name) {
                    try await stage.ledger.setLimits(limit, of: kind)
                    #expect(try await stage.ledger.limits(of: kind) == limit)
                } else {
                    let error = LimitsError.notKept(name, by: kind)
                    #expect(error.code == "limits.not-kept")
                    await #expect(throws: error) { try await stage.ledger.setLimits(limit, of: kind) }
                }
            }
            try await stage.ledger.setLimits(.none, of: kind)
            #expect(try await stage.ledger.limits(of: kind) == .none)
        }
    }

    @Test func `keeps in a channel of balance proofs what it lets be set for it`() async throws {
        let stage = try await Stage.funded()
        try await stage.ledger.setLimits(
            ContractLimits(minimum: units(10), maximum: units(50)), of: .balanceProof)
        let channel = try ProofChannel(stage)
        for amount in [9, 51] as [UInt128] {
            let error = await #expect(throws: ContractError.self) { try await channel.open(amount) }
            #expect(error?.code == (amount == 9 ? "balance-proof.below-minimum" : "balance-proof.above-maximum"))
        }
        try await channel.open(50)
    }

    @Test func `locks no lot's money by a ticket for an account that it would not pay`() async throws {
        // Vouchers are in an account of this ledger's own choice, which the standard one does not tell.
        let own = Party(0x44).address
        let stage = try Stage(contract: own)
        try await stage.ledger.addToken(stage.token)
        try await stage.ledger.mint(to: stage.payer.address, token: stage.token.address, amount: units(40))
        let domain = try #require(stage.ledger.contractDomain(of: .lot))
        let terms = LotTerms(
            payer: stage.payer.address, token: stage.token.address, ticketCount: 4, ticketValue: units(10),
            commitment: Stage.nonce(9), closesAt: UInt64(Stage.noon.unixSeconds) + 1000, revealBlocks: 20,
            salt: Stage.nonce(1))
        let lot = terms.channelID(in: domain)
        let leave = UnsignedFunding(
            payer: stage.payer.address, amount: units(40), validBefore: UInt64(Stage.noon.unixSeconds) + 3600,
            salt: Stage.nonce(1))
        let digest = domain.depositDigest(leave, on: terms, token: stage.token.domain)
        let funding = leave.signed(stage.payer.sign(digest))
        _ = try await stage.ledger.fund(LotContract.self, terms, with: funding)
        let enter = { (index: UInt16, payee: Address) in
            let ticket = LotTicket(index: index, payee: payee)
            let signature = stage.payer.sign(ticket.digest(for: lot, in: domain))
            return try await stage.ledger.carryOut(
                .enter(ticket, signature: signature), on: lot, under: LotContract.self)
        }
        _ = try await enter(0, stage.receiver.address)
        for payee in [own, SettlementDomain.standardContract, ContractDomain.ledgerAddress(of: .twoWay)] {
            let refusal = ContractError.refused(ContractRefusal(LotContract.Refusal.invalidPayee(payee)))
            await #expect(throws: refusal) { _ = try await enter(1, payee) }
        }
        stage.clock.set(Stage.noon.advanced(bySeconds: 1000))
        _ = try await stage.ledger.carryOut(.close, on: lot, under: LotContract.self)
        try await stage.ledger.advance(blocks: 30)
        let shared = try await stage.ledger.carryOut(.share, on: lot, under: LotContract.self)
        #expect(
            shared.payouts == [
                Payout(to: stage.receiver.address, units(10)), Payout(to: stage.payer.address, units(30)),
            ])
        try await stage.expectConserved()
    }

    @Test func `gives each block a hash that nobody can tell before, and forgets old ones`() async throws {
        let stage = try await Stage.funded()
        let height = try await stage.ledger.head().height
        let hash = { (height: UInt64) in try await stage.ledger.read { try $0.pastBlock(at: height)?.hash } }
        #expect(try await hash(height + 1) == nil)
        try await stage.ledger.advance(blocks: 10)
        let hashes = try await [hash(height), hash(height + 1), hash(height + 9), hash(height + 10)]
        #expect(Set(hashes).count == 4)
        #expect(!hashes.contains(nil))
        #expect(try await hash(height + 9) == hashes[2], "it never changes")
        try await stage.ledger.advance(blocks: 250)
        #expect(try await hash(height) == nil)
        #expect(try await hash(height + 10) != nil)
    }
}

/// A hash chain of ten steps, three units each, that the stage's payer opens.
private struct Chain {
    let stage: Stage
    let terms: HashChainTerms
    let steps: [Hash32]
    let domain: ContractDomain

    init(_ stage: Stage, salt: UInt8 = 1, change: (inout HashChainTerms) -> Void = { _ in }) throws {
        self.stage = stage
        domain = try #require(stage.ledger.contractDomain(of: .hashChain))
        var terms = HashChainTerms(
            payer: stage.payer.address, receiver: stage.receiver.address,
            receiverAuthorizer: stage.authorizer.address, token: stage.token.address, anchor: .zero,
            stepCount: 10, stepAmount: units(3), expiry: UInt64(Stage.noon.unixSeconds) + 10_000,
            salt: Stage.nonce(salt))
        change(&terms)
        let tag = terms.tag(in: domain)
        steps = (0...10).map { HashChain.step($0, from: Stage.nonce(7), at: 10, tag: tag) }
        terms.anchor = steps[0]
        self.terms = terms
    }

    var channel: ChannelID { terms.channelID(in: domain) }

    func funding(_ amount: UInt128 = 30, by signer: Party? = nil) -> Funding {
        var funding = Funding(
            payer: stage.payer.address, amount: units(amount),
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: UInt64(Stage.noon.unixSeconds) + 3600, salt: Stage.nonce(1),
                signature: stage.payer.sign(.zero)))
        let digest = domain.depositDigest(funding, of: channel, token: stage.token.domain)
        funding.authorization.signature = (signer ?? stage.payer).sign(digest)
        return funding
    }

    func redeem(_ index: UInt32) async throws -> ContractReceipt<HashChainContract> {
        try await stage.ledger.carryOut(
            .redeem(HashChainStep(index: index, value: steps[Int(index)])), on: channel, under: HashChainContract.self)
    }
}
