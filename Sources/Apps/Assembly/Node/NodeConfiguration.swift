// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingHTTP402
public import FarthingLibP2P
public import FarthingNode
public import FarthingPrimitives
import FarthingX402

/// All that a node must be told.
///
/// Made by hand by programs that embed a node, or read by ``ConfigurationSource``.
public struct NodeConfiguration: Sendable {
    /// Where to listen: a host name or address, and a port; port 0 lets the system choose.
    public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
        public var host: String
        public var port: Int
        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
        public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// How peers reach the node over libp2p.
    public struct Peers: Hashable, Sendable {
        /// Where to listen: `/ip4/…/tcp/…` or `/ip6/…/tcp/…`; port 0 lets the system choose.
        public var listen: [Multiaddr]
        /// The file of the key that is the node's name among peers; made when it is not there.
        public var identityPath: String
        /// Whether the local network is told of the node by multicast DNS.
        public var isAnnounced: Bool
        public init(listen: [Multiaddr], identityPath: String, isAnnounced: Bool = false) {
            self.listen = listen
            self.identityPath = identityPath
            self.isAnnounced = isAnnounced
        }
    }

    /// How payers reach the node over GUN, where neither side listens and both know a relay.
    public struct Gun: Hashable, Sendable {
        /// The relays' addresses, such as `ws://192.0.2.7:8765/gun`; several are better than one.
        public var relays: [String]
        /// The file of the key from which the node's keys in GUN follow; made when it is not there.
        public var keyPath: String
        public init(relays: [String], keyPath: String) {
            self.relays = relays
            self.keyPath = keyPath
        }
    }

    public var listen = Endpoint(host: "127.0.0.1", port: 4020)
    /// Sells over libp2p too what is sold over HTTP; `nil` does not.
    public var peers: Peers?
    /// Sells over GUN too what is sold over HTTP; `nil` does not.
    public var gun: Gun?
    public var upstream: String
    public var prices: PriceList
    public var network: Network
    public var token: Token
    public var payTo: Address
    /// The ways in which payers may pay, the one for those that know no better first.
    ///
    /// - Range: without ``facilitator`` any; with one, ``PaymentScheme/voucher`` alone.
    public var schemes: [PaymentScheme] = [.voucher]
    /// The file in which channels are kept.
    public var storePath: String
    /// The file of the embedded ledger; beside the store unless said otherwise.
    public var ledgerPath: String
    /// The address of the x402 facilitator that settles; `nil` settles on the embedded ledger.
    public var facilitator: String?
    /// The chain on which channels are settled; `nil` settles elsewhere.
    public var chain: ChainPlace?
    /// The Stacks chain on which channels are settled; `nil` settles elsewhere.
    public var stacks: StacksPlace?
    /// The file of the key that signs claims and refunds, and pays for gas on a chain; made when it is not there.
    public var authorizerKeyPath: String
    /// - Unit: seconds.
    /// - Range: `ChannelTerms.withdrawDelayRange`.
    public var withdrawDelay: UInt64 = 900
    /// Which contract takes the deposits of vouchers from payers' accounts.
    ///
    /// - Range: `permit2` on a chain, or with a facilitator, alone.
    public var depositMethod = DepositMethod.eip3009
    public var policy = VoucherDesk.Policy()
    public var limits = Gateway.Limits()
    /// How many metered streams may be open, and what one may take up.
    public var streams = StreamSettings()
    public var publicURL: String?
    public var requiresIdentifier = false
    /// How often it is looked whether something is due to be claimed, and claimed and paid out.
    public var claimInterval: Duration = .seconds(60)
    /// What is due to be claimed; everything at every look unless it is said otherwise.
    public var claimSchedule = ClaimSchedule(age: 0)
    /// On a chain, what claims may cost of what they bring; `nil` claims whatever that costs.
    public var claimCosts: ClaimCosts?
    /// How much may be unclaimed at most.
    public var unclaimedCaps = UnclaimedCaps()
    /// How often the ledger is asked for news.
    public var watchInterval: Duration = .seconds(1)
    /// How often channels are looked for that were not read for too long.
    public var refreshInterval: Duration = .seconds(15)
    /// How long requests under way may take when the node is asked to stop.
    public var shutdownTimeout: Duration = .seconds(30)
    public var servesMetrics = true

    public init(
        upstream: String, prices: PriceList, network: Network, token: Token, payTo: Address, storePath: String
    ) {
        self.upstream = upstream
        self.prices = prices
        self.network = network
        self.token = token
        self.payTo = payTo
        self.storePath = storePath
        ledgerPath = Self.ledgerPath(besides: storePath)
        authorizerKeyPath = Self.authorizerKeyPath(besides: storePath)
    }

    /// The word for where channels are settled, in settings and reports.
    public var settlementName: String { (try? place.name) ?? "ledger" }

    /// Whether channels are settled on the embedded ledger, with money that is none.
    public var isSimulated: Bool { chain == nil && stacks == nil && facilitator == nil }

    /// Where channels are settled.
    ///
    /// - Throws: ``ConfigurationError/bad(key:value:why:)`` for networks without an EVM chain.
    public var place: SettlementPlace {
        get throws {
            if let chain { return .chain(chain) }
            if let stacks { return .stacks(stacks) }
            guard let domain = SettlementDomain(network: network) else {
                throw ConfigurationError.bad(
                    key: "network", value: "\(network)", why: "channels are settled on eip155 chains only")
            }
            return facilitator.map { .facilitator(url: $0, domain, token) }
                ?? .ledger(path: ledgerPath, newOn: domain)
        }
    }

    /// What a token is worth that is handed in without a request: the price of all that no route names.
    var tokenPrice: Amount? {
        guard case .upTo(let price) = prices.routes.last(where: { $0.pattern == .all })?.price else { return nil }
        return price
    }

    /// Where the ledger of a store lies unless something else is said.
    public static func ledgerPath(besides storePath: String) -> String { storePath + ".ledger" }

    /// Where the authorizer's key of a store lies unless something else is said.
    public static func authorizerKeyPath(besides storePath: String) -> String { storePath + ".authorizer.key" }
}
