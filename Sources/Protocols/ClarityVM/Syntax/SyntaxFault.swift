// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A text that is no contract, and where it stops being one.
///
/// - Source: stacks-core, the errors of the Clarity VM's lexer, parser and definition sorter.
public struct SyntaxFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with the text.
    public enum Reason: Hashable, Sendable {
        case sourceTooLong(limit: Int)
        case nonASCIICharacter
        case unsupportedLineEnding
        case singleSemicolon
        case unknownSymbol(String)
        case expectedSeparator
        case expectedWhitespace
        case expectedClosing(String)
        case unexpectedToken(String)
        case expressionStackDepthTooDeep(limit: Int)
        case invalidCharacter(String, in: Literal)
        case failedParsingIntValue(String)
        case failedParsingUIntValue(String)
        case invalidBufferLength(Int)
        case unknownEscape(String)
        case illegalASCIIString
        case invalidUTF8Encoding
        case valueTooLarge
        case invalidPrincipalLiteral(String)
        case expectedContractIdentifier
        case expectedTraitIdentifier
        case contractNameTooLong(String)
        case illegalContractName(String)
        case nameTooLong(Int)
        case illegalClarityName(String)
        case tupleColonExpected
        case tupleCommaExpected
        case tupleValueExpected
        case circularReference([String])
        case defineTraitBadSignature
        case importTraitBadSignature
        case implTraitBadSignature
        case nameAlreadyUsed(String)
        case traitReferenceUnknown(String)
        case traitReferenceNotAllowed
    }

    /// The kind of word that a character does not belong into.
    public enum Literal: String, Hashable, Sendable {
        case name = "Ident"
        case traitReference = "TraitIdent"
        case int = "Int"
        case uint = "Uint"
        case buffer = "Buffer"
        case principal = "Principal"
    }

    /// What is wrong.
    public let reason: Reason
    /// Where.
    public let span: SourceSpan

    /// A fault of this kind at this place.
    public init(_ reason: Reason, at span: SourceSpan) {
        self.reason = reason
        self.span = span
    }

    /// The place, and what is wrong there.
    public var description: String { "\(span): \(code): \(message)" }

    /// A name for programs, which is the reference VM's.
    public var code: String {
        switch reason {
        case .sourceTooLong: "SourceTooLong"
        case .nonASCIICharacter: "NonASCIIChar"
        case .unsupportedLineEnding: "UnsupportedLineEnding"
        case .singleSemicolon: "SingleSemiColon"
        case .unknownSymbol: "UnknownSymbol"
        case .expectedSeparator: "ExpectedSeparator"
        case .expectedWhitespace: "ExpectedWhitespace"
        case .expectedClosing: "ExpectedClosing"
        case .unexpectedToken: "UnexpectedToken"
        case .expressionStackDepthTooDeep: "ExpressionStackDepthTooDeep"
        case .invalidCharacter(_, let literal): "InvalidChar\(literal.rawValue)"
        case .failedParsingIntValue: "FailedParsingIntValue"
        case .failedParsingUIntValue: "FailedParsingUIntValue"
        case .invalidBufferLength: "InvalidBufferLength"
        case .unknownEscape: "UnknownEscapeChar"
        case .illegalASCIIString: "IllegalASCIIString"
        case .invalidUTF8Encoding: "InvalidUTF8Encoding"
        case .valueTooLarge: "ValueTooLarge"
        case .invalidPrincipalLiteral: "InvalidPrincipalLiteral"
        case .expectedContractIdentifier: "ExpectedContractIdentifier"
        case .expectedTraitIdentifier: "ExpectedTraitIdentifier"
        case .contractNameTooLong: "ContractNameTooLong"
        case .illegalContractName: "IllegalContractName"
        case .nameTooLong: "NameTooLong"
        case .illegalClarityName: "IllegalClarityName"
        case .tupleColonExpected: "TupleColonExpected"
        case .tupleCommaExpected: "TupleCommaExpected"
        case .tupleValueExpected: "TupleValueExpected"
        case .circularReference: "CircularReference"
        case .defineTraitBadSignature: "DefineTraitBadSignature"
        case .importTraitBadSignature: "ImportTraitBadSignature"
        case .implTraitBadSignature: "ImplTraitBadSignature"
        case .nameAlreadyUsed: "NameAlreadyUsed"
        case .traitReferenceUnknown: "TraitReferenceUnknown"
        case .traitReferenceNotAllowed: "TraitReferenceNotAllowed"
        }
    }
}
