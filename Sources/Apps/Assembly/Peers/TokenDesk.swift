// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingNode
import FarthingPrimitives
import FarthingX402

/// A desk at which tokens are handed in one by one, without a request behind each.
protocol TokenDesk: PaymentDesk {
    /// What is offered to whoever opens a channel for tokens of a price.
    func tokenOffer(_ price: Amount) -> JSON

    /// Locks a deposit, where one is handed in, and finds the channel.
    ///
    /// - Parameters:
    ///   - terms: As a payment of the scheme has them.
    ///   - funding: `nil` when the deposit was made before.
    /// - Returns: The channel, and how it stands.
    func connect(
        terms: JSON, funding: JSON?, price: Amount
    ) async throws -> (channel: ChannelID, state: JSON)

    /// Finds a channel that was opened before.
    func connect(to channel: ChannelID, price: Amount) async throws -> JSON

    /// Has the contract pay for the tokens of one channel that were taken.
    ///
    /// - Parameter fees: What that costs now; `nil` where nobody knows, or nothing does.
    /// - Returns: `nil` when what was earned does not cover the fees, and nothing was done.
    func redeem(_ channel: ChannelID, fees: ClaimFees?) async throws -> Amount?
}

extension PrepaidDesk: TokenDesk {
    func tokenOffer(_ price: Amount) -> JSON {
        offers(for: price).first.map(\.json) ?? [:]
    }

    func connect(
        terms: JSON, funding: JSON?, price: Amount
    ) async throws -> (channel: ChannelID, state: JSON) {
        let read: Scheme.Rules.Terms
        let signed: Funding?
        do throws(MemberFault) {
            read = try Scheme.terms(JSONMembers(terms, path: "terms."))
            signed = try funding.map { json throws(MemberFault) in try Funding(JSONMembers(json, path: "funding.")) }
        } catch {
            throw PrepaidFault.payload(field: error.field)
        }
        let id = read.channelID(in: books.domain)
        if let signed { _ = try await open(read, signed, price: price) }
        return (id, try await connect(to: id, price: price))
    }

    func connect(to channel: ChannelID, price: Amount) async throws -> JSON {
        let known = try await ours(channel)
        // What the contract says of the channel is what counts, whatever its payer says.
        if let field = Scheme.mismatch(of: known.terms, with: offer, price: price) {
            throw PrepaidFault.terms(field: field)
        }
        return known.channelState(by: books.payeeKey)
    }

    func redeem(_ channel: ChannelID, fees: ClaimFees?) async throws -> Amount? {
        if let fees, !books.covers(fees, in: channel) { return nil }
        let payouts = try await books.redeem(channel) ?? []
        return payouts.reduce(.zero) { $0.adding($1.amount) ?? .max }
    }
}
