// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// A payee's place in a lottery channel: its own share of the reserve, and how far its tickets were redeemed.
///
/// Nobody but the seat's authorizer says which tickets are paid. A payer that could would make a ticket of its own, for
/// next to nothing and with the highest nonce, and so void all that have won.
public struct LotterySeat: Hashable, Sendable {
    /// Whose key signs redemptions for the payee; it stays as it is.
    public let authorizer: Address
    /// What is left of the payee's share; it pays nobody else.
    public internal(set) var reserve: Amount
    /// The nonce of the ticket that was paid last; 0 before the first.
    public internal(set) var nonce: UInt64
    /// What the payee's tickets were paid in all, out of the deposit and out of the seat; it stops at the most that an
    /// amount can hold.
    public internal(set) var paid: Amount

    init(authorizer: Address, reserve: Amount, nonce: UInt64 = 0, paid: Amount = .zero) {
        self.authorizer = authorizer
        self.reserve = reserve
        self.nonce = nonce
        self.paid = paid
    }

    /// What the payer signs to give a payee a seat, so that nobody else fills them.
    ///
    /// - Parameter authorizer: Whose key will sign redemptions for the payee, as the payee said.
    public static func digest(
        for payee: Address, authorizer: Address, of channel: ChannelID, in domain: ContractDomain
    ) -> Hash32 {
        domain.digest(of: type, [.bytes32(channel.hash), .address(payee), .address(authorizer)])
    }

    private static let type = EIP712.TypeHash("LotterySeat(bytes32 channelId,address payee,address authorizer)")
}

extension ByteWriter {
    mutating func write(_ seats: [Address: LotterySeat]) {
        write(UInt32(clamping: seats.count))
        for (payee, seat) in seats.sorted(by: { $0.key < $1.key }) {
            write(payee)
            write(seat)
        }
    }

    /// 60 bytes: authorizer 20 · reserve 16 · nonce 8 · paid 16.
    public mutating func write(_ seat: LotterySeat) {
        write(seat.authorizer)
        write(seat.reserve)
        write(seat.nonce)
        write(seat.paid)
    }
}

extension ByteReader {
    /// Reads the seats in order of their payees' addresses, no more than `most`.
    mutating func lotterySeats(most: UInt16) throws(StoredFormError) -> [Address: LotterySeat] {
        let count = try uint32()
        guard count <= most else { throw .damaged }
        var seats: [Address: LotterySeat] = [:]
        var last: Address?
        for _ in 0..<count {
            let payee = try address()
            if let last, last >= payee { throw .damaged }
            seats[payee] = try lotterySeat()
            last = payee
        }
        return seats
    }

    public mutating func lotterySeat() throws(StoredFormError) -> LotterySeat {
        let seat = LotterySeat(
            authorizer: try address(), reserve: try amount(), nonce: try uint64(), paid: try amount())
        // Every ticket that is paid has a nonce, and is paid something.
        guard (seat.nonce == 0) == seat.paid.isZero else { throw .damaged }
        return seat
    }
}
