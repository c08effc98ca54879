// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The hash of Ethereum: Keccak with 256 bits of output and the padding from before FIPS 202.
///
/// It differs from SHA3-256 in the padding alone, which is why no library's SHA3 will do.
///
/// - Source: The Keccak reference, version 3.0; Ethereum Yellow Paper, `KEC`. Rate 136 bytes, padding 0x01 … 0x80.
public enum Keccak256 {
    /// How many bytes one permutation takes in.
    static let rate = 136

    public static func hash(_ bytes: [UInt8]) -> Hash32 { bytes.withUnsafeBytes { hash($0) } }

    /// The hash of a text's UTF-8 bytes.
    public static func hash(utf8 text: String) -> Hash32 { hash(Array(text.utf8)) }

    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Hash32 {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 25) { lanes in
            lanes.initialize(repeating: 0)
            // A buffer of 25 lanes is never empty, so it has an address.
            guard let state = lanes.baseAddress else { return Hash32.zero }
            var rest = bytes
            while rest.count >= rate {
                for lane in 0..<(rate / 8) {
                    state[lane] ^= UInt64(littleEndian: rest.loadUnaligned(fromByteOffset: lane * 8, as: UInt64.self))
                }
                permute(state)
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(rate))
            }
            let wholeLanes = rest.count / 8
            for lane in 0..<wholeLanes {
                state[lane] ^= UInt64(littleEndian: rest.loadUnaligned(fromByteOffset: lane * 8, as: UInt64.self))
            }
            var last: UInt64 = 0
            for index in stride(from: rest.count - 1, through: wholeLanes * 8, by: -1) {
                last = last << 8 | UInt64(rest[index])
            }
            state[wholeLanes] ^= last | 1 << UInt64(8 * (rest.count % 8))
            state[rate / 8 - 1] ^= 0x8000_0000_0000_0000
            permute(state)
            return Hash32 { out in
                for lane in 0..<4 {
                    out.storeBytes(of: state[lane].littleEndian, toByteOffset: lane * 8, as: UInt64.self)
                }
            }
        }
    }
}
