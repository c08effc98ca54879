// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// What a payer of lottery tickets says when it opens a channel: one deposit for all payees, and a reserve in which
/// each of them gets a share of its own.
///
/// Winners are paid out of the deposit as long as there is any. Nobody can tell what other winners there are, so what
/// a payee may rely on is its seat: a share of the reserve that pays nobody else.
///
/// - Source: R. Rivest, "Electronic Lottery Tickets as Micropayments" (1997); the deposit, and the reserve of which each
///   payee has a share, are those of Livepeer's probabilistic micropayments; `Specs/lottery.md`.
public struct LotteryTerms: ContractTerms {
    /// Who deposits, signs tickets and seats, and gets back what is left.
    public var payer: Address
    public var token: Address
    /// Out of which winners are paid first, whoever they are.
    public var deposit: Amount
    /// What the seats share.
    ///
    /// - Unit: atomic units of the token; at least 1 for each seat.
    public var reserve: Amount
    /// How many payees can have a share of the reserve.
    ///
    /// - Range: ``seatCounts``.
    public var seats: UInt16
    /// From when on the payer may have all that is left, and no ticket wins any more.
    ///
    /// - Unit: Unix seconds.
    public var expiry: UInt64
    /// Tells apart channels that are the same otherwise.
    public var salt: Hash32

    public static let seatCounts: ClosedRange<UInt16> = 1...256
    /// For how long a channel may be open, counted from its first deposit.
    ///
    /// - Unit: seconds, as for hash chains.
    public static let lifetimes = HashChainTerms.lifetimes

    public init(
        payer: Address, token: Address, deposit: Amount, reserve: Amount, seats: UInt16, expiry: UInt64, salt: Hash32
    ) {
        self.payer = payer
        self.token = token
        self.deposit = deposit
        self.reserve = reserve
        self.seats = seats
        self.expiry = expiry
        self.salt = salt
    }

    /// Payees are not named when the channel opens; they come one by one.
    public var parties: [Address] { [payer] }

    /// What is locked with the first deposit; `nil` when that is more than an amount can hold.
    public var opening: Amount? { deposit.adding(reserve) }

    /// What each seat has of the reserve, rounded down; what the division leaves is in no seat.
    public var share: Amount { seats == 0 ? .zero : Amount(units: reserve.units / UInt128(seats)) }

    public func channelID(in domain: ContractDomain) -> ChannelID {
        ChannelID(
            domain.digest(
                of: Self.channelType,
                [
                    .address(payer), .address(token), .uint(deposit), .uint(reserve), .uint(UInt64(seats)),
                    .uint(expiry), .bytes32(salt),
                ]))
    }

    private static let channelType = EIP712.TypeHash(
        "LotteryChannel(address payer,address token,uint128 deposit,uint128 reserve,uint16 seats,uint64 expiry,"
            + "bytes32 salt)")
}

extension ByteWriter {
    public mutating func write(_ terms: LotteryTerms) {
        write(terms.payer)
        write(terms.token)
        write(terms.deposit)
        write(terms.reserve)
        write(UInt32(terms.seats))
        write(terms.expiry)
        write(terms.salt)
    }
}

extension ByteReader {
    public mutating func lotteryTerms() throws(StoredFormError) -> LotteryTerms {
        let (payer, token) = (try address(), try address())
        let (deposit, reserve) = (try amount(), try amount())
        guard let seats = UInt16(exactly: try uint32()) else { throw .damaged }
        return LotteryTerms(
            payer: payer, token: token, deposit: deposit, reserve: reserve, seats: seats, expiry: try uint64(),
            salt: try hash())
    }
}
