// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// Walks a hash chain from its anchor to its seed, although hashes lead the other way.
///
/// It keeps a *pebble* on about log₂ N steps ahead and moves each a little whenever a step is revealed, so that every
/// step is near a pebble when its turn comes. Nobody keeps the whole chain, and no step costs more than some 2·log₂ N
/// hashes.
///
/// Whoever sees this can pay out of the channel: it is a secret.
///
/// - Source: M. Jakobsson, "Fractal Hash Sequence Representation and Traversal" (2002), for chains of any length.
public struct HashChainTraversal: Hashable, Sendable {
    /// A step that is known, on its way to one that will be asked for.
    private struct Pebble: Hashable {
        /// It serves the odd multiples of 2^level.
        let level: UInt8
        var position: UInt32
        var destination: UInt32
        var value: Hash32
    }

    public let count: UInt32
    private let tag: Hash32
    /// The last step of the chain, from which all others follow.
    private let seed: Hash32
    /// The step that was revealed last.
    public private(set) var current: HashChainStep
    private var pebbles: [Pebble] = []
    /// How many hashes were computed so far.
    private(set) var hashes = 0

    /// Lays a chain: one hash for each of its steps.
    ///
    /// - Parameters:
    ///   - seed: Random, and known to nobody else.
    ///   - count: How many steps the chain has.
    ///   - tag: The channel's, see `HashChainTerms.tag(in:)`.
    public init(seed: Hash32, count: UInt32, tag: Hash32) {
        self.seed = seed
        self.count = count
        self.tag = tag
        current = HashChainStep(index: count, value: seed)
        var (value, index) = (seed, count)
        while index > 0 {
            if index.nonzeroBitCount == 1, index > 1 {
                pebbles.append(
                    Pebble(
                        level: UInt8(index.trailingZeroBitCount), position: index, destination: index, value: value))
            }
            value = hash(value, at: index)
            index -= 1
        }
        current = HashChainStep(index: 0, value: value)
    }

    /// What everybody may know of the chain.
    ///
    /// Meaningful before the first step alone.
    public var anchor: Hash32 { current.value }

    /// Reveals the next step; `nil` when there is none.
    public mutating func next() -> HashChainStep? {
        guard current.index < count else { return nil }
        for index in pebbles.indices { move(index, atMost: 2) }
        let index = current.index + 1
        if index % 2 == 1 {
            // The step behind it is even, so a pebble is there; but for the seed.
            let value = index == count ? seed : hash(arrived(at: index + 1)?.value ?? seed, at: index + 1)
            current = HashChainStep(index: index, value: value)
        } else if let pebble = arrived(at: index) {
            current = HashChainStep(index: index, value: pebble.value)
            send(pebble)
        }
        return current
    }

    /// Reveals the step that lies so many further; `nil` when the chain ends before it.
    public mutating func advance(by steps: UInt32) -> HashChainStep? {
        guard steps <= count - current.index else { return nil }
        for _ in 0..<steps { _ = next() }
        return current
    }

    // MARK: - Pebbles

    /// The pebble that serves a step, which is there by now; it would be brought there if it were not.
    private mutating func arrived(at destination: UInt32) -> Pebble? {
        guard let index = pebbles.firstIndex(where: { $0.destination == destination }) else { return nil }
        move(index, atMost: .max)
        return pebbles[index]
    }

    private mutating func move(_ index: Int, atMost steps: UInt32) {
        var left = steps
        while left > 0, pebbles[index].position > pebbles[index].destination {
            pebbles[index].value = hash(pebbles[index].value, at: pebbles[index].position)
            pebbles[index].position -= 1
            left -= 1
        }
    }

    /// Sends a pebble that was used to the step where its level is needed next, from a pebble that lies behind that.
    private mutating func send(_ pebble: Pebble) {
        pebbles.removeAll { $0 == pebble }
        let (destination, overflow) = pebble.destination.addingReportingOverflow(2 << UInt32(pebble.level))
        guard !overflow, destination <= count else { return }
        let start = pebbles.filter { $0.position >= destination }.min { $0.position < $1.position }
        pebbles.append(
            Pebble(
                level: pebble.level, position: start?.position ?? count, destination: destination,
                value: start?.value ?? seed))
    }

    private mutating func hash(_ value: Hash32, at index: UInt32) -> Hash32 {
        hashes += 1
        return HashChain.step(before: value, at: index, tag: tag)
    }
}

// MARK: - Stored form

extension HashChainTraversal {
    private static let version: UInt8 = 1

    /// The stored form, version first: some 40 bytes for each doubling of the chain's length.
    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version)
        writer.write(tag)
        writer.write(seed)
        writer.write(count)
        writer.write(current)
        writer.write(UInt8(pebbles.count))
        for pebble in pebbles {
            writer.write(pebble.level)
            writer.write(pebble.destination)
            writer.write(HashChainStep(index: pebble.position, value: pebble.value))
        }
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        tag = try reader.hash()
        seed = try reader.hash()
        count = try reader.uint32()
        current = try reader.hashChainStep()
        for _ in 0..<(try reader.byte()) {
            let (level, destination) = (try reader.byte(), try reader.uint32())
            let step = try reader.hashChainStep()
            guard level < 32, destination <= step.index, step.index <= count, destination > current.index else {
                throw .damaged
            }
            pebbles.append(Pebble(level: level, position: step.index, destination: destination, value: step.value))
        }
        guard current.index <= count else { throw .damaged }
        try reader.finish()
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.current == right.current && left.pebbles == right.pebbles && left.seed == right.seed
            && left.tag == right.tag && left.count == right.count
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(current) }
}
