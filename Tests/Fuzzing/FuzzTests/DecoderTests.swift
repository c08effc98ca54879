// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import Testing

/// The short form of `Scripts/fuzz`: its corpus, and some thousand mutations of it.
@Suite("A decoder of bytes from outside")
struct DecoderTests {
    /// How many mutations all decoders are fed with together.
    private static let mutations = 20_000
    private static let seed: UInt64 = 0xFA12_7816

    @Test(arguments: Decoder.all.map(\.name))
    func `keeps what it promises, whatever it reads`(name: String) async throws {
        let decoder = try #require(Decoder.named(name))
        let samples = try Self.corpus(of: name)
        let share = Self.mutations / Decoder.all.count
        // Some block, and a task may not.
        let (read, broken) = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: Self.feed(decoder, samples, mutations: share)) }
        }
        #expect(broken == nil)
        // A corpus of nothing but refusals would test little.
        #expect(read > 0, "nothing in the corpus of \(name) could be read")
    }

    private static func feed(_ decoder: Decoder, _ samples: [[UInt8]], mutations: Int) -> (read: Int, broken: String?) {
        var mutator = Mutator(seed: seed, samples: samples)
        var read = 0
        for step in 0..<samples.count + mutations {
            let bytes = step < samples.count ? samples[step] : mutator.next()
            do throws(BrokenPromise) {
                if try decoder.check(bytes) { read += step < samples.count ? 1 : 0 }
            } catch {
                return (read, "seed \(seed), step \(step): \(error); the bytes: \(Data(bytes).base64EncodedString())")
            }
        }
        return (read, nil)
    }

    private static func corpus(of name: String) throws -> [[UInt8]] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Corpus/\(name)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            Array(try Data(contentsOf: folder.appending(path: $0)))
        }
    }
}
