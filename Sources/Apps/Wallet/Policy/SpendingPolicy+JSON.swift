// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
import FarthingPrimitives

extension SpendingPolicy {
    /// Reads a policy from its JSON form, and refuses one in which anything is not understood.
    ///
    /// ```json
    /// {
    ///   "hosts": { "allow": ["api.example.com", "*.example.org", "localhost:8080"], "deny": ["ads.example.org"] },
    ///   "networks": { "allow": ["eip155:8453", "eip155:84532"] },
    ///   "tokens": { "deny": ["eip155:1/0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"] },
    ///   "receivers": ["0x209693Bc6afc0C5328bA36FaF03C514EF312287C"],
    ///   "requiresEncryption": true,
    ///   "askForNewHosts": true,
    ///   "longestLockDays": 30,
    ///   "limits": {
    ///     "perRequest": "$0.10", "perMinute": "$1", "perHostPerDay": "$1", "perDay": "$5", "perHost": "none",
    ///     "total": "$100", "depositPerChannel": "$1", "depositInAll": "$10", "depositTarget": "none",
    ///     "askAbove": "$0.05", "askForDepositsAbove": "$0.50"
    ///   },
    ///   "tokenLimits": {
    ///     "eip155:1/0x6B175474E89094C44Da98b954EedeAC495271d0F": {
    ///       "dollarDecimals": 18, "perRequest": "$0.10", "perDay": "$1", "depositInAll": "$2"
    ///     }
    ///   }
    /// }
    /// ```
    ///
    /// Every member may be left out, and is then as in ``standard``.
    ///
    /// - `hosts`, `networks`, `tokens`: `deny` counts more than `allow`; without `allow` everything is allowed that is
    ///   not denied. For the patterns see ``HostPattern`` and ``TokenPattern``.
    /// - `longestLockDays`: see ``longestLockDays``.
    /// - `limits`: for the dollar tokens that are known; see ``SpendingLimits`` for what each one is. An amount is
    ///   `"$0.10"`, or `"1000"` in whole atomic units; `"none"` lifts the limit (of `depositTarget`: makes it ten times
    ///   the price). One that is left out is as in ``SpendingLimits/standard``.
    /// - `tokenLimits`: for single tokens, in place of `limits`. What is left out is as in `limits` for a known dollar;
    ///   for any other token it is no limit, and `perRequest`, `perDay` and `depositInAll` must be there.
    ///   `dollarDecimals` says that the token is worth a dollar and has so many decimals; without it, amounts are in
    ///   atomic units only.
    ///
    /// - Parameter knownDollars: Belongs to the program, not to the file.
    public init(
        json: JSON, knownDollars: Set<TokenPattern> = KnownDollars.all
    ) throws(PolicyFileError) {
        let file = PolicyMember(path: "", value: json)
        try file.onlyHas([
            "hosts", "networks", "tokens", "receivers", "requiresEncryption", "askForNewHosts", "longestLockDays",
            "limits",
            "tokenLimits",
        ])
        let standard = SpendingPolicy.standard
        let dollarLimits = try file["limits"].map(Self.dollarLimits) ?? standard.dollarLimits
        self.init(
            hosts: try file["hosts"].map { member throws(PolicyFileError) in
                try AccessList(member, rule: Rule.host) { HostPattern($0) }
            } ?? standard.hosts,
            networks: try file["networks"].map { member throws(PolicyFileError) in
                try AccessList(member, rule: Rule.network) { Network($0) }
            } ?? standard.networks,
            tokens: try file["tokens"].map { member throws(PolicyFileError) in
                try AccessList(member, rule: Rule.token) { TokenPattern($0) }
            } ?? standard.tokens,
            receivers: try file["receivers"]?.items(Rule.address) { Address(checking: $0) } ?? standard.receivers,
            requiresEncryption: try file["requiresEncryption"]?.truth() ?? standard.requiresEncryption,
            asksForNewHosts: try file["askForNewHosts"]?.truth() ?? standard.asksForNewHosts,
            longestLockDays: try Self.days(file["longestLockDays"]) ?? standard.longestLockDays,
            dollarLimits: dollarLimits,
            tokenLimits: try Self.tokenLimits(file["tokenLimits"], over: dollarLimits, knownDollars: knownDollars),
            knownDollars: knownDollars)
    }

