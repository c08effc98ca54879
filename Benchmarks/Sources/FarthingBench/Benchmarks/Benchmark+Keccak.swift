// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import CAnchors
import FarthingPrimitives

extension Benchmark {
    static let keccak = Benchmark(
        name: "keccak",
        summary:
            "Keccak-256 of 32 bytes (one permutation) and of 136 (two), each hash being the head of the next message."
    ) { _ in
        try check(length: 32)
        try check(length: 136)
        return Contest(entrants: [32, 136].flatMap(entrants))
    }

    private static func entrants(length: Int) -> [Entrant] {
        [
            .loop("C, \(length) B", trial: 50_000) { count in _ = inC(length, count) },
            .loop("Keccak256.hash, \(length) B", against: [.init(name: "C, \(length) B", target: 0.85)], trial: 50_000)
            {
                count in _ = inSwift(length, count)
            },
        ]
    }

    private static func check(length: Int) throws {
        guard inC(length, 3) == inSwift(length, 3) else { throw WrongResult("The hashes of C and of Swift differ.") }
    }

    private static func inC(_ length: Int, _ count: Int) -> [UInt8] {
        var message = [UInt8](repeating: 0, count: length)
        anchor_keccak256_chain(&message, length, count)
        return message
    }

    private static func inSwift(_ length: Int, _ count: Int) -> [UInt8] {
        var message = [UInt8](repeating: 0, count: length)
        message.withUnsafeMutableBytes { message in
            for _ in 0..<count {
                Keccak256.hash(UnsafeRawBufferPointer(message)).withBytes { message.copyMemory(from: $0) }
            }
        }
        return message
    }
}
