// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension JSON {
    /// A JSON number, kept as the text it was written with.
    ///
    /// `1.50` stays `1.50`: no binary fraction can hold it exactly, and money must not be rounded. Two numbers are
    /// equal when both are whole and the same (`0` and `-0`), otherwise only when their texts are the same
    /// (`1.5` and `1.50` differ, and so do `100` and `1e2`).
    ///
    /// - Source: RFC 8259, section 6.
    public struct Number: Sendable {
        /// The digits as written, for example `900`, `-1.50` or `1e9`; always a number by RFC 8259.
        public let text: String

        public init(_ integer: some FixedWidthInteger) {
            text = String(integer)
        }

        /// A number written by RFC 8259, or `nil` when the text is not exactly one such number.
        public init?(text: String) {
            guard let parsed = try? JSON.parse(text), case .number(let number) = parsed,
                number.text.utf8.count == text.utf8.count
            else { return nil }
            self = number
        }

        /// - Parameter text: Checked already against the grammar of RFC 8259, section 6.
        init(checked text: String) {
            self.text = text
        }

        /// The whole number, or `nil` when it is written with a fraction or an exponent, or does not fit.
        ///
        /// - Range: −2⁶³ through 2⁶³ − 1.
        public var integer: Int64? { Int64(text) }
    }
}

extension JSON.Number: Hashable {
    public static func == (left: JSON.Number, right: JSON.Number) -> Bool {
        if let whole = left.integer { return whole == right.integer }
        return right.integer == nil && ExactText.same(left.text, right.text)
    }

    public func hash(into hasher: inout Hasher) {
        if let whole = integer {
            hasher.combine(whole)
        } else {
            hasher.combine(ExactText(text))
        }
    }
}

extension JSON.Number: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) {
        self.init(value)
    }
}
