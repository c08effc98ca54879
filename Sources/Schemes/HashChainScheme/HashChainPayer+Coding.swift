// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingPrimitives

// Version 1, in this order:
//   id 32 · terms · charged 16 · doubtful 16 · traversal, its length before it
extension HashChainPayer {
    private static let version: UInt8 = 1

    /// The stored form, version first; it holds the chain, so it is a secret.
    ///
    /// After a crash nobody knows what became of requests under way, so they are in doubt in it.
    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 1024)
        writer.write(id.hash)
        writer.write(terms)
        writer.write(purse)
        writer.write(traversal.stored)
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let id = ChannelID(try reader.hash())
        let terms = try reader.hashChainTerms()
        let purse = try reader.payerPurse()
        let traversal = try HashChainTraversal(stored: try reader.bytes())
        try reader.finish()
        guard terms.fault == nil, traversal.count == terms.stepCount else { throw .damaged }
        self.init(id: id, terms: terms, traversal: traversal, purse: purse)
    }
}
