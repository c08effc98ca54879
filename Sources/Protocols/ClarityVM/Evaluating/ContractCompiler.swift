// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// Resolves the names of a checked contract, so that running it looks nothing up by name.
///
/// It trusts the checker: where an expression makes no sense that the checker would have let pass, it compiles to a
/// fault that is raised when, and only when, it is run.
struct ContractCompiler {
    let identifier: ContractIdentifier
    let version: ClarityVersion
    let analysis: ContractAnalysis
    let types: TypeExpression

    var definitions = CompiledContract.Definitions()
    var functions: [CompiledFunction] = []
    var steps: [CompiledContract.Step] = []
    /// How many locals the top level needs.
    var slotCount = 0

    init(_ syntax: ContractSyntax, _ analysis: ContractAnalysis) {
        identifier = syntax.identifier
        version = syntax.version
        self.analysis = analysis
        types = TypeExpression(traits: syntax.traits)
        for expression in syntax.expressions { compile(topLevel: expression) }
    }

    /// Compiles expressions that are evaluated as if they stood in a contract that is deployed.
    static func compile(
        _ syntax: ContractSyntax, inside contract: CompiledContract
    ) -> (codes: [Code], slotCount: Int) {
        var compiler = ContractCompiler(of: contract, traits: syntax.traits)
        let codes = syntax.expressions.map { compiler.topLevelCode($0) }
        return (codes, compiler.slotCount)
    }

    private init(of contract: CompiledContract, traits: [ClarityName: TraitIdentifier]) {
        identifier = contract.identifier
        version = contract.version
        analysis = contract.analysis
        types = TypeExpression(traits: traits)
        definitions = contract.definitions
    }

    private mutating func compile(topLevel expression: Expression) {
        guard let definition = try? Definition.read(expression) else {
            var scope = Scope()
            let code = compile(expression, &scope)
            slotCount = max(slotCount, scope.slotCount)
            steps.append(.evaluate(code))
            return
        }
        compile(definition, at: expression.span)
    }

    private mutating func compile(_ definition: Definition, at span: SourceSpan) {
        switch definition {
        case .constant(let name, let value):
            guard define(name, at: span) else { return }
            let code = topLevelCode(value)
            let index = Self.number(name, in: &definitions.constants)
            steps.append(.constant(index, code))
        case .dataVariable(let name, _, let initial):
            guard define(name, at: span) else { return }
            let code = topLevelCode(initial)
            steps.append(.variable(Self.number(name, in: &definitions.variables), code))
        case .map(let name, _, _):
            guard define(name, at: span) else { return }
            _ = Self.number(name, in: &definitions.maps)
        case .fungibleToken(let name, let supply):
            guard define(name, at: span) else { return }
            let token = Self.number(name, in: &definitions.fungibleTokens)
            if let supply { steps.append(.supplyLimit(token: token, topLevelCode(supply))) }
        case .nonFungibleToken(let name, _):
            guard define(name, at: span) else { return }
            _ = Self.number(name, in: &definitions.nonFungibleTokens)
        case .trait(let name, _):
            _ = define(name, at: span)
        case .useTrait, .implTrait: break
        case .function(let word, let signature, let body): compile(function: word, signature, body, at: span)
        }
    }

    private mutating func topLevelCode(_ expression: Expression) -> Code {
        var scope = Scope()
        let code = compile(expression, &scope)
        slotCount = max(slotCount, scope.slotCount)
        return code
    }

    private mutating func compile(
        function word: DefinitionWord, _ signature: [Expression], _ body: Expression, at span: SourceSpan
    ) {
        guard let name = signature.first?.atom, let checked = analysis.function(name) else {
            steps.append(.fault(RuntimeFault(.expect("a function without a signature"), at: span)))
            return
        }
        guard define(name, at: span) else { return }
        var scope = Scope()
        var parameters: [(name: ClarityName, type: ClarityType)] = []
        // Two parameters of one name pass the checker; then no call succeeds.
        var repeated: ClarityName?
        for parameter in checked.parameters {
            guard !isTaken(parameter.name) else {
                steps.append(.fault(RuntimeFault(.nameAlreadyUsed(parameter.name.text), at: span)))
                return
            }
            if scope.slots[parameter.name] != nil { repeated = parameter.name }
            _ = scope.bind(parameter.name)
            parameters.append((parameter.name, parameter.type))
        }
        let access: CompiledFunction.Access =
            switch word {
            case .publicFunction: .public
            case .readOnlyFunction: .readOnly
            default: .private
            }
        let code = repeated.map { Code(.fault(.nameAlreadyUsed($0.text)), at: span) } ?? compile(body, &scope)
        let index = Self.number(name, in: &definitions.functions)
        functions.append(
            CompiledFunction(
                name: name, index: index, access: access, parameters: parameters, slotCount: scope.slotCount, body: code
            )
        )
    }

    /// Whether `name` may be defined; if not, deploying the contract stops at this place.
    private mutating func define(_ name: ClarityName, at span: SourceSpan) -> Bool {
        guard !isTaken(name) else {
            steps.append(.fault(RuntimeFault(.nameAlreadyUsed(name.text), at: span)))
            return false
        }
        return true
    }

    /// Whether the name belongs to the language, a constant or a function.
    ///
    /// - Source: stacks-core, `check_legal_define`; the checker does not look for all of it.
    func isTaken(_ name: ClarityName) -> Bool {
        name.isReserved(in: version) || definitions.constants[name] != nil || definitions.functions[name] != nil
    }

    private static func number(_ name: ClarityName, in table: inout [ClarityName: Int]) -> Int {
        if let number = table[name] { return number }
        table[name] = table.count
        return table.count - 1
    }
}

extension ContractCompiler {
    /// The locals that can be seen, and how many a function needs at once.
    struct Scope {
        private(set) var slots: [ClarityName: Int] = [:]
        private(set) var slotCount = 0

        mutating func bind(_ name: ClarityName) -> Int {
            slots[name] = slotCount
            slotCount += 1
            return slotCount - 1
        }

        /// Forgets what was bound since `earlier`, but keeps the places apart.
        mutating func restore(_ earlier: Scope) { slots = earlier.slots }
    }
}
