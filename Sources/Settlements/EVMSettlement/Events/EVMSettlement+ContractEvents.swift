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
    /// Contracts say what they do before they take or pay, so what they took and paid is in the logs that follow: those
    /// of the token. Nothing else is asked for, since most channels of a contract are other people's.
    ///
    /// - Parameter receipt: Of the log's transaction; without it nothing is told of amounts.
    func contractKinds<Form: ChainForm>(
        of entry: LogFeed.Entry, _ form: Form, in contract: ContractDomain, _ receipt: MinedTransaction?
    ) async throws(EndpointFault) -> [SettlementEvent.Kind] {
        let log = entry.log
        let channel = ChannelID(log.topics[1])
        let place = ContractPlace<Form.Rules>(form: form, domain: contract)
        let block = Block(height: log.height, time: entry.time)
        guard let receipt else {
            let phase = try await phase(after: log, place, at: block)
            return [.moved(channel)] + (phase.map { [.advanced(channel, to: $0)] } ?? [])
        }
        let credits = [Topics.credited, Topics.plainlyCredited]
        // What follows another contract's log is told with that one, and has its number.
        let others = Set(contracts.contracts.values).union([domain.contract]).subtracting([log.contract])
        let following = receipt.logs.drop { $0.index <= log.index }
            .prefix {
                !others.contains($0.contract)
                    && ($0.contract != log.contract || $0.topics.first.map(credits.contains) ?? true)
            }
        var kinds: [SettlementEvent.Kind] = []
        if form.fundingTopics.contains(log.topics[0]) {
            let payments = following.compactMap { TokenPayment($0) }
            if let payment = payments.first(where: { $0.receiver == log.contract }) {
                kinds.append(
                    .funded(
                        channel, kind: form.kind.rawValue, payer: payment.payer, token: payment.token,
                        amount: payment.amount))
            } else {
                guard try await isInCoin(channel, log, place, at: block) else { return [] }
                if log.topics[0] == Topics.funded, log.topics.count > 2, let payer = Address(word: log.topics[2]),
                    let amount = Topics.firstAmount(log.data)
                {
                    kinds.append(
                        .funded(
                            channel, kind: form.kind.rawValue, payer: payer, token: form.coin, amount: amount))
                }
            }
        }
        for later in following {
            guard let token = try await token(of: later, place, at: block),
                let payout = later.payout(from: log.contract, in: token)
            else { continue }
            kinds.append(.paidOut(channel, receiver: payout.receiver, token: token, amount: payout.amount))
        }
        if let phase = try await phase(after: log, place, at: block) { kinds.append(.advanced(channel, to: phase)) }
        // Of its own coin a chain tells nothing; where a token moved, another log of the same transaction tells of it.
        if kinds.isEmpty, Topics.ofMoney.contains(log.topics[0]),
            !receipt.logs.contains(where: { $0.tells(of: log.contract) })
        {
            kinds.append(.moved(channel))
        }
        return kinds
    }

    /// Whether a deposit that no token tells of is one of the chain's coin.
    ///
    /// A token that tells nobody what it does is not.
    private func isInCoin<Rules>(
        _ channel: ChannelID, _ log: ChainLog, _ place: ContractPlace<Rules>, at block: Block
    ) async throws(EndpointFault) -> Bool {
        if let token = try await facts(place, at: block).token { return Token.isCoin(token) }
        do throws(EndpointFault) {
            return Token.isCoin(try await terms(of: channel, fundedBy: log, place, at: block).token)
        } catch .malformed { return false }
    }

    /// In which token a contract paid, if a log tells that.
    private func token<Rules>(
        of log: ChainLog, _ place: ContractPlace<Rules>, at block: Block
    ) async throws(EndpointFault) -> Address? {
        switch log.topics.first {
        case Topics.transfer: log.contract
        case Topics.credited where log.topics.count > 1: Address(word: log.topics[1])
        // Where there is one token only, it is not named.
        case Topics.plainlyCredited: try await facts(place, at: block).token
        default: nil
        }
    }

    /// Where a channel stands after a log; `nil` when it stands where it stood, or the log does not say.
    private func phase<Rules>(
        after log: ChainLog, _ place: ContractPlace<Rules>, at block: Block
    ) async throws(EndpointFault) -> String? {
        switch log.topics[0] {
        case Topics.opened: return "open"
        case Topics.funded:
            switch Rules.kind {
            case .hashChain, .merkleToken, .lot: return "open"
            case .lottery:
                // What is added later leaves the channel as it was.
                let channel = ChannelID(log.topics[1])
                do throws(EndpointFault) {
                    let terms = try await terms(of: channel, fundedBy: log, place, at: block) as? LotteryTerms
                    return terms?.opening == Topics.firstAmount(log.data) ? "open" : nil
                } catch .malformed { return nil }
            // Which of the deposits it was is not in the log.
            case .twoWay, .balanceProof: return nil
            }
        case Topics.closed, Topics.twoWayClosed, Topics.cancelled: return "closed"
        case Topics.closing, Topics.closeRequested: return "closing"
        case Topics.drawing: return "drawing"
        default: return nil
        }
    }

    /// The transactions of some logs, each once, but for those of which no endpoint can tell in an answer of its own.
    ///
    /// Anybody can put so many logs into a transaction, and that must not hide what others do.
    func receipts(of logs: [ChainLog]) async throws(EndpointFault) -> [TransactionID: MinedTransaction] {
        var found: [TransactionID: MinedTransaction] = [:]
        var wanted = Array(Set(logs.map(\.transaction)))[...]
        var step = Self.receiptsAtOnce
        while !wanted.isEmpty {
            let some = wanted.prefix(step)
            do throws(EndpointFault) {
                for (id, answer) in zip(some, try await reader.chain.agreed(some.map { .receipt(of: $0.hash) })) {
                    found[id] = try MinedTransaction(receipt: try answer.get(), of: id.hash)
                }
                step = min(step * 2, Self.receiptsAtOnce)
            } catch {
                if some.count > 1, error.isAboutLength {
                    step = some.count / 2
                    continue
                }
                guard error.isTooLong else { throw error }
            }
            wanted = wanted.dropFirst(some.count)
        }
        return found
    }

    private static var receiptsAtOnce: Int { 50 }
}

