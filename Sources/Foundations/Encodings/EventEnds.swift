// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Finds where server-sent events end.
///
/// - Source: WHATWG HTML, section 9.2.5: an event ends with an empty line; a line with LF, CR or both.
package struct EventEnds: Sendable {
    private var isLineEmpty = true
    /// Whether the last byte was a CR, to whose line an LF may still belong.
    package private(set) var wasReturn = false

    package init() {}

    /// - Returns: Whether an event ends with this byte.
    package mutating func ends(with byte: UInt8) -> Bool {
        let (isReturn, isFeed) = (byte == UInt8(ascii: "\r"), byte == UInt8(ascii: "\n"))
        defer { wasReturn = isReturn }
        // CR and LF together end one line; the CR did so already.
        if isFeed, wasReturn { return false }
        guard isReturn || isFeed else {
            isLineEmpty = false
            return false
        }
        defer { isLineEmpty = true }
        return isLineEmpty
    }
}
