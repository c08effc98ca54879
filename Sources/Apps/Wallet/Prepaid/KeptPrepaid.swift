// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
public import FarthingPrimitives

/// A channel of the wallet whose payments fill a purse, with where it was used last.
///
/// What is in it can pay, so it is a secret.
public struct KeptPrepaid<Books: PayerBooks>: Hashable, Sendable {
    public var books: Books
    public var network: Network
    /// The deposit that was signed for it, until the contract shows it: a payee may hold back what it says is there.
    var funding: Funding?
    /// Whether its deposit is one of the chain's coin, which this wallet sends itself, and not known to be there.
    var awaitsCoin = false
    /// Where it was used last, for asking its payee.
    public var usedAt: KeptChannel.Use?
    public var standing = Standing.open
    /// What was charged and not delivered, as the payee said last.
    var credit = Amount.zero
    /// What payees did that no honest one does, as a code for each.
    ///
    /// They are not paid any more.
    public var misconduct: [Address: String] = [:]
    /// What was in doubt with a payee when it was asked, and had not charged it.
    ///
    /// A copy that is still on its way may yet be charged, so the books still reckon with it.
    var settled: [Address: Amount] = [:]
    /// Who may have more than these books know, until both agree once: they come from a copy, or a person wants it so.
    var behind: Set<Address> = []
    /// The key by which each payee took payments out of this channel, where one channel pays many and no terms name it.
    ///
    /// Another node of the same payee does not know the channel: it has its own, as in the other schemes. Zero stands for
    /// one that is not paid out of this channel.
    var paidBy: [Address: Address] = [:]
    /// Of whom these books tell something new, where one channel pays many; nobody else's are written down.
    var changed: Address?

    public enum Standing: UInt8, Hashable, Sendable {
        case open
        /// What was left came back.
        case closed
        /// The deposit was never taken, and cannot be any more.
        case lapsed
        /// The payee says that what was left came back, and nobody could look.
        case saidClosed
    }

    init(books: Books, network: Network, funding: Funding? = nil) {
        self.books = books
        self.network = network
        self.funding = funding
    }

    public var id: ChannelID { books.id }
    /// What the payees may keep locked without having earned it.
    public var locked: Amount {
        // No payee owes more than it charged, whatever it says.
        standing == .open ? books.refundable.adding(min(credit, books.charged)) ?? .max : .zero
    }

    /// Whether a payee can give the rest back at once, or has something to give.
    var isClosable: Bool { books.isClosable || (!Books.paysMany && !credit.isZero) }

    /// The prices of payments to all payees of which nobody knows what became.
    public var doubtful: Amount {
        books.payees.reduce(.zero) { sum, payee in
            let open = books.purse(of: payee)?.doubtful.clampedSubtracting(settled[payee] ?? .zero) ?? .zero
            return sum.adding(open) ?? .max
        }
    }

    /// Who works on what this tells of a payee, one at a time.
    ///
    /// - Returns: The channel itself, or what stands for one payee of many.
    func turn(for payee: Address) -> ChannelID {
        Books.paysMany ? ChannelID(Keccak256.hash(id.hash.bytes + payee.bytes)) : id
    }

    /// Brings what these books tell, of one payee or of all that they know, into what was written down meanwhile.
    func merged(into stored: KeptPrepaid) -> KeptPrepaid {
        guard Books.paysMany else { return self }
        guard let changed else { return joined(by: stored) }
        var next = stored
        next.books.take(changed, from: books)
        next.awaitsCoin = awaitsCoin && stored.awaitsCoin
        next.standing = standing == .open ? stored.standing : standing
        next.usedAt = usedAt
        next.credit = credit
        next.misconduct[changed] = misconduct[changed]
        next.settled[changed] = settled[changed]
        next.paidBy[changed] = paidBy[changed]
        next.behind = behind.contains(changed) ? stored.behind.union([changed]) : stored.behind.subtracting([changed])
        next.changed = changed
        return next
    }

    /// With the payees that came to the channel after these books were read.
    private func joined(by stored: KeptPrepaid) -> KeptPrepaid {
        var next = self
        for payee in stored.books.payees where books.purse(of: payee) == nil {
            next.books.take(payee, from: stored.books)
            next.misconduct[payee] = stored.misconduct[payee]
            next.settled[payee] = stored.settled[payee]
            next.paidBy[payee] = stored.paidBy[payee]
            if stored.behind.contains(payee) { next.behind.insert(payee) }
        }
        return next
    }

    /// Whether a payee has shown that it knows the channel, and so its deposit: it charged for something.
    func isKnown(to payee: Address) -> Bool {
        (Books.paysMany ? books.purse(of: payee)?.charged ?? .zero : books.charged).isZero == false
    }

    /// Takes in what a payee says, also where these books are older than it.
    ///
    /// - Parameter charge: What it charged for the request that it answers, which is no news of others.
    /// - Throws: What cannot be, as the scheme calls it; the books are of no use then.
    mutating func take(
        _ word: PayeeWord, besides charge: Amount = .zero, _ change: (inout Books) throws -> Void
    ) throws {
        if behind.contains(word.payee) {
            try books.catchUp(with: word, charged: word.charged.clampedSubtracting(charge))
        }
        try change(&books)
        credit = word.credit
        behind.remove(word.payee)
    }

