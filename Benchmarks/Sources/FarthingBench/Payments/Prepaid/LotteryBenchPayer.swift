// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import FarthingX402

/// Pays with tickets that win once in a thousand times.
struct LotteryBenchPayer: BenchPayer {
    typealias Channel = LotteryChannel

    static let scheme = PaymentScheme.lottery
    /// No ticket can be made before the payee has said what it promises, so the first request is asked to pay again.
    static let openingStatus = 402

    private static let odds: UInt128 = 1000

    let id: ChannelID
    let terms: LotteryTerms
    let signer: KeySigner
    private let payee: PrepaidPayee
    /// That of the last ticket.
    private var nonce: UInt64 = 0
    private var (secret, commitment) = (Hash32.zero, Hash32.zero)

    init(_ number: Int, of signer: KeySigner, to payee: PrepaidPayee, payments: Int) throws {
        terms = LotteryTerms(
            payer: signer.address, token: payee.offer.token.address, deposit: Wallet.deposit, reserve: Wallet.deposit,
            seats: 1, expiry: payee.expiry, salt: Self.salt(number))
        self.signer = signer
        self.payee = payee
        id = terms.channelID(in: payee.domain)
        draw(at: 0)
    }

    var deposit: Amount { terms.opening ?? .max }
    /// The seat alone does for a million winners.
    var left: Int { .max }

    mutating func first() throws -> UnverifiedLotteryPayment {
        let offer = payee.offer
        return .seat(
            signer.signNow(
                LotterySeat.digest(
                    for: offer.receiver, authorizer: offer.receiverAuthorizer, of: id, in: payee.domain)))
    }

    mutating func next() throws -> UnverifiedLotteryPayment {
        guard let face = Wallet.price.multiplied(by: Self.odds),
            let threshold = LotteryDraw.threshold(for: Wallet.price, of: face)
        else { throw WrongResult("No ticket is worth the price.") }
        nonce += 1
        let ticket = LotteryTicket(
            payee: payee.offer.receiver, commitment: commitment, nonce: nonce, faceValue: face, threshold: threshold,
            expiry: terms.expiry)
        let signature = signer.signNow(ticket.digest(for: id, in: payee.domain))
        if ticket.wins(signature, secret: secret) { draw(at: nonce) }
        return .ticket(ticket, signature)
    }

    /// With a ticket that wins the payee's promise is used up.
    private mutating func draw(at epoch: UInt64) {
        secret = payee.secrets.secret(of: id, epoch: epoch)
        commitment = LotteryDraw.commitment(to: secret, by: payee.offer.receiver, in: id)
    }
}
