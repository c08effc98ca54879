// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingContracts
import FarthingPrimitives

/// All that is kept of one channel of balance proofs: both halves, since one program may have both keys.
struct PaymentBooks: KeptBooks {
    static let schemeName = ContractKind.balanceProof.rawValue
    /// Books with a deposit of which nobody knows are version 2, which adds that at the end; all others are version 1.
    private static let newest: UInt8 = 2

    let terms: BalanceProofTerms
    /// The block of the first deposit, where that is known.
    var openedIn: UInt64?
    /// Left out when channels are looked for on the disk.
    var isForgotten = false
    var sender = BalanceProofSender()
    var receiver = BalanceProofReceiver()
    /// What was about to be handed in, of which nobody knows whether it was made.
    var pending: PendingDeposit?

    init(_ terms: BalanceProofTerms, openedIn: UInt64? = nil) {
        self.terms = terms
        self.openedIn = openedIn
    }

    var stored: [UInt8] {
        var writer = ByteWriter(version: pending == nil ? 1 : 2, capacity: 550)
        writer.write(terms)
        writer.write(openedIn) { $0.write($1) }
        writer.write(UInt8(isForgotten ? 1 : 0))
        writer.write(sender)
        writer.write(receiver)
        if let pending {
            writer.write(pending.amount)
            writer.write(pending.salt)
        }
        return writer.bytes
    }

    init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.newest)
        terms = try reader.balanceProofTerms()
        openedIn = try reader.optional { (reader) throws(StoredFormError) in try reader.uint64() }
        let forgotten = try reader.byte()
        guard forgotten <= 1 else { throw .damaged }
        isForgotten = forgotten == 1
        sender = try reader.balanceProofSender()
        receiver = try reader.balanceProofReceiver()
        if stored.first == 2 { pending = PendingDeposit(amount: try reader.amount(), salt: try reader.hash()) }
        try reader.finish()
    }
}

/// A deposit that may have been made, or may not.
struct PendingDeposit: Hashable, Sendable {
    let amount: Amount
    /// With the same one no token takes a second deposit into the channel; the channel's name for its opening.
    let salt: Hash32
}