    /// What these books tell of payments to a payee whose outcome was unknown.
    func findings(since before: KeptPrepaid, of payee: Address) -> Findings {
        let doubtful = books.purse(of: payee)?.doubtful ?? .zero
        let known = before.books.purse(of: payee)?.doubtful ?? .zero
        let taken = known.clampedSubtracting(doubtful)
        // What the payee does not own up to stays counted: it can be taken.
        let untold = books.untold(by: payee)
        let isFinal = doubtful.isZero && untold ?? .zero == .zero
        var findings = Findings(
            payments: taken.isZero ? .noneTaken(isFinal: isFinal) : .takenTogether(taken, isFinal: isFinal))
        findings.payee = Books.paysMany ? payee : nil
        findings.untold = untold
        return findings
    }
}

// MARK: - Stored form

// Version 3, 4 where books may be behind, and 5 where payees' keys are known, in this order:
//   length 8, the books · standing 1 · funding? · credit 16 · count 4, each: payee 20, length 8, code · awaits coin 1
//   · count 4, each: payee 20, settled 16 · from version 4 on, count 4, each: payee 20 that may have
//   more · in version 5, count 4, each: payee 20, key 20
// Version 1 ended with the funding, version 2 with the codes.
extension KeptPrepaid {
    private static var newestVersion: UInt8 { 5 }
    private var version: UInt8 { paidBy.isEmpty ? behind.isEmpty ? 3 : 4 : Self.newestVersion }

    var stored: [UInt8] {
        let settled = settled.compactMap { payee, amount -> (payee: Address, amount: Amount)? in
            let most = min(amount, books.purse(of: payee)?.doubtful ?? .zero)
            return most.isZero ? nil : (payee, most)
        }.sorted { $0.payee < $1.payee }
        var writer = ByteWriter(version: version, capacity: 1200)
        writer.write(books.stored)
        writer.write(standing.rawValue)
        writer.write(funding) { writer, funding in
            writer.write(funding.payer)
            writer.write(funding.amount)
            writer.write(funding.authorization.validAfter)
            writer.write(funding.authorization.validBefore)
            writer.write(funding.authorization.salt)
            writer.write(funding.authorization.signature)
        }
        writer.write(credit)
        writer.write(UInt32(clamping: misconduct.count))
        for (payee, code) in misconduct.sorted(by: { $0.key < $1.key }) {
            writer.write(payee)
            writer.write(Array(code.utf8))
        }
        writer.write(UInt8(awaitsCoin ? 1 : 0))
        writer.write(UInt32(clamping: settled.count))
        for (payee, amount) in settled {
            writer.write(payee)
            writer.write(amount)
        }
        guard version > 3 else { return writer.bytes }
        writer.write(UInt32(clamping: behind.count))
        for payee in behind.sorted() { writer.write(payee) }
        guard version > 4 else { return writer.bytes }
        writer.write(UInt32(clamping: paidBy.count))
        for (payee, key) in paidBy.sorted(by: { $0.key < $1.key }) {
            writer.write(payee)
            writer.write(key)
        }
        return writer.bytes
    }

    init(stored: [UInt8], network: Network, usedAt: KeptChannel.Use?) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.newestVersion)
        let books = try Books(stored: try reader.bytes())
        guard let standing = Standing(rawValue: try reader.byte()) else { throw .damaged }
        let funding = try reader.optional { (reader) throws(StoredFormError) in
            Funding(
                payer: try reader.address(), amount: try reader.amount(),
                authorization: TransferAuthorization(
                    validAfter: try reader.uint64(), validBefore: try reader.uint64(), salt: try reader.hash(),
                    signature: try reader.signature()))
        }
        self.init(books: books, network: network, funding: funding)
        self.standing = standing
        self.usedAt = usedAt
        let version = stored.first ?? 0
        if version > 1 {
            credit = try reader.amount()
            for _ in 0..<(try reader.uint32()) {
                let payee = try reader.address()
                misconduct[payee] = String(decoding: try reader.bytes(), as: UTF8.self)
            }
        }
        if version > 2 {
            let byte = try reader.byte()
            guard byte < 2 else { throw .damaged }
            awaitsCoin = byte == 1
            for _ in 0..<(try reader.uint32()) {
                let payee = try reader.address()
                settled[payee] = try reader.amount()
            }
        }
        if version > 3 {
            for _ in 0..<(try reader.uint32()) { behind.insert(try reader.address()) }
        }
        if version > 4 {
            for _ in 0..<(try reader.uint32()) {
                let payee = try reader.address()
                paidBy[payee] = try reader.address()
            }
        }
        try reader.finish()
        // Each has one form, and what is settled was in doubt.
        guard version < 3 || self.stored == stored else { throw .damaged }
    }
}
