// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingDevnet
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import Synchronization
import Testing

@testable import FarthingEVMSettlement

/// A local chain with a token and all contracts, and an embedded ledger beside it in which the same people have as much
/// of the same token, at the same time.
final class ContractStage: Sendable {
    let devnet: Devnet
    let settlement: EVMSettlement
    let ledger: Ledger
    let token: Token
    /// The ledger's.
    private let clock: SharedClock
    /// By how many blocks the chain is ahead of the ledger; it stays so.
    private let lead = Mutex<UInt64?>(nil)
    /// Where orders wait for the chain, in a long walk.
    let queue: ChainQueue?

    let payer: KeySigner
    let payee: KeySigner
    let other: KeySigner
    let keyholder: KeySigner

    static let riches: UInt64 = 1_000_000_000

    /// - Parameter isLong: Whether orders go straight to the contracts, many at a time: see ``ChainQueue``.
    static func open(
        limits: ContractLimits = .none, endpoints: Int = 1, isLong: Bool = false,
        _ body: (ContractStage) async throws -> Void
    ) async throws {
        if isLong { await LongWalkTurns.shared.take() }
        defer { if isLong { Task { await LongWalkTurns.shared.give() } } }
        let devnet = try await Devnet.start(endpoints: endpoints)
        do {
            let stage = try await ContractStage(devnet, limits, isLong: isLong)
            do { try await body(stage) } catch {
                await stage.settlement.shutdown()
                throw error
            }
            await stage.settlement.shutdown()
        } catch {
            devnet.stop()
            throw error
        }
        devnet.stop()
    }

