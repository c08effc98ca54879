// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
internal import FarthingStacks
internal import Synchronization

/// Locks and moves money on a Stacks chain, through a node's own routes.
///
/// Vouchers are settled by `voucher-channels`, hash chains by `hash-chains`, two-way channels by
/// `two-way-channels`. A deposit is a transaction that its payer has signed and that is sponsored here: the payer needs
/// no coin but what it pays. Everything is sent, and paid for, by
/// the account of the key that is given.
///
/// A call returns when its transaction is in a block with as many blocks of Bitcoin behind it as was asked for. Channels
/// are read from the node's newest block, which the chain's signers have agreed on.
///
/// - Source: `Contracts/Clarity`; SIP-005; stacks-core, `docs/rpc/openapi.yaml`.
public final class StacksSettlement: Settlement {
    /// How long is waited, and for what.
    public struct Options: Hashable, Sendable {
        /// How many blocks of Bitcoin must follow the block of a transaction.
        ///
        /// 0 is content with a block of Stacks, which counts once the chain's signers have signed it; with 1 each
        /// transaction, and so a payer's first request, takes some ten minutes.
        public var burnBlocks: UInt64
        /// After it a transaction is given up for now: the same call again finds what became of it.
        public var patience: Duration
        /// How long a deposit waits for its payer's transactions that come before it, which may never come.
        public var turnPatience: Duration
        /// How many deposits may wait for that at once.
        public var mostTurns: Int
        public var sending: StacksSender.Policy
        /// How long a deposit that is handed in must still be valid.
        ///
        /// In that time it should be in a block; later the payer may have signed another with its number.
        ///
        /// - Unit: seconds; some blocks of Stacks.
        public var leastValidity: Int64

        public init(
            burnBlocks: UInt64 = 0, patience: Duration = .seconds(1800), turnPatience: Duration = .seconds(60),
            mostTurns: Int = 64, sending: StacksSender.Policy = StacksSender.Policy(), leastValidity: Int64 = 10
        ) {
            self.burnBlocks = burnBlocks
            self.patience = patience
            self.turnPatience = turnPatience
            self.mostTurns = mostTurns
            self.sending = sending
            self.leastValidity = leastValidity
        }
    }

    public let client: StacksClient
    /// Where the contracts are.
    public let registry: StacksRegistry
    public let domain: SettlementDomain
    let options: Options
    let clock: @Sendable () -> Instant
    let tokens: [Address: Token]
    private let news: StacksNews
    /// Calls that came too early by the chain's clock, and until when they are not made again.
    private let early = Mutex<[StacksTransaction.ContractCall: Instant]>([:])
    /// Deposits that were handed in here and are awaited, by what their payers signed.
    let deposits = Mutex<[Hash32: Task<Carried, Never>]>([:])
    /// At which height of Bitcoin deposits were found in the chain that this process does not wait for; 0 where it did.
    let found = Mutex<[Hash32: UInt64]>([:])
    /// How many deposits wait for their payer's transactions that come before them.
    let turns = Atomic(0)
    private let signer: (any Signer)?
    /// A sender an account: each counts its own transactions.
    private let senders: Senders

    /// Makes a settlement, and asks nothing yet.
    ///
    /// - Parameters:
    ///   - url: Where the node is.
    ///   - signer: The key whose account sends the transactions; `nil` sends none but those of a key that a call names.
    ///   - tokens: What can be paid with besides the coin; each names its asset, see `StacksAsset`.
    ///   - clock: Tells the time of blocks: a node does not say it of its newest.
    public init(
        url: String, signer: (any Signer)?, registry: StacksRegistry, tokens: [Token] = [],
        options: Options = Options(), clock: @escaping @Sendable () -> Instant
    ) {
        client = StacksClient(url: url)
        self.registry = registry
        domain = registry.domain
        self.signer = signer
        senders = Senders()
        news = StacksNews(registry: registry, clock: clock)
        self.options = options
        self.clock = clock
        self.tokens = Dictionary(([StacksAsset.coin] + tokens).map { ($0.address, $0) }) { first, _ in first }
    }

    private init(_ other: StacksSettlement, signer: any Signer) {
        news = other.news
        client = other.client
        registry = other.registry
        domain = other.domain
        options = other.options
        clock = other.clock
        tokens = other.tokens
        senders = other.senders
        self.signer = signer
    }

    private final class Senders: Sendable {
        let known = Mutex<[Address: StacksSender]>([:])
    }

    public var isSimulated: Bool { false }

    /// What a node has told to ``hear(block:)``, and nothing where none tells.
    ///
    /// What changes is found all the same, by reading channels again.
    public func events(after sequence: UInt64, limit: Int) async throws(SettlementError) -> [SettlementEvent] {
        news.events(after: sequence, limit: limit)
    }

    /// The longest block that ``hear(block:)`` reads.
    ///
    /// - Unit: bytes.
    public static var longestBlock: Int { StacksNews.longestBlock }

    /// Takes in a block as a node posts it to an observer, whoever has posted it: what it tells is a reason to read channels
    /// again, and nothing is believed besides.
    ///
    /// - Returns: How many events were about channels of the contracts; 0 for anything that is no block.
    /// - Source: stacks-core, event observer, `POST /new_block`.
    @discardableResult
    public func hear(block: [UInt8]) -> Int { news.hear(block) }

    /// A tenth of the delay that a payer must wait with a withdrawal, from ten seconds to five minutes.
    public func freshness(of terms: ChannelTerms) -> Int64? {
        min(max(Int64(clamping: terms.withdrawDelay / 10), 10), 300)
    }

    // MARK: - Sending

