// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("Published payment headers")
struct VoucherHeaderVectorTests {
    @Test(arguments: ["deposit-eip3009", "voucher", "refund"])
    func `are read, are written the same, and carry good signatures`(_ name: String) throws {
        let (json, payload) = try header(name)
        #expect(payload.json == (try json.at("payload")))
        let offer = try RecordedOffer(try json.at("accepted"))
        let (voucher, deposit) = try offer.check(payload, at: noon)
        #expect(offer.domain.channelID(of: payload.terms) == payload.voucher.channel)
        #expect(voucher.signer.address == payload.terms.voucherSigner)
        #expect((deposit == nil) == (name != "deposit-eip3009"))
        #expect(offer.offer.extra == (try json.at("accepted.extra")))
    }

    @Test func `tell which type they are`() throws {
        guard case .deposit(_, _, let deposit) = try header("deposit-eip3009").payload,
            case .voucher = try header("voucher").payload,
            case .refund(_, _, "1500") = try header("refund").payload
        else {
            Issue.record("taken for something else")
            return
        }
        #expect(deposit.amount == 10_000)
        #expect(deposit.validBefore == 4_102_444_800)
    }

    @Test func `with a Permit2 deposit are taken by who takes Permit2, and told to use EIP-3009 by others`() throws {
        let (json, payload) = try header("deposit-permit2")
        #expect(payload.json == (try json.at("payload")))
        let offer = try RecordedOffer(try json.at("accepted"))
        guard case .deposit(let terms, let voucher, let deposit) = payload else {
            Issue.record("taken for something else")
            return
        }
        #expect(voucher.channel == offer.domain.channelID(of: terms))
        func verified(_ deposit: UnverifiedDeposit, by method: DepositMethod) throws -> SignedDeposit {
            try deposit.verified(
                for: terms, token: offer.offer.token.domain, by: method, in: offer.domain, at: noon)
        }
        let signed = try verified(deposit, by: .permit2)
        #expect(signed.authorization.method == .permit2 && signed.authorization.salt.decimal == "12345")
        #expect(throws: VoucherChannel.Refusal.authorizationRequired) { try verified(deposit, by: .eip3009) }

        var other = deposit
        other.permit2Spender = terms.receiver
        let spender = VoucherChannel.Refusal.permit2Spender(
            sent: terms.receiver, collector: offer.domain.permit2Collector)
        #expect(throws: spender) { try verified(other, by: .permit2) }
        other = deposit
        other.salt = .zero
        #expect(throws: VoucherChannel.Refusal.permit2Signature(.foreign)) { try verified(other, by: .permit2) }
        other = deposit
        other.amount = 1
        #expect(throws: VoucherChannel.Refusal.permit2Signature(.foreign)) { try verified(other, by: .permit2) }
        other = deposit
        other.validBefore = UInt64(noon.unixSeconds) + 5
        #expect(throws: VoucherChannel.Refusal.permit2Expired(deadline: other.validBefore, now: noon)) {
            try verified(other, by: .permit2)
        }
        other = deposit
        other.permit2Spender = nil
        #expect(throws: VoucherChannel.Refusal.permit2Required) { try verified(other, by: .permit2) }
    }

    @Test func `with a Permit2 deposit for something else are refused`() throws {
        let payload = try header("deposit-permit2").json.at("payload")
        let place = "deposit.authorization.permit2Authorization."
        let stranger = "0x00000000000000000000000000000000000000aa"
        for field in ["from", "permitted.token"] {
            #expect(throws: VoucherChannel.Refusal.payload(.deposit, field: place + field)) {
                try VoucherPayload(payload.changing(place + field, to: .string(stranger)))
            }
        }
        let channel = JSON.string(Hash32.zero.hex)
        #expect(throws: VoucherChannel.Refusal.payload(.deposit, field: place + "witness.channelId")) {
            try VoucherPayload(payload.changing(place + "witness.channelId", to: channel))
        }
        let amount = try #require(Amount(wire: try payload.text("deposit.amount")))
        #expect(throws: VoucherChannel.Refusal.permit2Amount(permitted: 1, deposit: amount)) {
            try VoucherPayload(payload.changing(place + "permitted.amount", to: "1"))
        }
        for field in ["from", "permitted", "permitted.amount", "spender", "nonce", "deadline", "witness", "signature"] {
            for wrong in [.null, "01", 7, [:], "-1"] as [JSON] {
                #expect(throws: VoucherChannel.Refusal.authorizationRequired, "\(field) \(wrong)") {
                    try VoucherPayload(payload.changing(place + field, to: wrong))
                }
            }
        }
    }

    @Test func `of the scheme 'exact' are no vouchers`() throws {
        #expect(throws: VoucherChannel.Refusal.payloadType("")) { try header("exact") }
        for exchange in try #require(try VectorFile.json("http_exchange_exact").arrayValue) {
            guard let payment = try exchange.at("request.decoded")["payment-signature"] else { continue }
            #expect(throws: VoucherChannel.Refusal.payloadType("")) { try VoucherPayload(try payment.at("payload")) }
        }
    }

    private func header(_ name: String) throws -> (json: JSON, payload: VoucherPayload) {
        let vector = try VectorFile.json("http_headers").at("PAYMENT-SIGNATURE/\(name)")
        let bytes = try Base64.decode(try vector.text("header"), maximumBytes: 16_384)
        let json = try JSON.parse(bytes)
        #expect(json == (try vector.at("json")))
        return (json, try VoucherPayload(try json.at("payload")))
    }
}
