// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What a contract answered to a transaction, out of the text in which a node writes it.
///
/// - Source: stacks-core, `impl Display for Value`: `(ok u5)`, `(err u201)`, `(ok ((ok u5) (err u211)))`.
struct ContractAnswer: Hashable, Sendable {
    /// A response within the answer: its number, if it was well, or the number of its error.
    enum Response: Hashable, Sendable {
        case ok(UInt128)
        case err(UInt128)
    }

    private let text: Substring

    init(_ text: String) { self.text = text.prefix(1 << 20) }

    var isOK: Bool { text.hasPrefix("(ok ") }

    /// The number of the error; `nil` when the call went well, or failed in another way.
    var error: UInt128? {
        guard case .err(let code)? = Self.response(text) else { return nil }
        return code
    }

    /// The one number that the call answered with.
    var number: UInt128? {
        guard case .ok(let number)? = Self.response(text) else { return nil }
        return number
    }

    /// The responses of a list, in their order; `nil` when the answer is no list of them.
    var rows: [Response]? {
        guard text.hasPrefix("(ok ("), text.hasSuffix("))") else { return nil }
        let inner = text.dropFirst(5).dropLast(2)
        guard !inner.isEmpty else { return [] }
        let parts = inner.split(separator: ")", omittingEmptySubsequences: true)
        let rows = parts.compactMap { part in Self.response(part.drop { $0 == " " } + ")") }
        return rows.count == parts.count ? rows : nil
    }

    private static func response(_ text: some StringProtocol) -> Response? {
        guard text.hasSuffix(")") else { return nil }
        if text.hasPrefix("(ok u") { return UInt128(text.dropFirst(5).dropLast(1)).map { .ok($0) } }
        if text.hasPrefix("(err u") { return UInt128(text.dropFirst(6).dropLast(1)).map { .err($0) } }
        return nil
    }
}
