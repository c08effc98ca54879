// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives
public import FarthingX402

/// How a payee says that a channel stands, in a receipt or in a corrective 402.
public struct PayeeWord: Hashable, Sendable {
    public let payee: Address
    public let domain: ContractDomain
    /// What it charged in all.
    public let charged: Amount
    /// Charged, and then not delivered.
    public let credit: Amount
    /// What it has set aside for requests that it is answering; `nil` where it does not say.
    public let underWay: Amount?
    /// What the scheme adds.
    public let state: JSON

    public var members: JSONMembers { JSONMembers(state, path: "channelState.") }

    /// - Returns: `nil` for another channel's, and for one that cannot be read.
    init?(_ extra: JSON?, of channel: ChannelID, payee: Address, in domain: ContractDomain) {
        guard let state = extra?["channelState"] else { return nil }
        let members = JSONMembers(state)
        guard (try? members.hash("channelId")) == channel.hash, let charged = try? members.amount("charged") else {
            return nil
        }
        self.payee = payee
        self.domain = domain
        self.charged = charged
        credit = (try? members.amount("credit")) ?? .zero
        underWay = try? members.amount("underWay")
        self.state = state
    }

    /// Finds the books of one channel in a corrective 402.
    init?(
        in demand: ReceivedDemand, of channel: ChannelID, like offer: PaymentRequirements, in domain: ContractDomain
    ) {
        let states = demand.offers.map(\.requirements).filter {
            $0.scheme == offer.scheme && $0.network == offer.network && $0.payTo == offer.payTo
        }
        let found = states.lazy.compactMap { PayeeWord($0.extra, of: channel, payee: offer.payTo, in: domain) }.first
        guard let found else { return nil }
        self = found
    }
}
