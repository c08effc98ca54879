// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The hash RIPEMD-160.
///
/// - Source: H. Dobbertin, A. Bosselaers, B. Preneel, "RIPEMD-160: A Strengthened Version of RIPEMD", 1996.
public enum RIPEMD160 {
    /// 20 bytes.
    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        var words = [UInt32](repeating: 0, count: 16)
        let padded = bytes.count + 1 + (119 - bytes.count % 64) % 64 + 8
        let bitCount = UInt64(bytes.count) << 3
        for start in stride(from: 0, to: padded, by: 64) {
            for index in 0..<16 {
                var word: UInt32 = 0
                for offset in 0..<4 {
                    let place = start + index * 4 + offset
                    let byte: UInt8 =
                        if place < bytes.count {
                            bytes[place]
                        } else if place == bytes.count {
                            0x80
                        } else if place >= padded - 8 {
                            UInt8(truncatingIfNeeded: bitCount >> UInt64(8 * (place - padded + 8)))
                        } else {
                            0
                        }
                    word |= UInt32(byte) << UInt32(8 * offset)
                }
                words[index] = word
            }
            compress(&state, words)
        }
        return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
    }

    private static func compress(_ state: inout [UInt32], _ words: [UInt32]) {
        var left = (state[0], state[1], state[2], state[3], state[4])
        var right = left
        for step in 0..<80 {
            let round = step / 16
            step5(
                &left, word: words[Int(leftWords[step])], round: round, constant: leftConstants[round],
                shift: leftShifts[step])
            step5(
                &right, word: words[Int(rightWords[step])], round: 4 - round, constant: rightConstants[round],
                shift: rightShifts[step])
        }
        let first = state[1] &+ left.2 &+ right.3
        state[1] = state[2] &+ left.3 &+ right.4
        state[2] = state[3] &+ left.4 &+ right.0
        state[3] = state[4] &+ left.0 &+ right.1
        state[4] = state[0] &+ left.1 &+ right.2
        state[0] = first
    }

    private static func step5(
        _ line: inout (UInt32, UInt32, UInt32, UInt32, UInt32), word: UInt32, round: Int, constant: UInt32, shift: UInt8
    ) {
        let (b, c, d) = (line.1, line.2, line.3)
        let mixed: UInt32 =
            switch round {
            case 0: b ^ c ^ d
            case 1: (b & c) | (~b & d)
            case 2: (b | ~c) ^ d
            case 3: (b & d) | (c & ~d)
            default: b ^ (c | ~d)
            }
        let sum = line.0 &+ mixed &+ word &+ constant
        let turned = rotate(sum, by: shift) &+ line.4
        line = (line.4, turned, b, rotate(c, by: 10), d)
    }

    private static func rotate(_ word: UInt32, by places: UInt8) -> UInt32 {
        word << UInt32(places) | word >> UInt32(32 - places)
    }

    private static let leftConstants: [UInt32] = [0, 0x5A82_7999, 0x6ED9_EBA1, 0x8F1B_BCDC, 0xA953_FD4E]
    private static let rightConstants: [UInt32] = [0x50A2_8BE6, 0x5C4D_D124, 0x6D70_3EF3, 0x7A6D_76E9, 0]

    private static let leftWords: [UInt8] = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8, 3,
        10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12, 1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2, 4, 0,
        5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13,
    ]
    private static let rightWords: [UInt8] = [
        5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12, 6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2, 15,
        5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13, 8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14, 12, 15,
        10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11,
    ]
    private static let leftShifts: [UInt8] = [
        11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8, 7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12,
        11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5, 11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12,
        9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6,
    ]
    private static let rightShifts: [UInt8] = [
        8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6, 9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11,
        9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5, 15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8,
        8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11,
    ]
}
