// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingPrimitives

// Version 1, in this order:
//   id 32 · terms 116 · payee 20 · phase 1 · epoch 8 · nonce 8 · signer? · purse 48 · seat? · free seats 4 ·
//   winners 4, then each · height 8 · time 8 · last paid at?
// What is in flight is left out, and so is every secret that is still to be drawn with.
extension LotteryChannel {
    private static let version: UInt8 = 1

    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 400 + unredeemed.count * 189)
        writer.write(id.hash)
        writer.write(terms)
        writer.write(payee)
        writer.write(phase.rawValue)
        writer.write(epoch)
        writer.write(nonce)
        writer.write(signer) { $0.write($1) }
        writer.write(purse.authorised)
        writer.write(purse.charged)
        writer.write(purse.credit)
        writer.write(seat) { $0.write($1) }
        writer.write(UInt32(freeSeats))
        writer.write(UInt32(clamping: unredeemed.count))
        for winner in unredeemed { writer.write(winner) }
        writer.write(readIn.height)
        writer.write(readIn.time)
        writer.write(lastPaidAt) { $0.write($1) }
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let id = ChannelID(try reader.hash())
        let terms = try reader.lotteryTerms()
        let payee = try reader.address()
        guard let phase = Phase(rawValue: try reader.byte()) else { throw .damaged }
        let (epoch, nonce) = (try reader.uint64(), try reader.uint64())
        let signer = try reader.optional { reader throws(StoredFormError) in try reader.publicKey() }
        let purse = try reader.purse()
        let seat = try reader.optional { reader throws(StoredFormError) in try reader.lotterySeat() }
        guard let freeSeats = UInt16(exactly: try reader.uint32()) else { throw .damaged }
        let count = try reader.uint32()
        guard count <= Self.maximumUnredeemed else { throw .damaged }
        var unredeemed: [LotteryWinner] = []
        for _ in 0..<count { unredeemed.append(try reader.lotteryWinner()) }
        let readIn = Block(height: try reader.uint64(), time: try reader.instant())
        let lastPaidAt = try reader.optional { reader throws(StoredFormError) in try reader.instant() }
        try reader.finish()
        guard terms.fault == nil, epoch <= nonce, freeSeats <= terms.seats, seat?.reserve ?? .zero <= terms.share,
            seat?.nonce ?? 0 <= epoch, unredeemed.first?.ticket.nonce ?? .max > seat?.nonce ?? 0,
            zip(unredeemed, unredeemed.dropFirst()).allSatisfy({ $0.ticket.nonce < $1.ticket.nonce }),
            unredeemed.last?.ticket.nonce ?? 0 <= epoch
        else { throw .damaged }
        self.init(
            id: id, terms: terms, payee: payee, phase: phase, epoch: epoch, nonce: nonce, signer: signer,
            purse: purse, seat: seat, freeSeats: freeSeats, unredeemed: unredeemed, readIn: readIn,
            lastPaidAt: lastPaidAt)
    }

    /// Whether both have the same stored form; cheaper than to make the two and compare them.
    public func isStoredLike(_ other: LotteryChannel) -> Bool {
        nonce == other.nonce && purse.isStoredLike(other.purse) && epoch == other.epoch && phase == other.phase
            && readIn == other.readIn && lastPaidAt == other.lastPaidAt && seat == other.seat
            && freeSeats == other.freeSeats && unredeemed == other.unredeemed
            && signer == other.signer && id == other.id && terms == other.terms && payee == other.payee
    }

    public static func stored(_ effect: Effect) -> [UInt8] {
        var writer = ByteWriter(version: version, capacity: 191)
        switch effect {
        case .redeem(let winner):
            writer.write(UInt8(1))
            writer.write(winner)
        }
        return writer.bytes
    }

    public static func effect(stored: [UInt8]) throws(StoredFormError) -> Effect {
        var reader = try ByteReader(stored, newest: version)
        let effect: Effect =
            switch try reader.byte() {
            case 1: .redeem(try reader.lotteryWinner())
            default: throw .damaged
            }
        try reader.finish()
        return effect
    }
}

extension ByteWriter {
    /// 189 bytes: payee 20 · commitment 32 · nonce 8 · face value 16 · threshold 8 · expiry 8 · signature 65 · secret 32.
    mutating func write(_ winner: LotteryWinner) {
        write(winner.ticket.payee)
        write(winner.ticket.commitment)
        write(winner.ticket.nonce)
        write(winner.ticket.faceValue)
        write(winner.ticket.threshold)
        write(winner.ticket.expiry)
        write(winner.signature)
        write(winner.secret)
    }
}

extension ByteReader {
    mutating func lotteryWinner() throws(StoredFormError) -> LotteryWinner {
        let ticket = LotteryTicket(
            payee: try address(), commitment: try hash(), nonce: try uint64(), faceValue: try amount(),
            threshold: try uint64(), expiry: try uint64())
        return LotteryWinner(ticket: ticket, signature: try signature(), secret: try hash())
    }

    mutating func publicKey() throws(StoredFormError) -> PublicKey {
        guard let key = PublicKey(try bytes()) else { throw .damaged }
        return key
    }
}
