// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingPrimitives

// Version 1, in this order:
//   id 32 · terms · payee 20 · authorizer 20 · worst case 16 · odds 4 · lifetime 8 · told? · nonce 8 · spent 16 · charged 16
//   · doubtful 16 · read in? (height 8, time 8) · count 4, each: nonce 8, face value 16, expiry 8
//   told: authorised 16 · charged 16 · credit 16 · commitment 32 · nonce 8 · seat 16
extension LotteryPayer {
    private static let version: UInt8 = 1

    /// The stored form, version first.
    ///
    /// After a crash nobody knows what became of requests under way, so they are in doubt in it.
    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 480 + 32 * sent.count)
        writer.write(id.hash)
        writer.write(terms)
        writer.write(payee)
        writer.write(authorizer)
        writer.write(policy.worstCase)
        writer.write(policy.odds)
        writer.write(policy.lifetime)
        writer.write(told) { $0.write($1) }
        writer.write(nonce)
        writer.write(spent)
        writer.write(purse)
        writer.write(readIn) { writer, block in
            writer.write(block.height)
            writer.write(block.time)
        }
        writer.write(UInt32(clamping: sent.count))
        for ticket in sent {
            writer.write(ticket.nonce)
            writer.write(ticket.faceValue)
            writer.write(ticket.expiry)
        }
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let id = ChannelID(try reader.hash())
        let terms = try reader.lotteryTerms()
        let (payee, authorizer) = (try reader.address(), try reader.address())
        let (worstCase, odds) = (try reader.amount(), try reader.uint32())
        let lifetime = Int64(bitPattern: try reader.uint64())
        guard terms.fault == nil, odds >= 2 else { throw .damaged }
        self.init(
            id: id, terms: terms, payee: payee, authorizer: authorizer,
            policy: Policy(worstCase: worstCase, odds: odds, lifetime: lifetime))
        told = try reader.optional { (reader) throws(StoredFormError) in try reader.lotteryStatement() }
        nonce = try reader.uint64()
        spent = try reader.amount()
        purse = try reader.payerPurse()
        readIn = try reader.optional { (reader) throws(StoredFormError) in
            Block(height: try reader.uint64(), time: try reader.instant())
        }
        for _ in 0..<(try reader.uint32()) {
            let ticket = Sent(
                nonce: try reader.uint64(), faceValue: try reader.amount(), expiry: try reader.uint64())
            guard ticket.nonce > sent.last?.nonce ?? 0, ticket.nonce <= nonce,
                let sum = exposure.adding(ticket.faceValue)
            else { throw .damaged }
            exposure = sum
            sent.append(ticket)
        }
        guard purse.charged <= spent, told?.nonce ?? 0 <= nonce, told?.authorised ?? .zero <= spent else {
            throw .damaged
        }
        try reader.finish()
    }
}

extension ByteWriter {
    fileprivate mutating func write(_ statement: LotteryPayer.Statement) {
        write(statement.authorised)
        write(statement.charged)
        write(statement.credit)
        write(statement.commitment)
        write(statement.nonce)
        write(statement.seat)
    }
}

extension ByteReader {
    fileprivate mutating func lotteryStatement() throws(StoredFormError) -> LotteryPayer.Statement {
        LotteryPayer.Statement(
            authorised: try amount(), charged: try amount(), credit: try amount(), commitment: try hash(),
            nonce: try uint64(), seat: try amount())
    }
}
