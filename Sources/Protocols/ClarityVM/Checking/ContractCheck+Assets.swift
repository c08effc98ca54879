// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ContractCheck {
    /// The type of what moves tokens and microSTX.
    mutating func typeOfAsset(_ word: NativeFunction, _ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        switch word {
        case .stxTransfer:
            try expect([.uint, .principal, .principal], of: arguments)
        case .stxTransferMemo:
            try expect([.uint, .principal, .principal, .buffer(34)], of: arguments)
        case .ftGetSupply:
            _ = try fungibleToken(arguments, count: 1)
            return .uint
        case .ftGetBalance:
            _ = try fungibleToken(arguments, count: 2)
            try expect(.principal, of: arguments[1])
            return .uint
        case .ftMint, .ftBurn: try checkMove(arguments, [.uint, .principal])
        case .ftTransfer: try checkMove(arguments, [.uint, .principal, .principal])
        case .nftGetOwner:
            let type = try nonFungibleToken(arguments, count: 2)
            try expect(type, of: arguments[1])
            return NativeTypes.optionalPrincipal
        case .nftMint, .nftBurn:
            let type = try nonFungibleToken(arguments, count: 3)
            try expect(type, of: arguments[1])
            try expect(.principal, of: arguments[2])
        default:
            let type = try nonFungibleToken(arguments, count: 4)
            try expect(type, of: arguments[1])
            try expect(.principal, of: arguments[2])
            try expect(.principal, of: arguments[3])
        }
        return NativeTypes.boolOrCode
    }

    /// Sees to it that there are as many arguments as types, and that they fit.
    mutating func expect(_ types: [ClarityType], of arguments: [Expression]) throws(CheckFault) {
        try count(arguments, is: types.count)
        for (type, argument) in zip(types, arguments) { try expect(type, of: argument) }
    }

    /// The arguments are looked at before it is asked whether the token exists.
    private mutating func checkMove(_ arguments: [Expression], _ types: [ClarityType]) throws(CheckFault) {
        try count(arguments, is: types.count + 1)
        guard let name = arguments[0].atom else { throw fault(.badTokenName) }
        try expect(types, of: Array(arguments.dropFirst()))
        guard analysis.fungibleTokens.contains(name) else { throw fault(.noSuchFT(name.text)) }
    }

    private func fungibleToken(_ arguments: [Expression], count expected: Int) throws(CheckFault) -> ClarityName {
        try count(arguments, is: expected)
        guard let name = arguments[0].atom else { throw fault(.badTokenName) }
        guard analysis.fungibleTokens.contains(name) else { throw fault(.noSuchFT(name.text)) }
        return name
    }

    private func nonFungibleToken(_ arguments: [Expression], count expected: Int) throws(CheckFault) -> ClarityType {
        try count(arguments, is: expected)
        guard let name = arguments[0].atom else { throw fault(.badTokenName) }
        guard let type = analysis.nonFungibleTokens[name] else { throw fault(.noSuchNFT(name.text)) }
        return type
    }
}
