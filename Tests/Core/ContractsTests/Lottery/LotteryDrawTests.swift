// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("The draw of a lottery ticket")
struct LotteryDrawTests {
    // MARK: - Chance

    /// Thresholds that win every second, third, tenth, hundredth and thousandth time.
    static let thresholds = [2, 3, 10, 100, 1000].map { UInt64.max / $0 + 1 }

    /// A million tickets in a hundred buckets: how many of each bucket win, for each threshold.
    ///
    /// They are drawn side by side, because drawing takes its time without an optimiser.
    private static func wins() async -> [[Int]] {
        await withTaskGroup(of: (Int, [[Int]]).self) { group in
            for part in 0..<10 {
                group.addTask { (part, (0..<10).map { bucket(seed: UInt64(20_261_121 + 10 * part + $0)) }) }
            }
            var buckets: [Int: [[Int]]] = [:]
            for await (part, counts) in group { buckets[part] = counts }
            let all = (0..<10).flatMap { buckets[$0] ?? [] }
            return thresholds.indices.map { index in all.map { $0[index] } }
        }
    }

    private static func bucket(seed: UInt64) -> [Int] {
        var random = SeededGenerator(seed: seed)
        let draw = { (space: UnsafeMutableRawBufferPointer) in
            for offset in stride(from: 0, to: 32, by: 8) {
                space.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
            }
        }
        var wins = thresholds.map { _ in 0 }
        for _ in 0..<10_000 {
            let number = LotteryDraw.number(
                r: Hash32(filling: draw), s: Hash32(filling: draw), secret: Hash32(filling: draw))
            for (index, threshold) in thresholds.enumerated() where number < threshold { wins[index] += 1 }
        }
        return wins
    }

    @Test func `wins as often as the threshold says, and is worth what it should be, a million times`() async {
        let faceValue = units(1_000_000)
        for (threshold, wins) in zip(Self.thresholds, await Self.wins()) {
            let probability = Double(threshold) / 0x1p64
            let chi = ChiSquare.of(wins: wins, outOf: 10_000, probability: probability)
            #expect(ChiSquare.range(100).contains(chi), "threshold \(threshold): \(chi)")
            // What was paid is what the tickets were worth, but for four standard deviations.
            let paid = Double(wins.reduce(0, +)) * Double(faceValue.units)
            let expected = 1e6 * Double(LotteryDraw.expectedValue(of: faceValue, below: threshold).units)
            let deviation = (1e6 * probability * (1 - probability)).squareRoot() * Double(faceValue.units)
            #expect(abs(paid - expected) < 4 * deviation, "threshold \(threshold): \(paid) of \(expected)")
        }
    }

    @Test func `would be caught if it won a little too often, or too evenly`() {
        let chi = { ChiSquare.of(wins: $0, outOf: 10_000, probability: 0.1) }
        #expect(!ChiSquare.range(100).contains(chi((0..<100).map { $0.isMultiple(of: 2) ? 1060 : 980 })))
        #expect(!ChiSquare.range(100).contains(chi((0..<100).map { _ in 1000 })))
    }

    // MARK: - Worth

    struct Worth: Sendable {
        let faceValue: UInt128
        let threshold: UInt64
        let worth: UInt128
    }

    @Test(arguments: [
        Worth(faceValue: .max, threshold: .max, worth: .max - (1 << 64)),
        Worth(faceValue: .max, threshold: 1, worth: (1 << 64) - 1),
        Worth(faceValue: 1 << 64, threshold: 1, worth: 1),
        Worth(faceValue: (1 << 64) - 1, threshold: 1, worth: 0),
        Worth(faceValue: 1000, threshold: 1 << 63, worth: 500),
        Worth(faceValue: 1001, threshold: 1 << 63, worth: 500),
        Worth(faceValue: 1, threshold: .max, worth: 0),
        Worth(faceValue: 3 << 64, threshold: 5, worth: 15),
    ])
    func `is worth face value times threshold by 2^64, rounded down`(_ known: Worth) {
        let ticket = LotteryStage().ticket(faceValue: known.faceValue) { $0.threshold = known.threshold }
        #expect(ticket.expectedValue == units(known.worth))
    }

    @Test func `has the lowest threshold at which it is worth a price`() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            let faceValue =
                UInt128.random(in: 2...(.max), using: &random) >> UInt128.random(in: 0..<126, using: &random)
            guard faceValue > 1 else { continue }
            let price = UInt128.random(in: 1..<faceValue, using: &random) >> UInt128.random(in: 0..<64, using: &random)
            guard price > 0, let threshold = LotteryDraw.threshold(for: units(price), of: units(faceValue)) else {
                continue
            }
            let worth = { LotteryDraw.expectedValue(of: units(faceValue), below: $0) }
            #expect(worth(threshold) >= units(price), "\(price) of \(faceValue)")
            #expect(worth(threshold - 1) < units(price), "\(price) of \(faceValue)")
        }
        #expect(LotteryDraw.threshold(for: units(1), of: units(1000)) == UInt64.max / 1000 + 1)
        #expect(LotteryDraw.threshold(for: units(1), of: units(2)) == 1 << 63)
        #expect(LotteryDraw.threshold(for: units(1), of: .max) == 1)
    }

    @Test func `is not there for a price of nothing, or of the face value or nearly so`() {
        #expect(LotteryDraw.threshold(for: .zero, of: units(10)) == nil)
        #expect(LotteryDraw.threshold(for: units(10), of: units(10)) == nil)
        #expect(LotteryDraw.threshold(for: units(11), of: units(10)) == nil)
        #expect(LotteryDraw.threshold(for: units(1), of: .zero) == nil)
        #expect(LotteryDraw.threshold(for: Amount(units: .max - 1), of: .max) == nil)
        #expect(LotteryDraw.threshold(for: Amount(units: .max - (1 << 64)), of: .max) == .max)
    }

    // MARK: - Bytes

    @Test func `reads the hash of r, s and secret from its beginning, and a promise as it is told`() throws {
        let (r, s, secret) = (hash("r"), hash("s"), hash("secret"))
        let number = Keccak256.hash(r.bytes + s.bytes + secret.bytes).bytes.prefix(8).reduce(UInt64(0)) {
            $0 << 8 | UInt64($1)
        }
        #expect(LotteryDraw.number(r: r, s: s, secret: secret) == number)
        let channel = LotteryStage().channel
        #expect(
            LotteryDraw.commitment(to: secret, by: Person.bob.address, in: channel)
                == Keccak256.hash(channel.hash.bytes + Person.bob.address.bytes + secret.bytes))
    }
}
