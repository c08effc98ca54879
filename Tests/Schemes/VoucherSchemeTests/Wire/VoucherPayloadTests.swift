// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A payment's payload")
struct VoucherPayloadTests {
    private static func payload(_ kind: VoucherChannel.PayloadKind) throws -> VoucherPayload {
        let alice = try Alice()
        let voucher = alice.unverifiedVoucher(1_000)
        return switch kind {
        case .voucher: .voucher(alice.terms, voucher)
        case .deposit: .deposit(alice.terms, voucher, alice.unverifiedDeposit(10_000))
        case .refund: .refund(alice.terms, voucher, amount: "500")
        }
    }

    private static let kinds: [VoucherChannel.PayloadKind] = [.voucher, .deposit, .refund]

    @Test(arguments: kinds)
    func `comes back as it was sent`(_ kind: VoucherChannel.PayloadKind) throws {
        let payload = try Self.payload(kind)
        #expect(try VoucherPayload(JSON.parse(payload.json.text)) == payload)
        #expect(payload.terms == (try Alice().terms))
        #expect(payload.voucher.ceiling == 1_000)
    }

    @Test func `of a refund may leave the amount out`() throws {
        let alice = try Alice()
        let all = VoucherPayload.refund(alice.terms, alice.unverifiedVoucher(1_000), amount: nil)
        #expect(all.json["amount"] == nil)
        #expect(try VoucherPayload(all.json) == all)
    }

    @Test(arguments: kinds)
    func `may have members that nobody here knows, at every depth`(_ kind: VoucherChannel.PayloadKind) throws {
        let payload = try Self.payload(kind)
        func strewn(_ json: JSON) -> JSON {
            guard let members = json.members else { return json }
            let unknown = JSON.Member(name: "x-new", value: ["type": "refund", "amount": .null])
            return .object([unknown] + members.map { JSON.Member(name: $0.name, value: strewn($0.value)) })
        }
        #expect(try VoucherPayload(strewn(payload.json)) == payload)
    }

    @Test func `is taken with hexadecimal digits of either case`() throws {
        let alice = try Alice(salt: 0xAB)
        let payload = VoucherPayload.voucher(alice.terms, alice.unverifiedVoucher(1_000))
        var json = payload.json
        for path in json.leafPaths {
            let text = path.split(separator: ".").reduce(json) { $0[String($1)] ?? .null }.stringValue ?? ""
            guard text.hasPrefix("0x") else { continue }
            json = json.changing(path, to: .string("0x" + text.dropFirst(2).uppercased()))
        }
        #expect(json != payload.json)
        #expect(try VoucherPayload(json) == payload)
    }

    // MARK: - What is missing or malformed

    @Test(arguments: kinds)
    func `is refused with the path of the member that is missing`(_ kind: VoucherChannel.PayloadKind) throws {
        let json = try Self.payload(kind).json
        for path in json.leafPaths where path != "type" && path != "amount" {
            refuse(json.changing(path, to: nil), .payload(kind, field: path), "\(kind.rawValue)_payload")
            refuse(json.changing(path, to: .null), .payload(kind, field: path), "\(kind.rawValue)_payload")
        }
    }

    @Test(arguments: kinds)
    func `is refused when a whole part is missing or of another kind`(_ kind: VoucherChannel.PayloadKind) throws {
        let json = try Self.payload(kind).json
        for value in [nil, .null, "text", 7, [1, 2]] as [JSON?] {
            refuse(
                json.changing("channelConfig", to: value), .payload(kind, field: "channelConfig.withdrawDelay"),
                "\(kind.rawValue)_payload")
            refuse(
                json.changing("voucher", to: value), .payload(kind, field: "voucher.channelId"),
                "\(kind.rawValue)_payload")
            guard kind == .deposit else { continue }
            refuse(json.changing("deposit", to: value), .payload(kind, field: "deposit.amount"), "deposit_payload")
            refuse(
                json.changing("deposit.authorization", to: value), .authorizationRequired,
                "erc3009_authorization_required")
        }
    }

    @Test(arguments: [
        "", "-1", "+1", "0x10", "1.0", "1.", "1e3", " 1", "1 ", "1_000", "00", "01", "１", "١", "1\u{0}", "abc",
        "340282366920938463463374607431768211456", "1000000000000000000000000000000000000000",
        "115792089237316195423570985008687907853269984665640564039457584007913129639935",
    ])
    func `is refused when an amount is no plain decimal of up to 128 bits`(_ text: String) throws {
        let json = try Self.payload(.deposit).json
        for path in ["voucher.maxClaimableAmount", "deposit.amount"] + Self.times {
            refuse(json.changing(path, to: .string(text)), .payload(.deposit, field: path), "deposit_payload")
        }
    }

    private static let authorization = "deposit.authorization.erc3009Authorization"
    private static let times = ["\(authorization).validAfter", "\(authorization).validBefore"]

