// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// Reads a contract's text into expressions.
///
/// Nesting is bounded before anything is built, so that whoever walks through the expressions later may do it
/// recursively.
///
/// - Source: SIP-002; stacks-core, the second version of the Clarity parser, in use since epoch 2.1.
public struct Parser {
    /// How deep lists may be nested; a tuple literal counts twice.
    public static let maximumNesting = 68
    /// The length of the longest text in bytes.
    public static let maximumLength = 1_048_576

    private var lexer: Lexer
    private var token: Token
    private let issuer: StandardPrincipal?
    private var lastID = 0

    /// The expressions of `source`, in its order.
    ///
    /// - Parameters:
    ///   - source: The contract's text, of at most ``maximumLength`` bytes.
    ///   - issuer: Who deploys the contract. When it is given, `.name` means a contract of theirs and becomes a
    ///     literal.
    /// - Throws: ``SyntaxFault`` with the place of the first fault.
    public static func parse(_ source: String, issuer: StandardPrincipal? = nil) throws(SyntaxFault) -> [Expression] {
        let bytes = Array(source.utf8)
        let start = SourceSpan.Position(line: 1, column: 1)
        guard bytes.count <= maximumLength else {
            throw SyntaxFault(.sourceTooLong(limit: maximumLength), at: SourceSpan(start: start, end: start))
        }
        var parser = try Parser(bytes, issuer: issuer)
        var expressions: [Expression] = []
        while true {
            try parser.skipSpace()
            if parser.token.kind == .end { return expressions }
            expressions.append(try parser.parseExpression(nesting: 0))
        }
    }

    private init(_ source: [UInt8], issuer: StandardPrincipal?) throws(SyntaxFault) {
        lexer = Lexer(source)
        token = try lexer.next()
        self.issuer = issuer
    }

    // MARK: - Expressions

    /// Reads one expression; `nesting` lists are open around it, and no white space stands in front of it.
    private mutating func parseExpression(nesting: Int) throws(SyntaxFault) -> Expression {
        lastID += 1
        let (id, first) = (lastID, token)
        let kind: ExpressionKind
        var end = first.span
        switch first.kind {
        case .leftParenthesis:
            (kind, end) = try parseList(nesting: nesting + 1)
        case .leftBrace:
            (kind, end) = try parseTuple(nesting: nesting + 2)
        case .dot:
            (kind, end) = try parseSugared()
        case .principal(let text):
            (kind, end) = try parsePrincipal(text)
        case .int(let value): kind = try taken(.literal(.int(value)))
        case .uint(let value): kind = try taken(.literal(.uint(value)))
        case .ascii(let bytes): kind = try taken(.literal(.ascii(bytes)))
        case .utf8(let scalars): kind = try taken(.literal(.utf8(scalars)))
        case .buffer(let bytes): kind = try taken(.literal(.buffer(bytes)))
        case .name(let text): kind = try taken(.atom(name(text)))
        case .traitReference(let text): kind = try taken(.traitReference(name(text)))
        case .rightParenthesis, .rightBrace, .colon, .comma, .space, .end:
            throw SyntaxFault(.unexpectedToken(first.text), at: first.span)
        }
        return Expression(id: id, span: first.span.through(end), kind: kind)
    }

    private mutating func parseList(nesting: Int) throws(SyntaxFault) -> (ExpressionKind, SourceSpan) {
        try check(nesting)
        try advance()
        var parts: [Expression] = []
        var isSeparated = true
        while true {
            if try skipSpace() { isSeparated = true }
            switch token.kind {
            case .rightParenthesis:
                let end = token.span
                try advance()
                return (.list(parts), end)
            case .end: throw SyntaxFault(.expectedClosing(")"), at: token.span)
            default:
                let part = try parseExpression(nesting: nesting)
                guard isSeparated else { throw SyntaxFault(.expectedWhitespace, at: part.span) }
                parts.append(part)
                isSeparated = false
            }
        }
    }

    /// Reads `{name: value, …}` and makes `(tuple (name value) …)` of it.
    private mutating func parseTuple(nesting: Int) throws(SyntaxFault) -> (ExpressionKind, SourceSpan) {
        try check(nesting)
        lastID += 1
        var parts = [Expression(id: lastID, span: token.span, kind: .atom(Self.tuple))]
        try advance()
        while true {
            try skipSpace()
            if token.kind == .rightBrace { break }
            if token.kind == .end { throw SyntaxFault(.expectedClosing("}"), at: token.span) }
            lastID += 1
            let id = lastID
            let key = try parseExpression(nesting: nesting)
            try skipSpace()
            guard token.kind == .colon else { throw SyntaxFault(.tupleColonExpected, at: token.span) }
            try advance()
            try skipSpace()
            if token.kind == .end || token.kind == .rightBrace {
                throw SyntaxFault(.tupleValueExpected, at: token.span)
            }
            let value = try parseExpression(nesting: nesting)
            parts.append(Expression(id: id, span: key.span.through(value.span), kind: .list([key, value])))
            try skipSpace()
            switch token.kind {
            case .comma: try advance()
            case .rightBrace: continue
            case .end: throw SyntaxFault(.expectedClosing("}"), at: token.span)
            default: throw SyntaxFault(.tupleCommaExpected, at: token.span)
            }
        }
        let end = token.span
        try advance()
        return (.list(parts), end)
    }

