// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives

extension LotteryContract {
    private static let version: UInt8 = 1

    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 150 + 80 * seats.count)
        writer.write(terms)
        writer.write(phase.rawValue)
        writer.write(deposit)
        writer.write(seats)
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        self.init(try reader.lotteryTerms())
        guard let phase = Phase(rawValue: try reader.byte()) else { throw .damaged }
        self.phase = phase
        deposit = try reader.amount()
        seats = try reader.lotterySeats(most: terms.seats)
        try reader.finish()
        guard isSound else { throw .damaged }
    }

    /// Whether a channel can have come to stand so.
    private var isSound: Bool {
        let isEmpty = deposit.isZero && seats.values.allSatisfy(\.reserve.isZero)
        return switch phase {
        case .unfunded: isEmpty && seats.isEmpty
        case .open: terms.fault == nil && sum != nil && seats.values.allSatisfy { $0.reserve <= terms.share }
        case .closed: terms.fault == nil && isEmpty
        }
    }
}
