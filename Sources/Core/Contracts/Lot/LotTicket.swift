// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// One of a lot's tickets, and whose it is.
///
/// It is worth something when it is entered, and not before: a payer can sign the same ticket for two payees.
public struct LotTicket: Hashable, Sendable {
    /// - Range: 0 up to the lot's number of tickets, which is no ticket.
    public let index: UInt16
    public let payee: Address

    public init(index: UInt16, payee: Address) {
        self.index = index
        self.payee = payee
    }

    /// What the payer signs to give a payee a ticket.
    public func digest(for channel: ChannelID, in domain: ContractDomain) -> Hash32 {
        domain.digest(of: Self.type, [.bytes32(channel.hash), .uint(UInt64(index)), .address(payee)])
    }

    private static let type = EIP712.TypeHash("LotTicket(bytes32 channelId,uint16 index,address payee)")
}

extension ByteWriter {
    /// Writes tickets in order of their indices.
    mutating func write(_ tickets: [LotTicket]) {
        write(UInt32(clamping: tickets.count))
        for ticket in tickets {
            write(UInt32(ticket.index))
            write(ticket.payee)
        }
    }
}

extension ByteReader {
    /// Reads tickets in order of their indices, all of them below `end`.
    mutating func lotTickets(below end: UInt16) throws(StoredFormError) -> [LotTicket] {
        let count = try uint32()
        guard count <= end else { throw .damaged }
        var tickets: [LotTicket] = []
        tickets.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let index = UInt16(exactly: try uint32()), index < end else { throw .damaged }
            if let last = tickets.last, last.index >= index { throw .damaged }
            tickets.append(LotTicket(index: index, payee: try address()))
        }
        return tickets
    }
}
