// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import Testing

@Suite("A server that lies about the channel", .timeLimit(.minutes(2)))
struct CorrectionLieTests {
    typealias Lie = @Sendable (Mallory, Mallory.Visit, VoucherPayload) -> Mallory.Answer

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: String
        let lie: Lie
    }

    /// What she says to the second payment, after she took the first for 300 of 1000.
    static let lies: [Case] = [
        Case(testDescription: "more, without proof", code: "payer.unproven-correction") { mallory, _, payload in
            mallory.correction(payload.voucher.channel, charged: "5000")
        },
        Case(testDescription: "more than the proof says", code: "payer.unproven-correction") { mallory, _, payload in
            mallory.correction(payload.voucher.channel, charged: "5000", voucher: payload.voucher)
        },
        Case(testDescription: "more, with an old proof", code: "payer.overstated") { mallory, _, payload in
            mallory.correction(payload.voucher.channel, charged: "1000", voucher: mallory.payloads[0].voucher)
        },
        Case(testDescription: "more, with the proof of another channel", code: "payer.unproven-correction") {
            mallory, _, payload in
            // The signature is the payer's, over the same sum for a channel with another authorizer.
            var terms = payload.terms
            terms.receiverAuthorizer = mallory.receiver.address
            let other = mallory.market.ledger.domain.channelID(of: terms)
            var voucher = payload.voucher
            voucher.channel = other
            return mallory.correction(
                payload.voucher.channel, charged: "1301",
                voucher: UnverifiedVoucher(channel: other, ceiling: 9000, signature: payload.voucher.signature))
        },
        Case(testDescription: "more, with her own signature", code: "payer.unproven-correction") {
            mallory, _, payload in
            let channel = payload.voucher.channel
            let digest = mallory.market.ledger.domain.voucherDigest(channel: channel, ceiling: 9000)
            return mallory.correction(
                channel, charged: "9000",
                voucher: UnverifiedVoucher(
                    channel: channel, ceiling: 9000, signature: mallory.receiver.signNow(digest).bytes))
        },
        Case(testDescription: "a balance too low", code: "payment.refused") { mallory, _, payload in
            mallory.correction(payload.voucher.channel, charged: "300", balance: "301")
        },
        Case(testDescription: "claims that were never made", code: "payment.refused") { mallory, _, payload in
            mallory.correction(payload.voucher.channel, charged: "300", claimed: "99999999999999999999999999")
        },
        Case(testDescription: "sums that are no numbers", code: "payment.refused") { mallory, _, payload in
            mallory.correction(payload.voucher.channel, charged: "-1", balance: "1e9", claimed: "0x")
        },
        Case(testDescription: "a sum beyond 2^128", code: "payment.refused") { mallory, _, payload in
            mallory.correction(payload.voucher.channel, charged: "340282366920938463463374607431768211456")
        },
        Case(testDescription: "the state of another channel", code: "payment.refused") { mallory, _, _ in
            mallory.correction(ChannelID(Hash32.zero), charged: "9000", voucher: mallory.payloads[0].voucher)
        },
    ]

    @Test(arguments: lies, [true, false])
    func `is not believed, and gets no second deposit`(lie: Case, readsLedger: Bool) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            guard let payload = visit.payload else { return mallory.demand(mallory.offer()) }
            guard visit.payments > 1 else {
                if case .deposit(let terms, _, let deposit) = payload { try await mallory.lock(deposit, under: terms) }
                return mallory.serve(visit, charged: "300")
            }
            return lie.lie(mallory, visit, payload)
        }
        try await Attack.run(most: 1300, readsLedger: readsLedger, by: trick) { attack async throws in
            #expect(try await attack.pay() == "200")
            #expect(try await attack.pay() == lie.code)
            // She may go on for as long as she likes.
            for _ in 0..<5 { try await attack.pay() }
            #expect(attack.mallory.authorisedDeposits == 10_000)
            let books = try await attack.channel().books
            #expect(books.charged == 300)
            #expect(books.authorised <= 1300)
            #expect((books.misconduct != nil) == (lie.code == "payer.overstated"))
        }
    }

    /// The honest payee that an attack ends with needs a deposit of its own.
    @Test(arguments: [true, false])
    func `tells of all the money there can be, and keeps no other payee from its deposit`(
        readsLedger: Bool
    ) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            guard let payload = visit.payload else { return mallory.demand(mallory.offer()) }
            return mallory.correction(payload.voucher.channel, charged: "0", balance: "\(Amount.max)")
        }
        try await Attack.run(readsLedger: readsLedger, by: trick) { attack async throws in
            #expect(try await attack.pay() == "payment.refused")
            let channel = try await attack.channel()
            #expect(channel.books.balance == .max)
            #expect(channel.books.provenRefundable == 10_000, "her deposit counts, as she may still lock it")
            try await attack.wallet.journal.keep(channel)
            #expect(try await attack.channel() == channel)
        }
    }

    @Test func `leads nobody round in circles`() async throws {
        let trick: Mallory.Trick = { mallory, visit in
            guard let payload = visit.payload else { return mallory.demand(mallory.offer()) }
            // Each time there is something new to follow.
            return mallory.correction(payload.voucher.channel, charged: "0", balance: "\(visit.number * 100_000)")
        }
        try await Attack.run(by: trick) { attack async throws in
            #expect(try await attack.pay() == "payment.refused")
            #expect(attack.mallory.visits <= 4)
        }
    }
}
