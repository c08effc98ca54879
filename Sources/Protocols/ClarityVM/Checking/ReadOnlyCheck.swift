// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// Finds out which functions only read, and refuses those that say so and do not.
///
/// - Source: stacks-core, the read-only checker of the Clarity VM.
struct ReadOnlyCheck {
    private let version: ClarityVersion
    private let lookup: (ContractIdentifier) -> ContractAnalysis?
    /// Whether each function that was met only reads.
    private var functions: [ClarityName: Bool] = [:]

    private init(version: ClarityVersion, lookup: @escaping (ContractIdentifier) -> ContractAnalysis?) {
        self.version = version
        self.lookup = lookup
    }

    /// Walks through the whole contract.
    ///
    /// - Throws: ``CheckFault`` with ``CheckReason/writeAttemptedInReadOnly``, or with what keeps a function from being
    ///   looked through.
    static func run(
        _ expressions: [Expression], in version: ClarityVersion,
        lookup: @escaping (ContractIdentifier) -> ContractAnalysis?
    ) throws(CheckFault) {
        var check = ReadOnlyCheck(version: version, lookup: lookup)
        for expression in expressions { try check.checkTopLevel(expression) }
    }

    private mutating func checkTopLevel(_ expression: Expression) throws(CheckFault) {
        switch try Definition.read(expression) {
        case nil: _ = try onlyReads(expression)
        case .constant(_, let value)?: _ = try onlyReads(value)
        case .dataVariable(_, _, let initial)?: _ = try onlyReads(initial)
        case .fungibleToken(_, let supply?)?: _ = try onlyReads(supply)
        case .function(let word, let signature, let body)?:
            guard let first = signature.first else {
                throw CheckFault(.defineFunctionBadSignature, at: expression.span)
            }
            guard let name = first.atom else { throw CheckFault(.badFunctionName, at: first.span) }
            let isReadOnly = try onlyReads(body)
            guard isReadOnly || word != .readOnlyFunction else {
                throw CheckFault(.writeAttemptedInReadOnly, at: expression.span)
            }
            functions[name] = isReadOnly
        default: break
        }
    }

    private func onlyReads(_ expression: Expression) throws(CheckFault) -> Bool {
        guard let parts = expression.list else { return true }
        return try applicationOnlyReads(parts[...], at: expression.span)
    }

    /// Looks at all, so that a fault in a later one is found too.
    private func allOnlyRead(_ expressions: ArraySlice<Expression>) throws(CheckFault) -> Bool {
        var result = true
        for expression in expressions where try !onlyReads(expression) { result = false }
        return result
    }

    private func applicationOnlyReads(_ parts: ArraySlice<Expression>, at span: SourceSpan) throws(CheckFault) -> Bool {
        guard let name = parts.first?.atom else { throw CheckFault(.nonFunctionApplication, at: span) }
        let arguments = parts.dropFirst()
        if let word = NativeFunction(name, in: version) { return try onlyReads(word, arguments, at: span) }
        guard let isReadOnly = functions[name] else { throw CheckFault(.unknownFunction(name.text), at: span) }
        return try allOnlyRead(arguments) && isReadOnly
    }

    private func onlyReads(
        _ word: NativeFunction, _ arguments: ArraySlice<Expression>, at span: SourceSpan
    ) throws(CheckFault) -> Bool {
        let count = arguments.count
        func atLeast(_ least: Int) throws(CheckFault) {
            if count < least { throw CheckFault(.requiresAtLeastArguments(least, found: count), at: span) }
        }
        func exactly(_ expected: Int) throws(CheckFault) {
            if count != expected {
                throw CheckFault(.incorrectArgumentCount(expected: expected, found: count), at: span)
            }
        }
        switch word {
        case .atBlock:
            try exactly(2)
            let isBlockReadOnly = try allOnlyRead(arguments.prefix(1))
            guard try allOnlyRead(arguments.suffix(1)) else {
                throw CheckFault(.atBlockClosureMustBeReadOnly, at: span)
            }
            return isBlockReadOnly
        case .mapGet:
            try exactly(2)
            return try allOnlyRead(arguments)
        case .fromConsensusBuff:
            try exactly(2)
            // The first argument is a type.
            return try allOnlyRead(arguments.suffix(1))
        case .stxTransfer, .stxTransferMemo, .stxBurn, .mapSet, .mapDelete, .mapInsert, .varSet, .nftMint, .ftMint,
            .nftTransfer, .ftTransfer, .nftBurn, .ftBurn:
            _ = try allOnlyRead(arguments)
            return false
        case .letIn:
            try atLeast(2)
            guard let first = arguments.first, let bindings = first.list else {
                throw CheckFault(.badLetSyntax, at: span)
            }
            return try bindingsOnlyRead(bindings[...], .letBinding) ? try allOnlyRead(arguments.dropFirst()) : false
        case .tuple: return try bindingsOnlyRead(arguments, .tupleField)
        case .map:
            try atLeast(2)
            return try applicationOnlyReads(arguments, at: span)
        case .filter:
            try exactly(2)
            return try applicationOnlyReads(arguments, at: span)
        case .fold:
            try exactly(3)
            return try applicationOnlyReads(arguments, at: span)
        case .contractCall:
            try atLeast(2)
            return try callOnlyReads(Array(arguments), at: span)
        case .restrictAssets, .asContractWith:
            let place = word == .restrictAssets ? 1 : 0
            try atLeast(place + 2)
            let ownerReads = try allOnlyRead(arguments.prefix(place))
            guard let allowances = arguments.dropFirst(place).first?.list else {
                throw CheckFault(.expectedListOfAllowances(word: word.rawValue, argument: place + 1), at: span)
            }
            let allowancesRead = try allOnlyRead(allowances[...])
            return try allOnlyRead(arguments.dropFirst(place + 1)) && ownerReads && allowancesRead
        default: return try allOnlyRead(arguments)
        }
    }

    /// Stops at the first binding that writes: what follows is not looked at.
    private func bindingsOnlyRead(
        _ bindings: ArraySlice<Expression>, _ kind: CheckReason.BindingKind
    ) throws(CheckFault) -> Bool {
        for (index, binding) in bindings.enumerated() {
            let (_, content) = try Binding.read(binding, kind, index: index)
            guard try onlyReads(content) else { return false }
        }
        return true
    }

    private func callOnlyReads(_ arguments: [Expression], at span: SourceSpan) throws(CheckFault) -> Bool {
        guard let function = arguments[1].atom else { throw CheckFault(.contractCallExpectName, at: span) }
        let isReadOnly: Bool
        switch arguments[0].kind {
        case .literal(.principal(.contract(let contract))):
            guard let analysis = lookup(contract) else { throw CheckFault(.noSuchContract("\(contract)"), at: span) }
            isReadOnly = analysis.readOnlyFunctions[function] != nil
        // What is behind a name is known only when the call is made.
        case .atom: isReadOnly = false
        default: throw CheckFault(.contractCallExpectName, at: span)
        }
        return try allOnlyRead(arguments[2...]) && isReadOnly
    }
}
