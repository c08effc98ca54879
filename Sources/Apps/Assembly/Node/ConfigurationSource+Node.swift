// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEVMSettlement
import FarthingGun
import FarthingHTTP402
import FarthingLibP2P
public import FarthingPrimitives
import FarthingStacksSettlement
import FarthingX402

extension ConfigurationSource {
    /// Reads all that a node must be told.
    ///
    /// - Throws: ``ConfigurationError`` that names the setting.
    public func node() throws -> NodeConfiguration {
        let token = try token()
        let upstream = try required(.upstream)
        do { try Gateway.check(upstream) } catch {
            throw ConfigurationError.bad(key: "upstream", value: upstream, why: "it must be http://HOST[:PORT][/PATH]")
        }
        let network = try network()
        guard let payTo = try value(.payTo, Self.rule(on: network), network.account) else {
            throw ConfigurationError.missing(key: "payTo")
        }
        guard payTo != .zero else {
            throw ConfigurationError.bad(
                key: "payTo", value: "\(payTo)", why: "it must be an account that somebody has")
        }
        var node = NodeConfiguration(
            upstream: upstream, prices: try prices(decimals: token.decimals), network: network, token: token,
            payTo: payTo, storePath: try required(.store))
        if let listen = try value(.listen, "it must be HOST:PORT", NodeConfiguration.Endpoint.init) {
            node.listen = listen
        }
        node.peers = try peers(besides: node.storePath)
        node.gun = try gun(besides: node.storePath)
        node.ledgerPath = text(.ledger) ?? node.ledgerPath
        node.facilitator = try facilitator()
        node.chain = try chain()
        node.stacks = try stacks()
        if let schemes = try schemes(besides: node.facilitator) { node.schemes = schemes }
        if let missing = node.schemes.first(where: { !(node.chain?.settles($0) ?? node.stacks?.settles($0) ?? true) }) {
            throw ConfigurationError.bad(
                key: "schemes", value: missing.rawValue,
                why: missing == .voucher && node.chain != nil
                    ? "vouchers are of tokens, not of the chain's coin"
                    : "no contract is known for it; name a file of "
                        + "'farthing \(node.stacks == nil ? "contracts" : "stacks") deploy' that has one with 'contracts'"
            )
        }
        node.authorizerKeyPath = text(.authorizerKey) ?? node.authorizerKeyPath
        let delays = ChannelTerms.withdrawDelayRange
        if let delay = try seconds(.withdrawDelay, Int64(delays.lowerBound)...Int64(delays.upperBound)) {
            node.withdrawDelay = UInt64(delay)
        }
        if let method = try value(
            .assetTransferMethod, "it must be 'eip3009', or with 'settlement' 'evm' or a facilitator 'permit2'",
            { text in
                DepositMethod(rawValue: text).flatMap {
                    $0 == .permit2 && node.chain == nil && node.facilitator == nil ? nil : $0
                }
            })
        {
            node.depositMethod = method
        }
        node.policy = VoucherDesk.Policy(
            timeoutSeconds: try seconds(.timeout, 5...600) ?? 60,
            minimumDeposit: try value(.minDeposit, Self.amountRule) { amount($0, decimals: token.decimals) },
            enforcesMinimumDeposit: try flag(.enforceMinDeposit) ?? false,
            requestsAhead: try number(.requestsAhead, 1...256) ?? 64,
            paymentsUnderWay: try number(.paymentsUnderWay, 1...1_000_000) ?? 16_384)
        if let interval = try seconds(.claimEvery, 1...86_400) { node.claimInterval = .seconds(interval) }
        node.unclaimedCaps = try unclaimedCaps(for: node.prices, decimals: token.decimals)
        node.claimSchedule = try claimSchedule(under: node.unclaimedCaps, decimals: token.decimals)
        node.claimCosts = try claimCosts(decimals: token.decimals)
        node.publicURL = try value(.publicUrl, "it must be http:// or https:// and a host") { text in
            text.hasPrefix("http://") || text.hasPrefix("https://") ? text : nil
        }
        node.requiresIdentifier = try flag(.requirePaymentIdentifier) ?? false
        if let timeout = try seconds(.upstreamTimeout, 1...600) { node.limits.responseTimeout = .seconds(timeout) }
        if let silence = try seconds(.upstreamSilence, 1...3600) { node.limits.silenceTimeout = .seconds(silence) }
        let bytes = try value(.maxRequestBytes, "it must be a number of bytes") { text in
            Int(text).flatMap { $0 >= 0 ? $0 : nil }
        }
        if let bytes { node.limits.requestBytes = bytes }
        try readStreams(into: &node)
        node.servesMetrics = try flag(.metrics) ?? true
        return node
    }

    /// How peers reach the node, if they are to.
    private func peers(besides store: String) throws -> NodeConfiguration.Peers? {
        let rule = "it must be a list of addresses such as /ip4/0.0.0.0/tcp/4001"
        let addresses = try value(.libp2p, rule) { text -> [Multiaddr]? in
            let parts = text.split(separator: ",").map { $0.filter { $0 != " " } }
            let addresses = parts.compactMap { Multiaddr($0) }.filter { $0.tcpEndpoint != nil && $0.peer == nil }
            return addresses.isEmpty || addresses.count != parts.count ? nil : addresses
        }
        let isAnnounced = try flag(.mdns) ?? true
        return addresses.map {
            NodeConfiguration.Peers(
                listen: $0, identityPath: text(.libp2pKey) ?? store + ".libp2p.key", isAnnounced: isAnnounced)
        }
    }

