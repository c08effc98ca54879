// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// Checks a contract before anything of it runs: names, types, who may write, and traits.
///
/// What passes here, a node takes; and what a node refuses at this stage is refused here under the same name.
///
/// - Source: SIP-002, "Clarity Type System"; stacks-core, the analysis passes of the Clarity VM since epoch 2.1.
public struct ContractCheck {
    /// How much work one contract may be.
    ///
    /// One unit is looking at one type in a type, so that a hostile contract takes a second or two, and an honest one
    /// of a thousand lines about a hundredth of this.
    public static let workLimit = 5_000_000

    let version: ClarityVersion
    let lookup: (ContractIdentifier) -> ContractAnalysis?
    let typeExpressions: TypeExpression

    var analysis: ContractAnalysis
    /// The short names that definitions and imports of traits have taken so far.
    var takenTraitNames: Set<ClarityName> = []
    /// The names that are known at the place that is looked at.
    var scope = Scope()
    /// What the function that is looked at returns early, when it does.
    var earlyReturn: EarlyReturn = .outside
    /// Traits that were found to have all methods of others.
    var compatibleTraits: Set<TraitPair> = []
    var place: SourceSpan
    /// The id of the expression that is looked at.
    var placeID = 0
    var workLeft: Int

    /// Which early returns a function was seen to have.
    enum EarlyReturn {
        /// No function is looked at.
        case outside
        case none
        case type(ClarityType)
    }

    /// Checks the contract that `syntax` is.
    ///
    /// - Parameters:
    ///   - syntax: The contract, well formed and sorted.
    ///   - workLimit: How much work the contract may be.
    ///   - lookup: Finds what is known of a contract that is deployed already, or `nil`.
    /// - Returns: What others need to know of the contract.
    /// - Throws: ``CheckFault`` with the rule that is broken, and where.
    public static func run(
        _ syntax: ContractSyntax, workLimit: Int = ContractCheck.workLimit,
        lookup: @escaping (ContractIdentifier) -> ContractAnalysis?
    ) throws(CheckFault) -> ContractAnalysis {
        try ReadOnlyCheck.run(syntax.expressions, in: syntax.version, lookup: lookup)
        var check = ContractCheck(syntax, workLimit: workLimit, lookup: lookup)
        for expression in syntax.expressions {
            check.analysis.lastType = try check.checkTopLevel(expression)
        }
        try check.checkPromises()
        return check.analysis
    }

    private init(
        _ syntax: ContractSyntax, workLimit: Int, lookup: @escaping (ContractIdentifier) -> ContractAnalysis?
    ) {
        workLeft = workLimit
        version = syntax.version
        self.lookup = lookup
        typeExpressions = TypeExpression(traits: syntax.traits)
        analysis = ContractAnalysis(syntax)
        let start = SourceSpan.Position(line: 1, column: 1)
        place = SourceSpan(start: start, end: start)
    }

    // MARK: - Expressions

    /// The type of an expression.
    mutating func type(of expression: Expression) throws(CheckFault) -> ClarityType {
        let outer = (place, placeID)
        (place, placeID) = (expression.span, expression.id)
        let type = try bareType(of: expression)
        try spend(type.weight)
        (place, placeID) = outer
        return type
    }

    /// The types of all of them, in their order.
    mutating func types(of expressions: some Sequence<Expression>) throws(CheckFault) -> [ClarityType] {
        var types: [ClarityType] = []
        for expression in expressions { types.append(try type(of: expression)) }
        return types
    }

    private mutating func bareType(of expression: Expression) throws(CheckFault) -> ClarityType {
        switch expression.kind {
        case .literal(.principal(.contract(let contract))) where version >= .clarity2:
            return .callable(.contract(contract))
        case .literal(let value): return try typed { () throws(CheckReason) in try ClarityType(of: value) }
        case .atom(let name): return try variable(name)
        case .list(let parts): return try applicationType(parts)
        case .sugaredContract, .sugaredField, .field, .traitReference: throw fault(.unexpectedTraitOrFieldReference)
        }
    }

    private mutating func variable(_ name: ClarityName) throws(CheckFault) -> ClarityType {
        try spend(1)
        if let word = NativeVariable(name, in: version) { return word.type }
        if let type = analysis.constants[name] { return type }
        if let trait = scope.traits[name] { return .callable(.trait(trait)) }
        if let type = scope.variables[name] { return type }
        throw fault(.undefinedVariable(name.text))
    }

    private mutating func applicationType(_ parts: [Expression]) throws(CheckFault) -> ClarityType {
        guard let name = parts.first?.atom else { throw fault(.nonFunctionApplication) }
        let arguments = Array(parts.dropFirst())
        if let word = NativeFunction(name, in: version) { return try type(of: word, arguments) }
        guard let function = analysis.function(name) else { throw fault(.unknownFunction(name.text)) }
        // As in the reference VM, too few or too many arguments are a fault only of the call that is made.
        for argument in arguments.dropFirst(function.parameters.count) { _ = try type(of: argument) }
        for (parameter, argument) in zip(function.parameters, arguments) {
            try expect(parameter.type, of: argument)
        }
        return function.returns
    }

    /// The type of the last of several statements, none of the others of which may drop a response.
    mutating func typeOfLast(_ statements: some Sequence<Expression>) throws(CheckFault) -> ClarityType {
        var types = try types(of: statements)
        guard let last = types.popLast() else { throw fault(.requiresAtLeastArguments(1, found: 0)) }
        guard !types.contains(where: \.isResponse) else { throw fault(.uncheckedIntermediaryResponses) }
        return last
    }

    // MARK: - Faults and work

    func fault(_ reason: CheckReason) -> CheckFault { CheckFault(reason, at: place, in: version) }

    /// Runs what may break a rule, and adds the place.
    func typed<Result>(_ body: () throws(CheckReason) -> Result) throws(CheckFault) -> Result {
        do { return try body() } catch { throw fault(error) }
    }

    mutating func spend(_ work: Int) throws(CheckFault) {
        workLeft -= work
        guard workLeft >= 0 else { throw fault(.costBalanceExceeded) }
    }

    func count(_ arguments: [Expression], is expected: Int) throws(CheckFault) {
        guard arguments.count == expected else {
            throw fault(.incorrectArgumentCount(expected: expected, found: arguments.count))
        }
    }

    func count(_ arguments: [Expression], isAtLeast least: Int) throws(CheckFault) {
        guard arguments.count >= least else { throw fault(.requiresAtLeastArguments(least, found: arguments.count)) }
    }

    /// The narrowest type that admits both, or a fault of the caller's choice.
    mutating func supertype(
        _ left: ClarityType, _ right: ClarityType, else reason: (CheckReason) -> CheckReason
    ) throws(CheckFault) -> ClarityType {
        try spend(left.weight + right.weight)
        do { return try ClarityType.leastSupertype(left, right) } catch { throw fault(reason(error)) }
    }
}

extension NativeVariable {
    /// The type of the value.
    fileprivate var type: ClarityType {
        switch self {
        case .contractCaller, .txSender, .currentContract: .principal
        case .blockHeight, .burnBlockHeight, .stxLiquidSupply, .chainID, .stacksBlockHeight, .tenureHeight,
            .stacksBlockTime:
            .uint
        case .none: .optional(.none)
        case .true, .false, .isInRegtest, .isInMainnet: .bool
        case .txSponsor: NativeTypes.optionalPrincipal
        }
    }
}
