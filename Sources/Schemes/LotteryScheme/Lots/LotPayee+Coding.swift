// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingPrimitives

// Version 1, in this order:
//   id 32 · terms 140 · payee 20 · count 4, each: index 4, fate 1, signature? 65 · stand? · paid? 16
extension LotPayee {
    private static let version: UInt8 = 1

    /// The stored form, version first.
    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 260 + 71 * held.count)
        writer.write(id.hash)
        writer.write(terms)
        writer.write(payee)
        writer.write(UInt32(clamping: held.count))
        for ticket in held {
            writer.write(UInt32(ticket.index))
            writer.write(ticket.fate.rawValue)
            writer.write(ticket.signature) { $0.write($1) }
        }
        writer.write(stand) { $0.write($1) }
        writer.write(paid) { $0.write($1) }
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let id = ChannelID(try reader.hash())
        let terms = try reader.lotTerms()
        self.init(id: id, terms: terms, payee: try reader.address())
        let count = try reader.uint32()
        guard terms.fault == nil, payee != terms.payer, count <= terms.ticketCount else { throw .damaged }
        for _ in 0..<count {
            guard let index = UInt16(exactly: try reader.uint32()), index < terms.ticketCount,
                held.last.map({ $0.index < index }) ?? true, let fate = Fate(rawValue: try reader.byte())
            else { throw .damaged }
            let signature = try reader.optional { (reader) throws(StoredFormError) in try reader.signature() }
            held.append(Held(index: index, signature: signature, fate: fate))
        }
        stand = try reader.optional { (reader) throws(StoredFormError) in try reader.lotStand(of: terms) }
        paid = try reader.optional { (reader) throws(StoredFormError) in try reader.amount() }
        try reader.finish()
        guard isSound else { throw .damaged }
    }

    /// Whether the rules can have led to these books.
    private var isSound: Bool {
        guard let stand else { return held.isEmpty && paid == nil }
        guard count(of: .entered) <= Int(stand.entered) else { return false }
        guard held.allSatisfy({ $0.fate != .offered || $0.signature != nil }) else { return false }
        switch stand.phase {
        case .unfunded, .open: return paid == nil
        case .drawing: return paid == nil && count(of: .offered) == 0
        case .closed: return paid.map(isPossible) ?? true && count(of: .offered) == 0
        }
    }
}
