// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@testable import FarthingLedgerSettlement

@Suite("A random walk on the ledger")
struct LedgerWalkTests {
    @Test(arguments: [1, 2, 3, 4, 20_261_121] as [UInt64])
    func `keeps all money and never counts back, whatever is sent`(seed: UInt64) async throws {
        print("Walk on the ledger with seed \(seed)")
        try await withDirectory { directory in
            var walk = try await Walk(seed: seed, path: directory + "/ledger.db")
            for step in 1...250 {
                let action = try await walk.step()
                try await walk.check("step \(step), \(action), seed \(seed)")
            }
            #expect(walk.taken > 100, "seed \(seed)")
            #expect(walk.refused > 20, "seed \(seed)")
        }
    }
}

/// Several payers, receivers, tokens and channels, and somebody who does anything with them at random.
private struct Walk {
    var random: SeededGenerator
    let path: String
    let clock = TestClock(Stage.noon)
    var stage: Stage
    var minted: [Address: UInt128] = [:]
    var counters: [String: UInt128] = [:]
    var salt: UInt8 = 0
    var taken = 0
    var refused = 0

    let payers = [Party(0x11), Party(0x12), Party(0x13)]
    let receivers = [Party(0x21), Party(0x22)]
    let authorizers = [Party(0x31), Party(0x32)]
    let tokens = [Stage.makeToken(0xaa, name: "USDC"), Stage.makeToken(0xbb, name: "EURC")]
    /// Who pays and who signs for whom, so that the walk can find the keys.
    let channels: [(terms: ChannelTerms, payer: Party, authorizer: Party)]

    init(seed: UInt64, path: String) async throws {
        random = SeededGenerator(seed: seed)
        self.path = path
        stage = try Stage(path: path, clock: clock)
        var channels: [(terms: ChannelTerms, payer: Party, authorizer: Party)] = []
        for index in 0..<8 {
            let (payer, side) = (payers[index % 3], index % 2)
            let terms = ChannelTerms(
                payer: payer.address, payerAuthorizer: index < 4 ? payer.address : .zero,
                // One payer is a receiver too, and one pays itself.
                receiver: index == 6 ? payer.address : receivers[side].address,
                receiverAuthorizer: authorizers[side].address, token: tokens[index / 2 % 2].address,
                withdrawDelay: index < 6 ? 900 : 1800)
            channels.append((terms, payer, authorizers[side]))
        }
        self.channels = channels
        for token in tokens { try await stage.ledger.addToken(token) }
    }

    // MARK: - Steps

    /// Does one thing; when it is refused, not one row may have changed.
    mutating func step() async throws -> String {
        let before = try stage.rows()
        do {
            let action = try await act()
            taken += 1
            return action
        } catch let refusal as SettlementError {
            #expect(try stage.rows() == before, "\(refusal)")
            refused += 1
            return "refused: \(refusal)"
        }
    }

