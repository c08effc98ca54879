// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingPrimitives

// Version 1, in this order:
//   id 32 · terms · party · charged 16 · doubtful 16
extension TwoWayPayer {
    private static let version: UInt8 = 1

    /// The stored form, version first.
    ///
    /// After a crash nobody knows what became of requests under way, so they are in doubt in it.
    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 600)
        writer.write(id.hash)
        writer.write(terms)
        writer.write(party)
        writer.write(purse)
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let id = ChannelID(try reader.hash())
        let terms = try reader.twoWayTerms()
        let party = try reader.twoWayParty()
        let purse = try reader.payerPurse()
        try reader.finish()
        guard terms.fault == nil, party.side == Self.side else { throw .damaged }
        self.init(id: id, terms: terms, party: party, purse: purse)
    }
}
