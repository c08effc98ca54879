// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A string compared byte for byte in UTF-8.
///
/// Swift calls two strings equal when Unicode does (`é` as one scalar or as two); JSON compares code by code, and
/// so must whatever decides whether two member names are the same.
///
/// - Source: RFC 8259, section 8.3.
struct ExactText: Hashable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    static func == (left: ExactText, right: ExactText) -> Bool { same(left.text, right.text) }

    /// Hashes the bytes: Swift's own hash would be the same for all equivalent spellings, and a peer could send
    /// thousands of those as member names.
    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(UInt8.max)
    }

    static func same(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        let leftText = left.utf8Span
        let rightText = right.utf8Span
        let leftBytes = leftText.span
        let rightBytes = rightText.span
        for index in leftBytes.indices where leftBytes[index] != rightBytes[index] { return false }
        return true
    }

    static func inOrder(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
