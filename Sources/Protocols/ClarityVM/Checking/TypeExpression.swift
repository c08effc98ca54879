// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// Reads the types that stand in a contract's text.
///
/// - Source: SIP-002, "Clarity Type System".
public struct TypeExpression {
    private let traits: [ClarityName: TraitIdentifier]

    /// A reader for a contract in which trait references mean these traits.
    public init(traits: [ClarityName: TraitIdentifier]) {
        self.traits = traits
    }

    /// The type that `expression` describes.
    ///
    /// - Throws: ``CheckFault`` with ``CheckReason/invalidTypeDescription``, ``CheckReason/unknownTypeName(_:)``, or
    ///   what the composite types refuse.
    public func read(_ expression: Expression) throws(CheckFault) -> ClarityType {
        switch expression.kind {
        case .atom(let name):
            switch name.text {
            case "int": return .int
            case "uint": return .uint
            case "bool": return .bool
            case "principal": return .principal
            default: throw CheckFault(.unknownTypeName(name.text), at: expression.span)
            }
        case .traitReference(let name):
            guard let trait = traits[name] else {
                throw CheckFault(.traitReferenceUnknown(name.text), at: expression.span)
            }
            return .callable(.trait(trait))
        case .list(let parts):
            guard let word = parts.first?.atom else { throw invalid(expression) }
            return try read(word.text, Array(parts.dropFirst()), in: expression)
        default: throw invalid(expression)
        }
    }

    private func read(
        _ word: String, _ arguments: [Expression], in expression: Expression
    ) throws(CheckFault) -> ClarityType {
        let count = arguments.count
        switch word {
        case "list" where count == 2:
            let length = try length(arguments[0])
            guard (0...Int128(UInt32.max)).contains(length) else {
                throw CheckFault(length < 0 ? .valueOutOfBounds : .valueTooLarge, at: arguments[0].span)
            }
            let entry = try read(arguments[1])
            return try located(expression) { () throws(CheckReason) in
                try .list(of: entry, maximumLength: Int(length))
            }
        case "buff" where count == 1:
            let length = try length(arguments[0])
            return try located(expression) { () throws(CheckReason) in try .buffer(checked: length) }
        case "string-ascii" where count == 1:
            let length = try length(arguments[0])
            return try located(expression) { () throws(CheckReason) in try .ascii(checked: length) }
        case "string-utf8" where count == 1:
            let length = try length(arguments[0])
            return try located(expression) { () throws(CheckReason) in try .utf8(checked: length) }
        case "optional" where count == 1:
            let wrapped = try read(arguments[0])
            return try located(expression) { () throws(CheckReason) in try .optional(of: wrapped) }
        case "response" where count == 2:
            let (ok, err) = (try read(arguments[0]), try read(arguments[1]))
            return try located(expression) { () throws(CheckReason) in try .response(ok: ok, err: err) }
        case "tuple":
            let fields = try pairs(arguments, .tupleField)
            return try located(expression) { () throws(CheckReason) in
                .tuple(try TupleType(fields.map { TupleType.Field(name: $0.name, type: $0.type) }))
            }
        default: throw invalid(expression)
        }
    }

    /// Reads pairs of a name and a type.
    func pairs(
        _ expressions: [Expression], _ kind: CheckReason.BindingKind
    ) throws(CheckFault) -> [(name: ClarityName, type: ClarityType)] {
        var pairs: [(name: ClarityName, type: ClarityType)] = []
        for (index, expression) in expressions.enumerated() {
            let (name, type) = try Binding.read(expression, kind, index: index)
            pairs.append((name, try read(type)))
        }
        return pairs
    }

    /// Reads the methods of a trait.
    ///
    /// - Throws: ``CheckFault`` with ``CheckReason/defineTraitBadSignature`` or
    ///   ``CheckReason/defineTraitDuplicateMethod(_:)``.
    public func trait(_ methods: Expression, in version: ClarityVersion) throws(CheckFault) -> TraitDefinition {
        guard let list = methods.list else { throw CheckFault(.defineTraitBadSignature, at: methods.span) }
        var definition: TraitDefinition = [:]
        for method in list {
            guard let parts = method.list else { throw CheckFault(.defineTraitBadSignature, at: method.span) }
            guard parts.count == 3 else { throw invalid(method) }
            guard let name = parts[0].atom, let types = parts[1].list else {
                throw CheckFault(.defineTraitBadSignature, at: method.span)
            }
            var parameters: [ClarityType] = []
            for type in types { parameters.append(try read(type)) }
            let returns: ClarityType
            do { returns = try read(parts[2]) } catch { throw CheckFault(.defineTraitBadSignature, at: parts[2].span) }
            guard returns.isResponse else { throw CheckFault(.defineTraitBadSignature, at: parts[2].span) }
            let signature = MethodSignature(parameters: parameters, returns: returns)
            guard definition.updateValue(signature, forKey: name) == nil || version < .clarity2 else {
                throw CheckFault(.defineTraitDuplicateMethod(name.text), at: method.span)
            }
        }
        return definition
    }

    private func length(_ expression: Expression) throws(CheckFault) -> Int128 {
        guard case .int(let length)? = expression.literal else { throw invalid(expression) }
        return length
    }

    private func invalid(_ expression: Expression) -> CheckFault {
        CheckFault(.invalidTypeDescription, at: expression.span)
    }

    private func located(
        _ expression: Expression, _ make: () throws(CheckReason) -> ClarityType
    ) throws(CheckFault) -> ClarityType {
        do { return try make() } catch { throw CheckFault(error, at: expression.span) }
    }
}