    // MARK: - Principals

    private mutating func parsePrincipal(_ text: String) throws(SyntaxFault) -> (ExpressionKind, SourceSpan) {
        let start = token.span
        let issuer: StandardPrincipal
        do { issuer = try StandardPrincipal(address: text) } catch {
            throw SyntaxFault(.invalidPrincipalLiteral("'\(text)"), at: start)
        }
        try advance()
        guard token.kind == .dot else { return (.literal(.principal(.standard(issuer))), start) }
        let (contract, contractSpan) = try parseContractName()
        guard token.kind == .dot else {
            return (.literal(.principal(.contract(try identifier(issuer, contract, at: contractSpan)))), contractSpan)
        }
        let (trait, traitSpan) = try parseTraitName()
        let field = TraitIdentifier(contract: try identifier(issuer, contract, at: contractSpan), name: trait)
        return (.field(field), traitSpan)
    }

    private mutating func parseSugared() throws(SyntaxFault) -> (ExpressionKind, SourceSpan) {
        let (contract, contractSpan) = try parseContractName()
        guard token.kind == .dot else {
            guard let issuer else { return (.sugaredContract(contract), contractSpan) }
            return (.literal(.principal(.contract(try identifier(issuer, contract, at: contractSpan)))), contractSpan)
        }
        let (trait, traitSpan) = try parseTraitName()
        guard let issuer else { return (.sugaredField(contract: contract, trait: trait), traitSpan) }
        let field = TraitIdentifier(contract: try identifier(issuer, contract, at: contractSpan), name: trait)
        return (.field(field), traitSpan)
    }

    /// Reads a dot and the name of a contract behind it.
    private mutating func parseContractName() throws(SyntaxFault) -> (ClarityName, SourceSpan) {
        try advance()
        let span = token.span
        guard case .name(let text) = token.kind else { throw SyntaxFault(.expectedContractIdentifier, at: span) }
        guard text.utf8.count <= ContractIdentifier.maximumNameLength else {
            throw SyntaxFault(.contractNameTooLong(text), at: span)
        }
        guard let name = ClarityName(text), name.isContractName else {
            throw SyntaxFault(.illegalContractName(text), at: span)
        }
        try advance()
        return (name, span)
    }

    /// Reads a dot and the name of a trait behind it.
    private mutating func parseTraitName() throws(SyntaxFault) -> (ClarityName, SourceSpan) {
        try advance()
        let span = token.span
        guard case .name(let text) = token.kind else { throw SyntaxFault(.expectedTraitIdentifier, at: span) }
        let name = try name(text)
        try advance()
        return (name, span)
    }

    private func identifier(
        _ issuer: StandardPrincipal, _ name: ClarityName, at span: SourceSpan
    ) throws(SyntaxFault) -> ContractIdentifier {
        guard let identifier = ContractIdentifier(issuer: issuer, name: name) else {
            throw SyntaxFault(.illegalContractName(name.text), at: span)
        }
        return identifier
    }

    // MARK: - Tokens

    private mutating func advance() throws(SyntaxFault) {
        token = try lexer.next()
    }

    /// Leaves white space and comments behind, and tells whether there was any.
    @discardableResult
    private mutating func skipSpace() throws(SyntaxFault) -> Bool {
        guard token.kind == .space else { return false }
        try advance()
        return true
    }

    private mutating func taken(_ kind: ExpressionKind) throws(SyntaxFault) -> ExpressionKind {
        try advance()
        return kind
    }

    private func check(_ nesting: Int) throws(SyntaxFault) {
        guard nesting <= Self.maximumNesting else {
            throw SyntaxFault(.expressionStackDepthTooDeep(limit: Self.maximumNesting), at: token.span)
        }
    }

    private func name(_ text: String) throws(SyntaxFault) -> ClarityName {
        guard text.utf8.count <= ClarityName.maximumLength else {
            throw SyntaxFault(.nameTooLong(text.utf8.count), at: token.span)
        }
        guard let name = ClarityName(text) else { throw SyntaxFault(.illegalClarityName(text), at: token.span) }
        return name
    }

    private static let tuple = ClarityName(unchecked: "tuple")
}
