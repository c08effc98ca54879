// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Where in a contract's text something stands.
public struct SourceSpan: Hashable, Sendable, CustomStringConvertible {
    /// A place in the text; lines and columns are counted from 1, columns in Unicode scalars.
    public struct Position: Hashable, Comparable, Sendable, CustomStringConvertible {
        public var line: Int
        public var column: Int

        public init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }

        public static func < (left: Self, right: Self) -> Bool {
            (left.line, left.column) < (right.line, right.column)
        }

        public var description: String { "\(line):\(column)" }
    }

    /// The first character.
    public var start: Position
    /// The last character.
    public var end: Position

    public init(start: Position, end: Position) {
        self.start = start
        self.end = end
    }

    /// The span that begins where this one does and ends where `other` does.
    func through(_ other: SourceSpan) -> SourceSpan { SourceSpan(start: start, end: other.end) }

    /// Line and column of the beginning.
    public var description: String { start.description }
}
