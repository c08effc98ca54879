// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// A payee's place in a lottery channel: its own share of the reserve, and how far its tickets were redeemed.
public struct LotterySeat: Hashable, Sendable {
    /// What is left of the payee's share; it pays nobody else.
    public internal(set) var reserve: Amount
    /// The nonce of the ticket that was paid last; 0 before the first.
    public internal(set) var nonce: UInt64

    init(reserve: Amount, nonce: UInt64 = 0) {
        self.reserve = reserve
        self.nonce = nonce
    }

    /// What the payer signs to give a payee a seat, so that nobody else fills them.
    public static func digest(for payee: Address, of channel: ChannelID, in domain: ContractDomain) -> Hash32 {
        domain.digest(of: type, [.bytes32(channel.hash), .address(payee)])
    }

    private static let type = EIP712.TypeHash("LotterySeat(bytes32 channelId,address payee)")
}

extension ByteWriter {
    mutating func write(_ seats: [Address: LotterySeat]) {
        write(UInt32(clamping: seats.count))
        for (payee, seat) in seats.sorted(by: { $0.key < $1.key }) {
            write(payee)
            write(seat.reserve)
            write(seat.nonce)
        }
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
            seats[payee] = LotterySeat(reserve: try amount(), nonce: try uint64())
            last = payee
        }
        return seats
    }
}
