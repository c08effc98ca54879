// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

extension Shop {
    /// Closes the shop, collects what was earned, and compares the books of all sides to the last unit.
    ///
    /// The four that must agree are the SDK's own books, the payee's channels, the ledger's accounts, and the
    /// ledger's events.
    ///
    /// - Parameter payers: All who paid, each on one channel.
    func expectAgreement(
        with payers: OfficialPayer..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await stop(sourceLocation: sourceLocation)
        let charged = payers.reduce(0) { $0 + $1.charged }
        let claim = try await farthing(["claim"])
        #expect(claim["refused"]?.arrayValue?.count == 0, "\(claim)", sourceLocation: sourceLocation)
        _ = try await farthing(["settle"])

        let channels = try await farthing(["channels", "list"])["channels"]?.arrayValue ?? []
        #expect(channels.count == payers.count, sourceLocation: sourceLocation)
        for payer in payers { expectAgreement(of: channels, with: payer, sourceLocation) }
        try await expectAccounts(payers, charged: charged, sourceLocation)
        try await expectEvents(payers, charged: charged, sourceLocation)

        let verified = try await farthing(["store", "verify"])
        #expect(verified["ok"]?.boolValue == true, "\(verified)", sourceLocation: sourceLocation)
        #expect(verified["pendingEffects"]?.integerValue == 0, sourceLocation: sourceLocation)
    }

    private func expectAgreement(
        of channels: [JSON], with payer: OfficialPayer, _ sourceLocation: SourceLocation
    ) {
        let found = channels.first { $0["payer"]?.stringValue == payer.address.checksummed }
        guard let channel = found else {
            Issue.record("\(payer.address) has no channel.", sourceLocation: sourceLocation)
            return
        }
        #expect(channel["id"]?.stringValue == payer.channel, sourceLocation: sourceLocation)
        #expect(
            channel["payerAuthorizer"]?.stringValue == payer.voucherSigner.checksummed, sourceLocation: sourceLocation)
        #expect(channel["status"]?.stringValue == "open", sourceLocation: sourceLocation)
        let charged = payer.charged
        #expect(channel.units("charged") == charged, sourceLocation: sourceLocation)
        #expect(channel.units("captured") == charged, sourceLocation: sourceLocation)
        #expect(channel.units("claimable") == 0, sourceLocation: sourceLocation)
        #expect(channel.units("balance") == payer.deposited - payer.refunded, sourceLocation: sourceLocation)
        // After a full refund the SDK forgets the channel.
        guard let step = payer.steps.last, step.booksCharged != nil else { return }
        #expect(step.booksCharged == charged, sourceLocation: sourceLocation)
        #expect(step.booksBalance == channel.units("balance"), sourceLocation: sourceLocation)
    }

    private func expectAccounts(
        _ payers: [OfficialPayer], charged: Int, _ sourceLocation: SourceLocation
    ) async throws {
        let accounts = try await farthing(["ledger", "accounts"])["accounts"]?.arrayValue ?? []
        var held: [String: Int] = [:]
        for account in accounts { held[account["owner"]?.stringValue ?? ""] = account.units("units") }
        var locked = 0
        for payer in payers {
            let spent = payer.deposited - payer.refunded
            let left = minted[payer.address, default: 0] - spent
            #expect(held.removeValue(forKey: payer.address.checksummed) == left, sourceLocation: sourceLocation)
            locked += spent - payer.charged
        }
        #expect(held.removeValue(forKey: Self.payTo) == charged, sourceLocation: sourceLocation)
        // What is left is the contract's, for the channels that still have money.
        #expect(held.values.reduce(0, +) == locked, "\(held)", sourceLocation: sourceLocation)
    }

    private func expectEvents(
        _ payers: [OfficialPayer], charged: Int, _ sourceLocation: SourceLocation
    ) async throws {
        let events = try await farthing(["ledger", "events"])["events"]?.arrayValue ?? []
        func sum(_ name: String) -> Int {
            events.filter { $0["event"]?.stringValue == name }.reduce(0) { $0 + ($1.units("amount") ?? 0) }
        }
        #expect(sum("Deposited") == payers.reduce(0) { $0 + $1.deposited }, sourceLocation: sourceLocation)
        #expect(sum("Refunded") == payers.reduce(0) { $0 + $1.refunded }, sourceLocation: sourceLocation)
        #expect(sum("Claimed") == charged, sourceLocation: sourceLocation)
        #expect(sum("Settled") == charged, sourceLocation: sourceLocation)
    }
}