/// Money that a token moved.
///
/// - Source: ERC-20, `Transfer`.
private struct TokenPayment {
    let token: Address
    let payer: Address
    let receiver: Address
    let amount: Amount

    init?(_ log: ChainLog) {
        guard log.topics.count == 3, log.topics[0] == Topics.transfer, let payer = Address(word: log.topics[1]),
            let receiver = Address(word: log.topics[2]), let amount = Topics.firstAmount(log.data)
        else { return nil }
        token = log.contract
        self.payer = payer
        self.receiver = receiver
        self.amount = amount
    }
}

extension ChainLog {
    /// Whether it says that a contract was paid, paid, or owes.
    fileprivate func tells(of contract: Address) -> Bool {
        if let payment = TokenPayment(self) { return [payment.payer, payment.receiver].contains(contract) }
        return self.contract == contract
            && topics.first.map([Topics.credited, Topics.plainlyCredited].contains) ?? false
    }

    /// Whether a contract for channels tells something by it that somebody wants to know.
    var isOfContract: Bool { topics.count > 1 && Topics.ofContracts.contains(topics[0]) }
}

extension Topics {
    static let closed = Keccak256.hash(utf8: "Closed(bytes32,uint256)")
    static let twoWayClosed = Keccak256.hash(utf8: "Closed(bytes32,uint256,uint256)")
    static let cancelled = Keccak256.hash(utf8: "Cancelled(bytes32)")
    static let closing = Keccak256.hash(utf8: "Closing(bytes32,uint256)")
    static let opened = Keccak256.hash(utf8: "Opened(bytes32,address,address,bytes32)")
    static let closeRequested = Keccak256.hash(utf8: "CloseRequested(bytes32)")
    static let drawing = Keccak256.hash(utf8: "Drawing(bytes32,uint256)")

    /// What contracts for channels tell when money comes or goes, and a channel goes on.
    fileprivate static let ofMoney = Set(
        [
            "ToppedUp(bytes32)", "Withdrawn(bytes32)", "Redeemed(bytes32,uint256,bytes32)",
            "Redeemed(bytes32,address,uint256)", "Redeemed(bytes32,address,uint256,uint256)",
            "Resized(bytes32,uint256)", "Drawn(bytes32,address,uint256,uint256)", "Shared(bytes32)",
        ].map { Keccak256.hash(utf8: $0) })

    /// What contracts for channels tell of money and of where a channel stands.
    static let ofContracts = ofMoney.union([
        funded, closed, twoWayClosed, cancelled, closing, opened, closeRequested, drawing,
    ])
}
