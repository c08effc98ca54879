// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingPrimitives
public import FarthingStacks

/// Sends the transactions of one account, one behind the other.
///
/// It counts the account's transactions itself, so that several may be under way, and keeps those that are in no block
/// yet, so that what a node has lost can be handed to it again: without that, all later ones would wait for ever.
public actor StacksSender {
    /// How a sender pays and waits.
    public struct Policy: Hashable, Sendable {
        /// The most that is paid for a transaction, in micro-STX.
        public var maximumFee: UInt64
        /// How long to wait between two questions.
        public var pause: Duration

        public init(maximumFee: UInt64 = 1_000_000, pause: Duration = .seconds(5)) {
            self.maximumFee = maximumFee
            self.pause = pause
        }
    }

    /// Why a transaction is not sent, or not waited for any more.
    @nonexhaustive
    public enum Fault: Error, Hashable, Sendable {
        case node(StacksNodeFault)
        /// The signer gave no signature, or one of another account; the text says why.
        case signer(String)
        case feeTooHigh(needed: UInt64, limit: UInt64)
        /// Another transaction of the account has taken its number.
        case replaced

        /// A name that stays the same, for programs.
        public var code: String {
            switch self {
            case .node(let fault): fault.code
            case .signer: "stacks-sender.signer"
            case .feeTooHigh: "stacks-sender.fee-too-high"
            case .replaced: "stacks-sender.replaced"
            }
        }
    }

    public let account: StandardPrincipal
    private let client: StacksClient
    private let signer: any Signer
    private let version: StacksTransaction.Version
    private let chainID: UInt32
    private let policy: Policy

    /// The number of the next transaction, as far as is known.
    private var next: UInt64 = 0
    /// What was sent and is in no block as far as is known, by number.
    private var underWay: [UInt64: StacksTransaction] = [:]
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameter signer: Its account must be one of Stacks: see `AccountForm/hash160`.
    public init(
        client: StacksClient, signer: any Signer, version: StacksTransaction.Version,
        chainID: UInt32? = nil, policy: Policy = Policy()
    ) {
        self.client = client
        account = StandardPrincipal(signer.address, mainnet: version.isMainnet)
        self.signer = signer
        self.version = version
        self.chainID = chainID ?? version.defaultChainID
        self.policy = policy
    }

    /// How many transactions are sent and in no block as far as is known.
    public var underWayCount: Int { underWay.count }

    // MARK: - Sending

    /// Signs a transaction with the next number and hands it to the node.
    ///
    /// When the answer gets lost, the same bytes are handed again once; a transaction of which it is still not known
    /// whether it was taken in, stays under way, and ``resend(atLeast:)`` settles it.
    ///
    /// - Parameter fee: In micro-STX; `nil` asks the node.
    /// - Returns: The transaction, which may still get lost: see ``confirm(_:burnBlocks:patience:)``.
    /// - Throws: ``Fault``.
    @discardableResult
    public func send(
        _ payload: StacksTransaction.Payload, postConditions: [StacksTransaction.PostCondition] = [],
        mode: StacksTransaction.PostConditionMode = .deny, fee: UInt64? = nil
    ) async throws(Fault) -> StacksTransaction {
        try await send(
            StacksTransaction(
                version: version, chainID: chainID, authorization: .standard(.init(signer: account, nonce: 0, fee: 0)),
                postConditionMode: mode, postConditions: postConditions, payload: payload), fee: fee)
    }

    /// Pays for a transaction that its origin has signed, and hands it to the node.
    ///
    /// - Throws: ``Fault``; among others what the node has against the origin.
    @discardableResult
    public func sponsor(_ transaction: StacksTransaction, fee: UInt64? = nil) async throws(Fault) -> StacksTransaction {
        try await send(transaction, fee: fee)
    }

    private func send(_ template: StacksTransaction, fee: UInt64?) async throws(Fault) -> StacksTransaction {
        await enter()
        defer { leave() }
        try await refresh()
        var attempts = 0
        while true {
            attempts += 1
            let transaction = try await signed(template, nonce: next, fee: fee)
            do throws(StacksNodeFault) {
                try await handOver(transaction)
                keep(transaction)
                return transaction
            } catch {
                if error.isUncertain { keep(transaction) }
                // What is wrong with somebody else's part is not for us to mend.
                guard attempts < 4, case .refused(let refusal) = error,
                    template.sponsor == nil || refusal.isOrigin != true
                else { throw .node(error) }
                switch refusal.reason {
                case "BadNonce": try await refresh()
                // Somebody else sends for this account too.
                case "ConflictingNonceInMempool": next += 1
                default: throw .node(error)
                }
            }
        }
    }

    private func keep(_ transaction: StacksTransaction) {
        let nonce = transaction.payer.nonce
        underWay[nonce] = transaction
        next = max(next, nonce + 1)
    }

    private func handOver(_ transaction: StacksTransaction) async throws(StacksNodeFault) {
        do throws(StacksNodeFault) {
            try await client.send(transaction)
        } catch {
            guard error.isUncertain, error != .cancelled else { throw error }
            do throws(StacksNodeFault) {
                try await client.send(transaction)
            } catch let second {
                // The first may have gone into a block meanwhile.
                guard case .refused = second, (try? await client.transaction(transaction.id)) ?? nil != nil else {
                    throw second
                }
            }
        }
    }

    private func signed(
        _ template: StacksTransaction, nonce: UInt64, fee: UInt64?
    ) async throws(Fault) -> StacksTransaction {
        var transaction = template
        transaction.payer = .init(signer: account, nonce: nonce, fee: fee ?? 0)
        if fee == nil {
            do throws(StacksNodeFault) {
                transaction.payer.fee = try await client.fees(for: transaction).middle
            } catch {
                throw .node(error)
            }
        }
        try await sign(&transaction)
        return transaction
    }

    private func sign(_ transaction: inout StacksTransaction) async throws(Fault) {
        guard transaction.fee <= policy.maximumFee else {
            throw .feeTooHigh(needed: transaction.fee, limit: policy.maximumFee)
        }
        let hash = transaction.sponsorHash ?? transaction.originHash
        let signature: Signature
        do { signature = try await signer.sign(hash) } catch { throw .signer("it did not sign") }
        guard signature.isBy(signer.address, over: hash, as: .hash160) else {
            throw .signer("its signature is not that of a Stacks account")
        }
        transaction.payer.signature = signature.vrs
    }

    // MARK: - Repairing

    /// Asks how many transactions of the account are in blocks, and forgets those.
    private func refresh() async throws(Fault) {
        do throws(StacksNodeFault) {
            let nonce = try await client.account(.standard(account)).nonce
            underWay = underWay.filter { $0.key >= nonce }
            // After blocks were taken back the chain counts less than what is under way, and no more is known.
            next = max(nonce, underWay.keys.max().map { $0 + 1 } ?? nonce)
        } catch {
            throw .node(error)
        }
    }

    /// Hands all that is under way to the node again, in order, so that no number is missing.
    ///
    /// - Parameter fee: What each is to pay at least, in micro-STX; `nil` sends the same bytes.
    /// - Throws: ``Fault``; what comes behind the one that was refused was not sent again.
    public func resend(atLeast fee: UInt64? = nil) async throws(Fault) {
        await enter()
        defer { leave() }
        try await refresh()
        for (nonce, transaction) in underWay.sorted(by: { $0.key < $1.key }) {
            var transaction = transaction
            if let fee, transaction.fee < fee {
                transaction.payer.fee = fee
                try await sign(&transaction)
            }
            do throws(StacksNodeFault) {
                try await handOver(transaction)
                underWay[nonce] = transaction
            } catch {
                throw .node(error)
            }
        }
    }

    /// Uses up the number under which a transaction was sponsored that its origin has made worthless, by using its own
    /// number for another: all that was sent behind it would wait for ever.
    ///
    /// - Parameter payload: What is done instead; best something that changes nothing.
    /// - Throws: ``Fault``.
    public func fill(numberOf lost: StacksTransaction, with payload: StacksTransaction.Payload) async throws(Fault) {
        await enter()
        defer { leave() }
        let nonce = lost.payer.nonce
        guard underWay[nonce]?.id == lost.id else { return }
        try await refresh()
        guard underWay[nonce] != nil else { return }
        let template = StacksTransaction(
            version: version, chainID: chainID, authorization: .standard(.init(signer: account, nonce: 0, fee: 0)),
            payload: payload)
        // A node that still has the first takes another of its number only for more.
        let fee = min(policy.maximumFee, lost.fee.addingReportingOverflow(max(lost.fee, 1000)).partialValue)
        let filler = try await signed(template, nonce: nonce, fee: fee)
        do throws(StacksNodeFault) { try await handOver(filler) } catch { throw .node(error) }
        underWay[nonce] = filler
    }

    // MARK: - Waiting

    /// Waits until a transaction is in a block with so many blocks of Bitcoin behind it.
    ///
    /// A transaction that gets lost, or whose block is taken back, is handed to the node again.
    ///
    /// - Parameters:
    ///   - burnBlocks: 0 is content with any block.
    ///   - patience: After it the wait ends with a time-out; `nil` waits for ever.
    /// - Returns: The block, and what the transaction answered.
    /// - Throws: ``Fault/replaced`` when another transaction has its number; ``Fault/node(_:)``.
    public func confirm(
        _ transaction: StacksTransaction, burnBlocks: UInt64, patience: Duration? = nil
    ) async throws(Fault) -> StacksClient.Mined {
        let end = patience.map { ContinuousClock.now + $0 }
        var seen: (mined: StacksClient.Mined, burnHeight: UInt64)?
        while true {
            do throws(StacksNodeFault) {
                let height = try await client.info().burnHeight
                if let mined = try await client.transaction(transaction.id) {
                    if seen?.mined != mined || height < seen?.burnHeight ?? 0 { seen = (mined, height) }
                    if let seen, height - seen.burnHeight >= burnBlocks {
                        underWay[transaction.payer.nonce] = nil
                        return mined
                    }
                } else {
                    seen = nil
                    try await handOver(transaction)
                }
            } catch {
                switch error {
                case .refused(let refusal) where refusal.reason == "BadNonce":
                    // It may have been mined between the two questions.
                    if ((try? await client.transaction(transaction.id)) ?? nil) == nil { throw .replaced }
                case .refused(let refusal) where refusal.reason == "ConflictingNonceInMempool": throw .replaced
                case .unreachable, .timeout: break
                default: throw .node(error)
                }
            }
            if let end, ContinuousClock.now > end { throw .node(.timeout) }
            do { try await Task.sleep(for: policy.pause) } catch { throw .node(.cancelled) }
        }
    }

    // MARK: - One at a time

    private func enter() async {
        if isBusy {
            await withCheckedContinuation { waiting.append($0) }
        } else {
            isBusy = true
        }
    }

    private func leave() {
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }
}

extension StacksTransaction {
    /// The condition of whoever pays: the sponsor's, or the origin's where there is none.
    fileprivate var payer: SpendingCondition {
        get { authorization.sponsor ?? authorization.origin }
        set {
            switch authorization {
            case .standard: authorization = .standard(newValue)
            case .sponsored(let origin, _): authorization = .sponsored(origin: origin, sponsor: newValue)
            }
        }
    }
}
