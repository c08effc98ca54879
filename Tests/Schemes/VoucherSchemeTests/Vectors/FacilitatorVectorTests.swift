// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("What the official facilitator verified")
struct FacilitatorVectorTests {
    /// Cases whose outcome is not for this room to tell, and why.
    private static let elsewhere = [
        "/verify/exact/ok": "another scheme",
        "/settle/exact/ok": "another scheme",
        "/settle/deposit/ok": "the ledger locks deposits",
        "/settle/refund/ok": "the ledger pays refunds",
        "/settle/claim/ok": "the ledger books claims",
        "/settle/settle/ok": "the ledger pays out",
    ]

    /// Cases that the ledger refuses, and what this room must still find good.
    private static let refusedByLedger = [
        "/verify/deposit/invalid_batch_settlement_evm_deposit_simulation_failed": "the authorisation was used before",
        "/verify/deposit/invalid_batch_settlement_evm_insufficient_balance": "the payer's account is too low",
    ]

    private static let code = "invalid_batch_settlement_evm_"

    /// When most of the cases were recorded: their deposits, valid for an hour, end at 1795230467.
    private static let now = Instant(unixSeconds: 1_795_226_867)

    @Test func `is judged the same here`() throws {
        var judged: [String: String?] = [:]
        for exchange in try exchanges() {
            let name = try exchange.text("case")
            guard Self.elsewhere[name] == nil else { continue }
            let reason = try judge(exchange, ledger: Self.refusedByLedger[name] == nil)
            let recorded = try exchange.at("response")["invalidReason"]?.stringValue
            #expect(reason == (Self.refusedByLedger[name] == nil ? recorded : nil), "\(name)")
            judged[name] = reason
        }
        #expect(judged.count == 12)
        #expect(judged.values.count { $0 == nil } == 4)
    }

    @Test func `is sorted into cases for this room and cases for others`() throws {
        let names = Set(try exchanges().map { try $0.text("case") })
        #expect(names.count == 18)
        #expect(names.isSuperset(of: Self.elsewhere.keys))
        #expect(names.isSuperset(of: Self.refusedByLedger.keys))
    }

    @Test func `has vouchers in its claims that are good here too`() throws {
        let exchange = try #require(try exchanges().first { try $0.text("case") == "/settle/claim/ok" })
        let claims = try #require(try exchange.at("request.paymentPayload.payload.claims").arrayValue)
        let domain = try Alice().domain
        for claim in claims {
            // Dressed as a payload, since claims travel between payee and facilitator only.
            let payload: JSON = [
                "type": "voucher", "channelConfig": try claim.at("voucher.channel"),
                "voucher": [
                    "channelId": .string(try Alice().id.description),
                    "maxClaimableAmount": try claim.at("voucher.maxClaimableAmount"),
                    "signature": try claim.at("signature"),
                ],
            ]
            let terms = try VoucherPayload(payload).terms
            let real = payload.changing("voucher.channelId", to: .string("\(domain.channelID(of: terms))"))
            let voucher = try VoucherPayload(real).voucher.verified(by: nil, under: terms, in: domain)
            #expect(try claim.amount("totalClaimed") <= voucher.ceiling)
        }
        #expect(!claims.isEmpty)
    }

    // MARK: -

    private func exchanges() throws -> [JSON] {
        try #require(try VectorFile.json("facilitator_exchanges").arrayValue)
    }

    /// The code of our refusal, or `nil`.
    ///
    /// With `ledger`, the channel is tried as well, as the recording says it stood.
    private func judge(_ exchange: JSON, ledger: Bool) throws -> String? {
        let request = try exchange.at("request")
        let offer = try RecordedOffer(try request.at("paymentRequirements"))
        do {
            let payload = try VoucherPayload(try request.at("paymentPayload.payload"))
            let (voucher, deposit) = try offer.check(payload, at: Self.now)
            guard ledger else { return nil }
            let balance = try exchange.at("response")["extra"]?.amount("balance") ?? .zero
            var channel = VoucherChannel(
                id: payload.voucher.channel, terms: payload.terms, ledger: Bob.snapshot(balance, at: 1))
            if case .refund = payload {
                // A facilitator does not keep what was charged; the recording's payee had charged this much.
                try charge(voucher.ceiling, voucher, on: &channel)
                _ = try channel.apply(.refundAsked(ReservationID(2), voucher, amount: nil))
                return nil
            }
            let reservation = VoucherChannel.Reservation(
                id: ReservationID(1), voucher: voucher, price: offer.price, deposit: deposit, until: Self.now)
            _ = try channel.apply(.paymentArrived(reservation, at: Self.now))
            return nil
        } catch let refusal as VoucherChannel.Refusal {
            return refusal.code
        }
    }

    private func charge(_ price: Amount, _ voucher: Voucher, on channel: inout VoucherChannel) throws {
        let reservation = VoucherChannel.Reservation(
            id: ReservationID(1), voucher: voucher, price: price, deposit: nil, until: Self.now)
        _ = try channel.apply(.paymentArrived(reservation, at: Self.now))
        _ = try channel.apply(.served(ReservationID(1), price: price, at: Self.now))
    }
}
