// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

/// The smallest scheme that has all an engine can meet: a durable sum, a hold that is only in memory, effects and
/// refusals.
struct Till: StoredChannelScheme {
    static let schemeName = "till"

    enum Event: Hashable, Sendable {
        case added(UInt64)
        /// As ``added(_:)``, and the bell is to be rung so often.
        case rang(UInt64, bells: Int)
        /// Changes nothing that is stored.
        case held
        case letGo
    }

    enum Effect: Hashable, Sendable {
        case ring(UInt64)
    }

    enum Refusal: ExplainedError {
        case tooMuch(UInt64)
        case alreadyHeld
        case notHeld

        var code: String { "till.refused" }
        var message: String { "\(self)" }
        var remedy: String? { nil }
        var description: String {
            switch self {
            case .tooMuch(let amount): "too much: \(amount)"
            case .alreadyHeld: "already held"
            case .notHeld: "not held"
            }
        }
    }

    /// More than this at once is refused.
    static let limit: UInt64 = 1000

    private(set) var total: UInt64 = 0
    /// How many sums were added.
    private(set) var count: UInt64 = 0
    /// Different for every order of the same sums.
    private(set) var trail: UInt64 = 0
    private(set) var isHeld = false

    init() {}

    mutating func apply(_ event: Event) throws(Refusal) -> [Effect] {
        switch event {
        case .added(let amount):
            try add(amount)
            return []
        case .rang(let amount, let bells):
            try add(amount)
            return (0..<bells).map { .ring(amount &* 10 &+ UInt64($0)) }
        case .held:
            guard !isHeld else { throw .alreadyHeld }
            isHeld = true
            return []
        case .letGo:
            guard isHeld else { throw .notHeld }
            isHeld = false
            return []
        }
    }

    private mutating func add(_ amount: UInt64) throws(Refusal) {
        guard amount <= Self.limit else { throw .tooMuch(amount) }
        total += amount
        count += 1
        trail = trail &* 31 &+ amount
    }

    // MARK: - Stored form

    var stored: [UInt8] {
        var writer = ByteWriter(version: 1)
        writer.write(total)
        writer.write(count)
        writer.write(trail)
        return writer.bytes
    }

    init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: 1)
        total = try reader.uint64()
        count = try reader.uint64()
        trail = try reader.uint64()
        try reader.finish()
    }

    static func stored(_ effect: Effect) -> [UInt8] {
        var writer = ByteWriter(version: 1)
        switch effect {
        case .ring(let number): writer.write(number)
        }
        return writer.bytes
    }

    static func effect(stored: [UInt8]) throws(StoredFormError) -> Effect {
        var reader = try ByteReader(stored, newest: 1)
        return .ring(try reader.uint64())
    }
}

extension ChannelID {
    /// A channel for tests; numbers that follow each other lie in different shards.
    static func numbered(_ number: Int) -> ChannelID {
        ChannelID(Hash32(filling: { $0.storeBytes(of: UInt64(number).littleEndian, as: UInt64.self) }))
    }
}
