// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

@testable import FarthingAssembly

/// MuP2P's messages, at a payee that takes real tokens.
extension Decoder {
    static let tokens = [tokenMessages]

    private static let shop = try? Waiting.result { try await TokenShop.open() }

    /// Messages apart by line feeds.
    private static let tokenMessages = Decoder("mup2p-messages") { bytes in
        guard let shop else { throw BrokenPromise("there is no shop") }
        let answers = try Waiting.result {
            var session = TokenSession(desks: shop.desks, price: TokenShop.price)
            var answers: [JSON] = []
            for message in bytes.split(separator: UInt8(ascii: "\n")) {
                answers.append(await session.answer(Array(message)))
            }
            return answers
        }
        for answer in answers {
            let status = answer["status"]?.integerValue ?? 0
            // Nothing here can be out of order, so 503 would be a refusal that nobody thought of.
            try BrokenPromise.unless([200, 400, 402, 403].contains(status), "status \(status)")
            try BrokenPromise.unless(answer["message"]?.stringValue?.isEmpty == false, "no message")
            try BrokenPromise.unless(status == 200 || answer["code"]?.stringValue != nil, "a refusal without a code")
        }
        return answers.contains { $0["status"] == 200 }
    }
}
