// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClarityVM
import FarthingContracts
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import FarthingStacksSimnet
import Synchronization
import Testing

/// A simulated chain with the contracts and a test token on it, a payee's settlement, and a payer with money.
struct SettlementStage {
    let node: SimnetNode
    let settlement: StacksSettlement
    let registry: StacksRegistry
    let token: Token
    let payer: KeySigner
    let payee: KeySigner
    let time: TestTime
    let miner: Miner
    let numbers = Numbers()

    /// The numbers that the stage's deposits have, and until when, as a wallet keeps them.
    final class Numbers: Sendable {
        private let given = Mutex<[Address: [UInt64: Instant]]>([:])

        func next(of account: Address, from used: UInt64, until: Instant, now: Instant) -> UInt64 {
            given.withLock { given in
                var open = (given[account] ?? [:]).filter { $0.key >= used && $0.value > now }
                var number = used
                while open[number] != nil { number += 1 }
                open[number] = until
                given[account] = open
                return number
            }
        }
    }

    /// Makes a block whenever something waits, but for when it is told to rest.
    final class Miner: Sendable {
        private let isResting = Mutex(false)

        func rest() { isResting.withLock { $0 = true } }
        func go() { isResting.withLock { $0 = false } }

        func run(_ node: SimnetNode) async {
            while !Task.isCancelled {
                if !isResting.withLock(\.self), node.poolCount > 0 { node.mine() }
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    /// The time of the stage: that of the chain's newest block, or later.
    final class TestTime: Sendable {
        private let now: Mutex<Instant>
        init(_ start: Instant) { now = Mutex(start) }
        var instant: Instant { now.withLock(\.self) }
        func leap(_ seconds: Int64) { now.withLock { $0 = $0.advanced(bySeconds: seconds) } }
    }

    static let chainID: UInt32 = 0x8000_0000
    static let network = Network(stacks: chainID)
    static let options = StacksSettlement.Options(
        burnBlocks: 0, patience: .seconds(20), sending: StacksSender.Policy(pause: .milliseconds(3)))

    /// - Parameter inToken: Whether channels are in a token (SIP-010) rather than in the chain's coin.
    static func open(inToken: Bool = false, _ body: (SettlementStage) async throws -> Void) async throws {
        let (payer, payee, deployer) = (
            try SenderStage.signer(1), try SenderStage.signer(2), try SenderStage.signer(3)
        )
        let start: Int64 = 1_800_000_000
        let node = try await SimnetNode.start(
            .init(
                mining: .manual,
                funds: try [payer, payee, deployer].map { (owner: try owner($0.address), microSTX: 1_000_000_000) },
                heights: .init(burn: 100, stacks: 1, tenure: 1, time: UInt64(start))))
        let time = TestTime(Instant(unixSeconds: start))
        let miner = Miner()
        let mining = Task { await miner.run(node) }
        defer { mining.cancel() }
        do {
            let maker = StacksDeployer(url: node.url, signer: deployer, chainID: chainID, options: options)
            let asset = try await maker.deployTestToken()
            let registry = try await maker.deploy(assets: [asset])
            let settlement = StacksSettlement(
                url: node.url, signer: payee, registry: registry, tokens: [asset.token], options: options,
                clock: { time.instant })
            try await settlement.mintTestToken(asset.address, Amount(units: 1_000_000), to: payer.address)
            try await body(
                SettlementStage(
                    node: node, settlement: settlement, registry: registry,
                    token: inToken ? asset.token : StacksAsset.coin, payer: payer, payee: payee, time: time,
                    miner: miner))
        } catch {
            await node.stop()
            throw error
        }
        await node.stop()
    }

    static func owner(_ account: Address) throws -> Principal { try Principal(network.text(of: account)) }

    /// Another process of the payee, which knows nothing of what the first has done.
    func restarted(
        options: StacksSettlement.Options = Self.options, by signer: KeySigner? = nil
    ) -> StacksSettlement {
        StacksSettlement(
            url: node.url, signer: signer ?? payee, registry: registry, tokens: registry.assets.map(\.token),
            options: options, clock: { [time] in time.instant })
    }

    // MARK: - Vouchers

    func terms(salt: UInt8 = 1, delay: UInt64 = 900) -> ChannelTerms {
        ChannelTerms(
            payer: payer.address, payerAuthorizer: payer.address, receiver: payee.address,
            receiverAuthorizer: payee.address, token: token.address, withdrawDelay: delay,
            salt: Hash32 { $0[31] = salt })
    }

    /// The number that the next deposit of an account is to have.
    func depositNumber(of account: Address, until: Instant) async throws -> UInt64 {
        let used = try await settlement.nextNumber(of: account)
        return numbers.next(of: account, from: used, until: until, now: time.instant)
    }

    /// A deposit that the payer signed, with the number that the stage has for it.
    func deposit(
        _ units: UInt128, on terms: ChannelTerms, number: UInt64? = nil, by signer: KeySigner? = nil
    ) async throws -> SignedDeposit {
        let until = time.instant.advanced(bySeconds: 60)
        let next = try await depositNumber(of: terms.payer, until: until)
        let number = number ?? next
        let digest = settlement.domain.depositDigest(
            Amount(units: units), on: terms, token: token.domain, validAfter: number,
            validBefore: UInt64(until.unixSeconds), salt: .zero)
        return SignedDeposit(
            terms: terms, amount: Amount(units: units),
            authorization: TransferAuthorization(
                validAfter: number, validBefore: UInt64(until.unixSeconds), salt: .zero,
                signature: (signer ?? payer).signNow(digest)))
    }

    func voucher(_ units: UInt128, on terms: ChannelTerms, by signer: KeySigner? = nil) -> SignedCeiling {
        let ceiling = Amount(units: units)
        let digest = settlement.domain.voucherDigest(channel: settlement.domain.channelID(of: terms), ceiling: ceiling)
        return SignedCeiling(terms: terms, ceiling: ceiling, signature: (signer ?? payer).signNow(digest))
    }

    func open(_ units: UInt128, salt: UInt8 = 1) async throws -> ChannelTerms {
        let terms = terms(salt: salt)
        _ = try await settlement.deposit(try await deposit(units, on: terms), for: voucher(1, on: terms))
        return terms
    }

    func row(_ voucher: SignedCeiling, total: UInt128) -> ClaimRow {
        ClaimRow(
            terms: voucher.terms, ceiling: voucher.ceiling, signature: voucher.signature, total: Amount(units: total))
    }

    func claim(
        _ rows: [ClaimRow], by signer: KeySigner? = nil, through other: StacksSettlement? = nil
    ) async throws(SettlementError) -> ClaimReceipt {
        let settlement = other ?? settlement
        let domain = settlement.domain
        let digest = domain.claimBatchDigest(rows.map { (domain.channelID(of: $0.terms), $0.ceiling, $0.total) })
        return try await settlement.claim(rows, authorization: (signer ?? payee).signNow(digest))
    }

    func refund(_ units: UInt128, nonce: UInt64, on terms: ChannelTerms) -> RefundOrder {
        let digest = settlement.domain.refundDigest(
            channel: settlement.domain.channelID(of: terms), nonce: nonce, amount: Amount(units: units))
        return RefundOrder(
            terms: terms, amount: Amount(units: units), nonce: nonce, signature: payee.signNow(digest))
    }

    func snapshot(_ terms: ChannelTerms) async throws -> ChannelSnapshot {
        try #require(try await settlement.snapshot(of: settlement.domain.channelID(of: terms)))
    }

    /// What an account has of what channels are in; fees are paid in the coin, so tests of sums are in the token.
    func held(_ account: Address) async throws -> UInt128 {
        try await settlement.balance(of: account, token: token.address).units
    }

    // MARK: - Hash chains

    func chainDomain() throws -> ContractDomain { try #require(settlement.contractDomain(of: .hashChain)) }

    /// The terms of a chain with its last step.
    func chain(_ count: UInt32, worth units: UInt128 = 10, salt: UInt8 = 1) throws -> (HashChainTerms, HashChainStep) {
        var terms = HashChainTerms(
            payer: payer.address, receiver: payee.address, receiverAuthorizer: payee.address, token: token.address,
            anchor: .zero, stepCount: count, stepAmount: Amount(units: units),
            expiry: UInt64(time.instant.advanced(bySeconds: 86_400).unixSeconds), salt: Hash32 { $0[31] = salt })
        let last = HashChainStep(index: count, value: Hash32 { $0[0] = salt })
        terms.anchor = HashChain.step(0, from: last.value, at: count, tag: terms.tag(in: try chainDomain()))
        return (terms, last)
    }

    func step(_ index: UInt32, of last: HashChainStep, _ terms: HashChainTerms) throws -> HashChainStep {
        let tag = terms.tag(in: try chainDomain())
        return HashChainStep(index: index, value: HashChain.step(index, from: last.value, at: last.index, tag: tag))
    }

    func funding(_ terms: HashChainTerms) async throws -> Funding {
        let until = time.instant.advanced(bySeconds: 60)
        let leave = UnsignedFunding(
            payer: payer.address, amount: try #require(terms.deposit),
            validAfter: try await depositNumber(of: payer.address, until: until),
            validBefore: UInt64(until.unixSeconds), salt: .zero)
        return leave.signed(payer.signNow(try chainDomain().depositDigest(leave, on: terms, token: token.domain)))
    }

    func open(_ terms: HashChainTerms) async throws -> ChannelID {
        _ = try await settlement.fund(HashChainContract.self, terms, with: try await funding(terms))
        return terms.channelID(in: try chainDomain())
    }
}
