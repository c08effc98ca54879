// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Testing

/// The quick reader may leave any text to the one that reads in full, but must never read one otherwise.
@Suite("A payment that is read in one pass")
struct QuickPaymentTests {
    typealias Quick = (payload: PlainVoucher, meaning: (any Sendable)?)

    private static func read(_ bytes: [UInt8], _ familiar: FamiliarTexts) -> Quick? {
        PaymentScan.read(bytes.span, familiar: familiar) { PlainVoucher(&$0, in: $1) }
    }

    /// Learns a payment as a gate does, whose extensions mean themselves.
    private static func learn(_ bytes: [UInt8], _ offer: JSON, _ familiar: FamiliarTexts) {
        guard let payment = try? PaymentPayload(bytes: bytes), payment.accepted == offer else { return }
        familiar.learn(bytes, meaning: payment.extensions)
    }

    /// All payments of the vectors, whatever their type, and one of Alice's that signs ahead.
    private static func payments() throws -> [JSON] {
        var payments: [JSON] = []
        for name in ["basic", "corrective", "refund_full", "refund_partial", "topup"] {
            for exchange in try #require(try VectorFile.json("http_exchange_\(name)").arrayValue) {
                if let payment = try exchange.at("request.decoded")["payment-signature"] { payments.append(payment) }
            }
        }
        for name in ["deposit-eip3009", "deposit-permit2", "voucher", "refund"] {
            payments.append(try VectorFile.json("http_headers").at("PAYMENT-SIGNATURE/\(name)").at("json"))
        }
        for ceiling in [0, 1, 999_999_999_999_999_999, 9_999_999_999_999_999_999, .max] as [Amount] {
            payments.append(try aliceSends(ceiling))
        }
        return payments
    }

    private static func aliceSends(_ ceiling: Amount) throws -> JSON {
        let alice = try Alice(salt: 0xAB)
        let payload = VoucherPayload.voucher(alice.terms, alice.unverifiedVoucher(ceiling))
        let accepted: JSON = [
            "scheme": "batch-settlement", "amount": "100", "extra": ["name": "USDC", "list": [1, "]"]],
        ]
        return [
            "x402Version": 2, "resource": ["url": "https://example.org/"], "accepted": accepted,
            "payload": payload.json, "extensions": ["sign-ahead": ["info": ["maximum": 8]]],
        ]
    }

    // MARK: - What it reads

    @Test func `is taken in any order and with any space, once its texts are known`() throws {
        var read = 0
        for payment in try Self.payments() {
            let isPlain = try payment.text("payload.type") == "voucher"
            let isShort = try payment.text("payload.voucher.maxClaimableAmount").count <= 19
            for seed in UInt64(0)..<40 {
                var writer = OddWriter(seed: seed)
                let bytes = writer.bytes(of: payment, OddWriter.harmless)
                let familiar = FamiliarTexts()
                #expect(Self.read(bytes, familiar) == nil, "nothing is known yet")
                familiar.learn(bytes)
                #expect((Self.read(bytes, familiar) != nil) == (isPlain && isShort), "seed \(seed)")
                read += isPlain && isShort ? 1 : 0
            }
        }
        #expect(read > 300)
    }

    @Test func `says what its extensions said when they were read in full`() throws {
        let familiar = FamiliarTexts()
        familiar.learn(try Self.aliceSends(100).bytes, meaning: "eight")
        #expect(Self.read(try Self.aliceSends(200).bytes, familiar)?.meaning as? String == "eight")
        let without = try Self.aliceSends(300).changing("extensions", to: nil)
        let quick = try #require(Self.read(without.bytes, familiar))
        #expect(quick.meaning == nil)
        let other = try Self.aliceSends(300).changing("extensions.sign-ahead.info.maximum", to: 9)
        #expect(Self.read(other.bytes, familiar) == nil)
    }

    // MARK: - That both mean the same

    @Test func `means what it means in full, however it is written`() throws {
        let payments = try Self.payments()
        var counts = Counts()
        for seed in UInt64(0)..<12_000 {
            var writer = OddWriter(seed: seed)
            let payment = try #require(payments.randomElement(using: &writer.random))
            let number = Int.random(in: 0...2, using: &writer.random)
            let oddities = Array(OddWriter.Oddity.allCases.shuffled(using: &writer.random).prefix(number))
            let bytes = writer.bytes(of: payment, oddities)
            let familiar = FamiliarTexts()
            let offer = try payment.at("accepted")
            // What was read before: this very text, or one that is written otherwise, or both.
            if Bool.random(using: &writer.random) { Self.learn(payment.bytes, offer, familiar) }
            if Bool.random(using: &writer.random) {
                Self.learn(writer.bytes(of: payment, OddWriter.harmless), offer, familiar)
            }
            if Int.random(in: 0..<4, using: &writer.random) > 0 { Self.learn(bytes, offer, familiar) }
            let text = String(decoding: bytes, as: UTF8.self)
            try counts.note(Self.compare(bytes, offer, familiar), "seed \(seed), \(oddities): \(text)")
        }
        #expect(counts.same > 1_000 && counts.left > 1_000 && counts.refused > 1_000, "\(counts)")
    }

    @Test func `means what it means in full, with any byte in any place`() throws {
        let payment = try Self.aliceSends(100)
        let (bytes, offer) = (payment.bytes, try payment.at("accepted"))
        let familiar = FamiliarTexts()
        familiar.learn(bytes, meaning: payment["extensions"])
        var counts = Counts()
        for index in bytes.indices {
            for byte in Array("\"\\{}[]:,. 0129afFgx-eE\n".utf8) + [0, 0x1F, 0x7F, 0x80, 0xFF] {
                var changed = bytes
                changed[index] = byte
                try counts.note(Self.compare(changed, offer, familiar), "\(byte) at \(index)")
            }
            var (shorter, longer) = (bytes, bytes)
            shorter.remove(at: index)
            longer.insert(bytes[index], at: index)
            try counts.note(Self.compare(shorter, offer, familiar), "without \(index)")
            try counts.note(Self.compare(longer, offer, familiar), "twice \(index)")
            try counts.note(Self.compare(Array(bytes[..<index]), offer, familiar), "only \(index)")
        }
        #expect(counts.same > 1_000 && counts.left > 100 && counts.refused > 10_000, "\(counts)")
    }

    private struct Counts {
        var same = 0
        var left = 0
        var refused = 0

        mutating func note(_ outcome: Outcome, _ what: String) throws {
            switch outcome {
            case .same: same += 1
            case .leftAlone: left += 1
            case .refused: refused += 1
            case .different(let how): Issue.record("\(how): \(what)")
            }
        }
    }

    private enum Outcome {
        /// Both read it, and mean the same.
        case same
        /// Only in full.
        case leftAlone
        /// By neither.
        case refused
        case different(String)
    }

    private static func compare(_ bytes: [UInt8], _ offer: JSON, _ familiar: FamiliarTexts) throws -> Outcome {
        let payment = try? PaymentPayload(bytes: bytes)
        let payload = payment.flatMap { try? VoucherPayload($0.payload) }
        guard let quick = read(bytes, familiar) else { return payload == nil ? .refused : .leftAlone }
        guard let payment else { return .different("no payment in full") }
        guard case .voucher(let terms, let voucher)? = payload else { return .different("no voucher in full") }
        guard quick.payload.terms == terms else { return .different("terms") }
        guard quick.payload.channel == voucher.channel else { return .different("channel") }
        guard quick.payload.ceiling == voucher.ceiling else { return .different("ceiling") }
        guard quick.payload.signature.bytes == voucher.signature else { return .different("signature") }
        guard payment.accepted == offer else { return .different("accepted") }
        guard quick.meaning as? JSON == payment.extensions else { return .different("extensions") }
        let payer = String(decoding: bytes[quick.payload.payerText], as: UTF8.self)
        guard payer == payment.payload["channelConfig"]?["payer"]?.stringValue else { return .different("payer") }
        return .same
    }
}
