// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Where in a contract's text something stands.
public struct SourceSpan: Hashable, Sendable, CustomStringConvertible {
    /// A place in the text; lines and columns are counted from 1, columns in bytes.
    public struct Position: Hashable, Comparable, Sendable, CustomStringConvertible {
        private let storedLine: UInt32
        private let storedColumn: UInt32

        /// A place; numbers that are out of range become the nearest.
        public init(line: Int, column: Int) {
            storedLine = UInt32(clamping: line)
            storedColumn = UInt32(clamping: column)
        }

        /// The line, counted from 1.
        public var line: Int { Int(storedLine) }
        /// The byte in the line, counted from 1.
        public var column: Int { Int(storedColumn) }

        /// Orders by line, then by column.
        public static func < (left: Self, right: Self) -> Bool {
            (left.storedLine, left.storedColumn) < (right.storedLine, right.storedColumn)
        }

        /// `line:column`.
        public var description: String { "\(line):\(column)" }
    }

    /// The first character.
    public let start: Position
    /// The last character.
    public let end: Position

    /// The span from a first to a last character.
    public init(start: Position, end: Position) {
        self.start = start
        self.end = end
    }

    /// The span that begins where this one does and ends where `other` does.
    func through(_ other: SourceSpan) -> SourceSpan { SourceSpan(start: start, end: other.end) }

    /// Line and column of the beginning.
    public var description: String { start.description }
}
