// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

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
        case signing(StacksTransaction.SigningFault)
        case feeTooHigh(needed: UInt64, limit: UInt64)
        /// Another transaction of the account has taken its number.
        case replaced

        /// A name that stays the same, for programs.
        public var code: String {
            switch self {
            case .node(let fault): fault.code
            case .signing(let fault): fault.code
            case .feeTooHigh: "stacks-sender.fee-too-high"
            case .replaced: "stacks-sender.replaced"
            }
        }
    }

    public let account: StandardPrincipal
    private let client: StacksClient
    private let key: StacksPrivateKey
    private let version: StacksTransaction.Version
    private let chainID: UInt32
    private let policy: Policy

    /// The number of the next transaction, as far as is known.
    private var next: UInt64 = 0
    /// What was sent and is in no block as far as is known, by number.
    private var underWay: [UInt64: StacksTransaction] = [:]
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    public init(
        client: StacksClient, key: consuming StacksPrivateKey, version: StacksTransaction.Version,
        chainID: UInt32? = nil, policy: Policy = Policy()
    ) {
        self.client = client
        account = key.account(mainnet: version.isMainnet)
        self.key = key
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
    /// - Returns: The transaction, which may still get lost: see ``confirm(_:burnBlocks:)``.
    /// - Throws: ``Fault``.
    @discardableResult
    public func send(
        _ payload: StacksTransaction.Payload, postConditions: [StacksTransaction.PostCondition] = [],
        mode: StacksTransaction.PostConditionMode = .deny, fee: UInt64? = nil
    ) async throws(Fault) -> StacksTransaction {
        await enter()
        defer { leave() }
        try await refresh()
        var attempts = 0
        while true {
            attempts += 1
            let transaction = try await signed(payload, postConditions, mode, nonce: next, fee: fee)
            do throws(StacksNodeFault) {
                try await handOver(transaction)
                keep(transaction)
                return transaction
            } catch {
                if error.isUncertain { keep(transaction) }
                guard attempts < 4, case .refused(let refusal) = error else { throw .node(error) }
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
        let nonce = transaction.authorization.origin.nonce
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
        _ payload: StacksTransaction.Payload, _ conditions: [StacksTransaction.PostCondition],
        _ mode: StacksTransaction.PostConditionMode, nonce: UInt64, fee: UInt64?
    ) async throws(Fault) -> StacksTransaction {
        var transaction = StacksTransaction(
            version: version, chainID: chainID,
            authorization: .standard(
                .init(signer: account, nonce: nonce, fee: fee ?? 0, keyEncoding: key.keyEncoding)),
            postConditionMode: mode, postConditions: conditions, payload: payload)
        if fee == nil {
            do throws(StacksNodeFault) {
                transaction.setFee(try await client.fees(for: transaction).middle)
            } catch {
                throw .node(error)
            }
        }
        try sign(&transaction)
        return transaction
    }

    private func sign(_ transaction: inout StacksTransaction) throws(Fault) {
        guard transaction.fee <= policy.maximumFee else {
            throw .feeTooHigh(needed: transaction.fee, limit: policy.maximumFee)
        }
        do throws(StacksTransaction.SigningFault) {
            try transaction.signAsOrigin(with: key)
        } catch {
            throw .signing(error)
        }
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
                transaction.setFee(fee)
                try sign(&transaction)
            }
            do throws(StacksNodeFault) {
                try await handOver(transaction)
                underWay[nonce] = transaction
            } catch {
                throw .node(error)
            }
        }
    }

    // MARK: - Waiting

    /// Waits until a transaction is in a block with so many blocks of Bitcoin behind it.
    ///
    /// A transaction that gets lost, or whose block is taken back, is handed to the node again.
    ///
    /// - Parameter burnBlocks: 0 is content with any block.
    /// - Returns: The block, and what the transaction answered.
    /// - Throws: ``Fault/replaced`` when another transaction has its number; ``Fault/node(_:)``.
    public func confirm(
        _ transaction: StacksTransaction, burnBlocks: UInt64
    ) async throws(Fault) -> StacksClient.Mined {
        var seen: (mined: StacksClient.Mined, burnHeight: UInt64)?
        while true {
            do throws(StacksNodeFault) {
                let height = try await client.info().burnHeight
                if let mined = try await client.transaction(transaction.id) {
                    if seen?.mined != mined || height < seen?.burnHeight ?? 0 { seen = (mined, height) }
                    if let seen, height - seen.burnHeight >= burnBlocks {
                        underWay[transaction.authorization.origin.nonce] = nil
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
    fileprivate mutating func setFee(_ fee: UInt64) {
        var origin = authorization.origin
        origin.fee = fee
        authorization = .standard(origin)
    }
}
