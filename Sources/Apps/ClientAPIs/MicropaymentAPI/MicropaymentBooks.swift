// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingTwoWayScheme

/// All that one side keeps of a two-way channel.
struct MicropaymentBooks: KeptBooks {
    static let schemeName = ContractKind.twoWay.rawValue + "-client"
    private static let version: UInt8 = 1

    let terms: TwoWayTerms
    var party: TwoWayParty

    init(_ side: TwoWaySide, _ snapshot: ContractSnapshot<TwoWayContract>) {
        terms = snapshot.state.terms
        party = TwoWayParty(side, ledger: snapshot)
    }

    var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 600)
        writer.write(terms)
        writer.write(party.stored)
        return writer.bytes
    }

    init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        terms = try reader.twoWayTerms()
        party = try TwoWayParty(stored: try reader.bytes())
        try reader.finish()
    }
}
