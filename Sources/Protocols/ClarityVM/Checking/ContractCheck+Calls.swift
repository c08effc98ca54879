// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ContractCheck {
    /// The type of what speaks with other contracts, with keys, with bytes and with blocks.
    mutating func typeOfCall(_ word: NativeFunction, _ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        switch word {
        case .contractCall: return try typeOfContractCall(arguments)
        case .contractOf:
            try count(arguments, is: 1)
            guard let name = arguments[0].atom else { throw fault(.contractOfExpectsTrait) }
            guard let trait = scope.traits[name] else { throw fault(.traitReferenceUnknown(name.text)) }
            guard analysis.knownTraits[trait] != nil else { throw fault(.traitReferenceUnknown(trait.name.text)) }
            return .principal
        case .principalOf:
            try expect([.buffer(33)], of: arguments)
            return NativeTypes.principalOrCode
        case .principalConstruct:
            try count(arguments, isAtLeast: 2)
            guard arguments.count <= 3 else { throw fault(.requiresAtMostArguments(3, found: arguments.count)) }
            try expect(Array([.buffer(1), .buffer(20), .ascii(40)].prefix(arguments.count)), of: arguments)
            return NativeTypes.constructed
        case .secp256k1Recover:
            try expect([.buffer(32), .buffer(65)], of: arguments)
            return NativeTypes.keyOrCode
        case .secp256k1Verify:
            try expect([.buffer(32), .buffer(65), .buffer(33)], of: arguments)
            return .bool
        case .secp256r1Verify:
            try expect([.buffer(32), .buffer(64), .buffer(33)], of: arguments)
            return .bool
        case .toConsensusBuff:
            try count(arguments, is: 1)
            let type = try type(of: arguments[0])
            return try typed { () throws(CheckReason) in
                guard let size = type.serializedSize else { throw .couldNotDetermineSerializationType }
                return try .optional(of: .buffer(checked: Int128(size)))
            }
        case .fromConsensusBuff:
            try count(arguments, is: 2)
            let type = try typeExpressions.read(arguments[0])
            try expect(NativeTypes.longestBuffer, of: arguments[1])
            return try typed { () throws(CheckReason) in try .optional(of: type) }
        case .toASCII: return try typeOfToASCII(arguments)
        default: return try typeOfBlockInfo(word, arguments)
        }
    }

    // MARK: - Calling contracts

    private mutating func typeOfContractCall(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        try count(arguments, isAtLeast: 2)
        let id = placeID
        guard let function = arguments[1].atom else { throw fault(.contractCallExpectName) }
        let signature: MethodSignature
        switch arguments[0].kind {
        case .literal(.principal(.contract(let contract))):
            signature = try method(function, of: contract)
        case .atom(let name):
            if version >= .clarity2, let constant = analysis.constants[name] {
                guard case .callable(.contract(let contract)) = constant else {
                    throw fault(.expectedCallableType(constant))
                }
                signature = try method(function, of: contract)
            } else {
                guard let trait = scope.traits[name] else { throw fault(.traitReferenceUnknown(name.text)) }
                guard let definition = analysis.knownTraits[trait] else {
                    throw fault(.traitReferenceUnknown(trait.name.text))
                }
                guard let method = definition[function] else {
                    throw fault(.traitMethodUnknown(trait: trait.name.text, method: function.text))
                }
                analysis.callTraits[id] = trait
                signature = method
            }
        default: throw fault(.contractCallExpectName)
        }
        try expect(signature.parameters, of: Array(arguments.dropFirst(2)))
        return signature.returns
    }

    private func method(
        _ function: ClarityName, of contract: ContractIdentifier
    ) throws(CheckFault) -> MethodSignature {
        guard let analysis = lookup(contract) else { throw fault(.noSuchContract("\(contract)")) }
        guard let signature = analysis.callableFunction(function) else {
            throw fault(.noSuchPublicFunction(contract: "\(contract)", function: function.text))
        }
        return MethodSignature(signature)
    }

    // MARK: - Text and blocks

    private mutating func typeOfToASCII(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        try count(arguments, is: 1)
        let type = try type(of: arguments[0])
        let isSpellable = try typed { () throws(CheckReason) in
            for option in NativeTypes.spellable where try option.admits(type) { return true }
            return false
        }
        guard isSpellable else { throw fault(.unionTypeError(expected: NativeTypes.spellable, found: type)) }
        let length: Int =
            switch type {
            case .int, .uint: 40
            case .bool: 5
            case .buffer(let length): 2 * length + 2
            case .utf8(let length): length
            default: 170
            }
        return try typed { () throws(CheckReason) in try .response(ok: .ascii(length), err: .uint) }
    }

    private mutating func typeOfBlockInfo(
        _ word: NativeFunction, _ arguments: [Expression]
    ) throws(CheckFault) -> ClarityType {
        if word == .getBlockInfo { try count(arguments, isAtLeast: 2) } else { try count(arguments, is: 2) }
        guard let name = arguments[0].atom else {
            switch word {
            case .getBlockInfo: throw fault(.getBlockInfoExpectPropertyName)
            case .getBurnBlockInfo: throw fault(.getBurnBlockInfoExpectPropertyName)
            case .getStacksBlockInfo: throw fault(.getStacksBlockInfoExpectPropertyName)
            default: throw fault(.getTenureInfoExpectPropertyName)
            }
        }
        guard let type = BlockProperty.type(of: name.text, in: word, version) else {
            switch word {
            case .getStacksBlockInfo: throw fault(.noSuchStacksBlockInfoProperty(name.text))
            case .getTenureInfo: throw fault(.noSuchTenureInfoProperty(name.text))
            default: throw fault(.noSuchBlockInfoProperty(name.text))
            }
        }
        try expect(.uint, of: arguments[1])
        return try typed { () throws(CheckReason) in try .optional(of: type) }
    }
}

/// What can be asked about a block.
private enum BlockProperty {
    /// The type of a property of blocks, or `nil` when the word does not know it.
    static func type(of name: String, in word: NativeFunction, _ version: ClarityVersion) -> ClarityType? {
        switch (word, name) {
        case (.getBurnBlockInfo, "pox-addrs"): NativeTypes.stackers
        case (.getBurnBlockInfo, "header-hash"): .buffer(32)
        case (.getBurnBlockInfo, _): nil
        case (_, "time"): .uint
        case (.getBlockInfo, "id-header-hash"), (.getBlockInfo, "header-hash"), (.getStacksBlockInfo, "header-hash"),
            (.getStacksBlockInfo, "id-header-hash"):
            .buffer(32)
        case (.getStacksBlockInfo, _): nil
        case (_, "burnchain-header-hash"), (_, "vrf-seed"): .buffer(32)
        case (_, "miner-address"): .principal
        case (_, "block-reward"), (_, "miner-spend-total"), (_, "miner-spend-winner"):
            version >= .clarity2 ? .uint : nil
        default: nil
        }
    }
}
