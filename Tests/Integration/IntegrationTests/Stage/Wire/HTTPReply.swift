// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// What a server answered.
struct HTTPReply: Sendable {
    let head: HTTPHead
    /// The first megabyte of it.
    let body: [UInt8]
    /// How many bytes came in all.
    let bodyBytes: Int
    /// Whether the body came to the end that was announced.
    let isComplete: Bool

    static let keptBytes = 1 << 20

    var status: Int { head.status }
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON? { try? JSON.parse(body) }

    /// The code in the problem details, or `nil` when there are none.
    var code: String? {
        head["Content-Type"] == "application/problem+json" ? json?["code"]?.stringValue : nil
    }

    /// What stands in PAYMENT-REQUIRED.
    var required: JSON? { decoded("PAYMENT-REQUIRED") }
    /// What stands in PAYMENT-RESPONSE.
    var settled: JSON? { decoded("PAYMENT-RESPONSE") }
    var offer: JSON? { required?["accepts"]?.arrayValue?.first }
    var charged: String? { settled?["extra"]?["chargedAmount"]?.stringValue }

    private func decoded(_ name: String) -> JSON? {
        head[name].flatMap { try? Base64.decode($0, maximumBytes: 65_536) }.flatMap { try? JSON.parse($0) }
    }
}
