// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
public import FarthingStacks

extension ClarityValue {
    /// The value in the form in which stacks-core writes its own data types as JSON.
    ///
    /// The types beside lists and tuples are those of the value itself, so that a list that was declared longer is told
    /// with the length it has.
    ///
    /// - Source: stacks-core, `#[derive(Serialize)]` of `Value`; integers of 128 bits are numbers.
    public var nodeJSON: JSON {
        switch self {
        case .int(let number): JSON.tagged("Int", .integer(number))
        case .uint(let number): JSON.tagged("UInt", .integer(number))
        case .bool(let truth): JSON.tagged("Bool", .bool(truth))
        case .buffer(let bytes):
            JSON.tagged("Sequence", JSON.tagged("Buffer", JSON.tagged("data", JSON.numbers(bytes))))
        case .ascii(let bytes):
            JSON.tagged(
                "Sequence", JSON.tagged("String", JSON.tagged("ASCII", JSON.tagged("data", JSON.numbers(bytes)))))
        case .utf8(let scalars):
            JSON.tagged(
                "Sequence",
                JSON.tagged(
                    "String",
                    JSON.tagged(
                        "UTF8", JSON.tagged("data", .array(scalars.map { JSON.numbers(Array(String($0).utf8)) })))))
        case .principal(let principal): JSON.tagged("Principal", principal.nodeJSON)
        case .list(let entries):
            JSON.tagged(
                "Sequence",
                JSON.tagged(
                    "List",
                    .object([
                        "data": .array(entries.map(\.nodeJSON)),
                        "type_signature": typeJSON?["SequenceType"]?["ListType"],
                    ])))
        case .tuple(let tuple):
            JSON.tagged(
                "Tuple",
                .object([
                    "type_signature": typeJSON?["TupleType"],
                    "data_map": .object(tuple.fields.map { JSON.Member(name: $0.name.text, value: $0.value.nodeJSON) }),
                ]))
        case .none: JSON.tagged("Optional", JSON.tagged("data", .null))
        case .some(let value): JSON.tagged("Optional", JSON.tagged("data", value.nodeJSON))
        case .ok(let value): JSON.tagged("Response", .object(["committed": true, "data": value.nodeJSON]))
        case .err(let value): JSON.tagged("Response", .object(["committed": false, "data": value.nodeJSON]))
        }
    }

    private var typeJSON: JSON? { (try? ClarityType(of: self))?.nodeJSON }
}

extension ClarityType {
    /// The type in the form in which stacks-core writes it as JSON.
    fileprivate var nodeJSON: JSON {
        switch self {
        case .noType: "NoType"
        case .int: "IntType"
        case .uint: "UIntType"
        case .bool: "BoolType"
        case .principal, .callable, .union: "PrincipalType"
        case .buffer(let length): JSON.tagged("SequenceType", JSON.tagged("BufferType", .integer(length)))
        case .ascii(let length):
            JSON.tagged("SequenceType", JSON.tagged("StringType", JSON.tagged("ASCII", .integer(length))))
        case .utf8(let length):
            JSON.tagged("SequenceType", JSON.tagged("StringType", JSON.tagged("UTF8", .integer(length))))
        case .list(let list):
            JSON.tagged(
                "SequenceType",
                JSON.tagged(
                    "ListType",
                    .object(["max_len": .integer(list.maximumLength), "entry_type": list.entry.nodeJSON])))
        case .tuple(let tuple):
            JSON.tagged(
                "TupleType",
                JSON.tagged(
                    "type_map",
                    .object(tuple.fields.map { JSON.Member(name: $0.name.text, value: $0.type.nodeJSON) })))
        case .optional(let optional): JSON.tagged("OptionalType", optional.wrapped.nodeJSON)
        case .response(let response):
            JSON.tagged("ResponseType", .array([response.ok.nodeJSON, response.err.nodeJSON]))
        }
    }
}

extension Principal {
    fileprivate var nodeJSON: JSON {
        switch self {
        case .standard(let account): JSON.tagged("Standard", account.nodeJSON)
        case .contract(let contract):
            JSON.tagged(
                "Contract", .object(["issuer": contract.issuer.nodeJSON, "name": .string(contract.name.text)]))
        }
    }
}

extension StandardPrincipal {
    fileprivate var nodeJSON: JSON { .array([.integer(version), JSON.numbers(hash)]) }
}

extension JSON {
    fileprivate static func tagged(_ name: String, _ value: JSON) -> JSON {
        .object([Member(name: name, value: value)])
    }

    fileprivate static func numbers(_ bytes: [UInt8]) -> JSON { .array(bytes.map { .integer($0) }) }
}
