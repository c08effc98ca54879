// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingExactScheme
import FarthingPrimitives
import FarthingX402
import Foundation
import Testing

@Suite("A payment under the scheme exact")
struct UnverifiedExactPaymentTests {
    private static let noon = Instant(unixSeconds: 1_800_000_000)
    private static let token = TokenDomain(
        address: Address(hex: "0x036CbD53842c5426634e7929541eC2318f3dCF7e") ?? .zero, name: "USDC", version: "2")
    private static let receiver = Address(Array(repeating: 0x22, count: 20)) ?? .zero

    private let domain: SettlementDomain
    private let payer: KeySigner
    private let offer = ExactOffer(receiver: receiver, amount: Amount(units: 2500), token: token)

    init() throws {
        domain = try #require(SettlementDomain(network: Network(evm: 84_532)))
        guard let key = PrivateKey(Array(repeating: 0x11, count: 32)) else { throw NoKey() }
        payer = KeySigner(key)
    }

    private struct NoKey: Error {}

    private func payload(_ change: (inout ExactTransfer) -> Void = { _ in }) -> JSON {
        var transfer = ExactTransfer(
            payer: payer.address, receiver: Self.receiver, amount: Amount(units: 2500), validBefore: 1_800_003_600,
            nonce: Hash32(Array(repeating: 7, count: 32)) ?? .zero)
        change(&transfer)
        return transfer.payload(signature: payer.signNow(transfer.digest(token: Self.token, in: domain)))
    }

    /// The code of the refusal, or what is good.
    private func outcome(_ payload: JSON, at now: Instant? = noon, for offer: ExactOffer? = nil) -> String {
        do throws(ExactPayment.Refusal) {
            let payment = try UnverifiedExactPayment(payload).verified(for: offer ?? self.offer, in: domain, at: now)
            return "\(payment.transfer.amount) by \(payment.transfer.payer == payer.address)"
        } catch {
            #expect(!error.message.isEmpty && error.message.count < 300)
            return error.code
        }
    }

    private static let good = "2500 by true"

    @Test func `is read as it was written, and is good`() throws {
        let written = payload()
        let read = try UnverifiedExactPayment(written)
        #expect(read.transfer.payload(signature: try Signature(read.signature)) == written)
        #expect(outcome(written) == Self.good)
        let payment = try read.verified(for: offer, in: domain, at: Self.noon)
        #expect(payment.signedTransfer.token == Self.token.address)
        #expect(payment.signedTransfer.nonce == read.transfer.nonce)
    }

    @Test func `passes over what it does not know`() throws {
        #expect(outcome(payload().adding("memo", [1, 2, ["x": .null]])) == Self.good)
    }

    // MARK: - Hostile payloads

    private static let unreadable: [(path: String, value: JSON?)] = [
        ("authorization", nil), ("authorization", []), ("authorization", "x"), ("authorization", .null),
        ("authorization.from", nil), ("authorization.from", 7), ("authorization.from", "0x12"),
        ("authorization.to", nil), ("authorization.to", "0x"), ("authorization.to", .null),
        ("authorization.value", nil), ("authorization.value", 2500), ("authorization.value", "-1"),
        ("authorization.value", "0x9c4"), ("authorization.value", "02500"), ("authorization.value", "2500.0"),
        ("authorization.value", ""), ("authorization.value", " 2500"),
        ("authorization.value", "340282366920938463463374607431768211456"),
        ("authorization.value", .string(String(repeating: "9", count: 100_000))),
        ("authorization.validAfter", nil), ("authorization.validAfter", 0), ("authorization.validAfter", "-1"),
        ("authorization.validBefore", nil), ("authorization.validBefore", "18446744073709551616"),
        ("authorization.nonce", nil), ("authorization.nonce", "0x07"), ("authorization.nonce", "nonce"),
        ("signature", 7), ("signature", "zz"), ("signature", "0xzz"), ("signature", .null), ("signature", [:]),
    ]

