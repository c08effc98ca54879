// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// The limits on what is spent in one token on one network.
///
/// A limit is the most that is allowed: to spend exactly that much is allowed, one unit more is not. `nil` is no limit.
/// Sums of different tokens are never added up: a limit holds for each token on each network by itself.
///
/// - Unit: atomic units of the token.
public struct SpendingLimits: Hashable, Sendable {
    /// On the price of one request.
    public var perRequest: Amount?
    /// On what is spent in any 60 seconds, at all hosts: how fast money can drain away.
    public var perMinute: Amount?
    /// On what is spent at one host in any 24 hours.
    public var perHostPerDay: Amount?
    /// On what is spent in any 24 hours, at all hosts.
    public var perDay: Amount?
    /// On what is ever spent at one host.
    public var perHost: Amount?
    /// On what is ever spent.
    public var total: Amount?
    /// On what lies unspent in one channel after a deposit.
    public var depositPerChannel: Amount?
    /// On what lies unspent in all channels together after a deposit.
    public var depositInAll: Amount?
    /// How much to have in a channel after a deposit; `nil` is ten times the price.
    public var depositTarget: Amount?
    /// A price above this needs the leave of a person.
    public var askAbove: Amount?
    /// A deposit above this needs the leave of a person.
    public var askForDepositsAbove: Amount?
    /// The token's decimals when it is worth a dollar, so that its sums are written `$0.10`; otherwise `nil`.
    ///
    /// - Range: 0 through 38.
    public var dollarDecimals: Int?

    /// No limits.
    public init(dollarDecimals: Int? = nil) { self.dollarDecimals = dollarDecimals }

    /// $0.10 a request, $1 a minute, $1 a host a day, $5 a day, $1 a channel and $10 in all channels.
    public static let standard: SpendingLimits = {
        let dollar: UInt128 = 1_000_000
        var limits = SpendingLimits(dollarDecimals: KnownDollars.decimals)
        limits.perRequest = Amount(units: dollar / 10)
        limits.perMinute = Amount(units: dollar)
        limits.perHostPerDay = Amount(units: dollar)
        limits.perDay = Amount(units: 5 * dollar)
        limits.depositPerChannel = Amount(units: dollar)
        limits.depositInAll = Amount(units: 10 * dollar)
        return limits
    }()

    /// The same limits, with ``perRequest`` no more than this.
    func tightened(maxPrice: Amount) -> SpendingLimits {
        var tightened = self
        tightened.perRequest = min(perRequest ?? .max, maxPrice)
        return tightened
    }
}

extension SpendingLimits {
    /// The limits by the names they have in a policy file, in the order in which they are written there.
    enum Name: String, CaseIterable {
        case perRequest
        case perMinute
        case perHostPerDay
        case perDay
        case perHost
        case total
        case depositPerChannel
        case depositInAll
        case depositTarget
        case askAbove
        case askForDepositsAbove
    }

    subscript(_ name: Name) -> Amount? {
        get { self[keyPath: Self.path(to: name)] }
        set { self[keyPath: Self.path(to: name)] = newValue }
    }

    private static func path(to name: Name) -> WritableKeyPath<SpendingLimits, Amount?> {
        switch name {
        case .perRequest: \.perRequest
        case .perMinute: \.perMinute
        case .perHostPerDay: \.perHostPerDay
        case .perDay: \.perDay
        case .perHost: \.perHost
        case .total: \.total
        case .depositPerChannel: \.depositPerChannel
        case .depositInAll: \.depositInAll
        case .depositTarget: \.depositTarget
        case .askAbove: \.askAbove
        case .askForDepositsAbove: \.askForDepositsAbove
        }
    }
}
