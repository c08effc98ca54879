// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The checksum of the journal: a 64-bit hash that runs at the speed of memory and finds torn writes.
///
/// It is no defence against a forger. The seed is the journal's identity, so bytes that a payer chose never pass for
/// a batch by themselves.
///
/// - Source: xxHash fast digest algorithm, specification 0.1.1, XXH64.
package enum XXHash64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var rest = bytes[...]
        var result: UInt64
        if bytes.count >= 32 {
            result = stripes(&rest, seed: seed)
        } else {
            result = seed &+ prime5
        }
        result &+= UInt64(bytes.count)
        while rest.count >= 8 {
            result ^= round(0, word(rest, 0))
            result = rotate(result, 27) &* prime1 &+ prime4
            rest = rest.dropFirst(8)
        }
        if rest.count >= 4 {
            let half = UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(as: UInt32.self)
            result ^= UInt64(UInt32(littleEndian: half)) &* prime1
            result = rotate(result, 23) &* prime2 &+ prime3
            rest = rest.dropFirst(4)
        }
        for byte in rest {
            result ^= UInt64(byte) &* prime5
            result = rotate(result, 11) &* prime1
        }
        return avalanche(result)
    }

    private static func stripes(_ rest: inout Slice<UnsafeRawBufferPointer>, seed: UInt64) -> UInt64 {
        let bytes = UnsafeRawBufferPointer(rebasing: rest)
        var (lane1, lane2) = (seed &+ prime1 &+ prime2, seed &+ prime2)
        var (lane3, lane4) = (seed, seed &- prime1)
        var offset = 0
        while offset &+ 32 <= bytes.count {
            lane1 = round(lane1, word(bytes, offset))
            lane2 = round(lane2, word(bytes, offset &+ 8))
            lane3 = round(lane3, word(bytes, offset &+ 16))
            lane4 = round(lane4, word(bytes, offset &+ 24))
            offset &+= 32
        }
        rest = rest.dropFirst(offset)
        let sum = rotate(lane1, 1) &+ rotate(lane2, 7) &+ rotate(lane3, 12) &+ rotate(lane4, 18)
        return merge(merge(merge(merge(sum, lane1), lane2), lane3), lane4)
    }

    @inline(__always) private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    private static func word(_ rest: Slice<UnsafeRawBufferPointer>, _ offset: Int) -> UInt64 {
        word(UnsafeRawBufferPointer(rebasing: rest), offset)
    }

    @inline(__always) private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 &- count)
    }

    @inline(__always) private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        rotate(lane &+ word &* prime2, 31) &* prime1
    }

    private static func merge(_ sum: UInt64, _ lane: UInt64) -> UInt64 {
        (sum ^ round(0, lane)) &* prime1 &+ prime4
    }

    private static func avalanche(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ value >> 33) &* prime2
        value = (value ^ value >> 29) &* prime3
        return value ^ value >> 32
    }
}
