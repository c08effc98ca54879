// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// One fund of a payer, with its books for each payee that it pays out of it.
public struct LotteryFund: Hashable, Sendable {
    public let id: ChannelID
    public let terms: LotteryTerms
    public let policy: LotteryPayer.Policy
    /// What is known of each payee that was paid, or asked for its promise.
    public private(set) var payers: [Address: LotteryPayer] = [:]

    public init(id: ChannelID, terms: LotteryTerms, policy: LotteryPayer.Policy) {
        self.id = id
        self.terms = terms
        self.policy = policy
    }

    /// Whether the fund has a seat for another payee.
    public var hasSeat: Bool { payers.count < Int(terms.seats) }

    /// A request to a payee is to be paid for: one that was never paid takes a seat.
    ///
    /// - Parameters:
    ///   - leastFace: The least that the payee lets a ticket win.
    ///   - authorizer: Whose key redeems tickets for the payee, as its offer says.
    public mutating func pay(
        _ id: LotteryPayer.RequestID, price: Amount, longest: UInt32, leastFace: Amount = .zero, to payee: Address,
        authorizer: Address, at now: Instant
    ) throws(LotteryPayer.Refusal) -> LotteryPayer.Payment? {
        guard payers[payee] != nil || hasSeat else { throw .noSeatLeft(seats: terms.seats) }
        var payer =
            payers[payee]
            ?? LotteryPayer(id: self.id, terms: terms, payee: payee, authorizer: authorizer, policy: policy)
        let payment = try payer.apply(
            .paymentAsked(id, price: price, longest: longest, leastFace: leastFace, at: now))
        payers[payee] = payer
        return payment
    }

    /// What a payee that is paid says, or what became of a request to it.
    public mutating func apply(
        _ event: LotteryPayer.Event, of payee: Address
    ) throws(LotteryPayer.Refusal) -> LotteryPayer.Payment? {
        guard var payer = payers[payee] else { throw .purse(.unknownRequest) }
        let payment = try payer.apply(event)
        payers[payee] = payer
        return payment
    }

    /// Goes on from where a payee says it is, as these books may be older than what it has.
    public mutating func catchUp(with statement: LotteryPayer.Statement, charged: Amount, of payee: Address) {
        payers[payee]?.catchUp(with: statement, charged: charged)
    }

    /// The contract was read: tickets that it paid, or that came before them, can win no more.
    public mutating func observe(_ snapshot: ContractSnapshot<LotteryContract>) {
        for (payee, payer) in payers {
            var payer = payer
            // Nothing that a contract says is refused.
            _ = try? payer.apply(.observed(snapshot))
            payers[payee] = payer
        }
    }

    /// Takes over what other books of the same fund know of one payee.
    public mutating func take(_ payee: Address, from other: LotteryFund) {
        if let payer = other.payers[payee] { payers[payee] = payer }
    }
}

// MARK: - Stored form

// Version 1, in this order:
//   id 32 · terms · worst case 16 · odds 4 · lifetime 8 · count 4, each: length 8, the payer's books
extension LotteryFund {
    private static let version: UInt8 = 1

    /// The stored form, version first.
    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 256 + 512 * payers.count)
        writer.write(id.hash)
        writer.write(terms)
        writer.write(policy.worstCase)
        writer.write(policy.odds)
        writer.write(policy.lifetime)
        writer.write(UInt32(clamping: payers.count))
        for (_, payer) in payers.sorted(by: { $0.key < $1.key }) { writer.write(payer.stored) }
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let (id, terms) = (ChannelID(try reader.hash()), try reader.lotteryTerms())
        let (worstCase, odds) = (try reader.amount(), try reader.uint32())
        let lifetime = Int64(bitPattern: try reader.uint64())
        guard terms.fault == nil, odds >= 2 else { throw .damaged }
        self.init(
            id: id, terms: terms,
            policy: LotteryPayer.Policy(worstCase: worstCase, odds: odds, lifetime: lifetime))
        var last: Address?
        for _ in 0..<(try reader.uint32()) {
            let payer = try LotteryPayer(stored: try reader.bytes())
            guard payer.id == id, payer.terms == terms, payer.policy == policy, last.map({ $0 < payer.payee }) ?? true,
                payers.count < Int(terms.seats)
            else { throw .damaged }
            payers[payer.payee] = payer
            last = payer.payee
        }
        try reader.finish()
    }
}