    /// By which relays payers reach the node over GUN, if they are to.
    private func gun(besides store: String) throws -> NodeConfiguration.Gun? {
        let relays = try value(.gun, "it must be a list of relays such as ws://192.0.2.7:8765/gun") { text in
            let parts = text.split(separator: ",").map { $0.filter { $0 != " " } }
            return parts.isEmpty || !parts.allSatisfy(GunClient.isAddress) ? nil as [String]? : parts
        }
        return relays.map { NodeConfiguration.Gun(relays: $0, keyPath: text(.gunKey) ?? store + ".gun.key") }
    }

    /// Where the store and its ledger are, for commands that need no more.
    public func paths() throws -> (store: String, ledger: String) {
        let store = try required(.store)
        return (store, text(.ledger) ?? NodeConfiguration.ledgerPath(besides: store))
    }

    /// Where the ledger is, which may be without a store.
    public func ledgerPath() throws -> String {
        if let ledger = text(.ledger) { return ledger }
        // Either says where it is, and the ledger is what was looked for.
        guard let store = text(.store) else { throw ConfigurationError.missing(key: Setting.ledger.rawValue) }
        return NodeConfiguration.ledgerPath(besides: store)
    }

    /// Where a store's channels are settled, for commands that work on a store that is there.
    public func place() throws -> SettlementPlace {
        if let chain = try chain() { return .chain(chain) }
        if let stacks = try stacks() { return .stacks(stacks) }
        guard let url = try facilitator() else { return .ledger(path: try paths().ledger, newOn: nil) }
        let network = try network()
        guard let domain = SettlementDomain(network: network) else {
            throw ConfigurationError.bad(key: "network", value: "\(network)", why: "it must be an eip155 chain")
        }
        return .facilitator(url: url, domain, try token())
    }

    /// The ways to pay that are offered.
    private func schemes(besides facilitator: String?) throws -> [PaymentScheme]? {
        let known = PaymentScheme.allCases.map(\.rawValue).joined(separator: ", ")
        guard
            let schemes = try value(
                .schemes, "it must be a list of some of \(known)",
                { text -> [PaymentScheme]? in
                    let names = text.split(separator: ",").map { $0.filter { $0 != " " } }
                    let schemes = names.compactMap(PaymentScheme.init)
                    return schemes.count == names.count && !schemes.isEmpty && Set(schemes).count == schemes.count
                        ? schemes : nil
                })
        else { return nil }
        guard facilitator == nil || schemes == [.voucher] else {
            throw ConfigurationError.bad(
                key: "schemes", value: text(.schemes) ?? "", why: "with a facilitator only 'voucher' can be had")
        }
        return schemes
    }

    /// The facilitator's address, if one is to settle.
    private func facilitator() throws -> String? {
        let address = text(.facilitator)
        switch text(.settlement) ?? (address == nil ? "ledger" : "facilitator") {
        case let place where ["evm", "stacks", "ledger"].contains(place):
            guard let address else { return nil }
            throw ConfigurationError.bad(key: "facilitator", value: address, why: "'settlement' says '\(place)'")
        case "facilitator":
            guard let address else { throw ConfigurationError.missing(key: "facilitator") }
            if let ledger = text(.ledger) {
                throw ConfigurationError.bad(
                    key: "ledger", value: ledger, why: "with a facilitator there is no embedded ledger")
            }
            do { return try Gateway.check(address) } catch {
                throw ConfigurationError.bad(
                    key: "facilitator", value: address, why: "it must be http:// or https://, HOST[:PORT] and [/PATH]")
            }
        case let other:
            throw ConfigurationError.bad(
                key: "settlement", value: other, why: "only 'ledger', 'facilitator', 'evm' and 'stacks' can be had")
        }
    }

    /// The network that is named, or that of the file of contracts.
    public func network() throws -> Network {
        let named = try value(.network, "it must be a CAIP-2 name such as eip155:84532") { text in
            Network(text).flatMap { $0.evmChainID == nil && $0.stacksChainID == nil ? nil : $0 }
        }
        if let named { return named }
        return try text(.settlement) == "stacks"
            ? stacksRegistry().network : registry()?.network ?? KnownTokens.defaultNetwork
    }