    private init(_ devnet: Devnet, _ limits: ContractLimits, isLong: Bool) async throws {
        self.devnet = devnet
        (payer, payee) = (try TestChain.signer(devnet, 1), try TestChain.signer(devnet, 2))
        (other, keyholder) = (try TestChain.signer(devnet, 3), try TestChain.signer(devnet, 4))
        let network = Network(evm: devnet.chainID)
        let deployer = try EVMSettlement(
            urls: devnet.urls, signer: try TestChain.signer(devnet, 0),
            contracts: try #require(ContractRegistry(network: network)), sending: TestChain.policy)
        do {
            let made = try await deployer.deploy(
                .testUSDC, [.string("USD Coin"), .string("USDC"), .string("2"), .uint(UInt64(6))])
            let domain = TokenDomain(address: made.address, name: "USD Coin", version: "2")
            token = Token(domain: domain, symbol: "USDC", decimals: 6)
            let registry = try await deployer.deployContracts(
                EVMSettlement.DeploymentPlan(token: made.address, limits: limits))
            settlement = try EVMSettlement(
                urls: devnet.urls, signer: try TestChain.signer(devnet, 0), contracts: registry,
                sending: TestChain.policy)
            let amount = Amount(units: UInt128(Self.riches))
            for person in [payer, payee, other, keyholder] {
                _ = try await deployer.send(
                    ABI.call("mint(address,uint256)", [.address(person.address), .uint(amount)]), to: made.address)
            }
            let head = try await deployer.head()
            let now = head.time
            queue =
                isLong
                ? ChainQueue(
                    devnet, sender: devnet.accounts[9].address,
                    head: ChainQueue.Head(height: head.height, time: UInt64(clamping: now.unixSeconds))) : nil
            clock = SharedClock(now)
            let clock = clock
            ledger = try Ledger(
                path: nil, domain: try #require(SettlementDomain(network: network)), clock: { clock.now })
            try await ledger.addToken(token)
            try await ledger.setLimits(limits, of: .twoWay)
            for person in [payer, payee, other, keyholder] {
                try await ledger.mint(to: person.address, token: made.address, amount: amount)
            }
        } catch {
            await deployer.shutdown()
            throw error
        }
        await deployer.shutdown()
    }

    /// Another settlement on the same chain, as after a restart: it knows no terms.
    func another(signer index: Int = 0) throws -> EVMSettlement {
        try EVMSettlement(
            urls: devnet.urls, signer: try TestChain.signer(devnet, index), contracts: settlement.contracts,
            sending: TestChain.policy)
    }

    /// Lets time pass on both sides, and sees to it that what comes next has one time on both.
    ///
    /// Blocks that only pass time have times that four divides, and what is carried out is a second later. Where no
    /// period ends in between, it makes no difference that a chain is asked before and answers after.
    func pass(seconds: UInt64 = 1, blocks: Int = 1) async throws {
        if let queue {
            let (height, time) = try await queue.pass(seconds: seconds, blocks: blocks)
            return try await follow(Block(height: height, time: Instant(unixSeconds: Int64(time))))
        }
        let head = try await settlement.head()
        let next = (UInt64(clamping: head.time.unixSeconds) + seconds + 3) / 4 * 4
        try await devnet.ask("evm_mine", ["timestamp": .integer(Int(next)), "blocks": .integer(blocks)])
        let last = try await settlement.head()
        // Each of several blocks is a second later than the one before it.
        let time = (UInt64(clamping: last.time.unixSeconds) + 3) / 4 * 4 + 1
        try await devnet.ask("evm_setNextBlockTimestamp", .integer(Int(time)))
        try await follow(Block(height: last.height, time: Instant(unixSeconds: Int64(time))))
    }

    /// Brings the ledger to where the chain is.
    ///
    /// - Parameter block: The chain's height, and the time of what comes next.
    private func follow(_ block: Block) async throws {
        clock.set(block.time)
        let ledgerHeight = try await ledger.head().height
        let lead = lead.withLock { lead in
            lead = lead ?? block.height - ledgerHeight
            return lead ?? 0
        }
        if block.height - lead > ledgerHeight {
            try await ledger.advance(blocks: block.height - lead - ledgerHeight)
        }
    }

    /// The time of what is carried out next, in seconds since 1970.
    var now: UInt64 { UInt64(clamping: clock.now.unixSeconds) }

    /// A moment in which nothing is carried out: see ``pass(seconds:)``.
    func moment(in seconds: UInt64) async throws -> UInt64 {
        let waiting = await queue?.head.time
        let now = if let waiting { waiting } else { UInt64(clamping: try await settlement.head().time.unixSeconds) }
        return (now + seconds) / 4 * 4 + 3
    }

    func funding(
        _ units: UInt64, by signer: KeySigner, of channel: ChannelID, at domain: ContractDomain, salt: UInt64 = 1,
        before: UInt64 = UInt64(UInt32.max)
    ) -> Funding {
        let (amount, salt) = (Amount(units: UInt128(units)), ABI.Word.uint(salt).bytes)
        let digest = domain.depositDigest(
            of: amount, from: signer.address, validAfter: 0, validBefore: before, salt: salt, for: channel,
            token: token.domain)
        return Funding(
            payer: signer.address, amount: amount,
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: before, salt: salt, signature: signer.signNow(digest)))
    }

    var people: [KeySigner] { [payer, payee, other, keyholder] }

    /// What everybody and the contract of some rules hold on the chain.
    func total(with kind: ContractKind) async throws -> UInt64 {
        var sum: UInt128 = 0
        let contract = try #require(settlement.contractDomain(of: kind)).contract
        for account in people.map(\.address) + [contract] {
            sum += try await settlement.balance(of: account, token: token.address).units
        }
        return UInt64(sum)
    }

    func balance(_ signer: KeySigner) async throws -> UInt64 {
        UInt64(try await settlement.balance(of: signer.address, token: token.address).units)
    }
}

/// A clock that is set by hand.
final class SharedClock: Sendable {
    private let time: Mutex<Instant>

    init(_ time: Instant) { self.time = Mutex(time) }

    var now: Instant { time.withLock(\.self) }
    func set(_ time: Instant) { self.time.withLock { $0 = time } }
}
