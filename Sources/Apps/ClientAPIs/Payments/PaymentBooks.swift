// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingContracts
import FarthingPrimitives

/// All that is kept of one channel of balance proofs: both halves, since one program may have both keys.
struct PaymentBooks: KeptBooks {
    static let schemeName = ContractKind.balanceProof.rawValue
    private static let version: UInt8 = 1

    let terms: BalanceProofTerms
    /// The block of the first deposit, where that is known.
    var openedIn: UInt64?
    /// Left out when channels are looked for on the disk.
    var isForgotten = false
    var sender = BalanceProofSender()
    var receiver = BalanceProofReceiver()

    init(_ terms: BalanceProofTerms, openedIn: UInt64? = nil) {
        self.terms = terms
        self.openedIn = openedIn
    }

    var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 500)
        writer.write(terms)
        writer.write(openedIn) { $0.write($1) }
        writer.write(UInt8(isForgotten ? 1 : 0))
        writer.write(sender)
        writer.write(receiver)
        return writer.bytes
    }

    init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        terms = try reader.balanceProofTerms()
        openedIn = try reader.optional { (reader) throws(StoredFormError) in try reader.uint64() }
        let forgotten = try reader.byte()
        guard forgotten <= 1 else { throw .damaged }
        isForgotten = forgotten == 1
        sender = try reader.balanceProofSender()
        receiver = try reader.balanceProofReceiver()
        try reader.finish()
    }
}