    private mutating func act() async throws -> String {
        let (terms, payer, authorizer) = pick(channels)
        let amount = amount()
        // One signature in ten is a stranger's.
        func key(_ party: Party) -> Party { chance(10) ? stage.stranger : party }
        switch UInt8.random(in: 0..<23, using: &random) {
        case 0, 1:
            _ = try await stage.ledger.mint(to: payer.address, token: terms.token, amount: units(amount * 5))
            minted[terms.token, default: 0] += amount * 5
            return "mint"
        case 2...5:
            // Now and then a salt comes again.
            if !chance(5) { salt = salt &+ 1 }
            let token = tokens.first { $0.address == terms.token }
            let deposit = stage.deposit(
                amount, terms: terms, token: token, salt: salt, validBefore: 4_102_444_800, by: key(payer))
            _ = try await stage.ledger.deposit(deposit)
            return "deposit"
        case 6...10:
            return try await claim(authorizer: key(authorizer), of: authorizer)
        case 11, 12:
            _ = try await stage.ledger.settle(receiver: terms.receiver, token: terms.token)
            return "settle"
        case 13, 14:
            let nonce = try await stage.ledger.snapshot(of: stage.domain.channelID(of: terms))?.refundNonce ?? 0
            let order = stage.refundOrder(
                amount, nonce: chance(10) ? nonce + 1 : nonce, terms: terms, by: key(authorizer))
            _ = try await stage.ledger.refund(order)
            return "refund"
        case 15, 16:
            _ = try await stage.ledger.initiateWithdraw(
                terms, amount: units(amount), by: key(payer).address)
            return "initiateWithdraw"
        case 17:
            _ = try await stage.ledger.finalizeWithdraw(terms, by: key(payer).address)
            return "finalizeWithdraw"
        case 18:
            let seconds = UInt64.random(in: 0...1000, using: &random)
            try await stage.ledger.advance(blocks: UInt64.random(in: 0...3, using: &random), seconds: seconds)
            // The machine's clock is set right now and then, and also back.
            clock.set(clock.now.advanced(bySeconds: Int64.random(in: -100...200, using: &random)))
            return "advance"
        case 19...21:
            if !chance(5) { salt = salt &+ 1 }
            // Now and then to itself, to somebody who pays too, or into the contract.
            let receivers = [terms.receiver, payer.address, stage.domain.contract, payers[0].address]
            let receiver = chance(3) ? pick(receivers) : terms.receiver
            let transfer = stage.transfer(
                amount, to: receiver, token: tokens.first { $0.address == terms.token }, nonce: Stage.nonce(salt),
                validBefore: 4_102_444_800, from: payer, by: key(payer))
            let first = try await stage.ledger.transfer(transfer)
            #expect(try await stage.ledger.transfer(transfer) == first)
            return "transfer"
        default:
            stage = try Stage(path: path, clock: clock)
            return "reopen"
        }
    }

    private mutating func claim(authorizer signer: Party, of authorizer: Party) async throws -> String {
        let mine = channels.filter { $0.authorizer.address == authorizer.address }
        var rows: [ClaimRow] = []
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let (terms, payer, _) = pick(mine)
            let claimed =
                try await stage.ledger.snapshot(of: stage.domain.channelID(of: terms))?.totalClaimed.units ?? 0
            let ceiling = claimed + amount()
            var row = stage.row(ceiling, terms: terms, by: chance(10) ? stage.stranger : payer)
            if chance(3) { row.total = units(claimed + amount()) }
            rows.append(row)
        }
        let receipt = try await stage.ledger.claim(rows, authorization: stage.authorization(of: rows, by: signer))
        #expect(receipt.outcomes.count == rows.count)
        return "claim"
    }

    // MARK: - Checks

    mutating func check(_ moment: String) async throws {
        let audit = try await stage.ledger.audit()
        #expect(audit.faults == [], "\(moment)")
        for totals in audit.totals {
            #expect(totals.minted.units == minted[totals.token, default: 0], "\(moment)")
        }
        let head = try await stage.ledger.head()
        grow("height", to: UInt128(head.height), moment)
        grow("time", to: UInt128(head.time.unixSeconds), moment)
        grow("events", to: UInt128(audit.events), moment)
        for (terms, _, _) in channels {
            let id = stage.domain.channelID(of: terms)
            guard let snapshot = try await stage.ledger.snapshot(of: id) else {
                #expect(counters["claimed \(id)"] == nil, "\(moment)")
                continue
            }
            grow("claimed \(id)", to: snapshot.totalClaimed.units, moment)
            grow("nonce \(id)", to: UInt128(snapshot.refundNonce), moment)
            #expect(snapshot.totalClaimed <= snapshot.balance, "\(moment)")
        }
        let receivers = try await stage.ledger.read { try Positions(tablesOf: $0).receivers }
        for (receiver, totals) in receivers {
            grow("claimed for \(receiver)", to: totals.claimed.units, moment)
            grow("settled for \(receiver)", to: totals.settled.units, moment)
            #expect(totals.settled <= totals.claimed, "\(moment)")
        }
    }

    private mutating func grow(_ name: String, to value: UInt128, _ moment: String) {
        #expect(value >= counters[name, default: 0], "\(name), \(moment)")
        counters[name] = value
    }

    // MARK: - Dice

    private mutating func amount() -> UInt128 {
        switch UInt8.random(in: 0..<20, using: &random) {
        case 0: 0
        case 1: UInt128.random(in: 0...1_000_000, using: &random)
        default: UInt128.random(in: 1...200, using: &random)
        }
    }

    private mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &random) == 0 }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }
}
