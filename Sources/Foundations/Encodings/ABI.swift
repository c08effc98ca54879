// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// The contract ABI of Ethereum, as far as types of fixed size go: every value is one word of 32 bytes.
///
/// - Source: Solidity documentation, "Contract ABI Specification", formal specification of the encoding.
public enum ABI {
    /// One encoded value.
    ///
    /// - Unit: 32 bytes; numbers are big-endian, addresses stand at the right.
    public struct Word: Hashable, Sendable {
        public let bytes: Hash32

        init(bytes: Hash32) { self.bytes = bytes }

        public static func bytes32(_ value: Hash32) -> Word { Word(bytes: value) }

        public static func address(_ value: Address) -> Word {
            Word(bytes: Hash32 { word in value.withBytes { word.storeRight($0) } })
        }

        /// `uint8` through `uint128`: all are encoded alike.
        public static func uint(_ value: UInt128) -> Word {
            Word(bytes: Hash32 { word in withUnsafeBytes(of: value.bigEndian) { word.storeRight($0) } })
        }

        public static func uint(_ value: Amount) -> Word { uint(value.units) }
        public static func uint(_ value: UInt64) -> Word { uint(UInt128(value)) }
    }

    /// `abi.encode` of values of fixed size.
    public static func encode(_ words: [Word]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.count * 32)
        for word in words { word.bytes.withBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }

    /// The first four bytes of the hash of a function's signature, such as `transfer(address,uint256)`.
    public static func selector(_ signature: String) -> [UInt8] {
        Array(Keccak256.hash(utf8: signature).bytes.prefix(4))
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Copies `bytes` to the end and leaves what stands before them as it is.
    fileprivate func storeRight(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: self[(count - bytes.count)...]).copyMemory(from: bytes)
    }
}
