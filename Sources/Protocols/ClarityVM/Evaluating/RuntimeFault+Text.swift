// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks

extension RuntimeFault.Reason {
    /// The family of errors in stacks-core.
    var family: String {
        switch self {
        case .arithmeticOverflow, .arithmeticUnderflow, .arithmetic, .divisionByZero, .unwrapFailure,
            .maxStackDepthReached, .supplyOverflow, .blockTimeNotAvailable, .badTokenName:
            "Runtime"
        case .assertionFailed, .unwrapFailed: "EarlyReturn"
        case .expect, .unsupported: "Internal"
        default: "RuntimeCheck"
        }
    }

    /// The name of the error in stacks-core.
    var name: String {
        switch self {
        case .arithmeticOverflow: "ArithmeticOverflow"
        case .arithmeticUnderflow: "ArithmeticUnderflow"
        case .arithmetic: "Arithmetic"
        case .divisionByZero: "DivisionByZero"
        case .unwrapFailure: "UnwrapFailure"
        case .maxStackDepthReached: "MaxStackDepthReached"
        case .supplyOverflow: "SupplyOverflow"
        case .blockTimeNotAvailable: "BlockTimeNotAvailable"
        case .badTokenName: "BadTokenName"
        case .nameAlreadyUsed: "NameAlreadyUsed"
        case .noSuchContract: "NoSuchContract"
        case .undefinedFunction: "UndefinedFunction"
        case .noSuchPublicFunction: "NoSuchPublicFunction"
        case .publicFunctionNotReadOnly: "PublicFunctionNotReadOnly"
        case .incorrectArgumentCount: "IncorrectArgumentCount"
        case .typeValueError: "TypeValueError"
        case .circularReference: "CircularReference"
        case .badTraitImplementation: "BadTraitImplementation"
        case .traitReferenceUnknown: "TraitReferenceUnknown"
        case .traitMethodUnknown: "TraitMethodUnknown"
        case .traitBasedContractCallInReadOnly: "TraitBasedContractCallInReadOnly"
        case .writeAttemptedInReadOnly: "WriteAttemptedInReadOnly"
        case .contractCallExpectName: "ContractCallExpectName"
        case .expectedContractPrincipalValue: "ExpectedContractPrincipalValue"
        case .returnTypesMustMatch: "ReturnTypesMustMatch"
        case .valueTooLarge: "ValueTooLarge"
        case .costBalanceExceeded: "CostBalanceExceeded"
        case .assertionFailed: "AssertionFailed"
        case .unwrapFailed: "UnwrapFailed"
        case .expect: "Expect"
        case .unsupported: "Unsupported"
        }
    }

    /// What stacks-core prints behind the name, or `nil` when that is nothing.
    var details: String? {
        switch self {
        case .arithmetic(let text), .badTokenName(let text), .nameAlreadyUsed(let text), .noSuchContract(let text),
            .undefinedFunction(let text), .traitReferenceUnknown(let text), .expect(let text), .unsupported(let text):
            Self.quoted(text)
        case .supplyOverflow(let supply, let limit): "\(supply), \(limit)"
        case .noSuchPublicFunction(let first, let second), .publicFunctionNotReadOnly(let first, let second),
            .badTraitImplementation(let first, let second), .traitMethodUnknown(let first, let second):
            "\(Self.quoted(first)), \(Self.quoted(second))"
        case .incorrectArgumentCount(let expected, let found): "\(expected), \(found)"
        case .typeValueError(let expected, let found):
            "\(expected.nodeText), \(Self.quoted(found.nodeText))"
        case .circularReference(let name): "[\(Self.quoted(name))]"
        case .expectedContractPrincipalValue(let value): Self.quoted(value.nodeText)
        case .returnTypesMustMatch(let expected, let found): "\(expected.nodeText), \(found.nodeText)"
        case .assertionFailed(let value), .unwrapFailed(let value): value.nodeText
        default: nil
        }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

extension ClarityValue {
    /// The value as stacks-core prints it for its developers.
    var nodeText: String {
        switch self {
        case .int(let number): "Int(\(number))"
        case .uint(let number): "UInt(\(number))"
        case .bool(let truth): "Bool(\(truth))"
        case .buffer(let bytes): "Sequence(Buffer(\(Hex.digits(bytes))))"
        case .ascii: "Sequence(String(ASCII(\(self))))"
        case .utf8: "Sequence(String(UTF8(\(self))))"
        case .principal(.standard(let account)): "Principal(Standard(\(account.nodeText)))"
        case .principal(.contract(let contract)):
            "Principal(Contract(QualifiedContractIdentifier { issuer: \(contract.issuer.nodeText), "
                + "name: ContractName(\"\(contract.name)\") }))"
        case .list(let entries):
            "Sequence(List(ListData { data: [\(entries.map(\.nodeText).joined(separator: ", "))] }))"
        case .tuple(let tuple):
            "Tuple(TupleData { data_map: {"
                + tuple.fields.map { "ClarityName(\"\($0.name)\"): \($0.value.nodeText)" }.joined(separator: ", ")
                + "} })"
        case .none: "Optional(OptionalData { data: None })"
        case .some(let value): "Optional(OptionalData { data: Some(\(value.nodeText)) })"
        case .ok(let value): "Response(ResponseData { committed: true, data: \(value.nodeText) })"
        case .err(let value): "Response(ResponseData { committed: false, data: \(value.nodeText) })"
        }
    }
}

extension StandardPrincipal {
    fileprivate var nodeText: String { "StandardPrincipalData(\(address))" }
}

extension ClarityType {
    /// The type as stacks-core prints it for its developers.
    var nodeText: String {
        switch self {
        case .noType: "NoType"
        case .int: "IntType"
        case .uint: "UIntType"
        case .bool: "BoolType"
        case .principal: "PrincipalType"
        case .buffer(let length): "SequenceType(BufferType(BufferLength(\(length))))"
        case .ascii(let length): "SequenceType(StringType(ASCII(BufferLength(\(length)))))"
        case .utf8(let length): "SequenceType(StringType(UTF8(StringUTF8Length(\(length)))))"
        case .list(let list):
            "SequenceType(ListType(ListTypeData { max_len: \(list.maximumLength), "
                + "entry_type: \(list.entry.nodeText) }))"
        case .tuple(let tuple):
            "TupleType(TupleTypeSignature { "
                + tuple.fields.map { "\"\($0.name)\": \($0.type.nodeText)" }.joined(separator: ",") + "})"
        case .optional(let optional): "OptionalType(\(optional.wrapped.nodeText))"
        case .response(let response): "ResponseType((\(response.ok.nodeText), \(response.err.nodeText)))"
        case .callable(let callable): "CallableType(\(callable))"
        case .union: "ListUnionType"
        }
    }
}
