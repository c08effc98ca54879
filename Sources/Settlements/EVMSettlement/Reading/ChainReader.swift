// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import AsyncHTTPClient
public import FarthingChannels
internal import FarthingEncodings
public import FarthingPrimitives
internal import NIOCore

/// Reads the contract x402BatchSettlement on an EVM chain, through endpoints that speak JSON-RPC.
///
/// Nothing that the endpoint answers is taken on trust as far as it can be checked: it must be on the right chain,
/// channels must have the ids that their terms have, and everything must have the form and the length that it should.
/// That a well-formed answer is true can only be believed, unless there are several endpoints: then more than half of
/// them must answer alike. Use endpoints of your own for money that matters.
///
/// An endpoint's URL may hold the key to an account. Errors name its host alone.
///
/// - Source: Ethereum JSON-RPC (execution-apis); x402BatchSettlement, `channels`, `pendingWithdrawals` and `refundNonce`.
public final class ChainReader: SettlementView {
    /// How much an endpoint may ask of its reader.
    public struct Limits: Hashable, Sendable {
        /// How long one request may take, to the last byte of its answer.
        public var timeout: Duration
        /// How long one answer may be.
        ///
        /// - Unit: bytes.
        public var maximumBytes: Int
        /// Over how many blocks logs are asked for at once, before the endpoint finds that too many.
        ///
        /// - Range: 1 and up; less counts as 1.
        public var blocksPerStep: UInt64
        /// How many channels a search may find before it is given up.
        public var maximumChannels: Int

        public init(
            timeout: Duration = .seconds(20), maximumBytes: Int = 4 << 20, blocksPerStep: UInt64 = 5000,
            maximumChannels: Int = 100_000
        ) {
            self.timeout = timeout
            self.maximumBytes = max(maximumBytes, 0)
            self.blocksPerStep = max(blocksPerStep, 1)
            self.maximumChannels = maximumChannels
        }
    }

    public let domain: SettlementDomain
    public var isSimulated: Bool { false }
    let chain: ChainClient
    let limits: Limits
    /// How many blocks must hold a deposit before it counts.
    let confirmations: UInt64
    private let client: HTTPClient
    private let tokens: [Address: Token]
    private let ownsClient: Bool

    /// Makes a reader, and asks nothing yet.
    ///
    /// - Parameters:
    ///   - urls: Where the endpoints are, one or more, with `http://` or `https://`.
    ///   - quorum: How many endpoints must say the same of money; `nil` for more than half of them.
    ///   - confirmations: How many blocks must hold a deposit, its own among them, before it counts.
    ///   - domain: The contract, and the chain on which the endpoints must be.
    ///   - tokens: What is known already; others are asked about themselves.
    ///   - client: One that follows no redirects. Without it the reader makes its own; see ``shutdown()``.
    /// - Throws: `SettlementError.unavailable` when a URL is none.
    public init(
        urls: [String], domain: SettlementDomain, tokens: [Token] = [], limits: Limits = Limits(), quorum: Int? = nil,
        confirmations: UInt64 = 1, client: HTTPClient? = nil
    ) throws(SettlementError) {
        let parsed = urls.compactMap(EndpointURL.init)
        guard parsed.count == urls.count, !parsed.isEmpty else {
            throw .unavailable(reason: "the endpoint's URL does not begin with http:// or https:// and a host")
        }
        guard let chainID = domain.network.evmChainID else {
            throw .unavailable(reason: "\(domain.network) is not an EVM chain")
        }
        self.domain = domain
        self.limits = limits
        self.confirmations = max(confirmations, 1)
        self.tokens = Dictionary(tokens.map { ($0.address, $0) }) { first, _ in first }
        ownsClient = client == nil
        let client = client ?? Self.newClient()
        self.client = client
        chain = ChainClient(
            endpoints: parsed.map { Endpoint(url: $0, client: client, limits: limits) }, chainID: chainID,
            quorum: quorum)
    }

    /// The same with one endpoint.
    public convenience init(
        url: String, domain: SettlementDomain, tokens: [Token] = [], limits: Limits = Limits(),
        client: HTTPClient? = nil
    ) throws(SettlementError) {
        try self.init(urls: [url], domain: domain, tokens: tokens, limits: limits, client: client)
    }

    /// Whether a text is a URL that an endpoint can have.
    public static func canUse(url: String) -> Bool { EndpointURL(url) != nil }

