// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A payer who signs ahead")
struct AheadPayerTests {
    private static let limits = SigningAhead(maximum: 4, window: 1_000)
    private let alice: Alice

    init() throws { alice = try Alice() }

    /// Books that have moved by agreement: 100 of 10,000 were charged.
    private func settled() throws -> VoucherPayer {
        var payer = VoucherPayer(id: alice.id, terms: alice.terms, ledger: Bob.snapshot(10_000, at: 1))
        _ = try payer.apply(.requestStarted(price: 100, deposit: .of(0), at: noon))
        _ = try payer.apply(.answered(charged: 100))
        return payer
    }

    private func start(_ price: Amount = 100, within limits: SigningAhead = limits) -> VoucherPayer.Event {
        .aheadStarted(price: price, deposit: .of(1_000), at: noon, limits)
    }

    /// Three of 100 in flight: 200, 300, 400.
    private func burst() throws -> VoucherPayer {
        var payer = try settled()
        for _ in 0..<3 { _ = try payer.apply(start()) }
        return payer
    }

    private func refuse(
        _ event: VoucherPayer.Event, of payer: VoucherPayer, _ refusal: VoucherPayer.Refusal,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var after = payer
        #expect(throws: refusal, sourceLocation: sourceLocation) { try after.apply(event) }
        #expect(after == payer, sourceLocation: sourceLocation)
    }

    @Test func `signs each request on top of those in flight, and hears their answers in any order`() throws {
        var payer = try settled()
        #expect(try payer.apply(start()) == [.sign(ceiling: 200)])
        #expect(try payer.apply(start(50)) == [.sign(ceiling: 250)])
        #expect(try payer.apply(start()) == [.sign(ceiling: 350)])
        #expect(payer.authorised == 350)
        #expect(payer.spendable == 9_650)
        _ = try payer.apply(.aheadAnswered(ceiling: 350, charged: 60))
        _ = try payer.apply(.aheadAnswered(ceiling: 200, charged: 100))
        #expect(payer.charged == 260)
        _ = try payer.apply(.aheadAnswered(ceiling: 250, charged: 50))
        #expect(payer.charged == 310)
        #expect(payer.phase == .idle && payer.doubts.isEmpty)
        // Lower would do, but is not new.
        #expect(try payer.apply(start(10)) == [.sign(ceiling: 351)])
    }

    @Test func `has no more in flight than was offered, and signs no further ahead`() throws {
        var payer = try burst()
        _ = try payer.apply(start())
        refuse(start(), of: payer, .requestInFlight)
        payer = try burst()
        _ = try payer.apply(start(700))
        #expect(payer.authorised == 1_100)
        payer = try burst()
        refuse(start(701), of: payer, .requestInFlight)
        // What needs a deposit waits for the others.
        refuse(start(10_000, within: SigningAhead(maximum: 9, window: .max)), of: payer, .requestInFlight)
    }

