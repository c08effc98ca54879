// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import AsyncHTTPClient
public import FarthingChannels
internal import FarthingEncodings
public import FarthingPrimitives
internal import Synchronization

/// Locks and moves money on an EVM chain, through endpoints that speak JSON-RPC.
///
/// Vouchers are settled by x402BatchSettlement. Transactions are paid for, in the chain's coin, by the account of the
/// key that is given; nothing else depends on whose key that is, but for what its owner signs for as a payee.
///
/// A call returns when its transaction is as deep as ``SendingPolicy/confirmations`` asks for. One that is not mined in
/// time throws `SettlementError.unavailable`; the same call again finds what became of the first, or does it anew.
///
/// - Source: x402BatchSettlement; EIP-3009; EIP-1559; Ethereum JSON-RPC (execution-apis).
public final class EVMSettlement: Settlement {
    public let reader: ChainReader
    /// Where the contracts are.
    public let contracts: ContractRegistry
    let sending: SendingPolicy
    /// What the transactions took that were sent from here.
    public let gas: GasLog
    let feeds: LogFeeds
    let contractLogs: ContractLogs
    /// What was learnt of channels and contracts, and never changes.
    let known = Mutex(KnownContracts())
    private let signer: (any Signer)?
    /// A sender an account: each counts its own transactions.
    private let senders = Mutex<[Address: TransactionSender]>([:])

    /// Makes a settlement, and asks nothing yet.
    ///
    /// - Parameters:
    ///   - urls: Where the endpoints are, one or more.
    ///   - signer: The key whose account sends the transactions; `nil` sends none but those of a key that a call names.
    ///   - contracts: Where the contracts are, and on which chain.
    ///   - tokens: What is known already; others are asked about themselves.
    ///   - quorum: How many endpoints must say the same of money; `nil` for more than half of them.
    ///   - sending: How transactions are priced and waited for.
    ///   - firstBlock: Before it nothing happened that matters here.
    ///   - client: One that follows no redirects. Without it the settlement makes its own; see ``shutdown()``.
    public init(
        urls: [String], signer: (any Signer)?, contracts: ContractRegistry, tokens: [Token] = [],
        limits: ChainReader.Limits = ChainReader.Limits(), quorum: Int? = nil, sending: SendingPolicy = SendingPolicy(),
        firstBlock: UInt64 = 0, client: HTTPClient? = nil
    ) throws(SettlementError) {
        reader = try ChainReader(
            urls: urls, domain: contracts.settlement, tokens: tokens, limits: limits, quorum: quorum,
            confirmations: sending.confirmations, client: client)
        self.contracts = contracts
        gas = GasLog()
        self.signer = signer
        self.sending = sending
        feeds = LogFeeds(
            LogSource(
                chain: reader.chain,
                contracts: [contracts.settlement.contract] + contracts.contracts.values.sorted(),
                firstBlock: firstBlock, confirmations: sending.confirmations, longestStep: max(limits.blocksPerStep, 1),
                interval: sending.pollInterval))
        contractLogs = ContractLogs(
            chain: reader.chain, firstBlock: firstBlock, step: limits.blocksPerStep)
    }

    private init(_ other: EVMSettlement, signer: any Signer) {
        reader = other.reader
        contracts = other.contracts
        gas = other.gas
        sending = other.sending
        feeds = other.feeds
        contractLogs = other.contractLogs
        self.signer = signer
    }

    /// Closes the connections, if they are the settlement's own.
    public func shutdown() async { await reader.shutdown() }

    public var domain: SettlementDomain { reader.domain }
    public var isSimulated: Bool { false }

    // MARK: - Reading

    public func head() async throws(SettlementError) -> Block { try await reader.head() }
    public func token(_ address: Address) async throws(SettlementError) -> Token? { try await reader.token(address) }

    public func balance(of account: Address, token: Address) async throws(SettlementError) -> Amount {
        try await reader.balance(of: account, token: token)
    }

    public func snapshot(of channel: ChannelID) async throws(SettlementError) -> ChannelSnapshot? {
        try await reader.snapshot(of: channel)
    }

    public func channels(
        openedBy payer: Address, since block: UInt64, progress: @Sendable (_ height: UInt64, _ head: UInt64) -> Void
    ) async throws(SettlementError) -> [ChannelTerms] {
        try await reader.channels(openedBy: payer, since: block, progress: progress)
    }

    // MARK: - Sending

    /// The account that pays for transactions; zero when there is none.
    public var account: Address { signer?.address ?? .zero }

    /// Has a contract do something, in the name of an account.
    ///
    /// - Parameters:
    ///   - account: `nil` for the settlement's own.
    ///   - ceiling: How much gas it may take.
    func send(
        _ data: [UInt8], to contract: Address?, by account: (any Signer)? = nil, within ceiling: GasCeiling = .one
    ) async throws(SettlementError) -> MinedTransaction {
        do throws(SendingFault) { return try await dispatch(data, to: contract, by: account, within: ceiling) } catch {
            throw error.settlementError(at: reader.host)
        }
    }

    /// The same, for whoever reads a contract's refusal itself.
    ///
    /// - Parameters:
    ///   - value: What is sent along of the chain's coin.
    ///   - ceiling: The most gas that it may take.
    ///   - isDone: Asked before each attempt, where a contract would do twice what it is told twice.
    func dispatch(
        _ data: [UInt8], to contract: Address?, by account: (any Signer)? = nil, value: Amount = .zero,
        within ceiling: GasCeiling = .order, unless isDone: (@Sendable () async throws(SendingFault) -> Bool)? = nil
    ) async throws(SendingFault) -> MinedTransaction {
        guard let signer = account ?? signer else { throw .noKey }
        let call = TransactionSender.Call(receiver: contract, data: data, value: value, ceiling: ceiling)
        let mined = try await sender(for: signer).send(call, unless: isDone)
        if let contract { gas.add(mined.gasUsed, for: data, at: contract) }
        return mined
    }

    /// Asks what a contract would do, and takes it back.
    func simulate(_ data: [UInt8], at contract: Address) async throws(SettlementError) {
        let call = TransactionSender.Call(receiver: contract, data: data)
        do throws(EndpointFault) {
            _ = try await reader.chain.outcomes(of: .simulate(call, from: account))
        } catch { throw SendingFault(error, account).settlementError(at: reader.host) }
    }

    private func sender(for signer: any Signer) -> TransactionSender {
        senders.withLock { senders in
            if let known = senders[signer.address] { return known }
            let sender = TransactionSender(chain: reader.chain, signer: signer, policy: sending)
            senders[signer.address] = sender
            return sender
        }
    }

    /// The channel after a transaction: there is one, since something was just done with it.
    func snapshot(after: MinedTransaction, of channel: ChannelID) async throws(SettlementError) -> ChannelSnapshot {
        if let snapshot = try await snapshot(of: channel) { return snapshot }
        return .unopened(at: try await head())
    }
}

extension EVMSettlement: SendingSettlement {
    public func sending(as signer: any Signer) -> any SettlementView { EVMSettlement(self, signer: signer) }
}
