// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingX402
import Logging

/// A payment that fills a purse, on its way to a payee.
struct PrepaidSignedPayment<Books: PayerBooks>: SignedPayment {
    let wallet: Wallet
    let offer: PaymentRequirements
    let domain: ContractDomain
    let entry: Int64
    let identifier: String?
    let payload: JSON
    /// The books with this payment under way.
    private(set) var channel: KeptPrepaid<Books>
    /// The books without it.
    let unsigned: KeptPrepaid<Books>
    let request: ReservationID
    /// What is locked with it.
    let deposited: Amount
    /// Whether it only asks for what a payment needs.
    let isIntroduction: Bool
    /// Whether a deposit of the chain's coin was waited for, which the payee may see a moment later.
    let madeDeposit: Bool
    /// Whether this would have opened the channel.
    let isNew: Bool
    let lease: ChannelLease
    /// Whether an answer got lost, so that the payee may have charged it before it answers.
    var wasSentAgain = false

    /// What a payment brings counts once, however often it is sent.
    var isRepeatable: Bool { true }

    var inDoubt: Amount {
        let others = channel.books.purse(of: offer.payTo)?.doubtful ?? .zero
        return wasSentAgain ? others.adding(offer.amount) ?? .max : others
    }

    /// What only asks costs nothing, however often.
    mutating func isSentAgain() {
        guard !isIntroduction, !wasSentAgain else { return }
        // Refused only for a request that is not under way, which this one is until it ends.
        wasSentAgain = (try? channel.books.repeated(request, to: offer.payTo)) != nil
    }

    func settled(_ response: SettleResponse) async throws -> PaymentReceipt {
        defer { lease.giveBack() }
        if let stranger = response.stranger(to: offer, payer: wallet.address) {
            await lost(code: "payment.receipt-of-another")
            throw HeaderFault.member(name: "PAYMENT-RESPONSE", stranger)
        }
        guard let charged = response.extra?["chargedAmount"]?.stringValue.flatMap(Amount.init(wire:)),
            let word = PayeeWord(response.extra, of: channel.id, payee: offer.payTo, in: domain)
        else {
            await lost(code: "payment.charge-unreadable")
            throw HeaderFault.member(name: "PAYMENT-RESPONSE", "extra.channelState")
        }
        let next = try await believed(word, besides: charged) { try $0.served(request, charged: charged, word) }
        // What the sum rose by counts, whatever it says of this request: a payee that forgot the first answer may have
        // charged it twice, out of what was paid ahead.
        let resolved = channel.books.doubtful.clampedSubtracting(next.books.doubtful)
        var more = newlyCharged(in: next).clampedSubtracting(resolved)
        // Nobody can tell what of it other books than these have counted, so no payee can use up a budget by it.
        if channel.behind.contains(offer.payTo) { more = min(more, offer.amount) }
        try await wallet.journal.finish(
            entry, JournalOutcome(.paid, charged: max(charged, more), transaction: response.transaction),
            channel: next, finding: next.findings(since: channel, of: offer.payTo))
        return PaymentReceipt(
            scheme: offer.scheme, network: offer.network, asset: offer.asset, receiver: offer.payTo,
            price: offer.amount, charged: charged, deposited: deposited, channel: channel.id,
            transaction: response.transaction, identifier: identifier)
    }

    func failed(_ response: SettleResponse) async {
        let code = response.errorReason ?? "settlement failed"
        guard response.stranger(to: offer, payer: wallet.address) == nil else { return await lost(code: code) }
        _ = await notCharged(code: code)
    }

    /// It stays in the purse as what the payee may have charged, within what was given: it costs nothing to be lenient.
    func notCharged(code: String) async -> Bool {
        guard !wasSentAgain else {
            await lost(code: code)
            return false
        }
        defer { lease.giveBack() }
        do {
            var next = channel
            try next.books.ended(request, by: offer.payTo, isKnown: false)
            // Where there is one payee only, the books may know it by its key.
            let payee = Books.paysMany ? offer.payTo : next.books.payees.first ?? offer.payTo
            next.settled[payee] = (next.settled[payee] ?? .zero).adding(offer.amount) ?? .max
            // Each lottery ticket can win, until the payee owns up to it: so it counts.
            try await wallet.journal.finish(
                entry, JournalOutcome(.notTaken, code: code), channel: next, isInDoubt: true,
                keepsCounting: next.books.untold(by: offer.payTo) ?? .zero > .zero)
        } catch {
            wallet.logger.error("A payment's end could not be written down", metadata: ["error": "\(error)"])
        }
        return true
    }

    func outcomeUnknown() async { await lost(code: "payment.outcome-unknown") }

    func notSent() async {
        defer { lease.giveBack() }
        await wallet.undo(entry, code: "payment.not-sent", channel: unsigned, isNew: isNew)
    }