    private static func newClient() -> HTTPClient {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(10)
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Closes the connections, if they are the reader's own, and waits until they are closed.
    public func shutdown() async {
        if ownsClient { try? await client.shutdown() }
    }

    deinit {
        guard ownsClient else { return }
        // A client that is dropped while it is open stops the program; whoever threw before it was closed is not to.
        let client = client
        Task { try? await client.shutdown() }
    }

    /// Whose errors these are.
    public var host: String { chain.name }

    // MARK: - Reading

    public func head() async throws(SettlementError) -> Block {
        try await explained { () async throws(EndpointFault) in try await newestBlock() }
    }

    public func token(_ address: Address) async throws(SettlementError) -> Token? {
        if let known = tokens[address] { return known }
        if Token.isCoin(address) { return .coin(on: domain.network, at: address) }
        return try await explained { () async throws(EndpointFault) in try await describe(address) }
    }

    public func balance(of account: Address, token: Address) async throws(SettlementError) -> Amount {
        if Token.isCoin(token) {
            return try await explained { () async throws(EndpointFault) in
                Amount(units: try Quantity.readLong(try await readNow { .balance(of: account, at: $0) }, "a balance"))
            }
        }
        let data = try await explained { () async throws(EndpointFault) in
            try await readNow { .contract(token, Calldata.balance(of: account), at: $0) }.data("a balance")
        }
        guard !data.isEmpty else { throw .unknownToken(token) }
        do throws(ABI.DecodingError) {
            var reader = ABI.WordReader(data)
            let amount = try reader.amount()
            try reader.finish()
            return amount
        } catch .outOfRange {
            throw .overflow
        } catch {
            throw EndpointFault.malformed("in a balance, \(error)").settlementError(at: host)
        }
    }

    /// A channel as it stands in the newest block, all of it read in that one block.
    ///
    /// A deposit counts when enough blocks hold it; all else counts as soon as it is there.
    ///
    /// The contract keeps nothing of a channel from which all was paid back before anything was claimed: that is
    /// `nil`, like one that never was.
    public func snapshot(of channel: ChannelID) async throws(SettlementError) -> ChannelSnapshot? {
        try await explained { () async throws(EndpointFault) in
            let block = try await newestBlock()
            let settled = block.height.lowered(by: confirmations - 1)
            var calls = [
                Calldata.channels(channel), Calldata.pendingWithdrawals(channel), Calldata.refundNonce(channel),
            ].map { Endpoint.Call.contract(domain.contract, $0, at: block.height) }
            if settled < block.height {
                calls.append(.contract(domain.contract, Calldata.channels(channel), at: settled))
            }
            let answers = try await chain.agreed(calls)
            var data: [[UInt8]] = []
            for answer in answers { data.append(try answer.get().data("a channel")) }
            guard data.contains(where: { !$0.isEmpty }) else {
                throw .malformed("there is no contract at \(domain.contract)")
            }
            do throws(ABI.DecodingError) {
                return try ChannelSnapshot(
                    channel: data[0], settled: data.count > 3 ? data[3] : nil, withdrawal: data[1], nonce: data[2],
                    block: block)
            } catch {
                throw .malformed("in a channel, \(error)")
            }
        }
    }

    // MARK: - Asking

    func newestBlock() async throws(EndpointFault) -> Block { try await chain.newest() }

    func read(_ calls: [Endpoint.Call]) async throws(EndpointFault) -> [Result<JSON, EndpointFault>] {
        try await chain.ask(calls)
    }

    /// What one endpoint says of its newest block, or enough of several of the newest that they have.
    func readNow(_ call: (_ block: UInt64?) -> Endpoint.Call) async throws(EndpointFault) -> JSON {
        let block = chain.quorum > 1 ? try await chain.height() : nil
        return try await chain.agreed([call(block)])[0].get()
    }

    func explained<Value>(
        _ work: () async throws(EndpointFault) -> Value
    ) async throws(SettlementError) -> Value {
        do throws(EndpointFault) { return try await work() } catch { throw error.settlementError(at: host) }
    }
}

extension ChannelSnapshot {
    /// - Returns: `nil` when nothing was ever deposited, as far as the contract remembers.
    ///
    /// - Parameter settled: The channel as it stood when only what counts by now was there.
    fileprivate init?(
        channel: [UInt8], settled: [UInt8]?, withdrawal: [UInt8], nonce: [UInt8], block: Block
    ) throws(ABI.DecodingError) {
        var sums = ABI.WordReader(channel)
        let balance = try sums.amount()
        let totalClaimed = try sums.amount()
        try sums.finish()
        guard totalClaimed <= balance else { throw .outOfRange }
        var counted = balance
        if let settled {
            var reader = ABI.WordReader(settled)
            counted = max(totalClaimed, min(balance, try reader.amount()))
        }
        var pending = ABI.WordReader(withdrawal)
        let amount = try pending.amount()
        let requested = try pending.uint(upTo: 1 << 40 - 1)
        try pending.finish()
        var counter = ABI.WordReader(nonce)
        let refundNonce = try counter.uint()
        try counter.finish()
        if counted.isZero && refundNonce == 0 && requested == 0 { return nil }
        self.init(
            balance: counted, totalClaimed: totalClaimed,
            withdrawal: requested == 0
                ? nil : PendingWithdrawal(amount: amount, requestedAt: Instant(unixSeconds: Int64(requested))),
            refundNonce: refundNonce, block: block)
    }
}
