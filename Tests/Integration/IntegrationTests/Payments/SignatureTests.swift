// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A signature that no contract would take", .serialized, .timeLimit(.minutes(3)), .shop())
struct SignatureTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    /// What is done to the 65 bytes of a good signature.
    enum Damage: String, CaseIterable {
        case empty
        case oneByteLess
        case oneByteMore
        case compact
        case v0
        case v1
        case v26
        case v29
        case v255
        case highS
        case rZero
        case sZero
        case allZero
        case rAboveOrder
        case sAboveOrder
        case oneBit

        func applied(to bytes: [UInt8]) -> [UInt8] {
            var bytes = bytes
            switch self {
            case .empty: bytes = []
            case .oneByteLess: bytes.removeLast()
            case .oneByteMore: bytes.append(27)
            case .compact:
                if bytes[64] == 28 { bytes[32] |= 0x80 }
                bytes.removeLast()
            case .v0: bytes[64] = 0
            case .v1: bytes[64] = 1
            case .v26: bytes[64] = 26
            case .v29: bytes[64] = 29
            case .v255: bytes[64] = 255
            case .highS:
                bytes.replaceSubrange(32..<64, with: Self.orderMinus(bytes[32..<64]))
                bytes[64] = bytes[64] == 27 ? 28 : 27
            case .rZero: bytes.replaceSubrange(0..<32, with: repeatElement(0, count: 32))
            case .sZero: bytes.replaceSubrange(32..<64, with: repeatElement(0, count: 32))
            case .allZero: bytes = [UInt8](repeating: 0, count: 64) + [27]
            case .rAboveOrder: bytes.replaceSubrange(0..<32, with: repeatElement(0xFF, count: 32))
            case .sAboveOrder: bytes.replaceSubrange(32..<64, with: repeatElement(0xFF, count: 32))
            case .oneBit: bytes[40] ^= 1
            }
            return bytes
        }

        /// - Source: SEC 2, section 2.4.1, the order of secp256k1.
        private static let order =
            Hex.decode("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141") ?? []

        private static func orderMinus(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
            var borrow = 0
            let digits = zip(order, bytes).reversed().map { left, right in
                let digit = Int(left) - Int(right) - borrow
                borrow = digit < 0 ? 1 : 0
                return UInt8(truncatingIfNeeded: digit)
            }
            return digits.reversed()
        }
    }

    @Test(arguments: Damage.allCases)
    func `pays for nothing in a channel that is known`(damage: Damage) async throws {
        let payer = try await shop.regular()
        var voucher = payer.sign(payer.charged.adding(payer.price) ?? .max)
        voucher.signature = damage.applied(to: voucher.signature)
        try await shop.expectRefusal(.invalid("voucher_signature"), of: payer.envelope(.voucher(payer.terms, voucher)))
    }

    @Test(arguments: Damage.allCases)
    func `opens no channel`(damage: Damage) async throws {
        let payer = try await shop.payer()
        var voucher = payer.sign(payer.price)
        let deposit = payer.authorize(payer.depositAmount)
        voucher.signature = damage.applied(to: voucher.signature)
        try await shop.expectRefusal(
            .invalid("voucher_signature"), of: payer.envelope(.deposit(payer.terms, voucher, deposit)))
    }

    @Test(arguments: Damage.allCases)
    func `deposits nothing`(damage: Damage) async throws {
        let payer = try await shop.payer()
        var deposit = payer.authorize(payer.depositAmount)
        deposit.signature = damage.applied(to: deposit.signature)
        try await shop.expectRefusal(
            .invalid("receive_authorization_signature"),
            of: payer.envelope(.deposit(payer.terms, payer.sign(payer.price), deposit)))
    }

    @Test func `is another key's`() async throws {
        let payer = try await shop.regular()
        let next = payer.charged.adding(payer.price) ?? .max
        try await shop.expectRefusal(
            .invalid("voucher_signature"),
            of: payer.envelope(.voucher(payer.terms, payer.sign(next, by: .init(.random())))))
    }

    @Test func `is for another channel of the same payer`() async throws {
        let payer = try await shop.regular()
        let other = try await shop.regular()
        let next = payer.charged.adding(payer.price) ?? .max
        try await shop.expectRefusal(
            .invalid("voucher_signature"),
            of: payer.envelope(.voucher(payer.terms, payer.sign(next, for: other.channel))))
        // With the other one's id, too, it is not what the terms say.
        let foreign = other.envelope(.voucher(payer.terms, other.sign(next)))
        try await shop.expectRefusal(.invalid("channel_id_mismatch"), of: foreign)
    }

    @Test func `is for another sum`() async throws {
        let payer = try await shop.regular()
        let payment = payer.voucher(adding: 1).changing("payload.voucher.maxClaimableAmount", to: "2000")
        try await shop.expectRefusal(.invalid("voucher_signature"), of: payment)
    }

    @Test(arguments: ["0xzz", "zz", "27", "0x0"])
    func `is no hexadecimal number`(text: String) async throws {
        let payment = try await shop.regular().voucher().changing("payload.voucher.signature", to: .string(text))
        try await shop.expectRefusal(.invalid("voucher_payload"), of: payment)
    }

    @Test func `has the wrong one of two good recovery bytes, and can be claimed all the same`() async throws {
        var payer = try await shop.regular()
        let payment = try payer.pay()
        var bytes = try #require(payment[path: "payload.voucher.signature"]?.stringValue.flatMap(Hex.decode))
        bytes[64] = bytes[64] == 27 ? 28 : 27
        let flipped = payment.changing("payload.voucher.signature", to: .string(Hex.encode(bytes)))
        try payer.settle(await shop.get("/good", paying: flipped))
        // A refund claims first what was earned.
        let reply = try await shop.get("/refund", paying: payer.refund())
        #expect(reply.status == 200, "\(reply.text)")
        #expect(try await shop.books(of: payer).captured == payer.charged)
        try await shop.expectSound()
    }
}
