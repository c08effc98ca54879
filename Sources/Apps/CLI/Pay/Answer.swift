// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingX402
import Foundation
import NIOCore
import NIOHTTP1

/// What came back for one request, as it is told to people and programs.
struct Answer: Sendable {
    let paid: PaidResponse
    /// What is left in the channel.
    let left: Amount?

    var response: HTTPClientResponse { paid.response }
    var isFine: Bool { response.status.code < 400 }

    /// The head as it stood on the wire.
    var head: String {
        let version = "HTTP/\(response.version.major).\(response.version.minor)"
        let lines = response.headers.map { "\($0.name): \($0.value)" }
        return (["\(version) \(response.status.code) \(response.status.reasonPhrase)"] + lines)
            .joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// `paid`, `free`, `not-charged` when a payment went along and cost nothing, or `unknown`
    /// when a payment went along and was not answered for.
    var outcome: String {
        if receipt != nil { return "paid" }
        if paid.isInDoubt || paid.stream != nil { return "unknown" }
        return paid.isUncharged ? "not-charged" : "free"
    }

    /// For a stream what all payments came to, once it is over.
    var receipt: PaymentReceipt? { paid.stream?.receipt ?? paid.receipt }

    /// - Parameter body: The members that hold the body, or say where it is.
    func json(_ body: [(name: String, value: JSON)]) -> JSON {
        let receipt = receipt
        let head: JSON = .object([
            "status": .integer(response.status.code), "headers": headers, "outcome": .string(outcome),
            "price": receipt.map { .string("\($0.price)") }, "charged": receipt.map { .string("\($0.charged)") },
            "deposited": receipt.map { .string("\($0.deposited)") }, "left": left.map { .string("\($0)") },
            "channel": receipt?.channel.map { .string("\($0)") }, "scheme": receipt.map { .string($0.scheme) },
            "network": receipt.map { .string("\($0.network)") },
            "asset": receipt.map { .string($0.asset.checksummed) },
            "receiver": receipt.map { .string($0.network.text(of: $0.receiver)) },
            "transaction": receipt.flatMap { receipt in
                receipt.transaction.map { .string(receipt.network.text(of: $0)) }
            },
            "stream": paid.stream?.status?.json,
        ])
        return body.reduce(head) { $0.adding($1.name, $1.value) }
    }

    /// The values of each name, in lower case and in order.
    private var headers: JSON {
        var names: [String] = []
        for header in response.headers where !names.contains(header.name.lowercased()) {
            names.append(header.name.lowercased())
        }
        return names.reduce(JSON.object([])) { json, name in
            json.adding(name, .array(response.headers[name].map { .string($0) }))
        }
    }
}
