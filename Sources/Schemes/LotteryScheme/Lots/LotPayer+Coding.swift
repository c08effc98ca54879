// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingPrimitives

// Version 1, in this order:
//   id 32 · terms 140 · tag 32 · secret 32 · count 4, payees 20 each · stand?
extension LotPayer {
    private static let version: UInt8 = 1

    /// The stored form, version first.
    ///
    /// It holds the secret: who has it and makes the deciding block can choose who wins.
    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 280 + 20 * payees.count)
        writer.write(id.hash)
        writer.write(terms)
        writer.write(tag)
        writer.write(secret)
        writer.write(UInt32(clamping: payees.count))
        for payee in payees { writer.write(payee) }
        writer.write(stand) { $0.write($1) }
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let id = ChannelID(try reader.hash())
        let terms = try reader.lotTerms()
        self.init(id: id, terms: terms, tag: try reader.hash(), secret: try reader.hash())
        let count = try reader.uint32()
        guard terms.fault == nil, LotTerms.commitment(to: secret, tag: tag) == terms.commitment,
            count <= terms.ticketCount
        else { throw .damaged }
        for _ in 0..<count { payees.append(try reader.address()) }
        stand = try reader.optional { (reader) throws(StoredFormError) in try reader.lotStand(of: terms) }
        try reader.finish()
        // What was entered was given out.
        guard Int(stand?.entered ?? 0) <= payees.count, stand != nil || payees.isEmpty else { throw .damaged }
    }
}
