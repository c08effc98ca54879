// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ContractCheck {
    /// How many allowances one word takes.
    public static let maximumAllowances = 128
    /// How many tokens one allowance names.
    public static let maximumAllowedTokens = 128

    /// The type of a body that may move only what is allowed.
    mutating func typeOfGuarded(_ word: NativeFunction, _ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        let listIndex = word == .restrictAssets ? 1 : 0
        try count(arguments, isAtLeast: listIndex + 2)
        guard let allowances = arguments[listIndex].list else {
            throw fault(.expectedListOfAllowances(word: word.rawValue, argument: listIndex + 1))
        }
        guard allowances.count <= Self.maximumAllowances else {
            throw fault(.tooManyAllowances(limit: Self.maximumAllowances, found: allowances.count))
        }
        if word == .restrictAssets { try expect(.principal, of: arguments[0]) }
        for allowance in allowances {
            let isUnsafe = try checkAllowance(allowance)
            if isUnsafe, word == .restrictAssets { throw fault(.withAllAllowanceNotAllowed) }
            if isUnsafe, allowances.count > 1 { throw fault(.withAllAllowanceNotAlone) }
        }
        var last = ClarityType.noType
        for statement in arguments.dropFirst(listIndex + 1) {
            last = try type(of: statement)
            guard !last.isResponse else { throw fault(.uncheckedIntermediaryResponses) }
        }
        let ok = last
        return try typed { () throws(CheckReason) in try .response(ok: ok, err: .uint) }
    }

    /// Checks one allowance, and tells whether it is the one that allows everything.
    private mutating func checkAllowance(_ expression: Expression) throws(CheckFault) -> Bool {
        guard let parts = expression.list, let first = parts.first else { throw fault(.expectedListApplication) }
        guard let name = first.atom else { throw fault(.nonFunctionApplication) }
        let arguments = Array(parts.dropFirst())
        switch NativeFunction(name, in: version) {
        case .withSTX?, .withStacking?: try expect([.uint], of: arguments)
        case .withFT?: try expect([.principal, .ascii(128), .uint], of: arguments)
        case .withNFT?:
            try count(arguments, is: 3)
            try expect([.principal, .ascii(128)], of: Array(arguments.prefix(2)))
            guard case .list(let tokens) = try type(of: arguments[2]) else {
                throw fault(.withNFTExpectedListOfIdentifiers)
            }
            guard tokens.maximumLength <= Self.maximumAllowedTokens else {
                throw fault(
                    .maxIdentifierLengthExceeded(limit: Self.maximumAllowedTokens, found: tokens.maximumLength))
            }
        case .withAllAssetsUnsafe?:
            try count(arguments, is: 0)
            return true
        default: throw fault(.expectedAllowanceExpr(name.text))
        }
        return false
    }
}