    @Test func `takes amounts up to 128 bits and times up to 64`() throws {
        let json = try Self.payload(.deposit).json
        let widest = json.changing("voucher.maxClaimableAmount", to: .string("\(UInt128.max)"))
            .changing("deposit.amount", to: .string("\(UInt128.max)"))
            .changing(Self.times[1], to: .string("\(UInt64.max)"))
        guard case .deposit(_, let voucher, let deposit) = try VoucherPayload(widest) else {
            Issue.record("no deposit")
            return
        }
        #expect(voucher.ceiling == .max)
        #expect(deposit.amount == .max)
        #expect(deposit.validBefore == .max)
        let beyond = json.changing(Self.times[1], to: "18446744073709551616")
        refuse(beyond, .payload(.deposit, field: Self.times[1]), "deposit_payload")
    }

    @Test func `is refused when a number, a truth value or a list stands where a text belongs`() throws {
        let json = try Self.payload(.deposit).json
        for path in json.leafPaths where path != "type" && path != "channelConfig.withdrawDelay" {
            for value in [1_000, true, ["1000"], ["text": "1000"]] as [JSON] {
                refuse(json.changing(path, to: value), .payload(.deposit, field: path), "deposit_payload")
            }
        }
    }

    @Test(arguments: ["\"900\"", "900.0", "900.5", "9e2", "-1", "-900", "9223372036854775808", "true", "null", "[900]"])
    func `is refused when the delay is no whole number`(_ text: String) throws {
        let json = try Self.payload(.voucher).json.changing("channelConfig.withdrawDelay", to: JSON.parse(text))
        refuse(json, .payload(.voucher, field: "channelConfig.withdrawDelay"), "voucher_payload")
    }

    @Test func `is refused when bytes are spelled wrong`() throws {
        let json = try Self.payload(.deposit).json
        let bytes = json.leafPaths.filter { path in
            ["payer", "payerAuthorizer", "receiver", "receiverAuthorizer", "token", "salt", "signature"]
                .contains { path.hasSuffix(".\($0)") }
        }
        #expect(bytes.count == 9)
        for path in bytes {
            let honest = path.split(separator: ".").reduce(json) { $0[String($1)] ?? .null }.stringValue ?? ""
            var wrong = [
                String(honest.dropFirst(2)), "0X" + honest.dropFirst(2), honest.dropLast() + "g", honest + "0",
            ]
            if !path.hasSuffix("signature") { wrong += ["", "0x", honest + "00", String(honest.dropLast(2))] }
            for text in wrong {
                refuse(json.changing(path, to: .string(text)), .payload(.deposit, field: path), "deposit_payload")
            }
        }
    }

    @Test(arguments: ["", "0x", "0x12", "be9d", "0x" + String(repeating: "g", count: 64)])
    func `is refused when the channel's id is no id`(_ text: String) throws {
        let json = try Self.payload(.voucher).json.changing("voucher.channelId", to: .string(text))
        refuse(json, .channelIDInvalid, "channel_id_invalid")
    }

    @Test(arguments: [nil, .null, 7, "", "Voucher", "claim", "settle", ["voucher"]] as [JSON?])
    func `is refused when it is of no type that a payer may send`(_ type: JSON?) throws {
        let json = try Self.payload(.voucher).json.changing("type", to: type)
        refuse(json, .payloadType(type?.stringValue ?? ""), "payload_type")
    }

    @Test func `repeats no more of an unknown type than a person can read`() {
        let type = String(repeating: "x", count: 10_000)
        refuse(["type": .string(type)], .payloadType(String(type.prefix(32))), "payload_type")
    }

    @Test(arguments: [.null, "text", 7, [], true] as [JSON])
    func `is refused when it is no object at all`(_ json: JSON) {
        refuse(json, .payloadType(""), "payload_type")
    }

    @Test func `keeps what a refund asked for as it was written, as long as it is text`() throws {
        let json = try Self.payload(.refund).json
        for text in ["0", "-5", "1.5", "all"] {
            guard case .refund(_, _, let amount) = try VoucherPayload(json.changing("amount", to: .string(text))) else {
                Issue.record("no refund")
                return
            }
            #expect(amount == text)
        }
        for value in [500, true, .null, ["500"]] as [JSON] {
            refuse(json.changing("amount", to: value), .refundAmountInvalid, "refund_amount_invalid")
        }
    }

    @Test func `never crashes, whatever is put in place of its members`() throws {
        let junk: [JSON] = [.null, "", "0x", -1, 0, "-0", [], [[]], ["a": .null], "\u{0}", "0x00", "99999999999"]
        for seed in UInt64(0)..<300 {
            var random = SeededGenerator(seed: seed)
            let kind = try #require(Self.kinds.randomElement(using: &random))
            var json = try Self.payload(kind).json
            for _ in 0..<3 {
                guard let path = json.leafPaths.randomElement(using: &random) else { break }
                json = json.changing(path, to: junk.randomElement(using: &random))
            }
            if let payload = try? VoucherPayload(json) {
                #expect(try VoucherPayload(payload.json) == payload, "seed \(seed)")
            }
        }
    }

    private func refuse(
        _ json: JSON, _ refusal: VoucherChannel.Refusal, _ code: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let thrown = #expect(throws: VoucherChannel.Refusal.self, "\(json)", sourceLocation: sourceLocation) {
            try VoucherPayload(json)
        }
        #expect(thrown == refusal, sourceLocation: sourceLocation)
        #expect(thrown?.code == "invalid_batch_settlement_evm_\(code)", sourceLocation: sourceLocation)
    }
}