    /// The token that is named, or the USDC of its network.
    ///
    /// - Parameter network: Where it is; `nil` for the one that is configured.
    public func token(on network: Network? = nil) throws -> Token {
        let network = try network ?? self.network()
        if network.stacksChainID != nil { return try stacksToken() }
        let named =
            try value(.asset, Self.rule(on: network) + ", or on a chain 'coin'") { text in
                text == "coin" && self.text(.settlement) == "evm" ? Token.coinAddress : Address(checking: text)
            }
        guard let address = named ?? KnownTokens.addresses(on: network).first else {
            throw ConfigurationError.missing(key: Setting.asset.rawValue)
        }
        let known = KnownTokens.token(address, on: network)
        let decimals = try value(.assetDecimals, "it must be a number from 0 to 38") { text in
            Int(text).flatMap { (0...38).contains($0) ? $0 : nil }
        }
        return Token(
            domain: TokenDomain(
                address: address, name: text(.assetName) ?? known?.domain.name ?? "USDC",
                version: text(.assetVersion) ?? known?.domain.version ?? "2"),
            symbol: text(.assetSymbol) ?? known?.symbol ?? "USDC", decimals: decimals ?? known?.decimals ?? 6)
    }

    // MARK: - Prices

    private static func rule(on network: Network) -> String {
        network.stacksChainID == nil
            ? "it must be 0x and 40 hexadecimal digits, with the right checksum if in mixed case"
            : "it must be an account on \(network), such as SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7"
    }

    static let amountRule =
        "it must be a whole number of atomic units, or $ and a number of tokens with no more decimals than the token has"

    private func prices(decimals: Int) throws -> PriceList {
        var routes = try self.routes.map { try route($0, decimals: decimals) }
        if let price = try value(.price, Self.priceRule, { self.price($0, decimals: decimals) }) {
            guard price != .upTo(.zero) else {
                throw ConfigurationError.bad(key: "price", value: "0", why: "what is free needs no gate")
            }
            routes.append(PriceList.Route(pattern: .all, price: price))
        }
        guard !routes.isEmpty else { throw ConfigurationError.missing(key: "price") }
        return PriceList(routes)
    }

    /// One line a route: `GET|HEAD /weather 1000 What is sold`; methods and description may be left out.
    private func route(_ line: String, decimals: Int) throws -> PriceList.Route {
        func fault(_ why: String) -> ConfigurationError {
            .bad(key: "routes", value: String(line.prefix(80)), why: why)
        }
        var words = line.split(separator: " ", omittingEmptySubsequences: true)
        var methods: Set<String>?
        if let first = words.first, !first.hasPrefix("/") {
            let names = first.split(separator: "|").map(String.init)
            guard names.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (65...90).contains($0) } }) else {
                throw fault("a path begins with /, and methods before it are in capitals, like GET|HEAD")
            }
            methods = first == "ANY" ? nil : Set(names)
            words.removeFirst()
        }
        guard words.count >= 2 else { throw fault("a route is [METHOD|METHOD] /PATH PRICE [DESCRIPTION]") }
        guard let pattern = PathPattern(String(words[0])) else {
            throw fault("a path begins with / and has * for one segment, ** at the end for all below")
        }
        let description = words.dropFirst(2).joined(separator: " ")
        if words[1] == "free" {
            return PriceList.Route(methods: methods, pattern: pattern, price: .free, description: description)
        }
        guard let price = price(String(words[1]), decimals: decimals), price != .upTo(.zero) else {
            throw fault(
                "the price must be 'free', a whole number of atomic units above 0, or $ and a number of tokens with no "
                    + "more decimals than the token has; for a stream with a stretch behind it: /s, /10s, /KiB, /64KiB"
            )
        }
        return PriceList.Route(methods: methods, pattern: pattern, price: price, description: description)
    }

    private static let priceRule = amountRule + "; for a stream with a stretch behind it: /s, /10s, /KiB, /64KiB"

    /// An amount, and for a stream a slash and how much of it that buys.
    private func price(_ text: String, decimals: Int) -> PriceList.Price? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let amount = amount(String(parts[0]), decimals: decimals) else { return nil }
        guard parts.count == 2 else { return .upTo(amount) }
        return StreamTariff(stretch: parts[1], price: amount).map { .metered($0) }
    }

    /// Streams that are paused must not be taken for an upstream that is silent.
    private func readStreams(into node: inout NodeConfiguration) throws {
        if let pause = try seconds(.streamPause, 1...600) { node.streams.limits.pause = .seconds(pause) }
        if let longest = try seconds(.streamLongest, 1...604_800) { node.streams.limits.longest = .seconds(longest) }
        if let open = try number(.streamsOpen, 0...1_000_000) { node.streams.open = open }
        guard node.prices.routes.contains(where: { if case .metered = $0.price { true } else { false } }) else {
            return
        }
        node.limits.silenceTimeout = max(node.limits.silenceTimeout, node.streams.limits.pause + .seconds(10))
    }

    private func number(_ setting: Setting, _ range: ClosedRange<Int>) throws -> Int? {
        try value(setting, "it must be a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func amount(_ text: String, decimals: Int) -> Amount? {
        text.hasPrefix("$") ? Amount(tokens: String(text.dropFirst()), decimals: decimals) : Amount(wire: text)
    }
}

extension NodeConfiguration.Endpoint {
    /// Reads `HOST:PORT`; an IPv6 address stands in brackets.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits) else { return nil }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, host.contains(":") == isBracketed,
            !host.contains(where: { $0.isWhitespace || "/[]@".contains($0) })
        else { return nil }
        self.init(host: String(host), port: Int(port))
    }
}
