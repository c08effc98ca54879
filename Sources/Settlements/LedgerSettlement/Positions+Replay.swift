// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives

extension Positions {
    /// Something in the log that cannot have happened after what stands before it.
    struct Contradiction: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    /// Does again what an event says was done.
    ///
    /// This follows the events alone and shares no step with the code that made them.
    ///
    /// - Parameter contract: The account in which the channels' money is.
    mutating func apply(_ event: SettlementEvent, contract: Address) throws(Contradiction) {
        guard event.block.height >= height, event.block.time >= time else {
            throw Contradiction("is in an older block")
        }
        (height, time) = (event.block.height, event.block.time)
        switch event.kind {
        case .minted(let account, let token, let amount):
            minted[token] = try sum(minted[token], amount)
            try give(amount, of: token, to: account)
        case .transferred(let payer, let receiver, let token, let amount):
            guard transfers[event.transaction] == nil else { throw Contradiction("is told twice") }
            transfers[event.transaction] = Transfer(payer: payer, receiver: receiver, token: token, amount: amount)
            try take(amount, of: token, from: payer)
            try give(amount, of: token, to: receiver)
        case .channelCreated(let id, let terms):
            guard channels[id].map({ $0.isEmpty && $0.terms == terms }) ?? true else {
                throw Contradiction("opens a channel that is open")
            }
            channels[id] = channels[id] ?? Book.Channel(id: id, terms: terms)
            open.insert(id)
        case .deposited(let id, let amount, let newBalance):
            deposits[event.transaction] = Deposit(channel: id, amount: amount)
            try withChannel(id) { (channel, positions) throws(Contradiction) in
                channel.balance = try positions.sum(channel.balance, amount)
                channel.totalDeposited = try positions.sum(channel.totalDeposited, amount)
                guard channel.balance == newBalance else { throw Contradiction("tells another balance") }
                try positions.take(amount, of: channel.terms.token, from: channel.terms.payer)
                try positions.give(amount, of: channel.terms.token, to: contract)
            }
        case .claimed(let id, let amount, let newTotal):
            try withChannel(id) { (channel, positions) throws(Contradiction) in
                channel.totalClaimed = try positions.sum(channel.totalClaimed, amount)
                guard channel.totalClaimed == newTotal, newTotal <= channel.balance, !amount.isZero else {
                    throw Contradiction("claims what is not there")
                }
                let receiver = Holding(owner: channel.terms.receiver, token: channel.terms.token)
                var totals = positions.receivers[receiver] ?? Book.ReceiverTotals()
                totals.claimed = try positions.sum(totals.claimed, amount)
                positions.receivers[receiver] = totals
            }
        case .settled(let account, let token, let amount):
            let receiver = Holding(owner: account, token: token)
            var totals = receivers[receiver] ?? Book.ReceiverTotals()
            totals.settled = try sum(totals.settled, amount)
            guard totals.settled == totals.claimed else { throw Contradiction("pays not what was claimed") }
            receivers[receiver] = totals
            try take(amount, of: token, from: contract)
            try give(amount, of: token, to: account)
        case .refunded(let id, let amount):
            refunds[id, default: 0] += 1
            try withChannel(id) { (channel, positions) throws(Contradiction) in
                if let withdrawal = channel.withdrawal {
                    let rest = withdrawal.amount.clampedSubtracting(amount)
                    channel.withdrawal =
                        rest.isZero ? nil : PendingWithdrawal(amount: rest, requestedAt: withdrawal.requestedAt)
                }
                try positions.payBack(amount, outOf: &channel, contract: contract)
            }
        case .withdrawInitiated(let id, let amount, let finalizeAfter):
            try withChannel(id) { (channel, _) throws(Contradiction) in
                guard channel.withdrawal == nil else { throw Contradiction("asks for a second withdrawal") }
                let delay = Int64(clamping: channel.terms.withdrawDelay)
                guard finalizeAfter == event.block.time.advanced(bySeconds: delay) else {
                    throw Contradiction("tells another end of the delay")
                }
                channel.withdrawal = PendingWithdrawal(amount: amount, requestedAt: event.block.time)
            }
        case .withdrawFinalized(let id, let amount):
            try withChannel(id) { (channel, positions) throws(Contradiction) in
                guard let withdrawal = channel.withdrawal, amount <= withdrawal.amount else {
                    throw Contradiction("withdraws what was not asked for")
                }
                channel.withdrawal = nil
                try positions.payBack(amount, outOf: &channel, contract: contract)
            }
        case .channelClosed(let id):
            guard channels[id]?.isEmpty == true else { throw Contradiction("closes a channel that is not empty") }
            open.remove(id)
        case .funded, .paidOut, .advanced: try applyToContract(event)
        case .moved: throw Contradiction("moves a coin that no ledger has")
        }
    }

    // MARK: - Steps

    private mutating func withChannel(
        _ id: ChannelID, _ body: (inout Book.Channel, inout Positions) throws(Contradiction) -> Void
    ) throws(Contradiction) {
        guard var channel = channels[id] else { throw Contradiction("is about a channel that was never opened") }
        try body(&channel, &self)
        channels[id] = channel
    }

    private mutating func payBack(
        _ amount: Amount, outOf channel: inout Book.Channel, contract: Address
    ) throws(Contradiction) {
        guard amount <= channel.available, let rest = channel.balance.subtracting(amount) else {
            throw Contradiction("gives back what is claimed or gone")
        }
        channel.balance = rest
        try take(amount, of: channel.terms.token, from: contract)
        try give(amount, of: channel.terms.token, to: channel.terms.payer)
    }

    mutating func take(_ amount: Amount, of token: Address, from owner: Address) throws(Contradiction) {
        let account = Holding(owner: owner, token: token)
        guard let rest = (accounts[account] ?? .zero).subtracting(amount) else {
            throw Contradiction("takes \(amount) from \(owner), who has less")
        }
        accounts[account] = rest
    }

    mutating func give(_ amount: Amount, of token: Address, to owner: Address) throws(Contradiction) {
        let account = Holding(owner: owner, token: token)
        accounts[account] = try sum(accounts[account], amount)
    }

    func sum(_ left: Amount?, _ right: Amount) throws(Contradiction) -> Amount {
        guard let sum = (left ?? .zero).adding(right) else { throw Contradiction("sums up to more than 2^128 - 1") }
        return sum
    }
}
