// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Hash chains that are settled on a chain", .timeLimit(.minutes(10)))
struct HashChainSettlementTests {
    static let secret = Keccak256.hash(utf8: "the end of a chain")

    /// A channel of so many steps, the end of whose chain is ``secret``.
    static func pair(
        _ stage: ContractStage, steps: UInt32 = 20, seconds: UInt64 = 5000, salt: UInt64 = 1
    ) async throws -> Pair<HashChainContract> {
        let expiry = try await stage.moment(in: seconds)
        return try Pair(
            stage, essence: { ["\($0.phase)", "\($0.redeemed.index)"] },
            terms: { domain in
                var terms = HashChainTerms(
                    payer: stage.payer.address, receiver: stage.payee.address,
                    receiverAuthorizer: stage.keyholder.address, token: stage.token.address, anchor: .zero,
                    stepCount: steps, stepAmount: Amount(units: 5), expiry: expiry, salt: ABI.Word.uint(salt).bytes)
                terms.anchor = HashChain.step(0, from: secret, at: steps, tag: terms.tag(in: domain))
                return terms
            })
    }

    static func step(_ index: UInt32, _ side: Side<HashChainContract>, isTrue: Bool = true) -> HashChainStep {
        guard isTrue, index <= side.terms.stepCount else {
            return HashChainStep(index: index, value: Keccak256.hash(utf8: "no step"))
        }
        let tag = side.terms.tag(in: side.domain)
        return HashChainStep(
            index: index, value: HashChain.step(index, from: secret, at: side.terms.stepCount, tag: tag))
    }

    static func close(
        _ index: UInt32, _ side: Side<HashChainContract>, by signer: KeySigner, isTrue: Bool = true
    ) -> HashChainContract.Order {
        .close(
            step(index, side, isTrue: isTrue),
            signature: signer.signNow(
                HashChainContract.closeDigest(of: side.channel, upTo: index, in: side.domain)))
    }

    /// Whoever looks at the channel a moment after it was paid for must not take the other's transaction for a refusal.
    @Test func `A deposit that two programs hand in at once counts once, and both are told so`() async throws {
        try await ContractStage.open { stage in
            let other = try stage.another(signer: 1)
            for salt in 1...8 as ClosedRange<UInt64> {
                let side = try await Self.pair(stage, salt: salt).chain
                let funding = stage.funding(100, by: stage.payer, of: side.channel, at: side.domain, salt: salt)
                async let late: ContractReceipt<HashChainContract> = {
                    // A little later each time, to meet the other at every step of its way.
                    try await Task.sleep(for: .milliseconds(Int64(salt) * 4))
                    return try await other.fund(HashChainContract.self, side.terms, with: funding)
                }()
                let first = try await stage.settlement.fund(HashChainContract.self, side.terms, with: funding)
                let second = try await late
                #expect(first.snapshot.state.locked == Amount(units: 100))
                #expect(second.snapshot.state == first.snapshot.state)
            }
            #expect(try await stage.balance(stage.payer) == ContractStage.riches - 800)
            await other.shutdown()
        }
    }

