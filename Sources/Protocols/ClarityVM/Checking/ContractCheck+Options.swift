// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ContractCheck {
    /// The type of what makes optionals and responses, and of what takes them apart.
    mutating func typeOfOption(_ word: NativeFunction, _ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        switch word {
        case .match:
            try count(arguments, isAtLeast: 1)
            return try typeOfMatch(arguments)
        case .defaultTo, .asserts, .unwrap, .unwrapErr: try count(arguments, is: 2)
        default: try count(arguments, is: 1)
        }
        if word == .asserts {
            try expect(.bool, of: arguments[0])
            try returnEarly(try type(of: arguments[1]))
            return .bool
        }
        let input = try type(of: arguments[0])
        switch word {
        case .some: return try typed { () throws(CheckReason) in try .optional(of: input) }
        case .ok: return try typed { () throws(CheckReason) in try .response(ok: input, err: .noType) }
        case .err: return try typed { () throws(CheckReason) in try .response(ok: .noType, err: input) }
        case .isOk, .isErr:
            guard case .response = input else { throw fault(.expectedResponseType(input)) }
            return .bool
        case .isSome, .isNone:
            guard case .optional = input else { throw fault(.expectedOptionalType(input)) }
            return .bool
        case .unwrapPanic: return try content(of: input)
        case .unwrapErrPanic: return try failure(of: input)
        case .tryOr: return try typeOfTry(input)
        case .unwrap:
            try returnEarly(try type(of: arguments[1]))
            return try content(of: input)
        case .unwrapErr:
            try returnEarly(try type(of: arguments[1]))
            return try failure(of: input)
        default:
            let given = try type(of: arguments[1])
            guard case .optional(let optional) = given else { throw fault(.expectedOptionalType(given)) }
            return try supertype(input, optional.wrapped) { _ in .defaultTypesMustMatch(input, optional.wrapped) }
        }
    }

    /// What is inside of `some` or `ok`.
    private func content(of input: ClarityType) throws(CheckFault) -> ClarityType {
        let content: ClarityType
        switch input {
        case .optional(let optional): content = optional.wrapped
        case .response(let response): content = response.ok
        default: throw fault(.expectedOptionalOrResponseType(input))
        }
        guard content != .noType else { throw fault(.couldNotDetermineResponseOkType) }
        return content
    }

    /// What is inside of `err`.
    private func failure(of input: ClarityType) throws(CheckFault) -> ClarityType {
        guard case .response(let response) = input else { throw fault(.expectedResponseType(input)) }
        guard response.err != .noType else { throw fault(.couldNotDetermineResponseErrType) }
        return response.err
    }

    private mutating func typeOfTry(_ input: ClarityType) throws(CheckFault) -> ClarityType {
        let content = try content(of: input)
        switch input {
        case .response(let response):
            guard response.err != .noType else { throw fault(.couldNotDetermineResponseErrType) }
            let err = response.err
            try returnEarly(try typed { () throws(CheckReason) in try .response(ok: .noType, err: err) })
        default: try returnEarly(.optional(.none))
        }
        return content
    }

    // MARK: - Match

    private mutating func typeOfMatch(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        let input = try type(of: arguments[0])
        let arms = Array(arguments.dropFirst())
        let first: ClarityType
        let second: ClarityType
        switch input {
        case .optional(let optional):
            guard arms.count == 3 else {
                throw fault(.badMatchOptionSyntax(.incorrectArgumentCount(expected: 4, found: arguments.count)))
            }
            guard let name = arms[0].atom else { throw fault(.badMatchOptionSyntax(.expectedName)) }
            guard optional.wrapped != .noType else { throw fault(.couldNotDetermineMatchTypes) }
            first = try type(of: arms[1], binding: name, to: optional.wrapped)
            second = try type(of: arms[2])
        case .response(let response):
            guard arms.count == 4 else {
                throw fault(.badMatchResponseSyntax(.incorrectArgumentCount(expected: 5, found: arguments.count)))
            }
            guard let okName = arms[0].atom, let errName = arms[2].atom else {
                throw fault(.badMatchResponseSyntax(.expectedName))
            }
            guard response.ok != .noType, response.err != .noType else { throw fault(.couldNotDetermineMatchTypes) }
            first = try type(of: arms[1], binding: okName, to: response.ok)
            second = try type(of: arms[3], binding: errName, to: response.err)
        default: throw fault(.badMatchInput(input))
        }
        return try supertype(first, second) { _ in .matchArmsMustMatch(first, second) }
    }

    private mutating func type(
        of arm: Expression, binding name: ClarityName, to type: ClarityType
    ) throws(CheckFault) -> ClarityType {
        try check(name)
        if scope.variables[name] != nil { throw fault(.nameAlreadyUsed(name.text)) }
        let outer = scope.mark
        bind(name, to: type)
        let result = try self.type(of: arm)
        scope.leave(to: outer)
        return result
    }
}
