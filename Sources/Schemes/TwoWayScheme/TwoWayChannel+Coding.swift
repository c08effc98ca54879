// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingPrimitives

// Version 1, in this order:
//   id 32 · terms · party (see TwoWayParty+Stored) · purse 48 · ending? · captured 16 · last paid at?
// What is in flight is left out: after a restart nobody waits for its answer.
extension TwoWayChannel {
    private static let version: UInt8 = 1

    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 900)
        writer.write(id.hash)
        writer.write(terms)
        writer.write(party)
        for sum in [purse.authorised, purse.charged, purse.credit] { writer.write(sum) }
        writer.write(ending) { $0.write($1) }
        writer.write(captured)
        writer.write(lastPaidAt) { $0.write($1) }
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let id = ChannelID(try reader.hash())
        let terms = try reader.twoWayTerms()
        let party = try reader.twoWayParty()
        let purse = try reader.purse()
        let ending = try reader.optional { (reader) throws(StoredFormError) in try reader.twoWayPayment() }
        let captured = try reader.amount()
        let lastPaidAt = try reader.optional { (reader) throws(StoredFormError) in try reader.instant() }
        try reader.finish()
        guard terms.fault == nil, party.side == Self.payee, ending.map({ $0.isClose && $0.side != party.side }) ?? true
        else { throw .damaged }
        self.init(
            id: id, terms: terms, party: party, purse: purse, ending: ending, captured: captured,
            lastPaidAt: lastPaidAt)
    }

    /// Whether both have the same stored form; cheaper than to make the two and compare them.
    public func isStoredLike(_ other: TwoWayChannel) -> Bool {
        party == other.party && purse.isStoredLike(other.purse) && ending == other.ending
            && captured == other.captured && lastPaidAt == other.lastPaidAt && id == other.id && terms == other.terms
    }

    public static func stored(_ effect: Effect) -> [UInt8] {
        var writer = ByteWriter(version: version, capacity: 200)
        switch effect {
        case .submitClose(let payment):
            writer.write(UInt8(1))
            writer.write(payment)
        case .submitChallenge(let payment):
            writer.write(UInt8(2))
            writer.write(payment)
        case .submitFinalize:
            writer.write(UInt8(3))
        }
        return writer.bytes
    }

    public static func effect(stored: [UInt8]) throws(StoredFormError) -> Effect {
        var reader = try ByteReader(stored, newest: version)
        let effect: Effect =
            switch try reader.byte() {
            case 1: .submitClose(try reader.twoWayPayment())
            case 2: .submitChallenge(try reader.twoWayPayment())
            case 3: .submitFinalize
            default: throw .damaged
            }
        try reader.finish()
        return effect
    }
}
