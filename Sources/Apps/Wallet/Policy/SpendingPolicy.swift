// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What a payer lets its programs spend, on what, and when a person must be asked first.
///
/// It is plain data: it reads no clock and keeps no books. The caller tells what is about to be paid and what was spent
/// so far, see ``evaluate(_:after:)``. For its form as a file see ``init(json:knownDollars:)``.
public struct SpendingPolicy: Hashable, Sendable {
    public var hosts: AccessList<HostPattern>
    public var networks: AccessList<Network>
    public var tokens: AccessList<TokenPattern>
    /// Who may be paid; `nil` is anybody.
    public var receivers: Set<Address>?
    /// Whether only requests over HTTPS are paid for; hosts on the same machine are exempt.
    public var requiresEncryption: Bool
    /// Whether a person is asked before a host is paid for the first time.
    public var asksForNewHosts: Bool
    /// For how long an offer may have money locked at the most: until it comes back without the payee.
    ///
    /// - Unit: days, 1 through 366.
    public var longestLockDays: Int
    /// The limits of each token in ``knownDollars`` that has none of its own.
    public private(set) var dollarLimits: SpendingLimits
    /// The limits of single tokens; one with a network counts more than one without.
    public private(set) var tokenLimits: [TokenPattern: SpendingLimits]
    /// The tokens that ``dollarLimits`` are for: each is worth a dollar and has six decimals.
    public let knownDollars: Set<TokenPattern>

    /// - Parameters:
    ///   - dollarLimits: Its `dollarDecimals` are set to six, as those of a known dollar in `tokenLimits` are.
    public init(
        hosts: AccessList<HostPattern> = AccessList(), networks: AccessList<Network> = AccessList(),
        tokens: AccessList<TokenPattern> = AccessList(), receivers: Set<Address>? = nil,
        requiresEncryption: Bool = true, asksForNewHosts: Bool = false, longestLockDays: Int = 30,
        dollarLimits: SpendingLimits = .standard, tokenLimits: [TokenPattern: SpendingLimits] = [:],
        knownDollars: Set<TokenPattern> = KnownDollars.all
    ) {
        self.hosts = hosts
        self.networks = networks
        self.tokens = tokens
        self.receivers = receivers
        self.requiresEncryption = requiresEncryption
        self.asksForNewHosts = asksForNewHosts
        self.longestLockDays = min(max(longestLockDays, 1), 366)
        self.dollarLimits = dollarLimits
        self.dollarLimits.dollarDecimals = KnownDollars.decimals
        self.tokenLimits = tokenLimits
        self.knownDollars = knownDollars
        for token in tokenLimits.keys where Self.isDollar(token, among: knownDollars) {
            self.tokenLimits[token]?.dollarDecimals = KnownDollars.decimals
        }
    }

    /// USDC on the networks where it is known, every host, the limits of ``SpendingLimits/standard``, HTTPS only save
    /// on this machine, nothing locked for longer than 30 days, and nobody is asked.
    public static let standard = SpendingPolicy()

    /// This policy with no request above `maxPrice`, in whichever token; `nil` changes nothing.
    ///
    /// - Parameter maxPrice: In atomic units of the token that is paid in.
    public func tightened(maxPrice: Amount?) -> SpendingPolicy {
        guard let maxPrice else { return self }
        var tightened = self
        tightened.dollarLimits = dollarLimits.tightened(maxPrice: maxPrice)
        tightened.tokenLimits = tokenLimits.mapValues { $0.tightened(maxPrice: maxPrice) }
        return tightened
    }

    /// The most that may lie unspent in one channel after a deposit, or `nil` for no such limit.
    ///
    /// Zero for a token that must not be paid in because it has no limits at all.
    public func depositCap(for network: Network, asset: Address) -> Amount? {
        guard let named = limits(of: asset, on: network) else { return .zero }
        return named.limits.depositPerChannel
    }

    /// How much to have in a channel after a deposit for a request at `price`.
    ///
    /// It keeps to ``depositCap(for:asset:)``, but is never below the price: where the cap itself is,
    /// ``evaluate(_:after:)`` refuses the deposit and says why.
    public func depositTarget(for network: Network, asset: Address, price: Amount) -> Amount {
        let wished = limits(of: asset, on: network)?.limits.depositTarget ?? price.multiplied(by: 10) ?? .max
        return max(price, min(wished, depositCap(for: network, asset: asset) ?? .max))
    }

    /// The longest that money may be locked, in seconds.
    var longestLock: UInt64 { UInt64(clamping: longestLockDays) * 86_400 }

    /// Why money must not be locked for so many seconds; `nil` when it may.
    func refusal(ofLockingFor seconds: UInt64) -> PolicyRefusal? {
        guard seconds > longestLock else { return nil }
        return .lockedTooLong(days: seconds / 86_400 + (seconds % 86_400 > 0 ? 1 : 0), most: longestLockDays)
    }

    /// The limits of one token, with the path of the member that holds them in a policy file.
    func limits(of asset: Address, on network: Network) -> (member: String, limits: SpendingLimits)? {
        let exact = TokenPattern(network: network, address: asset)
        for token in [exact, TokenPattern(network: nil, address: asset)] {
            if let limits = tokenLimits[token] { return ("tokenLimits.\(token)", limits) }
        }
        return knownDollars.contains(exact) ? ("limits", dollarLimits) : nil
    }

    /// Whether a pattern is of known dollars only: an address without a network must be that of one on some network.
    static func isDollar(_ token: TokenPattern, among known: Set<TokenPattern>) -> Bool {
        known.contains(token) || token.network == nil && known.contains { $0.address == token.address }
    }
}