    @Test func `signs exactly where it cannot sign ahead and nothing is in flight`() throws {
        var fresh = VoucherPayer(id: alice.id, terms: alice.terms)
        #expect(try fresh.apply(start()) == [.authorizeDeposit(.of(1_000)), .sign(ceiling: 100)])
        guard case .awaiting = fresh.phase else { return #expect(Bool(false), "\(fresh.phase)") }
        refuse(start(), of: fresh, .requestInFlight)
        var far = try settled()
        #expect(try far.apply(start(1_001)) == [.sign(ceiling: 1_101)])
        guard case .awaiting = far.phase else { return #expect(Bool(false), "\(far.phase)") }
    }

    @Test func `signs nothing ahead after a doubt until a payment was answered exactly`() throws {
        var payer = try burst()
        _ = try payer.apply(.aheadEnded(ceiling: 300))
        refuse(start(), of: payer, .requestInFlight)
        _ = try payer.apply(.aheadAnswered(ceiling: 200, charged: 100))
        _ = try payer.apply(.aheadAnswered(ceiling: 400, charged: 100))
        #expect(payer.charged == 300 && payer.doubts.map(\.ceiling) == [300])
        // Exactly, also where that was signed before.
        #expect(try payer.apply(start()) == [.sign(ceiling: 400)])
        refuse(start(), of: payer, .requestInFlight)
        _ = try payer.apply(.answered(charged: 100))
        // It was below what was answered exactly, so it is decided.
        #expect(payer.doubts == [])
        #expect(try payer.apply(start()) == [.sign(ceiling: 500)])
        #expect(try payer.apply(start()) == [.sign(ceiling: 600)])
    }

    @Test func `keeps a high doubt until the charge is past it by four windows`() throws {
        var payer = try burst()
        _ = try payer.apply(.aheadEnded(ceiling: 400))
        for ceiling in [200, 300] as [Amount] { _ = try payer.apply(.aheadAnswered(ceiling: ceiling, charged: 0)) }
        _ = try payer.apply(start(10))
        _ = try payer.apply(.answered(charged: 10))
        #expect(payer.doubts.contains { $0.ceiling == 400 && $0.manner == .past })
        for _ in 0..<43 {
            guard case .sign(let ceiling)? = try payer.apply(start()).first else { return }
            _ = try payer.apply(.aheadAnswered(ceiling: ceiling, charged: 100))
        }
        #expect(payer.charged == 4_410)
        _ = try payer.apply(start())
        #expect(payer.doubts.isEmpty)
    }

    @Test func `owes an exact payment also where its voucher is that of a free one before`() throws {
        var payer = try settled()
        _ = try payer.apply(start(100))
        _ = try payer.apply(start(0))
        _ = try payer.apply(.aheadAnswered(ceiling: 200, charged: 0))
        _ = try payer.apply(.aheadAnswered(ceiling: 201, charged: 0))
        // The same ceiling as the second, by chance; it is taken, and the answer is lost.
        #expect(try payer.apply(.requestStarted(price: 101, deposit: .of(0), at: noon)) == [.sign(ceiling: 201)])
        _ = try payer.apply(.outcomeUnknown)
        _ = try payer.apply(.requestStarted(price: 50, deposit: .of(0), at: noon))
        _ = try payer.apply(.corrected(charged: 201, balance: nil, proof: try alice.voucher(201), ledger: nil))
        #expect(payer.charged == 201)
        #expect(payer.misconduct == nil)
    }

    @Test func `learns from a correction what several lost answers came to`() throws {
        var payer = try burst()
        for ceiling in [200, 300, 400] as [Amount] { _ = try payer.apply(.aheadEnded(ceiling: ceiling)) }
        _ = try payer.apply(start())
        _ = try payer.apply(
            .corrected(charged: 300, balance: nil, proof: try alice.voucher(400), ledger: nil))
        #expect(payer.charged == 300)
        #expect(payer.doubts.count == 1, "one of the three was not taken, and nobody can tell which")
        #expect(payer.misconduct == nil)
    }

    @Test func `believes no more than what is in doubt comes to, whatever voucher it is shown`() throws {
        var payer = try burst()
        _ = try payer.apply(.aheadEnded(ceiling: 300))
        _ = try payer.apply(.aheadAnswered(ceiling: 200, charged: 10))
        _ = try payer.apply(.aheadAnswered(ceiling: 400, charged: 10))
        _ = try payer.apply(start(50))
        // 120 were charged; 100 are in doubt, and 50 more are in flight.
        for told in [271, 300, 400] as [Amount] {
            refuse(
                .corrected(charged: told, balance: nil, proof: try alice.voucher(400), ledger: nil), of: payer,
                .overstated(charged: told, known: 120))
        }
        refuse(
            .corrected(charged: 220, balance: nil, proof: try Alice(wallet: 0x66).voucher(400), ledger: nil), of: payer,
            .unprovenCorrection(charged: 220, signed: 400))
        refuse(
            .corrected(charged: 220, balance: nil, proof: try alice.voucher(200), ledger: nil), of: payer,
            .unprovenCorrection(charged: 220, signed: 200))
        _ = try payer.apply(.corrected(charged: 220, balance: nil, proof: try alice.voucher(400), ledger: nil))
        #expect(payer.charged == 220)
    }

    @Test func `hears of an overcharge in the middle of a burst`() throws {
        let payer = try burst()
        refuse(.aheadAnswered(ceiling: 300, charged: 101), of: payer, .overcharged(charged: 101, price: 100))
        refuse(.aheadAnswered(ceiling: 301, charged: 1), of: payer, .nothingInFlight)
        refuse(.aheadEnded(ceiling: 500), of: payer, .nothingInFlight)
        var suspended = payer
        _ = try suspended.apply(.suspended(.overcharged(charged: 101, price: 100)))
        refuse(start(), of: suspended, .suspended(.overcharged(charged: 101, price: 100)))
        for ceiling in [200, 300, 400] as [Amount] { _ = try suspended.apply(.aheadEnded(ceiling: ceiling)) }
        #expect(suspended.doubts.count == 3 && suspended.phase == .idle)
    }

    @Test func `does not count a claim twice that comes before the answers`() throws {
        var payer = try burst()
        _ = try payer.apply(.observed(Bob.snapshot(10_000, claimed: 400, at: 2)))
        #expect(payer.misconduct == nil)
        for ceiling in [400, 300, 200] as [Amount] {
            _ = try payer.apply(.aheadAnswered(ceiling: ceiling, charged: 100))
        }
        #expect(payer.charged == 400)

        var lost = try burst()
        _ = try lost.apply(.observed(Bob.snapshot(10_000, claimed: 400, at: 2)))
        for ceiling in [400, 300, 200] as [Amount] { _ = try lost.apply(.aheadEnded(ceiling: ceiling)) }
        #expect(lost.charged == 400 && lost.misconduct == nil && lost.doubts == [])
    }

    @Test func `sees when more is claimed than was in flight, and than was answered`() throws {
        var payer = try burst()
        _ = try payer.apply(.observed(Bob.snapshot(10_000, claimed: 401, at: 2)))
        #expect(payer.misconduct == .overclaimed(claimed: 401, known: 400))

        var cheap = try burst()
        _ = try cheap.apply(.observed(Bob.snapshot(10_000, claimed: 400, at: 2)))
        for ceiling in [400, 300, 200] as [Amount] {
            _ = try cheap.apply(.aheadAnswered(ceiling: ceiling, charged: 10))
        }
        #expect(cheap.misconduct == .overclaimed(claimed: 400, known: 130))
    }

    @Test func `comes back from the disk with all that was in flight, and then doubts all of it`() throws {
        let payer = try burst()
        #expect(payer.stored.first == 2)
        let read = try VoucherPayer(stored: payer.stored)
        #expect(read == payer)
        for count in payer.stored.indices {
            #expect(throws: StoredFormError.self) { try VoucherPayer(stored: Array(payer.stored.prefix(count))) }
        }
        #expect(read.restored.doubts.map(\.ceiling) == [200, 300, 400])
        #expect(read.restored.phase == .idle)
        let merged = try settled().merged(with: read)
        #expect(merged.doubts.map(\.ceiling) == [200, 300, 400])
        #expect(merged.authorised == 400)
        #expect(try settled().stored.first == 1, "nothing signed ahead, nothing that an earlier build cannot read")
    }

    @Test func `lets nothing else happen while payments are in flight`() throws {
        let payer = try burst()
        for event in [
            .requestStarted(price: 1, deposit: .of(0), at: noon), .answered(charged: 1), .refused, .outcomeUnknown,
            .corrected(charged: 100, balance: nil, proof: nil, ledger: nil), .refundStarted(nil), .refunded(1),
            .refundFailed,
        ] as [VoucherPayer.Event] {
            refuse(event, of: payer, .requestInFlight)
        }
        refuse(.aheadAnswered(ceiling: 1, charged: 0), of: try settled(), .nothingInFlight)
        refuse(.aheadEnded(ceiling: 1), of: try settled(), .nothingInFlight)
    }
}
