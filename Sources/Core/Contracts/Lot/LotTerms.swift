// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// What a payer says when it opens a lot: so many tickets of one value, of which one wins the value of all.
///
/// A payee that provides something for a ticket has, on average, what the ticket is worth; and only one payout is made
/// for all of them.
///
/// - Source: MuP2P, "Probabilistic"; R. Rivest, "Electronic Lottery Tickets as Micropayments" (1997);
///   `Specs/lottery-lot.md`.
public struct LotTerms: ContractTerms {
    /// Who deposits, signs tickets, and gets back what no ticket stands for.
    public var payer: Address
    public var token: Address
    /// How many tickets there are.
    ///
    /// - Range: ``ticketCounts``.
    public var ticketCount: UInt16
    /// What a ticket is worth.
    ///
    /// - Unit: atomic units of the token; not zero.
    public var ticketValue: Amount
    /// The payer's promise of its secret: see ``commitment(to:tag:)``.
    public var commitment: Hash32
    /// From when on no more tickets are entered, however few there are.
    ///
    /// - Unit: Unix seconds.
    public var closesAt: UInt64
    /// For how many blocks the payer may reveal its secret, once the lot is full or over.
    ///
    /// - Range: ``revealPeriods``.
    public var revealBlocks: UInt64
    /// Tells apart lots that are the same otherwise.
    public var salt: Hash32

    /// All tickets are paid for at once when the payer reveals nothing, so there must not be too many for one block.
    public static let ticketCounts: ClosedRange<UInt16> = 1...1024
    /// - Unit: blocks.
    public static let revealPeriods: ClosedRange<UInt64> = 10...200
    /// For how many blocks a lot may be drawn, counted from the block whose hash decides.
    ///
    /// - Source: a contract on an EVM chain can ask for the hashes of the last 256 blocks.
    public static let drawBlocks: UInt64 = 200
    /// For how long tickets may be entered, counted from the deposit.
    ///
    /// - Unit: seconds, as for hash chains.
    public static let lifetimes = HashChainTerms.lifetimes

    public init(
        payer: Address, token: Address, ticketCount: UInt16, ticketValue: Amount, commitment: Hash32, closesAt: UInt64,
        revealBlocks: UInt64, salt: Hash32
    ) {
        self.payer = payer
        self.token = token
        self.ticketCount = ticketCount
        self.ticketValue = ticketValue
        self.commitment = commitment
        self.closesAt = closesAt
        self.revealBlocks = revealBlocks
        self.salt = salt
    }

    /// Payees are not named when the lot opens; they come one by one.
    public var parties: [Address] { [payer] }

    /// What all tickets together are worth, and so what is deposited; `nil` when that is more than an amount can hold.
    public var deposit: Amount? { ticketValue.multiplied(by: UInt128(ticketCount)) }

    /// What goes into the promise, so that no secret is good for another lot.
    ///
    /// It says all that the terms say but the promise, which is made with it.
    public func tag(in domain: ContractDomain) -> Hash32 {
        domain.digest(
            of: Self.tagType,
            [
                .address(payer), .address(token), .uint(UInt64(ticketCount)), .uint(ticketValue), .uint(closesAt),
                .uint(revealBlocks), .bytes32(salt),
            ])
    }

    /// What the payer promises when it opens a lot: keccak256(secret ‖ tag).
    public static func commitment(to secret: Hash32, tag: Hash32) -> Hash32 {
        Keccak256.hash(secret.bytes + tag.bytes)
    }

    public func channelID(in domain: ContractDomain) -> ChannelID {
        ChannelID(domain.digest(of: Self.channelType, [.bytes32(tag(in: domain)), .bytes32(commitment)]))
    }

    private static let tagType = EIP712.TypeHash(
        "LotTag(address payer,address token,uint16 ticketCount,uint128 ticketValue,uint64 closesAt,"
            + "uint64 revealBlocks,bytes32 salt)")
    private static let channelType = EIP712.TypeHash("LotChannel(bytes32 tag,bytes32 commitment)")
}

extension ByteWriter {
    public mutating func write(_ terms: LotTerms) {
        write(terms.payer)
        write(terms.token)
        write(UInt32(terms.ticketCount))
        write(terms.ticketValue)
        write(terms.commitment)
        write(terms.closesAt)
        write(terms.revealBlocks)
        write(terms.salt)
    }
}

extension ByteReader {
    public mutating func lotTerms() throws(StoredFormError) -> LotTerms {
        let (payer, token) = (try address(), try address())
        guard let ticketCount = UInt16(exactly: try uint32()) else { throw .damaged }
        return LotTerms(
            payer: payer, token: token, ticketCount: ticketCount, ticketValue: try amount(), commitment: try hash(),
            closesAt: try uint64(), revealBlocks: try uint64(), salt: try hash())
    }
}
