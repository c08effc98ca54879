// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

/// Changes bytes at random, the same way for the same seed.
///
/// It knows nothing of branches, as libFuzzer does: it is there so that every test run tries something.
struct Mutator {
    private var random: SeededGenerator
    private let samples: [[UInt8]]

    init(seed: UInt64, samples: [[UInt8]]) {
        random = SeededGenerator(seed: seed)
        self.samples = samples
    }

    private static let words = [
        "{", "}", "[", "]", ":", ",", "\"", "\\u0000", "\\ud83d", "null", "true", "-0", "1e9", "9223372036854775808",
        "-9223372036854775808", "340282366920938463463374607431768211456", "0x", "0", "=", "==", "/", "..", "%2f", "*",
        "**", "$", "%",
    ].map { Array($0.utf8) }

    mutating func next() -> [UInt8] {
        var bytes = samples.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes) }
        return bytes
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let end = min(bytes.count, place + Int.random(in: 1...64, using: &random))
        switch Int.random(in: 0..<8, using: &random) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &random)
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 4: bytes.insert(.random(in: 0...255, using: &random), at: place)
        case 5:
            let other = samples.randomElement(using: &random) ?? []
            bytes.replaceSubrange(place..<end, with: other.suffix(Int.random(in: 0...other.count, using: &random)))
        case 6: bytes.removeSubrange(place...)
        default: bytes.insert(contentsOf: Self.words.randomElement(using: &random) ?? [], at: place)
        }
    }
}
