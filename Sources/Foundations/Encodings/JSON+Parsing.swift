// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension JSON {
    /// How much a text may ask of its reader.
    public struct Limits: Hashable, Sendable {
        /// How many arrays and objects may stand inside each other; 0 admits only a lone scalar.
        ///
        /// - Range: 0 through 256; the bound keeps the reader's stack small on every thread.
        public let maximumDepth: Int
        /// How long the text may be.
        ///
        /// - Unit: bytes of UTF-8.
        public let maximumBytes: Int

        /// - Parameters:
        ///   - maximumDepth: Arrays and objects inside each other; brought into 0 through 256 when outside.
        ///   - maximumBytes: Bytes of UTF-8; brought up to 0 when negative.
        public init(maximumDepth: Int = 32, maximumBytes: Int = 1_048_576) {
            self.maximumDepth = min(max(maximumDepth, 0), 256)
            self.maximumBytes = max(maximumBytes, 0)
        }

        /// 32 levels and 1 MiB.
        public static let `default` = Limits()
    }

    /// Reads one JSON text, and nothing but that, from UTF-8.
    ///
    /// Stricter than RFC 8259 demands where readers are known to differ: an object must not repeat a name (by its
    /// bytes once unescaped), an escaped surrogate must be half of a pair, and no byte order mark is skipped.
    ///
    /// - Throws: ``ParseError``, for the first thing wrong from the start of the text.
    /// - Source: RFC 8259; sections 4 (names), 7 (strings), 8.1 (UTF-8) and 9 (limits).
    public static func parse(_ bytes: Span<UInt8>, limits: Limits = .default) throws(ParseError) -> JSON {
        var parser = JSONParser(limits: limits)
        return try parser.document(in: bytes)
    }

    /// Reads one JSON text, and nothing but that, from UTF-8.
    ///
    /// - Throws: ``ParseError``, for the first thing wrong from the start of the text.
    public static func parse(_ bytes: [UInt8], limits: Limits = .default) throws(ParseError) -> JSON {
        try parse(bytes.span, limits: limits)
    }

    /// Reads one JSON text, and nothing but that.
    ///
    /// - Throws: ``ParseError``, for the first thing wrong from the start of the text.
    public static func parse(_ text: String, limits: Limits = .default) throws(ParseError) -> JSON {
        let utf8 = text.utf8Span
        return try parse(utf8.span, limits: limits)
    }
}
