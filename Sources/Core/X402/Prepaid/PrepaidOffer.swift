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
    /// How many blocks must hold a deposit of the chain's coin, its own among them, before it pays for anything.
    ///
    /// What is signed away the payee hands in itself, and waits for.
    ///
    /// - Range: ``confirmationCounts``.
    public var confirmations: UInt64

    /// No payee may have a payer wait for longer.
    public static let confirmationCounts: ClosedRange<UInt64> = 1...1000
    /// The least deposit that the payee hands in; `nil` for any.
    public var minimumDeposit: Amount?
    /// The least that a lottery ticket may win; `nil` for anything.
    public var minimumFaceValue: Amount?

    public init(
        receiver: Address, receiverAuthorizer: Address, token: Token, domain: ContractDomain,
        minimumLifetime: UInt64 = 3600,
        longestStride: UInt32 = 1024, confirmations: UInt64 = 1, minimumDeposit: Amount? = nil,
        minimumFaceValue: Amount? = nil
    ) {
        self.receiver = receiver
        self.receiverAuthorizer = receiverAuthorizer
        self.token = token
        self.domain = domain
        self.minimumLifetime = minimumLifetime
        self.longestStride = longestStride
        self.confirmations = confirmations
        self.minimumDeposit = minimumDeposit
        self.minimumFaceValue = minimumFaceValue
    }

    /// The name of the scheme on the wire.
    public var scheme: String { domain.kind.rawValue }

    /// Whether it is paid in the chain's own coin, which the payer locks by a transaction of its own.
    public var isInCoin: Bool { domain.network.evmChainID != nil && token.address == Token.coinAddress }

    /// The `extra` member of the offer.
    public var extra: JSON {
        .object([
            "name": .string(token.domain.name), "version": .string(token.domain.version),
            "receiverAuthorizer": .string(receiverAuthorizer.checksummed),
            "contract": .string(domain.stacks.map { "\($0.identifier)" } ?? domain.contract.checksummed),
            "minimumLifetime": .string("\(minimumLifetime)"), "longestStride": .string("\(longestStride)"),
            "confirmations": isInCoin ? .string("\(confirmations)") : nil,
            "minDeposit": minimumDeposit.map { .string("\($0)") },
            "minFaceValue": minimumFaceValue.map { .string("\($0)") },
        ])
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
        // A limit that cannot be read is none that can be kept to.
        let limits = ["minDeposit", "minFaceValue"].map { members.has($0) ? try? members.amount($0) : nil }
        guard members.has("minDeposit") == (limits[0] != nil), members.has("minFaceValue") == (limits[1] != nil) else {
            return nil
        }
        self.init(
            receiver: requirements.payTo, receiverAuthorizer: authorizer, token: token, domain: domain,
            minimumLifetime: lifetime,
            longestStride: stride, minimumDeposit: limits[0], minimumFaceValue: limits[1])
        if isInCoin {
            guard let count = try? members.number("confirmations", as: UInt64.self),
                Self.confirmationCounts.contains(count)
            else { return nil }
            confirmations = count
        }
    }
}
