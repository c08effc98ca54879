// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// The form in which Ethereum writes transactions: nested lists of byte strings.
///
/// - Source: Ethereum Yellow Paper, appendix B (Recursive Length Prefix).
public enum RLP {
    public enum Item: Hashable, Sendable {
        case bytes([UInt8])
        indirect case list([Item])

        /// A number, big-endian without zeros in front; zero is no byte at all.
        public static func number(_ value: UInt128) -> Item {
            .bytes(withUnsafeBytes(of: value.bigEndian) { Array($0.drop { $0 == 0 }) })
        }

        public static func number(_ value: UInt64) -> Item { number(UInt128(value)) }

        /// A word of a signature is a number too: zeros in front are left out.
        public static func number(_ word: Hash32) -> Item { .bytes(Array(word.bytes.drop { $0 == 0 })) }

        /// - Parameter address: `nil`, of a transaction that makes a contract, is no byte at all.
        public static func address(_ address: Address?) -> Item { .bytes(address?.bytes ?? []) }
    }

    public static func encode(_ item: Item) -> [UInt8] {
        switch item {
        case .bytes(let bytes):
            // A small byte stands for itself.
            if bytes.count == 1, bytes[0] < 0x80 { return bytes }
            return prefix(0x80, length: bytes.count) + bytes
        case .list(let items):
            let body = items.flatMap(encode)
            return prefix(0xc0, length: body.count) + body
        }
    }

    private static func prefix(_ base: UInt8, length: Int) -> [UInt8] {
        guard length > 55 else { return [base + UInt8(length)] }
        let digits = withUnsafeBytes(of: UInt64(length).bigEndian) { Array($0.drop { $0 == 0 }) }
        return [base + 55 + UInt8(digits.count)] + digits
    }
}
