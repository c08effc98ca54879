// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingX402
import HTTPTypes
import Synchronization

/// Answers that were paid for, kept for payers whose connection broke before they got them.
///
/// - Source: x402 v2, extension `payment-identifier`: the same identifier and payment get the same answer and are
///   charged once; the same identifier with another payment is a conflict.
final class PaymentIdentifiers: Sendable {
    static let extensionName = "payment-identifier"

    /// What is known of an identifier.
    enum Finding {
        case fresh
        case inProgress
        case conflict
        case answered(GateAnswer)
        case notKept
    }

    private struct Entry {
        let fingerprint: Hash32
        var answer: GateAnswer?
        var isDone = false

        var bytes: Int {
            guard let answer else { return 0 }
            return answer.headers.reduce(answer.body.count) { $0 + $1.name.rawName.utf8.count + $1.value.utf8.count }
        }
    }

    private struct Contents {
        var entries: [String: Entry] = [:]
        /// Those that are done, oldest first; forgotten ones are left in and passed over.
        var done: [String] = []
        /// How many of `done` were passed already.
        var passed = 0
        var bytes = 0
    }

    /// The longest body that is kept for a second asking.
    ///
    /// - Unit: bytes.
    static let longestAnswer = 64 * 1024

    private let maximumEntries: Int
    private let maximumBytes: Int
    private let contents = Mutex(Contents())

    init(maximumEntries: Int = 10_000, maximumBytes: Int = 64 * 1024 * 1024) {
        self.maximumEntries = maximumEntries
        self.maximumBytes = maximumBytes
    }

    /// Looks an identifier up, and takes it when it is fresh.
    func take(_ identifier: String, fingerprint: Hash32) -> Finding {
        contents.withLock { contents in
            if let entry = contents.entries[identifier] {
                guard entry.fingerprint == fingerprint else { return .conflict }
                guard entry.isDone else { return .inProgress }
                return entry.answer.map { .answered($0) } ?? .notKept
            }
            contents.entries[identifier] = Entry(fingerprint: fingerprint)
            return .fresh
        }
    }

    /// Nothing was charged: the identifier may be used again.
    func forget(_ identifier: String) {
        contents.withLock { contents in
            contents.bytes -= contents.entries.removeValue(forKey: identifier)?.bytes ?? 0
        }
    }

    /// Keeps the answer; `nil` when it was too long to keep.
    func keep(_ answer: GateAnswer?, for identifier: String) {
        contents.withLock { contents in
            guard var entry = contents.entries[identifier], !entry.isDone else { return }
            entry.isDone = true
            entry.answer = answer
            contents.entries[identifier] = entry
            contents.bytes += entry.bytes
            contents.done.append(identifier)
            forgetOldest(&contents)
        }
    }

    /// How many identifiers are known, and the bytes of the answers kept for them.
    var size: (entries: Int, bytes: Int) { contents.withLock { ($0.entries.count, $0.bytes) } }

    /// Those in progress are never forgotten, or two requests with one identifier could be served side by side.
    private func forgetOldest(_ contents: inout Contents) {
        while contents.entries.count > maximumEntries || contents.bytes > maximumBytes,
            contents.passed < contents.done.count
        {
            let identifier = contents.done[contents.passed]
            contents.passed += 1
            guard contents.entries[identifier]?.isDone == true else { continue }
            contents.bytes -= contents.entries.removeValue(forKey: identifier)?.bytes ?? 0
        }
        // What was passed, and what was forgotten by itself, must not pile up.
        guard contents.done.count > 2 * contents.entries.count + 64 else { return }
        var seen = Set<String>()
        contents.done = contents.done.dropFirst(contents.passed).filter {
            contents.entries[$0]?.isDone == true && seen.insert($0).inserted
        }
        contents.passed = 0
    }

    /// The identifier that a payment carries.
    ///
    /// - Returns: `nil` when it carries none.
    static func identifier(of payment: PaymentPayload) throws(PaymentFault) -> String? {
        guard let info = payment.extensions?[extensionName]?["info"], let id = info["id"] else { return nil }
        guard let text = id.stringValue, (16...128).contains(text.utf8.count), text.utf8.allSatisfy(isAllowed) else {
            throw .identifierMalformed
        }
        return text
    }

    /// What the server says of the extension in its 402.
    static func declaration(required: Bool) -> JSON {
        [
            "info": ["required": .bool(required)],
            "schema": [
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": [
                    "required": ["type": "boolean"],
                    "id": ["type": "string", "minLength": 16, "maxLength": 128, "pattern": "^[a-zA-Z0-9_-]+$"],
                ],
                "required": ["required"],
            ],
        ]
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
