// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingPrimitives
public import FarthingStacks

/// Sends the transactions of one account, one behind the other.
///
/// It counts the account's transactions itself, so that several may be under way, and keeps those that are in no block
/// yet. With each new one, and while one is waited for, it looks after all of them: what a node has lost is handed to it
/// again, what waits too long pays more, and a number whose transaction cannot come any more is used up by a transfer of
/// one micro-STX to the zero account. Without that, all later ones would wait for ever.
public actor StacksSender {
    /// How a sender pays and waits.
    public struct Policy: Hashable, Sendable {
        /// The most that is paid for a transaction, in micro-STX.
        public var maximumFee: UInt64
        /// How long to wait between two questions.
        public var pause: Duration
        /// How long a transaction may wait although its turn has come, before its fee is doubled.
        public var raiseAfter: Duration

        public init(
            maximumFee: UInt64 = 1_000_000, pause: Duration = .seconds(5), raiseAfter: Duration = .seconds(300)
        ) {
            self.maximumFee = maximumFee
            self.pause = pause
            self.raiseAfter = raiseAfter
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
    let client: StacksClient
    let policy: Policy
    private let signer: any Signer
    private let version: StacksTransaction.Version
    private let chainID: UInt32

    /// How many transactions of the account are in blocks, as far as is known.
    var used: UInt64 = 0
    /// What was sent and is in no block as far as is known, or is waited for, by number.
    var underWay: [UInt64: NumberUnderWay] = [:]
    /// Numbers under which a node has another program's transaction, and since when that is known.
    var taken: [UInt64: ContinuousClock.Instant] = [:]
    /// When all was last looked after.
    var tendedAt: ContinuousClock.Instant?
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
    package var underWayCount: Int { underWay.keys.count { $0 >= used } }

    // MARK: - Sending

    /// Signs a transaction with the next number and hands it to the node.
    ///
    /// When the answer gets lost, the same bytes are handed again once; a transaction of which it is still not known
    /// whether it was taken in, counts as sent, and is handed in again by the next one, or while it is waited for.
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
    /// What is under way already is not sent a second time.
    ///
    /// - Throws: ``Fault``; among others what the node has against the origin.
    @discardableResult
    public func sponsor(_ transaction: StacksTransaction, fee: UInt64? = nil) async throws(Fault) -> StacksTransaction {
        try await send(transaction, fee: fee)
    }

    private func send(_ template: StacksTransaction, fee: UInt64?) async throws(Fault) -> StacksTransaction {
        await enter()
        defer { leave() }
        if isCareDue || underWay.values.contains(where: { !$0.isTakenIn }) {
            try await tend()
        } else {
            try await refresh()
        }
        if template.sponsor != nil, let earlier = underWay.values.first(where: { $0.carries(template) }) {
            return earlier.latest
        }
        var occupied: Set<UInt64> = []
        var attempts = 0
        while true {
            attempts += 1
            let number = free(besides: occupied)
            guard template.sponsor == nil || number - used < Self.mostForSponsored else {
                throw .node(.refused(.full(expected: used + Self.mostForSponsored - 1, actual: number)))
            }
            let transaction = try await signed(template, nonce: number, fee: fee)
            do throws(StacksNodeFault) {
                try await handOver(transaction)
                keep(transaction, isTakenIn: true)
                // Only now it is sure that the conflicts were about these, and not about the origin's number.
                for number in occupied { taken[number] = .now }
                return transaction
            } catch {
                if error.isUncertain { keep(transaction, isTakenIn: false) }
                if error.isUncertain, error != .cancelled { return transaction }
                // What is wrong with somebody else's part is not for us to mend.
                guard attempts < 4, case .refused(let refusal) = error,
                    template.sponsor == nil || refusal.isOrigin != true
                else { throw .node(error) }
                switch refusal.reason {
                case "BadNonce": try await refresh()
                // Somebody else may send for this account too.
                case BroadcastRefusal.conflict: occupied.insert(transaction.payer.nonce)
                default: throw .node(error)
                }
            }
        }
    }

    /// The first number that nothing has.
    private func free(besides occupied: Set<UInt64>) -> UInt64 {
        var number = used
        while underWay[number] != nil || taken[number] != nil || occupied.contains(number) { number += 1 }
        return number
    }

    private func keep(_ transaction: StacksTransaction, isTakenIn: Bool) {
        underWay[transaction.payer.nonce] = NumberUnderWay(transaction, isTakenIn: isTakenIn)
    }

    func handOver(_ transaction: StacksTransaction) async throws(StacksNodeFault) {
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

    func signed(
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

    func sign(_ transaction: inout StacksTransaction) async throws(Fault) {
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

    /// What takes a number and nothing else: the least transfer, as nothing may be sent to oneself.
    func filler(nonce: UInt64, above fee: UInt64) async throws(Fault) -> StacksTransaction {
        let nobody = StandardPrincipal(.zero, mainnet: version.isMainnet)
        let template = StacksTransaction(
            version: version, chainID: chainID, authorization: .standard(.init(signer: account, nonce: 0, fee: 0)),
            payload: .transfer(recipient: .standard(nobody), microSTX: 1, memo: .empty))
        return try await signed(template, nonce: nonce, fee: raised(fee))
    }

    /// The next higher fee: a node takes another transaction of a number only for more.
    func raised(_ fee: UInt64) -> UInt64 {
        let (sum, overflows) = fee.addingReportingOverflow(max(fee, 1000))
        return overflows ? policy.maximumFee : min(policy.maximumFee, sum)
    }

    // MARK: - One at a time

    func enter() async {
        if isBusy {
            await withCheckedContinuation { waiting.append($0) }
        } else {
            isBusy = true
        }
    }

    func leave() {
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }
}

extension StacksTransaction {
    /// The condition of whoever pays: the sponsor's, or the origin's where there is none.
    var payer: SpendingCondition {
        get { authorization.sponsor ?? authorization.origin }
        set {
            switch authorization {
            case .standard: authorization = .standard(newValue)
            case .sponsored(let origin, _): authorization = .sponsored(origin: origin, sponsor: newValue)
            }
        }
    }
}
