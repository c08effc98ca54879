// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingExactScheme
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402

@testable import FarthingHTTP402

/// What payers send.
extension Decoder {
    static let payments = [
        paymentHeader, payment, voucherPayload, exactPayload, facilitatorRequest, channelTerms, channelSnapshot,
        paymentIdentifier,
    ]

    private static let domain = SettlementDomain(network: Network(evm: 84_532))

    private static let paymentHeader = text("payment-header") { text in
        try again(try PaymentPayload(header: text))
        return true
    }

    /// The same without base64 around it, through which mutations seldom reach what lies inside.
    private static let payment = Decoder("payment") { bytes in
        let header = Base64.encode(bytes)
        try again(try PaymentPayload(header: header))
        return true
    }

    private static func again(_ payment: PaymentPayload) throws {
        let header = payment.header
        // An escape may be longer than what it stands for.
        guard header.utf8.count <= PaymentPayload.maximumHeaderBytes else { return }
        try BrokenPromise.unless(try? PaymentPayload(header: header), equals: payment, "payment")
    }

    private static let voucherPayload = Decoder("voucher-payload") { bytes in
        let payload = try VoucherPayload(try JSON.parse(bytes))
        try BrokenPromise.unless(try? VoucherPayload(payload.json), equals: payload, "payload")
        // What is forged is refused; what is not must have been signed by whom the terms name.
        if let domain, let voucher = try? payload.voucher.verified(by: nil, under: payload.terms, in: domain) {
            let signer = payload.terms.payerAuthorizer == .zero ? payload.terms.payer : payload.terms.payerAuthorizer
            try BrokenPromise.unless(voucher.signer.address, equals: signer, "signer")
            try BrokenPromise.unless(domain.channelID(of: payload.terms), equals: payload.voucher.channel, "channel")
        }
        return true
    }

    private static let exactPayload = Decoder("exact-payload") { bytes in
        let payment = try UnverifiedExactPayment(try JSON.parse(bytes))
        if let signature = try? Signature(payment.signature) {
            let json = payment.transfer.payload(signature: signature)
            try BrokenPromise.unless(try? UnverifiedExactPayment(json), equals: payment, "payload")
        }
        guard let domain else { return false }
        let token = TokenDomain(address: .zero, name: "USDC", version: "2")
        let offer = ExactOffer(receiver: payment.transfer.receiver, amount: payment.transfer.amount, token: token)
        _ = try? payment.verified(
            for: offer, in: domain, at: Instant(unixSeconds: 1_800_000_000))
        return true
    }

    private static let facilitatorRequest = Decoder("facilitator-request") { bytes in
        let request = try FacilitatorRequest(json: try JSON.parse(bytes))
        try BrokenPromise.unless(try? FacilitatorRequest(json: request.json), equals: request, "request")
        return true
    }

    private static let channelTerms = Decoder("channel-terms") { bytes in
        guard let terms = ChannelTerms(json: try JSON.parse(bytes)) else { return false }
        try BrokenPromise.unless(ChannelTerms(json: terms.json), equals: terms, "terms")
        return true
    }

    private static let channelSnapshot = Decoder("channel-snapshot") { bytes in
        let channel = ChannelID(.zero)
        let block = Block(height: 1, time: Instant(unixSeconds: 1))
        guard let snapshot = ChannelSnapshot(json: try JSON.parse(bytes), of: channel, at: block) else { return false }
        try BrokenPromise.unless(snapshot.totalClaimed <= snapshot.balance, "more claimed than was there")
        try BrokenPromise.unless(
            ChannelSnapshot(json: snapshot.json(of: channel), of: channel, at: block), equals: snapshot, "snapshot")
        return true
    }

    private static let paymentIdentifier = Decoder("payment-identifier") { bytes in
        let payment = PaymentPayload(accepted: [:], payload: [:], extensions: try JSON.parse(bytes))
        guard let identifier = try PaymentIdentifiers.identifier(of: payment) else { return false }
        let isPlain = identifier.utf8.allSatisfy { ($0 | 0x20).isLetter || $0.isDigit || $0 == 0x2D || $0 == 0x5F }
        try BrokenPromise.unless(isPlain && (16...128).contains(identifier.utf8.count), "took '\(identifier)'")
        return true
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
