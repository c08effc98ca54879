// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

extension PrepaidShop {
    /// A fund of 400,000 units and a reserve of as much for four payees, which nobody has funded yet.
    func lottery(odds: UInt32 = 2, change: (inout LotteryTerms) -> Void = { _ in }) throws -> LotteryPayer {
        var terms = LotteryTerms(
            payer: buyer.address, token: Self.token.address, deposit: Amount(units: 400_000),
            reserve: Amount(units: 400_000), seats: 4, expiry: UInt64(clock.now.unixSeconds) + 86_400,
            salt: Keccak256.hash(utf8: "salt"))
        change(&terms)
        return LotteryPayer(
            id: terms.channelID(in: try domain), terms: terms, payee: node.configuration.payTo,
            authorizer: node.books.authorizer,
            policy: LotteryPayer.Policy(worstCase: Amount(units: 400_000), odds: odds))
    }

    /// Opens a fund and takes a seat in it; no ticket pays for the request yet.
    func open(_ payer: inout LotteryPayer) async throws -> Answer {
        let payment = try asked(&payer, 0)
        let answer = try await send(
            PrepaidPayload<LotteryChannel>.open(
                payer.terms, try funding(payer.id, with: payer.terms.opening), payment))
        try told(&payer, 0, answer)
        return answer
    }

    func pay(_ payer: inout LotteryPayer, request: UInt64, fails: Bool = false) async throws -> Answer {
        let payment = PrepaidPayload<LotteryChannel>.payment(payer.id, try asked(&payer, request))
        let answer = try await send(payment, fails: fails)
        if !fails { try told(&payer, request, answer) }
        return answer
    }

    func asked(_ payer: inout LotteryPayer, _ request: UInt64) throws -> UnverifiedLotteryPayment {
        let payment = try payer.apply(
            .paymentAsked(ReservationID(request), price: Self.price, longest: 1024, at: clock.now))
        switch try #require(payment) {
        case .seat: return .seat(buyer.signNow(payer.seatDigest(in: try domain)))
        case .ticket(let ticket):
            return .ticket(ticket, buyer.signNow(ticket.digest(for: payer.id, in: try domain)))
        }
    }

    /// Takes in what the payee says of the channel.
    func told(_ payer: inout LotteryPayer, _ request: UInt64, _ answer: Answer) throws {
        switch answer {
        case .served(let extra):
            let statement = try LotteryPayer.Statement(JSONMembers(extra["channelState"]))
            _ = try payer.apply(.served(ReservationID(request), charged: Self.price, statement))
        case .refused(_, let correction?):
            _ = try payer.apply(
                .corrected(ReservationID(request), try LotteryPayer.Statement(JSONMembers(correction))))
        case .refused, .other: _ = try payer.apply(.notServed(ReservationID(request)))
        }
    }

    /// What the contract has paid for this payee's tickets.
    func paid(_ payer: LotteryPayer) async throws -> Amount {
        let contract = try await ledger.contract(LotteryContract.self, of: payer.id)
        return contract?.state.seats[node.configuration.payTo]?.paid ?? .zero
    }
}
