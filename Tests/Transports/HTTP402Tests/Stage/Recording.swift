// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation

@testable import FarthingHTTP402
@testable import FarthingX402

/// What official x402 clients and servers said to each other.
enum Recording {
    struct Header {
        let place: String
        let text: String
        let json: JSON
    }

    static let exchanges = ["basic", "corrective", "exact", "refund_full", "refund_partial", "topup"]

    /// Every recorded header of this name, alone and in exchanges.
    static func headers(_ name: String) throws -> [Header] {
        var found: [Header] = []
        for vector in try file("http_headers").members ?? [] where vector.name.hasPrefix(name) {
            guard let text = vector.value["header"]?.stringValue, let json = vector.value["json"] else { continue }
            found.append(Header(place: vector.name, text: text, json: json))
        }
        for exchange in exchanges { found += try headers(name, in: exchange) }
        return found
    }

    /// The headers of this name in one exchange, in the order in which they were sent.
    static func headers(_ name: String, in exchange: String) throws -> [Header] {
        var found: [Header] = []
        for (index, step) in (try file("http_exchange_\(exchange)").arrayValue ?? []).enumerated() {
            for side in ["request", "response"] {
                let sent = step[side]?["headers"]?.members?.first { $0.name.lowercased() == name.lowercased() }
                guard let text = sent?.value.stringValue,
                    let json = step[side]?["decoded"]?[name.lowercased()]
                else { continue }
                found.append(Header(place: "\(exchange) \(index)", text: text, json: json))
            }
        }
        return found
    }

    /// `Tests/Vectors/x402`, seen from `Tests/Transports/HTTP402Tests/Stage`.
    private static func file(_ name: String) throws -> JSON {
        var folder = URL(filePath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        return try JSON.parse(Array(Data(contentsOf: folder.appending(path: "Vectors/x402/\(name).json"))))
    }
}

extension PaymentRequirements {
    /// A recorded entry of `accepts`.
    init?(recorded json: JSON) {
        guard let scheme = json["scheme"]?.stringValue,
            let network = json["network"]?.stringValue.flatMap({ Network($0) }),
            let amount = json["amount"]?.stringValue.flatMap({ Amount(wire: $0) }),
            let asset = json["asset"]?.stringValue.flatMap({ Address(hex: $0) }),
            let payTo = json["payTo"]?.stringValue.flatMap({ Address(hex: $0) }),
            let timeout = json["maxTimeoutSeconds"]?.integerValue, let extra = json["extra"]
        else { return nil }
        self.init(
            scheme: scheme, network: network, amount: amount, asset: asset, payTo: payTo, maxTimeoutSeconds: timeout,
            extra: extra)
    }
}
