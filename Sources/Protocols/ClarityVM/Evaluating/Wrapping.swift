// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// The words on optionals and responses.
enum Wrapping {
    static func apply(_ word: NativeFunction, _ values: [ClarityValue]) throws(Interruption) -> ClarityValue {
        switch word {
        case .some: return .some(try values.only)
        case .ok: return .ok(try values.only)
        case .err: return .err(try values.only)
        case .isSome: return .bool(try values.only != .none)
        case .isNone: return .bool(try values.only == .none)
        case .isOk:
            guard case .ok = try values.only else { return .bool(false) }
            return .bool(true)
        case .isErr:
            guard case .err = try values.only else { return .bool(false) }
            return .bool(true)
        case .defaultTo:
            guard case .some(let inner) = try values.pair.1 else { return values[0] }
            return inner
        case .unwrap:
            let (value, thrown) = try values.pair
            guard let inner = value.content else { throw .earlyReturn(thrown, asserted: false) }
            return inner
        case .unwrapErr:
            let (value, thrown) = try values.pair
            guard case .err(let inner) = value else { throw .earlyReturn(thrown, asserted: false) }
            return inner
        case .unwrapPanic:
            guard let inner = try values.only.content else { throw .fault(.unwrapFailure) }
            return inner
        case .unwrapErrPanic:
            guard case .err(let inner) = try values.only else { throw .fault(.unwrapFailure) }
            return inner
        case .tryOr:
            let value = try values.only
            guard let inner = value.content else { throw .earlyReturn(value, asserted: false) }
            return inner
        default: throw .illTyped
        }
    }
}

extension ClarityValue {
    /// What is in a `some` or an `ok`.
    fileprivate var content: ClarityValue? {
        switch self {
        case .some(let inner), .ok(let inner): inner
        default: nil
        }
    }
}
