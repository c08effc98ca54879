// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import HTTPTypes
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

extension GateAnswer {
    /// What the header PAYMENT-REQUIRED says.
    var required: JSON? { headers[.paymentRequired].flatMap { try? Self.decoded($0) } }

    /// What the header PAYMENT-RESPONSE says.
    var settled: JSON? { headers[.paymentResponse].flatMap { try? Self.decoded($0) } }

    /// The `code` of the problem that the body tells.
    var code: String? { (try? JSON.parse(body))?["code"]?.stringValue }

    var text: String { String(decoding: body, as: UTF8.self) }

    static func decoded(_ header: String) throws -> JSON {
        try JSON.parse(Base64.decode(header, maximumBytes: 64 * 1024))
    }
}

extension Gate.Decision {
    /// The answer, when the gate answers by itself.
    var answer: GateAnswer? {
        guard case .answer(let answer) = self else { return nil }
        return answer
    }

    /// The request that is to be served, when it was paid for.
    var paid: PaidRequest? {
        guard case .serve(let paid) = self else { return nil }
        return paid
    }

    var isPreflight: Bool {
        guard case .preflight = self else { return false }
        return true
    }

    var isPass: Bool {
        guard case .pass = self else { return false }
        return true
    }
}
