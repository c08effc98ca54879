// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// What is the same in every payment for an offer: all that x402's own clients send besides the payload.
struct PaymentFrame: Sendable {
    private let rest: String

    /// - Parameters:
    ///   - required: What a 402 said.
    ///   - accepted: The offer of it that is taken.
    init(_ required: JSON, _ accepted: JSON, _ extensions: JSON?) {
        rest =
            [("extensions", extensions), ("resource", required["resource"]), ("accepted", accepted)]
            .compactMap { name, value in value.map { ",\"\(name)\":\($0.text)" } }.joined() + "}"
    }

    /// The JSON text of a payment.
    func text(_ payload: JSON) -> [UInt8] { Array(("{\"x402Version\":2,\"payload\":" + payload.text + rest).utf8) }
}
