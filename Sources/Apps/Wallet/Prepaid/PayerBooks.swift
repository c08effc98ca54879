// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives
public import FarthingX402

/// A payer's books of one channel whose payments fill a purse: all that its desk must know of a scheme.
///
/// What is asked of them, in which order, and what is written down when, is the desk's affair and the same for all. A
/// scheme that pays many payees out of one channel keeps each of them apart.
public protocol PayerBooks: Hashable, Sendable {
    /// The payee's machine, which says how terms and payments travel and which terms an offer allows.
    associatedtype Wire: PrepaidWire
    /// What goes to the payee for a request, before it is signed.
    associatedtype Step: Sendable

    /// Whether one channel pays many payees.
    ///
    /// Such a channel ends with its expiry alone.
    static var paysMany: Bool { get }

    var id: ChannelID { get }
    var terms: Wire.Rules.Terms { get }
    /// Whose money it is.
    var payer: Address { get }
    /// Who can be paid, as far as that is fixed or known.
    var payees: [Address] { get }
    /// When the payer may take back what is left, without anybody's leave; `nil` for a channel that does not expire.
    var expiry: Instant? { get }
    /// What was locked when it opened.
    var deposit: Amount { get }
    /// What all payees together could take.
    var authorised: Amount { get }
    /// What is known of one payee; `nil` of one that cannot be paid.
    func purse(of payee: Address) -> PayerPurse?
    /// What was signed for a payee, can be taken, and is not in what the payee says that it has.
    ///
    /// `nil` where the payee does not say, and each payment includes those before it.
    func untold(by payee: Address) -> Amount?
    /// What could still be spent at one payee.
    func available(for payee: Address) -> Amount
    /// For how much longer before the expiry than of other channels no payment of this price is taken.
    ///
    /// - Unit: seconds.
    func redemptionTime(paying price: Amount) -> Int64

    /// What is locked with a channel that is about to be opened.
    static func deposit(for opening: PayerOpening) -> Amount
    /// Makes a channel that nobody has deposited in yet.
    ///
    /// What it is made from follows from the signer's key and the salt where that can be.
    static func opened(_ opening: PayerOpening, by signer: any Signer) async throws -> Self

    /// Whether a step brings no payment yet, but asks the payee for what a payment needs.
    static func isIntroduction(_ step: Step) -> Bool

    /// A request is to be paid for.
    mutating func pay(
        _ request: ReservationID, price: Amount, under offer: PrepaidOffer, at now: Instant
    ) throws -> Step
    /// Signs what goes to the payee; the books are on the disk by then.
    func signed(
        _ step: Step, under offer: PrepaidOffer, by signer: any Signer
    ) async throws -> Wire.Unverified
    /// The same payment goes to a payee again, since its answer got lost: it may have been charged the first time.
    mutating func repeated(_ request: ReservationID, to payee: Address) throws
    /// The payee served the request, and says what it charged for it and how the channel stands.
    ///
    /// - Throws: What cannot be, as the scheme calls it; the payee lies then.
    mutating func served(_ request: ReservationID, charged: Amount, _ word: PayeeWord) throws
    /// The payee would not serve it, and says how the channel stands.
    ///
    /// - Throws: What cannot be, as the scheme calls it; the payee lies then.
    mutating func corrected(_ request: ReservationID, _ word: PayeeWord) throws
    /// What shows a payee who asks how the channel stands: nothing that it was not sent before.
    ///
    /// - Returns: `nil` where it was never paid.
    func asking(
        _ payee: Address, in domain: ContractDomain, by signer: any Signer
    ) async throws -> Wire.Unverified?
    /// The payee was asked how the channel stands.
    ///
    /// - Throws: What cannot be, as the scheme calls it; the payee lies then.
    mutating func told(_ word: PayeeWord) throws
    /// Goes on from where a payee says it is, since these books are older than what it has.
    ///
    /// It comes before what takes in the same word, which still refuses what cannot be.
    ///
    /// - Parameter charged: What it says that it had charged in all before the request that it answers.
    mutating func catchUp(with word: PayeeWord, charged: Amount) throws
    /// Whether a payee that lies gets nothing by ``catchUp(with:charged:)``: then no person need decide it.
    static var catchesUpForFree: Bool { get }
    /// Nothing was charged, or nobody knows.
    mutating func ended(_ request: ReservationID, by payee: Address, isKnown: Bool) throws
    /// Takes over what other books of the same channel know of one payee.
    mutating func take(_ payee: Address, from other: Self)

    /// Whether a payee can give the rest back at once, or has something to give.
    var isClosable: Bool { get }
    /// Asks the payee to give back what is left.
    ///
    /// - Parameter credit: What of the charged sum the payee owes the payer, as it said last.
    /// - Returns: What shows who asks; `nil` for a channel that ends with its expiry alone.
    mutating func closing(
        credit: Amount, in domain: ContractDomain, by signer: any Signer
    ) async throws -> Wire.Unverified?
    /// The contract was read: what to do next to have the rest back without the payee.
    mutating func leaving(
        _ snapshot: ContractSnapshot<Wire.Rules>, in domain: ContractDomain, by signer: any Signer
    ) async throws -> PayerLeaving<Wire.Rules.Order>
    /// The contract was read.
    mutating func observe(_ snapshot: ContractSnapshot<Wire.Rules>) throws

    /// The stored form, version first.
    var stored: [UInt8] { get }
    init(stored: [UInt8]) throws(StoredFormError)
}

extension PayerBooks {
    public static var paysMany: Bool { false }
    public func redemptionTime(paying price: Amount) -> Int64 { 0 }
    public static func isIntroduction(_ step: Step) -> Bool { false }
    public static var catchesUpForFree: Bool { true }
    public mutating func catchUp(with word: PayeeWord, charged: Amount) throws {}
    public static var kind: ContractKind { Wire.Rules.kind }

    public var isClosable: Bool { !Self.paysMany }

    public func untold(by payee: Address) -> Amount? { nil }

    /// What all payees charged, as far as both sides agree.
    public var charged: Amount { sum(\.charged) }
    /// What may have been charged, or not.
    public var doubtful: Amount { sum(\.doubtful) }
    /// What comes back if nothing more is paid.
    public var refundable: Amount { deposit.clampedSubtracting(charged) }

    private func sum(_ part: (PayerPurse) -> Amount) -> Amount {
        payees.compactMap(purse).reduce(.zero) { $0.adding(part($1)) ?? .max }
    }

    public mutating func take(_ payee: Address, from other: Self) { self = other }

    public mutating func closing(
        credit: Amount, in domain: ContractDomain, by signer: any Signer
    ) async throws -> Wire.Unverified? { nil }

    public mutating func observe(_ snapshot: ContractSnapshot<Wire.Rules>) throws {}

    /// The next step out of a channel that gives back its rest from the expiry on.
    func leaving(
        _ snapshot: ContractSnapshot<Wire.Rules>, reclaim: Wire.Rules.Order
    ) -> PayerLeaving<Wire.Rules.Order> {
        guard !snapshot.state.isOver else { return .over }
        if let expiry, snapshot.block.time < expiry { return .wait(until: expiry) }
        return .order(reclaim)
    }
}

/// What to do next to have the rest of a channel back.
public enum PayerLeaving<Order: Hashable & Sendable>: Hashable, Sendable {
    /// The channel is closed.
    case over
    case wait(until: Instant)
    case order(Order)
}
