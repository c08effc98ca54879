// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingPrimitives
import FarthingX402
import Foundation
import Testing

/// What a payer that was written from the specifications alone said to a node, and what it was answered.
///
/// - Source: `Tests/Vectors/x402/http_exchange_*.json`; see `Tests/Vectors/SOURCES.md`.
struct StrangerExchange {
    /// A header as it was sent, and as it was decoded when it was recorded.
    struct Header {
        let text: String
        let json: JSON
    }

    struct Step {
        let url: String
        let status: Int
        let body: JSON?
        /// `nil` in the first step, which only asks for the offer.
        let sent: Header?
        let required: Header?
        let settled: Header?

        /// The code of the refusal; `nil` where the payment was taken.
        var code: String? { required?.json["error"]?.stringValue }

        /// How the channel stands, as a receipt or a correction says.
        var state: JSON? {
            let offer = required?.json["accepts"]?.arrayValue?.first
            return settled?.json["extra"]?["channelState"] ?? offer?["extra"]?["channelState"]
        }

        /// What was sent on the channel.
        func payload<Scheme: PrepaidWire>(_ scheme: Scheme.Type) throws -> PrepaidPayload<Scheme>? {
            guard let sent else { return nil }
            return try PrepaidPayload<Scheme>(PaymentPayload(header: sent.text).payload)
        }

        /// What was paid with, asked with or closed with.
        func payment<Scheme: PrepaidWire>(_ scheme: Scheme.Type) throws -> Scheme.Unverified? {
            guard let payload = try self.payload(scheme) else { return nil }
            switch payload {
            case .open(_, _, let payment), .payment(_, let payment), .state(_, let payment), .close(_, let payment):
                return payment
            }
        }
    }

    static let kinds: [ContractKind] = [.twoWay, .hashChain, .merkleToken, .lottery]

    let steps: [Step]
    let requirements: PaymentRequirements
    let offer: PrepaidOffer
    /// Keys that everybody knows.
    let payer: KeySigner
    let payee: KeySigner

    init(_ kind: ContractKind) throws {
        var folder = URL(filePath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        let name = kind.rawValue.replacing("-", with: "_")
        let file = folder.appending(path: "Vectors/x402/http_exchange_\(name).json")
        let recorded = try JSON.parse(Array(Data(contentsOf: file)))
        var steps: [Step] = []
        for entry in recorded.arrayValue ?? [] {
            steps.append(
                Step(
                    url: entry["request"]?["url"]?.stringValue ?? "",
                    status: Int(entry["response"]?["status"]?.integerValue ?? 0),
                    body: try entry["response"]?["body"]?.stringValue.map { try JSON.parse($0) },
                    sent: Self.header("payment-signature", in: entry["request"]),
                    required: Self.header("payment-required", in: entry["response"]),
                    settled: Self.header("payment-response", in: entry["response"])))
        }
        guard let first = steps.first?.required,
            let requirements = try ReceivedDemand(header: first.text).offers.first?.requirements,
            let token = KnownTokens.token(requirements.asset, on: requirements.network),
            let offer = PrepaidOffer(requirements, token: token)
        else { throw Unreadable(name: name) }
        self.steps = steps
        self.requirements = requirements
        self.offer = offer
        payer = try Self.signer(0x11)
        payee = try Self.signer(0x33)
    }

    /// The terms of the channel that was opened, and its name.
    func opened<Scheme: PrepaidWire>(_ scheme: Scheme.Type) throws -> (terms: Scheme.Rules.Terms, id: ChannelID) {
        for step in steps {
            guard case .open(let terms, _, _)? = try step.payload(scheme) else { continue }
            return (terms, terms.channelID(in: offer.domain))
        }
        throw Unreadable(name: offer.scheme)
    }

    private static func header(_ name: String, in part: JSON?) -> Header? {
        guard let text = part?["headers"]?[name]?.stringValue, let json = part?["decoded"]?[name] else { return nil }
        return Header(text: text, json: json)
    }

    private static func signer(_ byte: UInt8) throws -> KeySigner {
        guard let key = PrivateKey([UInt8](repeating: byte, count: 32)) else { throw Unreadable(name: "key") }
        return KeySigner(key)
    }

    struct Unreadable: Error {
        let name: String
    }
}
