// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// What a payer knows of one payee of a Merkle-token channel.
///
/// It counts tokens and never sees them: those of the payee are numbered from 0 in the order in which they are spent.
public struct MerkleTokenAccount: Hashable, Sendable {
    /// Where the payee's tokens begin in the tree.
    public let start: UInt32
    public let count: UInt32
    /// What each is worth.
    public let amount: Amount
    /// How many tokens were shown to the payee.
    public private(set) var shown: UInt32 = 0
    /// How many of the first ones the payee says that it has: they need not be shown again.
    public private(set) var taken: UInt32 = 0
    public private(set) var purse = PayerPurse()

    init(start: UInt32, count: UInt32, amount: Amount) {
        self.start = start
        self.count = count
        self.amount = amount
    }

    /// What the payee charged in all, as far as both agree.
    public var charged: Amount { purse.charged }

    /// What all tokens of the payee are worth.
    public var funds: Amount { amount.multiplied(by: UInt128(count)) ?? .max }

    /// What the payee could take.
    public var authorised: Amount { amount.multiplied(by: UInt128(shown)) ?? .max }

    /// What could still be spent.
    public var available: Amount { purse.available(of: funds) }

    /// Goes on from where the payee says it is, as these books may be older than what it has.
    ///
    /// Tokens that it claims to have are never shown to it, so a lie gets it nothing.
    mutating func catchUp(charged: Amount, floor: UInt32) {
        guard floor >= start, floor - start <= count else { return }
        shown = max(shown, floor - start)
        purse.recalled(authorised: min(charged, authorised))
    }

    /// - Returns: The indices of the tokens to show, for a payment that was asked for; none for everything else.
    mutating func apply(_ event: MerkleTokenPayer.Event) throws(MerkleTokenPayer.Refusal) -> Range<UInt32> {
        var next = self
        let indices = try next.take(in: event)
        self = next
        return indices
    }

    /// May leave half of the change behind when it throws.
    private mutating func take(
        in event: MerkleTokenPayer.Event
    ) throws(MerkleTokenPayer.Refusal) -> Range<UInt32> {
        let (authorised, funds) = (authorised, funds)
        switch event {
        case .paymentAsked(let id, let price, let most):
            let needed = try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.asked(id, price: price, of: funds)
            }
            return try show(needed, most: most)
        case .repeated(let id):
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.repeated(id) }
        case .served(let id, let charge, let total, let floor):
            try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.served(id, charged: charge, total: total, authorised: authorised)
            }
            try told(floor)
        case .corrected(let id, let total, let floor):
            try told(floor)
            try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.corrected(id, total: total, authorised: authorised)
            }
        case .stateTold(let total, let floor):
            try told(floor)
            try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.told(total: total, authorised: authorised)
            }
        case .notServed(let id):
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.notServed(id) }
        case .unanswered(let id):
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.unanswered(id) }
        }
        return 0..<0
    }

    private mutating func onPurse<Value>(
        _ body: (inout PayerPurse) throws(PayerPurse.Refusal) -> Value
    ) throws(MerkleTokenPayer.Refusal) -> Value {
        do throws(PayerPurse.Refusal) { return try body(&purse) } catch { throw .purse(error) }
    }

    /// Takes in how many tokens the payee has by its own account, which cannot be more than were shown to it.
    private mutating func told(_ floor: UInt32) throws(MerkleTokenPayer.Refusal) {
        guard floor <= start + shown else { throw .overstatedTokens(floor: floor, most: start + shown) }
        taken = max(taken, floor < start ? 0 : floor - start)
    }

    /// Shows what is missing for all that was charged and is under way, and what may have got lost before it.
    ///
    /// When nothing is missing one token is shown again, since a payment shows who pays.
    private mutating func show(_ needed: Amount, most: UInt32) throws(MerkleTokenPayer.Refusal) -> Range<UInt32> {
        let whole = UInt32(clamping: needed.units / amount.units)
        let end = max(needed.units % amount.units == 0 ? whole : whole + 1, 1)
        let first = min(taken, end - 1)
        let longest = min(most, UInt32(MerkleTokenPayment.tokenCounts.upperBound))
        guard end - first <= longest else { throw .tooManyTokens(end - first, most: longest) }
        shown = max(shown, end)
        return start + first..<start + end
    }
}

// MARK: - Stored form

extension ByteWriter {
    /// How many tokens were shown and taken, 4 bytes each, and the purse.
    mutating func write(_ account: MerkleTokenAccount) {
        write(account.shown)
        write(account.taken)
        write(account.purse)
    }
}

extension MerkleTokenAccount {
    init(_ reader: inout ByteReader, start: UInt32, count: UInt32, amount: Amount) throws(StoredFormError) {
        self.init(start: start, count: count, amount: amount)
        shown = try reader.uint32()
        taken = try reader.uint32()
        purse = try reader.payerPurse()
        guard taken <= shown, shown <= count, purse.charged <= authorised else { throw .damaged }
    }
}