    @Test func `opens, pays for steps, gives back the rest, and conserves every unit`() async throws {
        try await ContractStage.open { stage in
            let before = try await stage.total(with: .hashChain)
            let pair = try await Self.pair(stage)
            #expect(try await pair.fund(100, by: stage.payer) == .done([:]))
            #expect(try await pair.fund(100, by: stage.payer) == .done([:]), "the same answers with the first receipt")
            #expect(try await stage.balance(stage.payer) == ContractStage.riches - 100)

            let paid = Answer.done([stage.payee.address: Amount(units: 35)])
            #expect(try await pair.carryOut("seven steps") { .redeem(Self.step(7, $0)) } == paid)
            #expect(try await pair.carryOut("the same") { .redeem(Self.step(7, $0)) } == .nothing)
            #expect(try await pair.carryOut("an earlier one") { .redeem(Self.step(3, $0, isTrue: false)) } == .nothing)

            try await pair.expectFoundAfterRestart()
            #expect(try await pair.states().chain?.redeemed == Self.step(7, pair.chain))

            let ended = Answer.done([stage.payee.address: Amount(units: 15), stage.payer.address: Amount(units: 50)])
            #expect(
                try await pair.carryOut("a close") { Self.close(10, $0, by: stage.keyholder) } == ended)
            #expect(try await pair.carryOut("the same") { Self.close(10, $0, by: stage.keyholder) } == .nothing)
            #expect(try await stage.balance(stage.payee) == ContractStage.riches + 50)
            #expect(try await stage.total(with: .hashChain) == before)
        }
    }

    @Test func `refuses what the rules refuse, before it costs anything`() async throws {
        try await ContractStage.open { stage in
            let pair = try await Self.pair(stage)
            let unknown = try await pair.carryOut("a step of nothing") { .redeem(Self.step(1, $0)) }
            #expect(unknown == .refused(ContractError.unknownChannel(pair.chain.channel).code))
            #expect(try await pair.fund(100, by: stage.other) == .refused("hash-chain.foreign-payer"))
            #expect(try await pair.fund(99, by: stage.payer) == .refused("hash-chain.deposit-mismatch"))
            #expect(try await pair.fund(0, by: stage.payer) == .refused("settlement.zero-amount"))
            #expect(
                try await pair.fund(100, by: stage.payer, signedBy: stage.other)
                    == .refused("settlement.authorization-signature"))
            let short = try await Self.pair(stage, seconds: 600)
            #expect(try await short.fund(100, by: stage.payer) == .refused("hash-chain.lifetime"))
            let endless = try await Self.pair(stage, steps: 0)
            #expect(try await endless.fund(100, by: stage.payer) == .refused("hash-chain.terms"))

            try await pair.fund(100, by: stage.payer)
            #expect(try await pair.fund(100, by: stage.payer, salt: 2) == .refused("hash-chain.already-funded"))
            #expect(
                try await pair.carryOut("beyond") { .redeem(Self.step(21, $0)) } == .refused("hash-chain.beyond-end"))
            #expect(
                try await pair.carryOut("a lie") { .redeem(Self.step(5, $0, isTrue: false)) }
                    == .refused("hash-chain.foreign-step"))
            #expect(
                try await pair.carryOut("unsigned") { Self.close(5, $0, by: stage.payer) }
                    == .refused("hash-chain.close-signature"))
            #expect(try await pair.carryOut("too early") { _ in .reclaim } == .refused("hash-chain.not-expired"))
            try await pair.carryOut("six") { .redeem(Self.step(6, $0)) }
            #expect(
                try await pair.carryOut("behind") { Self.close(5, $0, by: stage.keyholder) }
                    == .refused("hash-chain.close-behind"))
            let rest = Answer.done([stage.payer.address: Amount(units: 70)])
            #expect(try await pair.carryOut("the rest", seconds: 6000) { _ in .reclaim } == rest)
            #expect(
                try await pair.carryOut("too late") { .redeem(Self.step(7, $0)) } == .refused("hash-chain.not-open"))
        }
    }

    @Test(arguments: [false, true]) func `does in a random walk what the ledger does`(isLong: Bool) async throws {
        try await ContractStage.open(isLong: isLong) { stage in try await walk(stage) }
    }

    private func walk(_ stage: ContractStage) async throws {
        var random = SeededGenerator.ofWalk(11)
        var log = WalkLog()
        var pair = try await Self.pair(stage, salt: 0)
        var left = 0
        var steps = WalkSteps(stage)
        while let number = try await steps.next() {
            if left == 0 {
                pair = try await Self.pair(stage, salt: UInt64(number) + 1)
                left = 30
                log.add(try await pair.fund(100, by: stage.payer, "step \(number): the deposit"))
            }
            left -= 1
            let seconds: UInt64 = random.oneIn(12) ? 2000 : 1
            let known = try await pair.states().chain?.redeemed.index ?? 0
            let index = UInt32.random(in: (known < 2 ? 0 : known - 2)...(known + 3), using: &random)
            let isTrue = !random.oneIn(6)
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<12:
                log.add(
                    try await pair.carryOut("step \(number): redeem \(index)", seconds: seconds) {
                        .redeem(Self.step(index, $0, isTrue: isTrue))
                    })
            case 12..<15:
                let signer = random.oneIn(3) ? stage.keyholder : stage.payee
                log.add(
                    try await pair.carryOut("step \(number): close at \(index)", seconds: seconds) {
                        Self.close(index, $0, by: signer, isTrue: isTrue)
                    })
            case 15..<18:
                log.add(try await pair.carryOut("step \(number): reclaim", seconds: seconds) { _ in .reclaim })
            default:
                let units: UInt64 = random.oneIn(2) ? 100 : 90
                log.add(
                    try await pair.fund(
                        units, by: stage.payer, salt: random.oneIn(2) ? 1 : 2, seconds: seconds,
                        "step \(number): deposit \(units)"))
            }
        }
        log.expect(refusals: 4, on: stage)
    }

    @Test func `finds what an account paid into, and tells of it as the ledger does`() async throws {
        try await ContractStage.open { stage in
            let first = try await Self.pair(stage, salt: 1)
            let second = try await Self.pair(stage, salt: 2)
            for pair in [first, second] { try await pair.fund(100, by: stage.payer) }
            let found = try await stage.settlement.contracts(
                HashChainContract.self, fundedBy: stage.payer.address, since: 0)
            #expect(found.map(\.channel) == [first.chain.channel, second.chain.channel])
            let newer = try await stage.settlement.contracts(
                HashChainContract.self, fundedBy: stage.payer.address, since: found[1].openedIn)
            #expect(newer == [found[1]])
            let none = try await stage.settlement.contracts(
                HashChainContract.self, fundedBy: stage.payee.address, since: 0)
            #expect(none.isEmpty)

            try await first.carryOut("three steps") { .redeem(Self.step(3, $0)) }
            try await first.carryOut("a close") { Self.close(4, $0, by: stage.keyholder) }
            let restarted = try stage.another()
            let told = try await restarted.events(after: 0, limit: 100)
            await restarted.shutdown()
            #expect(
                told.map(\.sequence) == told.map(\.sequence).sorted() && Set(told.map(\.sequence)).count == told.count)
            let ofFirst = told.filter { $0.channel == first.chain.channel }
            let expected = try await stage.ledger.events(after: 0, limit: 100)
                .filter { $0.channel == first.ledger.channel }
            #expect(ofFirst.map { Self.text($0) } == expected.map { Self.text($0) })
            #expect(ofFirst.count == 6)
        }
    }

    /// An event without its channel, whose name differs from side to side.
    static func text(_ event: SettlementEvent) -> String {
        switch event.kind {
        case .funded(_, let kind, let payer, let token, let amount): "funded \(kind) \(payer) \(token) \(amount)"
        case .paidOut(_, let receiver, let token, let amount): "paid \(receiver) \(token) \(amount)"
        case .advanced(_, let phase): "advanced \(phase)"
        default: event.name
        }
    }
}
