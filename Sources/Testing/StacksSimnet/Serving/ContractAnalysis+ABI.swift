// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingStacks

extension ContractAnalysis {
    /// What can be called and read of a contract, as a node tells it.
    ///
    /// - Source: stacks-core, `docs/rpc/openapi.yaml`, `GET /v2/contracts/interface`.
    var abi: JSON {
        [
            "functions": .array(
                functions(privateFunctions, "private") + functions(publicFunctions, "public")
                    + functions(readOnlyFunctions, "read_only")),
            "variables": .array(variables(constants, "constant") + variables(dataVariables, "variable")),
            "maps": .array(
                maps.sorted { $0.key < $1.key }.map {
                    ["name": .string($0.key.text), "key": $0.value.key.abi, "value": $0.value.value.abi]
                }),
            "fungible_tokens": .array(fungibleTokens.sorted().map { ["name": .string($0.text)] }),
            "non_fungible_tokens": .array(
                nonFungibleTokens.sorted { $0.key < $1.key }.map {
                    ["name": .string($0.key.text), "type": $0.value.abi]
                }),
            "epoch": "Epoch33", "clarity_version": .string("Clarity\(version.rawValue)"),
        ]
    }

    private func functions(_ functions: [ClarityName: FunctionSignature], _ access: JSON) -> [JSON] {
        functions.sorted { $0.key < $1.key }.map { name, signature in
            [
                "name": .string(name.text), "access": access,
                "args": .array(
                    signature.parameters.map { ["name": .string($0.name.text), "type": $0.type.abi] }),
                "outputs": ["type": signature.returns.abi],
            ]
        }
    }

    private func variables(_ variables: [ClarityName: ClarityType], _ access: JSON) -> [JSON] {
        variables.sorted { $0.key < $1.key }.map {
            ["name": .string($0.key.text), "type": $0.value.abi, "access": access]
        }
    }
}

extension ClarityType {
    /// The type as a contract's interface tells it.
    var abi: JSON {
        switch self {
        case .noType: "none"
        case .int: "int128"
        case .uint: "uint128"
        case .bool: "bool"
        case .principal, .union, .callable(.contract): "principal"
        case .callable(.trait): "trait_reference"
        case .buffer(let length): ["buffer": ["length": .integer(length)]]
        case .ascii(let length): ["string-ascii": ["length": .integer(length)]]
        case .utf8(let length): ["string-utf8": ["length": .integer(length)]]
        case .list(let list): ["list": ["type": list.entry.abi, "length": .integer(list.maximumLength)]]
        case .optional(let optional): ["optional": optional.wrapped.abi]
        case .response(let response): ["response": ["ok": response.ok.abi, "error": response.err.abi]]
        case .tuple(let tuple):
            ["tuple": .array(tuple.fields.map { ["name": .string($0.name.text), "type": $0.type.abi] })]
        }
    }
}