    /// Reads a policy from the bytes of a file.
    public init(
        file bytes: [UInt8], knownDollars: Set<TokenPattern> = KnownDollars.all
    ) throws(PolicyFileError) {
        let json: JSON
        do {
            json = try JSON.parse(bytes)
        } catch {
            throw .notJSON(why: error.message)
        }
        try self.init(json: json, knownDollars: knownDollars)
    }

    /// The policy in the form that ``init(json:knownDollars:)`` reads, and reads as the same policy.
    public var json: JSON {
        let named = tokenLimits.map { (name: "\($0)", limits: $1) }.sorted { $0.name < $1.name }
        let tokenLimits = named.reduce(JSON.object([])) { object, token in
            let decimals = token.limits.dollarDecimals.map { JSON.integer($0) }
            let first = JSON.object(["dollarDecimals": decimals])
            let whole = (token.limits.json.members ?? []).reduce(first) { $0.adding($1.name, $1.value) }
            return object.adding(token.name, whole)
        }
        return .object([
            "hosts": hosts.json,
            "networks": networks.json,
            "tokens": tokens.json,
            "receivers": receivers.map(AccessList<Address>.json),
            "requiresEncryption": .bool(requiresEncryption),
            "askForNewHosts": .bool(asksForNewHosts),
            "longestLockDays": .integer(longestLockDays),
            "limits": dollarLimits.json,
            "tokenLimits": named.isEmpty ? nil : tokenLimits,
        ])
    }
}

// MARK: - Limits

extension SpendingPolicy {
    private enum Rule {
        static let host = "a host such as \"api.example.com\", \"*.example.com\" or \"localhost:8080\""
        static let network = "a CAIP-2 network such as \"eip155:8453\""
        static let address = "an address of 0x and 40 digits, with the right checksum if in mixed case"
        static let token = "a token such as \"eip155:8453/0x8335…\" or \"0x8335…\", with the right checksum"
    }

    private static func dollarLimits(_ member: PolicyMember) throws(PolicyFileError) -> SpendingLimits {
        try member.onlyHas(SpendingLimits.Name.allCases.map(\.rawValue))
        return try SpendingLimits(member, over: .standard)
    }

    private static func tokenLimits(
        _ member: PolicyMember?, over dollarLimits: SpendingLimits, knownDollars: Set<TokenPattern>
    ) throws(PolicyFileError) -> [TokenPattern: SpendingLimits] {
        var all: [TokenPattern: SpendingLimits] = [:]
        for (name, limits) in try member?.members() ?? [] {
            guard let token = TokenPattern(name) else { throw limits.badValue(name, Rule.token) }
            guard all[token] == nil else { throw limits.badValue(name, "a token that is named once only") }
            try limits.onlyHas(["dollarDecimals"] + SpendingLimits.Name.allCases.map(\.rawValue))
            if isDollar(token, among: knownDollars) {
                _ = try decimals(limits["dollarDecimals"], within: 6...6)
                all[token] = try SpendingLimits(limits, over: dollarLimits)
            } else {
                let decimals = try decimals(limits["dollarDecimals"], within: 0...38)
                all[token] = try SpendingLimits(
                    limits, over: SpendingLimits(dollarDecimals: decimals),
                    required: [.perRequest, .perDay, .depositInAll])
            }
        }
        return all
    }

    private static func days(_ member: PolicyMember?) throws(PolicyFileError) -> Int? {
        guard let member else { return nil }
        let rule = "a whole number of days from 1 to 366"
        guard case .number(let number) = member.value else { throw member.wrongType(rule) }
        guard let days = number.integer, (1...366).contains(days) else { throw member.badValue(number.text, rule) }
        return Int(days)
    }

    private static func decimals(
        _ member: PolicyMember?, within range: ClosedRange<Int64>
    ) throws(PolicyFileError) -> Int? {
        guard let member else { return nil }
        let rule = range.count == 1 ? "\(range.lowerBound)" : "a whole number from 0 to 38"
        guard case .number(let number) = member.value else { throw member.wrongType(rule) }
        guard let decimals = number.integer, range.contains(decimals) else { throw member.badValue(number.text, rule) }
        return Int(decimals)
    }
}
