// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingVoucherScheme

extension Wallet {
    /// For how long no other deposit gets a deposit's number, however long its payee may hand it in.
    ///
    /// Those behind it must wait until its number is used. A payee that keeps a deposit and does not hand it in could
    /// hold up all the payer's deposits until it is out of date, which the payee itself says when it is.
    ///
    /// - Unit: seconds; payees have 60 unless they ask for more.
    static let depositHold: Int64 = 120

    /// The number of the transaction that a deposit takes up, on chains where one does; elsewhere `nil`.
    ///
    /// Of two deposits with one number only one can be made, so no number is free before the deposit that has it is out
    /// of date, or has had its time.
    ///
    /// - Parameter until: When the deposit is given up, in Unix seconds.
    /// - Throws: `SettlementError`, ``JournalError``.
    func depositNumber(on network: Network, until: UInt64) async throws -> UInt64? {
        guard let place = views[network] as? any NumberingSettlement else { return nil }
        let used = try await place.nextNumber(of: address)
        let now = clock()
        let end = min(Instant(unixSeconds: Int64(clamping: until)), now.advanced(bySeconds: Self.depositHold))
        return try await journal.takeDepositNumber(of: address, on: network, from: used, until: end, at: now)
    }

    /// Lets the next deposit have a number that nothing was signed with.
    func giveBack(depositNumber number: UInt64?, on network: Network) async {
        guard let number, views[network] is any NumberingSettlement else { return }
        // What cannot be given back is free a little later.
        try? await journal.giveBack(depositNumber: number, of: address, on: network)
    }

    /// Whether nobody can hand in a deposit any more, as the place says where it would be made.
    ///
    /// Where it is a transaction of its payer's, no time ends it: only another one with its number does.
    func isPast(_ funding: Funding, at place: any SettlementView) async throws -> Bool {
        if let place = place as? any NumberingSettlement {
            return try await place.nextNumber(of: funding.payer) > funding.authorization.validAfter
        }
        return !funding.isValid(at: try await place.head().time)
    }

    /// A deposit that was signed before, as it can be handed over now; `nil` when it came too late.
    ///
    /// Where it is a transaction of its payer's, its time is no part of what was signed, so it gets more of it: else it
    /// could be made for as long as its number is not used, and nobody would be asked to.
    ///
    /// - Parameter until: When it is given up, if its time is over now.
    func handedOver(_ funding: Funding, on network: Network, until: Instant) async throws -> Funding? {
        let now = clock()
        if funding.isValid(at: now) { return funding }
        let number = funding.authorization.validAfter
        guard let place = views[network], place is any NumberingSettlement, try await !isPast(funding, at: place),
            try await journal.takeAgain(
                depositNumber: number, of: address, on: network,
                until: min(until, now.advanced(bySeconds: Self.depositHold)), at: now)
        else { return nil }
        var longer = funding
        longer.authorization.validBefore = UInt64(clamping: until.unixSeconds)
        return longer
    }

    /// Gives back the number of a deposit that was not signed, and was not outstanding before.
    func giveBackNumber(of books: VoucherPayer, unlike before: VoucherPayer, on network: Network) async {
        guard books.outstanding != before.outstanding else { return }
        await giveBack(depositNumber: books.outstanding?.number, on: network)
    }
}

extension Funding {
    /// Whether it can still be handed in by its own word.
    fileprivate func isValid(at now: Instant) -> Bool {
        Int64(clamping: authorization.validBefore) > now.unixSeconds
    }
}
