// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A word of a contract's text.
struct Token: Hashable {
    enum Kind: Hashable {
        case leftParenthesis
        case rightParenthesis
        case leftBrace
        case rightBrace
        case colon
        case comma
        case dot
        case int(Int128)
        case uint(UInt128)
        case ascii([UInt8])
        case utf8([Unicode.Scalar])
        case buffer([UInt8])
        case name(String)
        case traitReference(String)
        case principal(String)
        /// White space and comments.
        case space
        case end
    }

    var kind: Kind
    var span: SourceSpan

    /// How to call the token in a message.
    var text: String {
        switch kind {
        case .leftParenthesis: "("
        case .rightParenthesis: ")"
        case .leftBrace: "{"
        case .rightBrace: "}"
        case .colon: ":"
        case .comma: ","
        case .dot: "."
        case .int(let value): "\(value)"
        case .uint(let value): "u\(value)"
        case .ascii, .utf8: "a string"
        case .buffer: "a buffer"
        case .name(let name): name
        case .traitReference(let name): "<\(name)>"
        case .principal(let text): "'\(text)"
        case .space: "white space"
        case .end: "the end"
        }
    }
}
