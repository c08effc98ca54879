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

    @Test func `with a Permit2 deposit are told to use EIP-3009`() throws {
        #expect(throws: VoucherChannel.Refusal.authorizationRequired) { try header("deposit-permit2") }
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
