// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// The rules that a contract keeps for one channel, as a value: who may have which money, and when.
///
/// The embedded ledger runs this value as it is. The contracts on chains are written after it and are tested against
/// it, so that a channel ends alike wherever its money is locked.
///
/// Like a scheme it reads no clock and moves nothing itself: it is told in which block an order arrives, and answers
/// who is to be paid. A throw leaves it as it was.
public protocol ContractRules: Hashable, Sendable {
    associatedtype Terms: ContractTerms
    /// What somebody asks the contract to do.
    ///
    /// Whoever hands it in does not matter: an order carries what proves that it is just.
    associatedtype Order: Hashable, Sendable
    associatedtype Refusal: ExplainedError

    static var kind: ContractKind { get }

    var terms: Terms { get }
    /// What was deposited, less what was paid out.
    var locked: Amount { get }
    /// Where the channel stands, in a word for people: `open`, say.
    var phaseName: String { get }

    /// The height of a block whose hash decides what comes next; `nil` for most rules.
    var awaitedBlock: UInt64? { get }

    /// A channel in which nothing was deposited yet.
    init(_ terms: Terms)

    /// Takes in a deposit whose payer has signed it, and names what of it goes elsewhere at once (a fee, say).
    mutating func fund(
        _ amount: Amount, by payer: Address, in context: ContractContext
    ) throws(Refusal) -> [Payout]

    /// Does what an order asks for. One that leaves nothing to be done changes nothing, and pays nothing.
    mutating func carryOut(_ order: Order, in context: ContractContext) throws(Refusal) -> [Payout]

    /// The stored form, version first.
    var stored: [UInt8] { get }
    init(stored: [UInt8]) throws(StoredFormError)
}

extension ContractRules {
    public var awaitedBlock: UInt64? { nil }
    /// Whether nothing is locked any more, nor ever will be.
    public var isOver: Bool { phaseName == "closed" }
}

/// What the sides of a channel agree on when it opens, and can never change.
public protocol ContractTerms: Hashable, Sendable {
    /// The contract of the token that is paid with.
    var token: Address { get }
    /// Everybody who is named in them and has a key or gets money: nobody of these may be zero, or a contract.
    var parties: [Address] { get }

    /// The digest that names the channel, on one chain and at one contract.
    func channelID(in domain: ContractDomain) -> ChannelID
}

extension ContractTerms {
    /// For how long a channel that expires may be open, counted from its deposit.
    ///
    /// - Unit: seconds: 15 minutes through 366 days.
    public static var lifetimes: ClosedRange<UInt64> { 900...31_622_400 }
}

/// Money that leaves a contract.
public struct Payout: Hashable, Sendable {
    public let receiver: Address
    public let amount: Amount

    public init(to receiver: Address, _ amount: Amount) {
        self.receiver = receiver
        self.amount = amount
    }
}

/// What a contract can know when an order arrives.
public struct ContractContext: Hashable, Sendable {
    public let domain: ContractDomain
    /// The channel that the order is for.
    public let channel: ChannelID
    /// The block in which the order is carried out.
    public let block: Block
    public let limits: ContractLimits
    /// In how many other open channels of this contract each of the channel's parties has money.
    public let openChannels: [Address: Int]
    /// The hash of the block that the channel waits for, or `nil` when that is not there yet or too long ago.
    public let awaitedHash: Hash32?
    /// When that block was there at the latest; `nil` where a chain makes the blocks, or when it is too long ago.
    public let awaitedTime: Instant?
    /// How long a block takes at the least, where periods are counted in blocks.
    ///
    /// On a ledger everybody who posts a change makes a block, so that blocks alone are no time in which anybody could
    /// look.
    ///
    /// - Unit: seconds; zero where a chain makes the blocks.
    public let blockSeconds: UInt64
    /// Where the same place keeps what is locked for vouchers; nobody can be paid there.
    public let voucherContract: Address

    public init(
        domain: ContractDomain, channel: ChannelID, block: Block, limits: ContractLimits = .none,
        openChannels: [Address: Int] = [:], awaitedHash: Hash32? = nil, awaitedTime: Instant? = nil,
        blockSeconds: UInt64 = 0, voucherContract: Address = SettlementDomain.standardContract
    ) {
        self.domain = domain
        self.channel = channel
        self.block = block
        self.limits = limits
        self.openChannels = openChannels
        self.awaitedHash = awaitedHash
        self.awaitedTime = awaitedTime
        self.blockSeconds = blockSeconds
        self.voucherContract = voucherContract
    }
}