    @Test(arguments: unreadable.indices)
    func `names the member that cannot be read`(index: Int) throws {
        let (path, value) = Self.unreadable[index]
        let error = #expect(throws: ExactPayment.Refusal.self) {
            try UnverifiedExactPayment(payload().replacing(path, with: value))
        }
        #expect(error?.code == "invalid_payload")
        guard case .unreadable(let field)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(field.hasPrefix(path == "authorization" ? "authorization.from" : path))
    }

    @Test(arguments: [.null, 7, "x", [], [:], [["authorization": [:]]]] as [JSON])
    func `is no payment without an authorisation`(json: JSON) throws {
        #expect(outcome(json) == "invalid_payload")
    }

    @Test func `is not taken through Permit2`() throws {
        #expect(throws: ExactPayment.Refusal.permit2) {
            try UnverifiedExactPayment(payload().adding("permit2Authorization", [:]))
        }
    }

    @Test func `must bear a signature that a token would take`() throws {
        let code = "invalid_exact_evm_payload_signature"
        let plain = payload()
        let bytes = try UnverifiedExactPayment(plain).signature
        func signed(_ bytes: [UInt8]) -> String {
            outcome(plain.replacing("signature", with: .string(Hex.encode(bytes))))
        }
        #expect(outcome(plain.replacing("signature", with: nil)) == code)
        #expect(signed([]) == code)
        #expect(signed(Array(bytes.dropLast())) == code)
        #expect(signed(bytes + [0]) == code)
        #expect(signed(Array(bytes.dropLast()) + [bytes[64] - 27]) == code, "v is 0 or 1")
        #expect(signed(Array(bytes.dropLast()) + [bytes[64] == 27 ? 28 : 27]) == code, "v is flipped")
        #expect(signed(Array(repeating: 0, count: 64) + [27]) == code)
        #expect(signed(Array(repeating: 0xff, count: 64) + [27]) == code)
        #expect(signed(Array(repeating: 1, count: 50_000)) == code, "a wrapper of a wallet that is a contract")
        // The mirror image, which recovers the same key: n - s, and the other v.
        let order = try #require(
            Hex.decode("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"))
        var (high, borrow) = ([UInt8](repeating: 0, count: 32), 0)
        for index in (0..<32).reversed() {
            let difference = Int(order[index]) - Int(bytes[32 + index]) - borrow
            (high[index], borrow) = (UInt8((difference + 256) % 256), difference < 0 ? 1 : 0)
        }
        #expect(signed(Array(bytes.prefix(32)) + high + [bytes[64] == 27 ? 28 : 27]) == code)
        #expect(signed(bytes) == Self.good)
    }

    @Test func `is worth nothing once a member was changed`() throws {
        let changes: [(path: String, value: JSON)] = [
            ("from", .string(Self.receiver.hex)), ("validAfter", "1"), ("validBefore", "1800003601"),
            ("nonce", .string(Hash32.zero.hex)),
        ]
        for (path, value) in changes {
            let changed = payload().replacing("authorization.\(path)", with: value)
            #expect(outcome(changed) == "invalid_exact_evm_payload_signature", "\(path)")
        }
        for other in [
            TokenDomain(address: Self.receiver, name: "USDC", version: "2"),
            TokenDomain(address: Self.token.address, name: "USDX", version: "2"),
            TokenDomain(address: Self.token.address, name: "USDC", version: "1"),
        ] {
            let offer = ExactOffer(receiver: Self.receiver, amount: Amount(units: 2500), token: other)
            #expect(outcome(payload(), for: offer) == "invalid_exact_evm_payload_signature")
        }
        let elsewhere = try #require(SettlementDomain(network: Network(evm: 8453)))
        #expect(throws: ExactPayment.Refusal.signature(.foreign)) {
            try UnverifiedExactPayment(payload()).verified(for: offer, in: elsewhere, at: Self.noon)
        }
    }

    // MARK: - What is asked for, and when

    @Test func `is checked in x402's order`() throws {
        let prefix = "invalid_exact_evm_payload_"
        let stranger = payer.address
        // Each has the faults of all that come behind it, too.
        let all = payload {
            ($0.receiver, $0.amount) = (stranger, Amount(units: 2499))
            ($0.validBefore, $0.validAfter) = (1_800_000_005, 1_800_000_001)
        }.replacing("signature", with: "0x")
        #expect(outcome(all) == prefix + "recipient_mismatch")
        let rest = all.replacing("authorization.to", with: .string(Self.receiver.hex))
        #expect(outcome(rest) == prefix + "authorization_value_mismatch")
        let timed = rest.replacing("authorization.value", with: "2500")
        #expect(outcome(timed) == prefix + "authorization_valid_before")
        #expect(outcome(timed, at: nil) == prefix + "signature")
        let early = timed.replacing("authorization.validBefore", with: "1800000006")
        #expect(outcome(early) == prefix + "authorization_valid_after")
        #expect(outcome(early.replacing("authorization.validAfter", with: "1800000000")) == prefix + "signature")
    }

    @Test func `must be of the very sum, no less and no more`() throws {
        for units in [0, 2499, 2501, UInt128.max] {
            #expect(
                outcome(payload { $0.amount = Amount(units: units) })
                    == "invalid_exact_evm_payload_authorization_value_mismatch")
        }
    }

    @Test func `has an edge of time on both sides`() throws {
        #expect(outcome(payload { ($0.validAfter, $0.validBefore) = (1_800_000_000, 1_800_000_006) }) == Self.good)
        #expect(outcome(payload { $0.validBefore = .max }, at: Instant(unixSeconds: .max)) == Self.good)
        #expect(outcome(payload(), at: Instant(unixSeconds: .max)).hasSuffix("valid_before"))
        #expect(outcome(payload { $0.validAfter = .max }).hasSuffix("valid_after"))
    }

    @Test func `needs an offer that names the token's domain`() throws {
        var requirements = PaymentRequirements(
            scheme: "exact", network: Network(evm: 84_532), amount: Amount(units: 2500), asset: Self.token.address,
            payTo: Self.receiver, maxTimeoutSeconds: 60, extra: ["name": "USDC", "version": "2"])
        #expect(try ExactOffer(requirements) == offer)
        for extra in [[:], ["name": "USDC"], ["version": "2"], ["name": "USDC", "version": 2]] as [JSON] {
            requirements.extra = extra
            #expect(throws: ExactPayment.Refusal.missingDomain) { try ExactOffer(requirements) }
        }
        #expect(ExactPayment.Refusal.missingDomain.code == "missing_eip712_domain")
    }

    @Test func `is told what the settlement says of it, in x402's words`() throws {
        let payment = try UnverifiedExactPayment(payload()).verified(for: offer, in: domain, at: Self.noon)
        let other = { (name: String, version: String) in
            TokenDomain(address: Self.token.address, name: name, version: version)
        }
        func code(_ error: SettlementError, _ stored: TokenDomain? = Self.token) -> String? {
            payment.refusal(error, stored: stored)?.code
        }
        let prefix = "invalid_exact_evm_"
        #expect(code(.authorizationUsed) == prefix + "nonce_already_used")
        #expect(
            code(.insufficientBalance(has: nil, needs: Amount(units: 1))) == prefix + "insufficient_balance")
        #expect(code(.authorizationSignature) == prefix + "payload_signature")
        #expect(code(.authorizationSignature, nil) == prefix + "payload_signature")
        #expect(code(.authorizationSignature, other("USD Coin", "1")) == prefix + "token_name_mismatch")
        #expect(code(.authorizationSignature, other("USDC", "1")) == prefix + "token_version_mismatch")
        #expect(code(.zeroAmount) == prefix + "transaction_simulation_failed")
        #expect(code(.unknownToken(.zero)) == "asset_not_deployed_contract")
        #expect(code(.unavailable(reason: "")) == nil && code(.cancelled) == nil)
    }

    // MARK: - Vectors

    /// Source: `Tests/Vectors/x402/http_exchange_exact.json` and `facilitator_exchanges.json`; see `SOURCES.md` there.
    @Test func `of the official client is good under the official server's offer`() throws {
        var folder = URL(filePath: #filePath)
        for _ in 0..<3 { folder.deleteLastPathComponent() }
        func vector(_ name: String) throws -> [JSON] {
            let data = try Data(contentsOf: folder.appending(path: "Vectors/x402/\(name).json"))
            return try #require(try JSON.parse(Array(data)).arrayValue)
        }
        var envelopes = try vector("http_exchange_exact").compactMap {
            $0["request"]?["decoded"]?["payment-signature"]
        }
        envelopes += try vector("facilitator_exchanges").compactMap { entry in
            entry["case"]?.stringValue?.contains("/exact/") == true ? entry["request"]?["paymentPayload"] : nil
        }
        #expect(envelopes.count >= 3)
        for json in envelopes {
            let envelope = try PaymentPayload(json: json)
            let requirements = try #require(PaymentRequirements(json: envelope.accepted))
            let read = try UnverifiedExactPayment(envelope.payload)
            let recorded = Instant(unixSeconds: Int64(read.transfer.validBefore) - 3600)
            let payment = try read.verified(for: ExactOffer(requirements), in: domain, at: recorded)
            #expect(payment.transfer.payer == payer.address && payment.transfer.amount == Amount(units: 2500))
            #expect(
                payment.transfer.payload(signature: payment.signature)["signature"] == envelope.payload["signature"])
            // The official keys sign by RFC 6979, as ours do.
            #expect(payer.signNow(payment.transfer.digest(token: payment.token, in: domain)) == payment.signature)
        }
    }
}

extension JSON {
    /// The same with another value for a member, found by its path; `nil` leaves the member out.
    fileprivate func replacing(_ path: String, with value: JSON?) -> JSON {
        let names = path.split(separator: ".", maxSplits: 1).map(String.init)
        return .object(
            (members ?? []).compactMap { member in
                guard member.name == names[0] else { return member }
                guard names.count == 1 else {
                    return Member(name: member.name, value: member.value.replacing(names[1], with: value))
                }
                return value.map { Member(name: member.name, value: $0) }
            })
    }
}
