// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

extension ABI {
    /// A value of any type that a function takes.
    public indirect enum Value: Hashable, Sendable {
        case word(Word)
        /// `bytes`, of any length.
        case bytes([UInt8])
        /// `T[]`, all of one type.
        case array([Value])
        /// A struct, or `T[k]`.
        case tuple([Value])

        public static func address(_ value: Address) -> Value { .word(.address(value)) }
        public static func bytes32(_ value: Hash32) -> Value { .word(.bytes32(value)) }
        public static func uint(_ value: Amount) -> Value { .word(.uint(value)) }
        public static func uint(_ value: UInt64) -> Value { .word(.uint(value)) }
        public static func string(_ value: String) -> Value { .bytes(Array(value.utf8)) }

        /// Whether its place is taken by an offset, and itself stands behind all that have a fixed size.
        var isDynamic: Bool {
            switch self {
            case .word: false
            case .bytes, .array: true
            case .tuple(let members): members.contains(where: \.isDynamic)
            }
        }

        /// By how much it makes the head longer.
        fileprivate var headSize: Int {
            guard !isDynamic, case .tuple(let members) = self else { return 32 }
            return members.reduce(0) { $0 + $1.headSize }
        }

        fileprivate var encoded: [UInt8] {
            switch self {
            case .word(let word): word.bytes.bytes
            case .bytes(let bytes):
                Word.uint(UInt64(bytes.count)).bytes.bytes + bytes
                    + [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
            case .array(let members): Word.uint(UInt64(members.count)).bytes.bytes + ABI.encode(arguments: members)
            case .tuple(let members): ABI.encode(arguments: members)
            }
        }
    }

    /// `abi.encode` of a function's arguments.
    public static func encode(arguments values: [Value]) -> [UInt8] {
        let headSize = values.reduce(0) { $0 + $1.headSize }
        var head: [UInt8] = []
        var tail: [UInt8] = []
        for value in values {
            guard value.isDynamic else {
                head += value.encoded
                continue
            }
            head += Word.uint(UInt64(headSize + tail.count)).bytes.bytes
            tail += value.encoded
        }
        return head + tail
    }

    /// What is sent to a contract: the function's selector and its arguments.
    public static func call(_ signature: String, _ arguments: [Value] = []) -> [UInt8] {
        selector(signature) + encode(arguments: arguments)
    }
}