    func refused(_ demand: ReceivedDemand) async throws -> Mending {
        defer { lease.giveBack() }
        var unpaid = channel
        try unpaid.books.ended(request, by: offer.payTo, isKnown: !wasSentAgain)
        guard let word = PayeeWord(in: demand, of: channel.id, like: offer, in: domain) else {
            // This one was not charged, and nothing is known to differ; what was sent first may have been.
            if demand.error == Self.unknownChannel, unsigned.paidBy[offer.payTo] == nil {
                // Books of before keys were kept: whoever was paid out of this channel, it was another node.
                unpaid.paidBy[offer.payTo] = Books.paysMany && channel.isKnown(to: offer.payTo) ? .zero : nil
            }
            let isAnothers = isAnothers(demand.error)
            if isAnothers { unpaid.paidBy[offer.payTo] = .zero }
            let isLapsed = await isLapsed(demand.error)
            if isLapsed { unpaid.standing = .lapsed }
            let isMended = await takeInEnd(of: &unpaid, demand.error) || isLapsed
            let comesLater = madeDeposit && demand.error == Self.unknownChannel
            try await wallet.journal.finish(
                entry, JournalOutcome(refusedState, code: demand.error, goesOn: isMended || isAnothers || comesLater),
                channel: unpaid,
                isInDoubt: isTakeable && !isLapsed,
                finding: Findings(payments: isLapsed ? .noneTaken(isFinal: true) : nil))
            // Each channel of before may have to be tried, as each is introduced.
            if isAnothers { return isIntroduction ? .introduced : .mended }
            guard comesLater else { return isMended ? .mended : .nothing }
            try await Task.sleep(for: .seconds(2))
            return .mended
        }
        var next = try await believed(word) { try $0.corrected(request, word) }
        let isEnding = await takeInEnd(of: &next, demand.error)
        let more = newlyCharged(in: next)
        if wasSentAgain, !more.isZero {
            // A payee that forgot what it answered does not take the same payment twice, and shows that it took it once.
            try await wallet.journal.finish(
                entry, JournalOutcome(.paid, charged: min(more, offer.amount), code: "payment.answer-lost"),
                channel: next, finding: next.findings(since: channel, of: offer.payTo))
            return .taken
        }
        let isMended = isEnding || next.books != unpaid.books
        try await wallet.journal.finish(
            entry, JournalOutcome(refusedState, code: demand.error, goesOn: isMended), channel: next,
            isInDoubt: isTakeable, finding: next.findings(since: channel, of: offer.payTo))
        guard isMended else { return .nothing }
        return isIntroduction ? .introduced : .mended
    }

    /// Takes in that the contract ends the channel, so that the next payment opens another.
    ///
    /// A payee ends two-way channels to be paid, and says so; that only gives cause to look. On its word alone, one deposit
    /// after the other could be locked.
    ///
    /// - Returns: Whether the contract shows something that was not known.
    private func takeInEnd(of channel: inout KeptPrepaid<Books>, _ code: String?) async -> Bool {
        guard code?.hasSuffix("_channel_not_open") == true,
            let settlement = wallet.views[channel.network] as? any ContractSettlement,
            let snapshot = try? await settlement.contract(Books.Wire.Rules.self, of: channel.id)
        else { return false }
        let before = channel
        try? channel.books.observe(snapshot)
        if snapshot.state.isOver { channel.standing = .closed }
        return channel.books != before.books || channel.standing != before.standing
    }

    /// Whether the payee can take it although it refused it: it has what was revealed.
    private var isTakeable: Bool { !isIntroduction }

    /// What a refusal says of it: of the copy that was refused alone.
    private var refusedState: JournalEntry.State { wasSentAgain ? .unknown : .refused }

    /// What the payee charged by its own word, beyond what was known when this was signed.
    private func newlyCharged(in next: KeptPrepaid<Books>) -> Amount {
        let before = channel.books.purse(of: offer.payTo)?.charged ?? .zero
        return (next.books.purse(of: offer.payTo)?.charged ?? .zero).clampedSubtracting(before)
    }

    /// Whether nobody ever handed the deposit in, and nobody can any more.
    ///
    /// The payee may say so of a deposit that it took; so it only gives cause to look. What cannot be looked at stays.
    private func isLapsed(_ code: String?) async -> Bool {
        guard code == Self.unknownChannel else { return false }
        return (try? await wallet.isLapsed(channel)) ?? false
    }

    /// Whether the node keeps the channel's books for another payee: it was given another `payTo`, and sells out of other
    /// channels now.
    ///
    /// Believed only of a channel out of which somebody else was paid, and this payee never was: so it has at most one more
    /// deposit locked for each such channel, within the policy.
    private func isAnothers(_ code: String?) -> Bool {
        guard code == Self.foreignTerms, Books.paysMany, !unsigned.isKnown(to: offer.payTo) else { return false }
        return unsigned.books.payees.contains { $0 != offer.payTo && unsigned.isKnown(to: $0) }
    }

    private static var foreignTerms: String { PrepaidFault.terms(field: "payTo").code }
    private static var unknownChannel: String { "invalid_prepaid_channel_not_found" }

    /// The books after what the payee says, unless that cannot be: then it is paid no more.
    private func believed(
        _ word: PayeeWord, besides charge: Amount = .zero, _ change: (inout Books) throws -> Void
    ) async throws -> KeptPrepaid<Books> {
        var next = channel
        do { try next.take(word, besides: charge, change) } catch let fault as MemberFault {
            await lost(code: "payment.state-unreadable")
            throw HeaderFault.member(name: "channelState", fault.field)
        } catch {
            let code = (error as? any ExplainedError)?.code ?? "payment.state-unreadable"
            await lost(code: code, misconduct: code)
            throw error
        }
        return next
    }

    /// Ends with a doubt.
    ///
    /// What cannot be written now is as after a crash, and found out later.
    private func lost(code: String, misconduct: String? = nil) async {
        defer { lease.giveBack() }
        do {
            var next = channel
            try next.books.ended(request, by: offer.payTo, isKnown: false)
            next.misconduct[offer.payTo] = misconduct
            try await wallet.journal.finish(entry, JournalOutcome(.unknown, code: code), channel: next, isInDoubt: true)
        } catch {
            wallet.logger.error("A payment's end could not be written down", metadata: ["error": "\(error)"])
        }
    }
}
