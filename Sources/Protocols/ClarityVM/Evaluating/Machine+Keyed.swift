// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension Machine {
    /// The words that name something of their contract, or have another part that is settled ahead.
    mutating func keyed(_ code: Code, _ frame: inout Frame) throws(Interruption) -> ClarityValue {
        let values = try values(of: code.operands, &frame)
        let contract = frame.contract.number
        switch code.operation {
        case .tuple(let names, let order):
            guard let tuple = ClarityTuple(sorted: names, values: order.map { values[$0] }) else { throw .illTyped }
            return .tuple(tuple)
        case .get(let name):
            switch values[0] {
            case .tuple(let tuple): return try field(name, of: tuple)
            case .some(.tuple(let tuple)): return .some(try field(name, of: tuple))
            case .none: return .none
            default: throw .illTyped
            }
        case .asMaxLen(let limit): return UInt128(try values[0].sequenceCount) > limit ? .none : .some(values[0])
        case .fromConsensus(let type):
            guard case .buffer(let bytes) = values[0] else { throw .illTyped }
            try meter.charge(bytes.count)
            guard let value = try? ClarityValue(decoding: bytes) else { return .none }
            return type.conforming(value).map { .some($0) } ?? .none
        case .variableGet(let index):
            guard let value = state[.variable(contract: contract, index: index)] else { throw .illTyped }
            return value
        case .variableSet(let index):
            try write(.variable(contract: contract, index: index), values[0])
            return .bool(true)
        case .mapGet(let map):
            try meter.charge(values[0].weight / 16)
            return state[.mapEntry(contract: contract, map: map, key: values[0])].map { .some($0) } ?? .none
        case .mapSet(let map):
            try write(.mapEntry(contract: contract, map: map, key: values[0]), values[1])
            return .bool(true)
        case .mapInsert(let map):
            let key = StateKey.mapEntry(contract: contract, map: map, key: values[0])
            try meter.charge(values[0].weight / 16)
            guard state[key] == nil else { return .bool(false) }
            try write(key, values[1])
            return .bool(true)
        case .mapDelete(let map):
            let key = StateKey.mapEntry(contract: contract, map: map, key: values[0])
            try meter.charge(values[0].weight / 16)
            guard state[key] != nil else { return .bool(false) }
            try write(key, nil)
            return .bool(true)
        case .fungible(let word, let token): return try fungible(word, token, values, frame)
        case .nonFungible(let word, let token): return try nonFungible(word, token, values, frame)
        default: throw .illTyped
        }
    }

    private func field(_ name: ClarityName, of tuple: ClarityTuple) throws(Interruption) -> ClarityValue {
        guard let value = tuple[name] else { throw .illTyped }
        return value
    }

    /// Writes to the state, which no read-only call may come to.
    mutating func write(_ key: StateKey, _ value: ClarityValue?) throws(Interruption) {
        guard readOnlyDepth == 0 else { throw .fault(.writeAttemptedInReadOnly) }
        if case .mapEntry(_, _, let key) = key { try meter.charge(key.weight / 16) }
        try meter.charge((value?.weight ?? 0) / 16)
        state[key] = value
    }
}
