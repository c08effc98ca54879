// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingContracts
import FarthingPrimitives

/// All that is kept of one channel of balance proofs: both halves, since one program may have both keys.
struct PaymentBooks: KeptBooks {
    static let schemeName = ContractKind.balanceProof.rawValue
    /// Books with one deposit of which nobody knows are version 2, which adds that at the end; with several they are
    /// version 3, which adds their number in a byte, and them; all others are version 1.
    private static let newest: UInt8 = 3
    /// Of so many deposits it may be unknown whether they were made.
    static let mostPending = 64

    let terms: BalanceProofTerms
    /// The block of the first deposit, where that is known.
    var openedIn: UInt64?
    /// Left out when channels are looked for on the disk.
    var isForgotten = false
    var sender = BalanceProofSender()
    var receiver = BalanceProofReceiver()
    /// What was about to be handed in, of which nobody knows whether it was made; the oldest first.
    private(set) var pending: [PendingDeposit] = []

    init(_ terms: BalanceProofTerms, openedIn: UInt64? = nil) {
        self.terms = terms
        self.openedIn = openedIn
    }

    var stored: [UInt8] {
        var writer = ByteWriter(version: UInt8(min(pending.count, 2)) + 1, capacity: 550)
        writer.write(terms)
        writer.write(openedIn) { $0.write($1) }
        writer.write(UInt8(isForgotten ? 1 : 0))
        writer.write(sender)
        writer.write(receiver)
        if pending.count > 1 { writer.write(UInt8(pending.count)) }
        for deposit in pending {
            writer.write(deposit.amount)
            writer.write(deposit.salt)
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
        var count = stored.first == 1 ? 0 : 1
        if stored.first == 3 {
            count = Int(try reader.byte())
            guard (2...Self.mostPending).contains(count) else { throw .damaged }
        }
        for _ in 0..<count {
            pending.append(PendingDeposit(amount: try reader.amount(), salt: try reader.hash()))
        }
        try reader.finish()
    }

    // MARK: - Deposits

    /// Remembers a deposit before it is handed in.
    ///
    /// - Throws: ``PaymentsError/unansweredDeposits(_:oldest:)`` when there are too many: to forget one would be to make
    ///   it twice.
    mutating func expect(_ deposit: PendingDeposit) throws(PaymentsError) {
        if pending.contains(where: { $0.salt == deposit.salt }) { return }
        if let oldest = pending.first, pending.count >= Self.mostPending {
            throw .unansweredDeposits(pending.count, oldest: oldest.amount)
        }
        pending.append(deposit)
    }

    /// Forgets a deposit, since it is known by now what became of it.
    mutating func settle(_ salt: Hash32) { pending.removeAll { $0.salt == salt } }
}

/// A deposit that may have been made, or may not.
struct PendingDeposit: Hashable, Sendable {
    let amount: Amount
    /// With the same one no token takes a second deposit into the channel; the channel's name for its opening.
    let salt: Hash32
}
