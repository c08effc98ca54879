// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives

/// Many paid requests in one.
enum BatchRequest {
    private static let path = "/.well-known/farthing/batch"

    /// - Parameter payments: The text of their headers.
    static func bytes(_ payments: [String]) -> [UInt8] {
        let requests = payments.map { payment -> JSON in
            ["method": "GET", "path": .string(Payee.paidPath), "payment": .string(payment)]
        }
        return LoadRequests.post(path, json: JSON.object(["requests": .array(requests)]).text)
    }

    /// Every request in it must have been served, and every payment charged.
    ///
    /// - Parameter paid: What the channels of its requests had paid in all.
    static func check(_ answer: String, for paid: [Amount]) throws {
        guard let body = answer.split(separator: "\r\n\r\n", maxSplits: 1).last,
            let answers = try JSON.parse(Array(body.utf8))["answers"]?.arrayValue, answers.count == paid.count
        else { throw WrongResult("A batch was not answered in full: \(answer.prefix(200))") }
        for (answer, paid) in zip(answers, paid) {
            guard answer["status"]?.integerValue == 200, let receipt = answer["receipt"]?.stringValue else {
                throw WrongResult("A request in a batch was not served: \(answer)")
            }
            try Receipt.check(receipt, for: paid)
        }
    }

    /// Whether a server knows batches, found out by sending one.
    ///
    /// - Parameter number: A channel that nobody else uses.
    static func isTaken(by server: ChildServer, _ wallet: Wallet, channel number: Int) async -> Bool {
        let request = bytes([wallet.header(number, wallet.channel(number))])
        let once = LoadRequests(repeating: request, count: 1, connections: 1)
        do {
            for answer in try await LoadGenerator(port: server.port, requests: once).run() {
                try check(answer, for: [wallet.ceiling(of: number)])
            }
            return true
        } catch {
            return false
        }
    }
}
