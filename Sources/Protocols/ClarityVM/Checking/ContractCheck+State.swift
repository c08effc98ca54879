// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ContractCheck {
    /// The type of what reads and writes a contract's variables and maps.
    mutating func typeOfState(_ word: NativeFunction, _ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        switch word {
        case .varGet:
            try count(arguments, is: 1)
            return try dataVariable(arguments[0])
        case .varSet:
            try count(arguments, isAtLeast: 2)
            guard arguments[0].atom != nil else { throw fault(.badMapName) }
            let type = try type(of: arguments[1])
            try check(try dataVariable(arguments[0]), admits: type)
            return .bool
        case .mapGet:
            try count(arguments, isAtLeast: 2)
            let map = try map(arguments)
            let value = map.type.value
            let result = try typed { () throws(CheckReason) in try ClarityType.optional(of: value) }
            try check(map.type.key, admits: map.key)
            return result
        case .mapDelete:
            try count(arguments, isAtLeast: 2)
            let map = try map(arguments)
            try check(map.type.key, admits: map.key)
            return .bool
        default:
            try count(arguments, isAtLeast: 3)
            guard let name = arguments[0].atom else { throw fault(.badMapName) }
            let (key, value) = (try type(of: arguments[1]), try type(of: arguments[2]))
            guard let type = analysis.maps[name] else { throw fault(.noSuchMap(name.text)) }
            try check(type.key, admits: key)
            try check(type.value, admits: value)
            return .bool
        }
    }

    private func dataVariable(_ expression: Expression) throws(CheckFault) -> ClarityType {
        guard let name = expression.atom else { throw fault(.badMapName) }
        guard let type = analysis.dataVariables[name] else { throw fault(.noSuchDataVariable(name.text)) }
        return type
    }

    /// The type of the map that the first argument names, and of the key that is the second.
    private mutating func map(
        _ arguments: [Expression]
    ) throws(CheckFault) -> (type: ContractAnalysis.MapType, key: ClarityType) {
        guard let name = arguments[0].atom else { throw fault(.badMapName) }
        let key = try type(of: arguments[1])
        guard let type = analysis.maps[name] else { throw fault(.noSuchMap(name.text)) }
        return (type, key)
    }

    private mutating func check(_ expected: ClarityType, admits type: ClarityType) throws(CheckFault) {
        try spend(expected.weight + type.weight)
        guard try typed({ () throws(CheckReason) in try expected.admits(type) }) else {
            throw fault(.typeError(expected: expected, found: type))
        }
    }
}
