// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives

extension EVMSettlement {
    /// What a log of a contract for channels tells, in the words in which the embedded ledger tells it: what came in,
    /// what was paid, and how far the channel has come.
    ///
    /// Contracts say what they do before they pay, so what they paid for it is in the logs that follow.
    func contractKinds<Form: ChainForm>(
        of entry: LogFeed.Entry, _ form: Form, in contract: ContractDomain,
        _ receipts: inout [TransactionID: MinedTransaction]
    ) async throws(EndpointFault) -> [SettlementEvent.Kind] {
        let log = entry.log
        guard log.topics.count > 1, Topics.ofContracts.contains(log.topics[0]) else { return [] }
        let isDeposit = form.fundingTopics.contains(log.topics[0])
        let channel = ChannelID(log.topics[1])
        let place = ContractPlace<Form.Rules>(form: form, domain: contract)
        let block = Block(height: log.height, time: entry.time)
        let known: Form.Rules.Terms?
        do throws(EndpointFault) {
            known =
                log.topics[0] == form.openingTopic
                ? try await terms(of: channel, fundedBy: log, place, at: block)
                : try await terms(of: channel, place, at: block)
        } catch .malformed { known = nil }
        // Without its terms nobody can do anything with it.
        guard let known else { return [] }

        var kinds: [SettlementEvent.Kind] = []
        let following = try await logs(after: log, &receipts)
        if isDeposit {
            guard let (payer, amount) = Self.deposit(log, following, known) else { return [] }
            kinds.append(.funded(channel, kind: form.kind.rawValue, payer: payer, token: known.token, amount: amount))
        }
        for payout in following.compactMap({ $0.payout(from: log.contract, in: known.token) }) {
            kinds.append(.paidOut(channel, receiver: payout.receiver, token: known.token, amount: payout.amount))
        }
        if let phase = Self.phase(after: log, of: form.kind, known) { kinds.append(.advanced(channel, to: phase)) }
        return kinds
    }

    /// Who paid how much in.
    private static func deposit(
        _ log: ChainLog, _ following: ArraySlice<ChainLog>, _ terms: any ContractTerms
    ) -> (payer: Address, amount: Amount)? {
        if log.topics[0] == Topics.funded {
            guard log.topics.count == 3, let payer = Address(word: log.topics[2]) else { return nil }
            return Topics.firstAmount(log.data).map { (payer, $0) }
        }
        // The contract for balance proofs does not say: the token does.
        guard let payer = (terms as? BalanceProofTerms)?.sender else { return nil }
        let payments = following.compactMap { $0.payout(from: payer, in: terms.token) }
        return payments.first { $0.receiver == log.contract }.map { (payer, $0.amount) }
    }

    /// What else was told in the transaction, before its contract told of something new.
    private func logs(
        after log: ChainLog, _ receipts: inout [TransactionID: MinedTransaction]
    ) async throws(EndpointFault) -> ArraySlice<ChainLog> {
        let mined: MinedTransaction
        if let known = receipts[log.transaction] { mined = known } else {
            let receipt = try await reader.chain.agreed([.receipt(of: log.transaction.hash)])[0].get()
            mined = try MinedTransaction(receipt: receipt, of: log.transaction.hash)
            receipts[log.transaction] = mined
        }
        let credits = [Topics.credited, Topics.plainlyCredited]
        return mined.logs.drop { $0.index <= log.index }
            .prefix { $0.contract != log.contract || $0.topics.first.map(credits.contains) ?? true }
    }

    /// Where a channel stands after a log; `nil` when it stands where it stood, or the log does not say.
    private static func phase(after log: ChainLog, of kind: ContractKind, _ terms: any ContractTerms) -> String? {
        switch log.topics[0] {
        case Topics.funded:
            switch kind {
            case .hashChain, .merkleToken, .lot: "open"
            case .lottery where (terms as? LotteryTerms)?.opening == Topics.firstAmount(log.data): "open"
            // Which deposit it was is not in the log.
            default: nil
            }
        case Topics.closed, Topics.twoWayClosed, Topics.cancelled: "closed"
        case Topics.closing, Topics.closeRequested: "closing"
        case Topics.opened: "open"
        case Topics.drawing: "drawing"
        default: nil
        }
    }
}

extension Topics {
    static let closed = Keccak256.hash(utf8: "Closed(bytes32,uint256)")
    static let twoWayClosed = Keccak256.hash(utf8: "Closed(bytes32,uint256,uint256)")
    static let cancelled = Keccak256.hash(utf8: "Cancelled(bytes32)")
    static let closing = Keccak256.hash(utf8: "Closing(bytes32,uint256)")
    static let opened = Keccak256.hash(utf8: "Opened(bytes32,address,address,bytes32)")
    static let closeRequested = Keccak256.hash(utf8: "CloseRequested(bytes32)")
    static let drawing = Keccak256.hash(utf8: "Drawing(bytes32,uint256)")

    /// What contracts for channels tell that somebody wants to know.
    ///
    /// Others say nothing of money: a seat that is taken, say.
    static let ofContracts: Set<Hash32> = [
        funded, closed, twoWayClosed, cancelled, closing, drawing, opened, closeRequested,
        Keccak256.hash(utf8: "ToppedUp(bytes32)"), Keccak256.hash(utf8: "Withdrawn(bytes32)"),
        Keccak256.hash(utf8: "Redeemed(bytes32,uint256,bytes32)"),
        Keccak256.hash(utf8: "Redeemed(bytes32,address,uint256)"),
        Keccak256.hash(utf8: "Redeemed(bytes32,address,uint256,uint256)"),
        Keccak256.hash(utf8: "Resized(bytes32,uint256)"), Keccak256.hash(utf8: "Drawn(bytes32,address,uint256,uint256)"),
        Keccak256.hash(utf8: "Shared(bytes32)"),
    ]
}
