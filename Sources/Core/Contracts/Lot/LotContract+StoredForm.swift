// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

extension LotContract {
    private static let version: UInt8 = 1

    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 200 + 24 * tickets.count)
        writer.write(terms)
        switch phase {
        case .unfunded: writer.write(UInt8(0))
        case .open: writer.write(UInt8(1))
        case .drawing(let block):
            writer.write(UInt8(2))
            writer.write(block)
        case .closed: writer.write(UInt8(3))
        }
        writer.write(tickets)
        writer.write(secret) { $0.write($1) }
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        self.init(try reader.lotTerms())
        switch try reader.byte() {
        case 0: phase = .unfunded
        case 1: phase = .open
        case 2: phase = .drawing(block: try reader.uint64())
        case 3: phase = .closed
        default: throw .damaged
        }
        tickets = try reader.lotTickets(below: terms.ticketCount)
        secret = try reader.optional { (reader) throws(StoredFormError) in try reader.hash() }
        try reader.finish()
        guard isSound else { throw .damaged }
    }

    /// Whether a lot can have come to stand so.
    private var isSound: Bool {
        switch phase {
        case .unfunded: tickets.isEmpty && secret == nil
        case .open: terms.fault == nil && tickets.count < Int(terms.ticketCount) && secret == nil
        case .drawing: terms.fault == nil && !tickets.isEmpty
        case .closed: terms.fault == nil
        }
    }
}
