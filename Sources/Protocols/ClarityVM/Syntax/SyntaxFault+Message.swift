// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension SyntaxFault {
    /// What is wrong, for people, without the place.
    public var message: String {
        switch reason {
        case .sourceTooLong(let limit): "A contract has at most \(limit) bytes."
        case .nonASCIICharacter: "Only ASCII may stand in a contract; in strings, write \\u{…}."
        case .unsupportedLineEnding: "Lines end with a line feed alone."
        case .singleSemicolon: "A comment begins with two semicolons."
        case .unknownSymbol(let symbol): "Nothing begins with \(symbol)."
        case .expectedSeparator: "White space or a parenthesis is needed behind an operator."
        case .expectedWhitespace: "White space is needed between the parts of a list."
        case .expectedClosing(let bracket): "What was opened is never closed with \(bracket)."
        case .unexpectedToken(let token): "\(token) has no place here."
        case .expressionStackDepthTooDeep(let limit): "Expressions are nested more than \(limit) deep."
        case .invalidCharacter(let character, let literal):
            switch literal {
            case .name: "\(character) has no place in a name."
            case .traitReference: "\(character) has no place in the name of a trait."
            case .int, .uint: "\(character) has no place in a number."
            case .buffer: "\(character) is no hexadecimal digit."
            case .principal: "\(character) has no place in a principal."
            }
        case .failedParsingIntValue(let digits): "\(digits) does not fit into int."
        case .failedParsingUIntValue(let digits): "u\(digits) does not fit into uint."
        case .invalidBufferLength(let digits): "A buffer of \(digits) hexadecimal digits ends in the middle of a byte."
        case .unknownEscape(let character): "There is no escape \\\(character)."
        case .illegalASCIIString: "The string holds a character that string-ascii does not allow."
        case .invalidUTF8Encoding: "\\u{…} takes the hexadecimal number of a Unicode scalar."
        case .valueTooLarge: "No value may be larger than 1 MiB."
        case .invalidPrincipalLiteral(let text): "\(text) is no principal: a letter is wrong."
        case .expectedContractIdentifier: "The name of a contract is needed behind the dot."
        case .expectedTraitIdentifier: "The name of a trait is needed behind the dot."
        case .contractNameTooLong(let name): "\(name) is too long a name for a contract."
        case .illegalContractName(let name): "No contract can be called \(name)."
        case .nameTooLong(let length): "\(length) letters are too many for a name."
        case .illegalClarityName(let name): "Nothing can be called \(name)."
        case .tupleColonExpected: "A colon is needed behind the name of a field."
        case .tupleCommaExpected: "A comma or } is needed behind a field."
        case .tupleValueExpected: "A value is needed behind the colon."
        case .circularReference(let names): "\(names.joined(separator: ", ")) need each other in a circle."
        case .defineTraitBadSignature: "A trait is defined by a name and a list of methods."
        case .importTraitBadSignature: "A trait is imported by a name for it and its full name."
        case .implTraitBadSignature: "A trait to implement is given by its full name."
        case .nameAlreadyUsed(let name): "\(name) is defined already."
        case .traitReferenceUnknown(let name): "There is no trait \(name): define it or import it."
        case .traitReferenceNotAllowed: "A trait reference cannot be kept."
        }
    }
}
