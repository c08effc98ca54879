// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingPrimitives

/// The function scrypt for the costs that the cryptographic library refuses.
///
/// RFC 7914 wants n < 2^(16·r), and the library insists. Yet the definition of keystores shows n = 2¹⁸ with r = 1 as
/// its example, and Python's wallets wrote files like that for years; nothing is known to be weak about them.
///
/// - Source: RFC 7914, sections 3 (Salsa20/8), 4 (scryptBlockMix), 5 (scryptROMix) and 6 (scrypt).
enum Scrypt {
    /// - Returns: `count` bytes, which the caller wipes.
    static func derive(
        from passphrase: [UInt8], salt: [UInt8], cost: (n: Int, r: Int, p: Int), count: Int
    ) throws(KeyTextFault) -> [UInt8] {
        let length = 128 * cost.r
        var blocks = try KeyDerivation.pbkdf2(passphrase, salt: salt, rounds: 1, count: cost.p * length)
        defer { PrivateKey.wipe(&blocks) }
        blocks.withUnsafeMutableBytes { bytes in
            let table = UnsafeMutablePointer<UInt32>.allocate(capacity: cost.n * length / 4)
            table.initialize(repeating: 0, count: cost.n * length / 4)
            for start in stride(from: 0, to: bytes.count, by: length) {
                mix(UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + length]), table: table, cost: cost)
            }
            table.update(repeating: 0, count: cost.n * length / 4)
            table.deallocate()
        }
        return try KeyDerivation.pbkdf2(passphrase, salt: blocks, rounds: 1, count: count)
    }

    /// scryptROMix: fills the table with n steps from the block, then takes n steps that each look one up.
    private static func mix(
        _ bytes: UnsafeMutableRawBufferPointer, table: UnsafeMutablePointer<UInt32>, cost: (n: Int, r: Int, p: Int)
    ) {
        let count = bytes.count / 4
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * count) { space in
            space.initialize(repeating: 0)
            // Two blocks of 128·r bytes are never empty, so there is an address.
            guard var now = space.baseAddress else { return }
            var next = now + count
            for index in 0..<count {
                now[index] = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
            }
            for step in 0..<cost.n {
                (table + step * count).update(from: now, count: count)
                mixBlocks(now, into: next, pairs: cost.r)
                swap(&now, &next)
            }
            for _ in 0..<cost.n {
                let row = table + (Int(now[count - 16]) & (cost.n - 1)) * count
                for index in 0..<count { now[index] ^= row[index] }
                mixBlocks(now, into: next, pairs: cost.r)
                swap(&now, &next)
            }
            for index in 0..<count {
                bytes.storeBytes(of: now[index].littleEndian, toByteOffset: 4 * index, as: UInt32.self)
            }
            space.update(repeating: 0)
        }
    }

    /// scryptBlockMix: each block of 16 words stirred with the one before; the even ones first, then the odd.
    private static func mixBlocks(
        _ blocks: UnsafeMutablePointer<UInt32>, into mixed: UnsafeMutablePointer<UInt32>, pairs: Int
    ) {
        var last = blocks + (2 * pairs - 1) * 16
        for index in 0..<(2 * pairs) {
            let block = blocks + index * 16
            let target = mixed + (index / 2 + (index.isMultiple(of: 2) ? 0 : pairs)) * 16
            stir(last, block, into: target)
            last = target
        }
    }

    /// The core of Salsa20 with 8 rounds, of the two blocks added bit by bit.
    private static func stir(
        _ left: UnsafeMutablePointer<UInt32>, _ right: UnsafeMutablePointer<UInt32>,
        into target: UnsafeMutablePointer<UInt32>
    ) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 16) { space in
            guard let word = space.baseAddress else { return }
            var index = 0
            while index < 16 {
                target[index] = left[index] ^ right[index]
                word[index] = target[index]
                index += 1
            }
            var round = 0
            while round < 8 {
                quarter(word, 0, 4, 8, 12)
                quarter(word, 5, 9, 13, 1)
                quarter(word, 10, 14, 2, 6)
                quarter(word, 15, 3, 7, 11)
                quarter(word, 0, 1, 2, 3)
                quarter(word, 5, 6, 7, 4)
                quarter(word, 10, 11, 8, 9)
                quarter(word, 15, 12, 13, 14)
                round += 2
            }
            while index > 0 {
                index -= 1
                target[index] &+= word[index]
            }
        }
    }

    @inline(__always)
    private static func quarter(_ word: UnsafeMutablePointer<UInt32>, _ a: Int, _ b: Int, _ c: Int, _ d: Int) {
        word[b] ^= turned(word[a] &+ word[d], 7)
        word[c] ^= turned(word[b] &+ word[a], 9)
        word[d] ^= turned(word[c] &+ word[b], 13)
        word[a] ^= turned(word[d] &+ word[c], 18)
    }

    @inline(__always)
    private static func turned(_ word: UInt32, _ bits: UInt32) -> UInt32 { word &<< bits | word &>> (32 &- bits) }
}
