// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives
internal import Synchronization

/// What the transactions of a settlement took, function by function.
public final class GasLog: Sendable {
    /// All calls of one function.
    public struct Entry: Hashable, Sendable {
        public let contract: Address
        /// The first four bytes of the hash of its signature, as 8 hexadecimal digits.
        public let selector: String
        public internal(set) var calls: UInt64
        /// Of all calls together.
        ///
        /// - Unit: gas.
        public internal(set) var gas: UInt64
    }

    private struct Function: Hashable {
        let contract: Address
        let selector: String
    }

    private let entries = Mutex<[Function: Entry]>([:])

    func add(_ gas: UInt64, for data: [UInt8], at contract: Address) {
        let function = Function(contract: contract, selector: String(Hex.encode(Array(data.prefix(4))).dropFirst(2)))
        entries.withLock { entries in
            var entry =
                entries[function] ?? Entry(contract: contract, selector: function.selector, calls: 0, gas: 0)
            entry.calls += 1
            entry.gas += gas
            entries[function] = entry
        }
    }

    public var all: [Entry] { entries.withLock { Array($0.values) } }
}
