// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import GRDB
import Testing

@testable import FarthingLedgerSettlement

/// Several people with channels of all kinds on one ledger, and books of their own of what it must hold.
///
/// Before each deed they say who is to be paid what, or why it must be refused. Payees are honest and awake: they take
/// what they hold a claim for before time passes (``watch()``), and must get all of it. Payers try everything.
final class Crowd {
    /// What went into a channel, and out of it.
    struct Sums {
        var deposited: UInt128 = 0
        /// What the payer has signed or revealed in all.
        var authorised: UInt128 = 0
        var captured: UInt128 = 0
        /// What went back to who had put it in.
        var returned: UInt128 = 0
        var locked: UInt128 { deposited - captured - returned }
    }

    let seed: UInt64
    let path: String
    let clock = TestClock(Stage.noon)
    var random: SeededGenerator
    var stage: Stage
    /// The newest block before the deed.
    var now: Block
    var moment: Comment = ""
    var done: Set<Deed> = []

    /// They pay, and may be paid; the payees never pay.
    let payers = [Party(0x11), Party(0x12), Party(0x13)]
    let payees = [Party(0x21), Party(0x22)]
    let authorizer = Party(0x31)
    let till = Party(0x44)
    let tokens = [Stage.makeToken(0xaa, name: "USDC"), Stage.makeToken(0xbb, name: "EURC")]

    var accounts: [Positions.Holding: UInt128] = [:]
    var minted: [Address: UInt128] = [:]
    var sums: [ChannelID: Sums] = [:]
    private var salts: UInt64 = 0

    var transfers: [SignedTransfer] = []
    var vouchers: [VoucherBooks] = []
    /// What was claimed with vouchers and not paid yet.
    var due: [Positions.Holding: UInt128] = [:]
    var proofs: [ProofBooks] = []
    var twoWays: [TwoWayBooks] = []
    var chains: [ChainBooks] = []
    var trees: [MerkleBooks] = []
    var lotteries: [LotteryBooks] = []
    var lots: [LotBooks] = []

    static let proofLimits = ContractLimits(minimum: units(10), maximum: units(5000))
    /// Of two-way channels: what opening one costs, and in how many an account may have money.
    static let (fee, mostChannels) = (UInt128(2), 2)

    init(seed: UInt64, path: String) async throws {
        self.seed = seed
        self.path = path
        random = SeededGenerator(seed: seed)
        stage = try Stage(path: path, clock: clock)
        now = try await stage.ledger.head()
        for token in tokens {
            try await stage.ledger.addToken(token)
            for payer in payers { try await mint(100_000, to: payer.address, token) }
        }
        try await stage.ledger.setLimits(Self.proofLimits, of: .balanceProof)
        try await stage.ledger.setLimits(
            ContractLimits(
                minimum: units(10), maximum: units(5000), openChannels: Self.mostChannels, fee: units(Self.fee),
                feeReceiver: till.address), of: .twoWay)
        vouchers = makeVoucherChannels()
    }

    // MARK: - Steps

    /// Does one thing that can be done now, rather one that was not done yet.
    func step(_ number: Int) async throws {
        now = try await stage.ledger.head()
        let missing = Deed.all.filter { !done.contains($0) }
        for turn in 0..<100 {
            let deed =
                if turn == 0, chance(12) {
                    Deed?.some(.people(chance(3) ? .rush : .wait))
                } else if chance(2) {
                    pick(missing)
                } else {
                    pick(chance(4) ? Deed.all : Deed.moving)
                }
            guard let deed else { continue }
            moment = "seed \(seed), step \(number), \(deed)"
            do {
                guard try await attempt(deed) else { continue }
            } catch {
                Issue.record("\(error), \(moment)")
                throw error
            }
            done.insert(deed)
            break
        }
        try await check()
    }

    private func attempt(_ deed: Deed) async throws -> Bool {
        switch deed {
        case .people(let deed): try await attempt(deed)
        case .voucher(let deed): try await attempt(deed)
        case .proof(let deed): try await attempt(deed)
        case .twoWay(let deed): try await attempt(deed)
        case .chain(let deed): try await attempt(deed)
        case .merkle(let deed): try await attempt(deed)
        case .lottery(let deed): try await attempt(deed)
        case .lot(let deed): try await attempt(deed)
        }
    }

    /// Every payee that might be too late soon takes what it has a claim for, and must get it.
    func watch() async throws {
        now = try await stage.ledger.head()
        try await watchVouchers()
        try await watchProofs()
        try await watchTwoWays()
        try await watchChains()
        try await watchTrees()
        now = try await stage.ledger.head()
    }

    /// All channels end, each payee has what it was promised, and each payer the rest.
    func goHome() async throws {
        moment = "seed \(seed), at the end"
        try await endVouchers()
        try await endProofs()
        try await endTwoWays()
        try await endChains()
        try await endTrees()
        try await endLotteries()
        try await endLots()
        try await check()
        for (id, sums) in sums { #expect(sums.locked == 0, "\(id), \(moment)") }
        for (account, amount) in accounts where stage.ledger.isContract(account.owner) {
            #expect(amount == 0, "\(account), \(moment)")
        }
    }

    /// Closes the ledger, and opens it again from its file: it says the same.
    func reopen() async throws {
        let before = try imprint()
        stage = try Stage(clock: clock)
        stage = try Stage(path: path, clock: clock)
        #expect(try imprint() == before, moment)
    }

    /// Lets time pass, after the payees have looked.
    func pass(blocks: UInt64 = 0, seconds: UInt64) async throws {
        try await watch()
        try await stage.ledger.advance(blocks: blocks, seconds: seconds)
        let later = try await stage.ledger.head()
        #expect(later.height == now.height + blocks, moment)
        #expect(later.time == now.time.advanced(bySeconds: Int64(clamping: seconds)), moment)
        now = later
        noteDecidedLots()
    }

    // MARK: - Dice

    func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &random) == 0 }

    func pick<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &random) }

    /// The place of one that is so; `nil` when none is.
    func pick<Element>(_ elements: [Element], where isSo: (Element) -> Bool) -> Int? {
        pick(elements.indices.filter { isSo(elements[$0]) })
    }

    func number(_ range: ClosedRange<UInt128>) -> UInt128 { UInt128.random(in: range, using: &random) }

    func time(in seconds: ClosedRange<UInt64>) -> UInt64 {
        UInt64(clamping: now.time.unixSeconds) + UInt64.random(in: seconds, using: &random)
    }

    /// Another one each time.
    func nextSalt() -> Hash32 {
        salts += 1
        return Keccak256.hash(utf8: "salt \(salts) of \(seed)")
    }

    /// A payer, and somebody else who may be a payer too.
    func pair() -> (payer: Party, payee: Party) {
        let payer = pick(payers) ?? stage.payer
        let others = (payers + payees).filter { $0.address != payer.address }
        return (payer, pick(others) ?? stage.receiver)
    }

    func token() -> Token { pick(tokens) ?? Stage.token }

    func token(of address: Address) -> Token { tokens.first { $0.address == address } ?? Stage.token }
}