    /// Who sends for a key, or for the settlement's own.
    func sender(_ other: (any Signer)? = nil) throws(SettlementError) -> StacksSender {
        guard let signer = other ?? signer else {
            throw .unavailable(reason: "there is no key here that could send transactions")
        }
        guard signer.accounts == .hash160 else { throw .notAuthorized(signer.address) }
        let contract = registry.vouchers
        return senders.known.withLock { known in
            if let sender = known[signer.address] { return sender }
            let sender = StacksSender(
                client: client, signer: signer, version: contract.version, chainID: contract.chainID,
                policy: options.sending)
            known[signer.address] = sender
            return sender
        }
    }

    /// What became of a transaction.
    typealias Carried = Result<(transaction: TransactionID, answer: ContractAnswer), SettlementError>

    /// Calls a function of a contract, and waits until the call counts.
    ///
    /// - Parameter moves: What the transaction may move, at most; nothing else may leave any account.
    func carryOut(
        _ call: StacksTransaction.ContractCall?, moves: [StacksTransaction.PostCondition] = [],
        by signer: (any Signer)? = nil
    ) async throws(SettlementError) -> (transaction: TransactionID, answer: ContractAnswer) {
        try await carryOut(call.map { [$0] } ?? [], moves: moves, by: signer)
    }

    /// The same for several that follow one another: all are sent before the last is waited for, since the account's
    /// numbers keep them in order, and each takes a block at most.
    ///
    /// - Returns: What became of the last.
    func carryOut(
        _ calls: [StacksTransaction.ContractCall], moves: [StacksTransaction.PostCondition],
        by signer: (any Signer)? = nil
    ) async throws(SettlementError) -> (transaction: TransactionID, answer: ContractAnswer) {
        guard let last = calls.last else { throw .unavailable(reason: "the contract has no such function") }
        let sender = try sender(signer)
        let task = Task { [options] in
            await Self.waited(for: sender, options) { () async throws(StacksSender.Fault) in
                for call in calls.dropLast() {
                    _ = try await sender.sendInTurn(
                        .contractCall(call), postConditions: moves, patience: options.patience)
                }
                return try await sender.sendInTurn(
                    .contractCall(last), postConditions: moves, patience: options.patience)
            }
        }
        return try await Self.outcome(of: task)
    }

    /// Sends something and waits for it; in a task of its own, as whoever asked for it may go away, and others'
    /// transactions wait for this one.
    static func waited(
        for sender: StacksSender, _ options: Options,
        send: () async throws(StacksSender.Fault) -> StacksTransaction
    ) async -> Carried {
        do throws(StacksSender.Fault) {
            let (id, mined) = try await sender.settled(
                try await send(), burnBlocks: options.burnBlocks, patience: options.patience)
            return .success((TransactionID(id), ContractAnswer(mined.result)))
        } catch { return .failure(error.settlementError) }
    }

    /// What became of a transaction; who is cancelled waits no longer, and the task goes on.
    static func outcome(
        of task: Task<Carried, Never>
    ) async throws(SettlementError) -> (transaction: TransactionID, answer: ContractAnswer) {
        let (outcomes, continuation) = AsyncStream.makeStream(of: Carried.self)
        Task {
            continuation.yield(await task.value)
            continuation.finish()
        }
        for await outcome in outcomes { return try outcome.get() }
        throw .cancelled
    }

    /// How long a call that came too early by the chain's clock is not made again: each time costs a fee.
    ///
    /// - Unit: seconds.
    private static let pauseWhenEarly: Int64 = 60

    /// Whether a call came too early within the last minute.
    func isEarly(_ call: StacksTransaction.ContractCall) -> Bool {
        let now = clock()
        return early.withLock { early in
            // A clock that was set back must not make it wait for longer.
            early = early.filter { (1...Self.pauseWhenEarly).contains($0.value.seconds(since: now)) }
            return early[call] != nil
        }
    }

    /// Takes in that a call came too early.
    func cameEarly(_ call: StacksTransaction.ContractCall) {
        let until = clock().advanced(bySeconds: Self.pauseWhenEarly)
        early.withLock { $0[call] = until }
    }

    /// What may leave a contract: so many units of an asset at most.
    ///
    /// A condition's amount has 64 bits; where more may leave, it holds whatever leaves of that asset.
    static func atMost(
        _ amount: Amount, of asset: Address, from contract: StacksContract
    ) -> [StacksTransaction.PostCondition] {
        let units = UInt64(exactly: amount.units)
        let comparison: StacksTransaction.PostCondition.Comparison = units == nil ? .greaterOrEqual : .lessOrEqual
        let owner = StacksTransaction.PostCondition.Owner.principal(.contract(contract.identifier))
        return switch contract.asset(asset) {
        case .stx: [.init(owner, .stx(comparison, units ?? 0))]
        case .token(let token): [.init(owner, .fungible(token, comparison, units ?? 0))]
        case nil: []
        }
    }

    /// A transaction is in a block and answered well, and what it does is not to be seen: its post-conditions undid it,
    /// which a node's answer does not say, or a block was taken back, or the node is behind another that was asked.
    ///
    /// - Source: stacks-core, `GET /v3/transaction`: the result, and nothing of the status.
    static let unseen = SettlementError.unavailable(
        reason: "what the transaction did is not to be seen in the chain, so it may have been undone")
}

/// A payer that ends a channel without the payee sends, and pays for, what that takes.
extension StacksSettlement: SendingSettlement {
    public func sending(as signer: any Signer) -> any SettlementView { StacksSettlement(self, signer: signer) }
}

/// To each account its own transactions.
extension StacksSettlement: NumberingSettlement {
    public func nextNumber(of account: Address) async throws(SettlementError) -> UInt64 {
        try await asked { () async throws(StacksNodeFault) in
            try await client.account(.standard(registry.vouchers.account(account))).nonce
        }
    }
}
