// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives

/// The terms on which a payee takes payments that fill a purse: the part of an x402 offer that is ours.
///
/// - Source: `Specs/prepaid.md`.
public struct PrepaidOffer: Hashable, Sendable {
    public var receiver: Address
    /// Whose key signs on the payee's side: closes channels, say, and redeems lottery tickets.
    public var receiverAuthorizer: Address
    public var token: Token
    /// Where the contract is that must hold the money.
    public var domain: ContractDomain
    /// The least time until the expiry of a channel that is opened now.
    ///
    /// - Unit: seconds.
    public var minimumLifetime: UInt64
    /// How many steps, tokens or the like one payment may bring.
    public var longestStride: UInt32

    public init(
        receiver: Address, receiverAuthorizer: Address, token: Token, domain: ContractDomain,
        minimumLifetime: UInt64 = 3600,
        longestStride: UInt32 = 1024
    ) {
        self.receiver = receiver
        self.receiverAuthorizer = receiverAuthorizer
        self.token = token
        self.domain = domain
        self.minimumLifetime = minimumLifetime
        self.longestStride = longestStride
    }

    /// The name of the scheme on the wire.
    public var scheme: String { domain.kind.rawValue }

    /// The `extra` member of the offer.
    public var extra: JSON {
        [
            "name": .string(token.domain.name), "version": .string(token.domain.version),
            "receiverAuthorizer": .string(receiverAuthorizer.checksummed),
            "contract": .string(domain.stacks.map { "\($0.identifier)" } ?? domain.contract.checksummed),
            "minimumLifetime": .string("\(minimumLifetime)"), "longestStride": .string("\(longestStride)"),
        ]
    }

    /// Reads an offer that a payee made; `nil` when it is none that can be taken.
    public init?(_ requirements: PaymentRequirements, token: Token) {
        let members = JSONMembers(requirements.extra)
        guard let kind = ContractKind(rawValue: requirements.scheme), token.address == requirements.asset,
            let authorizer = try? members.address("receiverAuthorizer"),
            let contract = try? members.text("contract"),
            let domain = ContractDomain(kind, on: requirements.network, at: contract, paidIn: token.domain),
            let lifetime = try? members.number("minimumLifetime", as: UInt64.self),
            let stride = try? members.number("longestStride", as: UInt32.self)
        else { return nil }
        self.init(
            receiver: requirements.payTo, receiverAuthorizer: authorizer, token: token, domain: domain,
            minimumLifetime: lifetime,
            longestStride: stride)
    }
}
