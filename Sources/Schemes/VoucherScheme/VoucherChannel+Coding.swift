// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives

// Version 1, in this order:
//   id 32 · terms · ledger snapshot · charged 16 · credit 16 · best voucher? · last paid at? · phase
// A reservation for a request in flight is left out: after a restart nobody waits for its answer.
extension VoucherChannel {
    private static let version: UInt8 = 1

    public var stored: [UInt8] {
        FixedByteWriter.bytes(version: Self.version, count: storedCount) { writer in
            writer.write(id.hash)
            writer.write(terms)
            writer.write(ledger)
            writer.write(charged)
            writer.write(credit)
            writer.write(best) { $0.write($1) }
            writer.write(lastPaidAt) { $0.write($1) }
            switch phase {
            case .idle, .serving:
                writer.write(UInt8(0))
            case .depositing(let reservation, let price):
                writer.write(UInt8(1))
                writer.write(reservation.id.number)
                writer.write(reservation.voucher)
                writer.write(reservation.price)
                writer.write(reservation.deposit) { $0.write($1) }
                writer.write(reservation.until)
                writer.write(price)
            case .refunding(let refund):
                writer.write(UInt8(2))
                writer.write(refund.id.number)
                writer.write(refund.amount)
                writer.write(refund.nonce)
            }
        }
    }

    /// How many bytes ``stored`` has.
    private var storedCount: Int {
        var count = 1 + 32 + FixedByteWriter.termsCount + 56 + 1 + 16 + 16 + 1 + 1 + 1
        if ledger.withdrawal != nil { count += 24 }
        if best != nil { count += FixedByteWriter.voucherCount }
        if lastPaidAt != nil { count += 8 }
        switch phase {
        case .idle, .serving: break
        case .depositing(let reservation, _):
            count += 8 + FixedByteWriter.voucherCount + 16 + 1 + 8 + 16
            if reservation.deposit != nil { count += FixedByteWriter.depositCount }
        case .refunding: count += 8 + 16 + 8
        }
        return count
    }

    /// Whether both have the same stored form; cheaper than to make the two and compare them.
    public func isStoredLike(_ other: VoucherChannel) -> Bool {
        guard charged == other.charged, credit == other.credit, lastPaidAt == other.lastPaidAt,
            ledger == other.ledger, best == other.best, id == other.id, terms == other.terms
        else { return false }
        switch (phase, other.phase) {
        case (.idle, .idle), (.idle, .serving), (.serving, .idle), (.serving, .serving): return true
        case (.depositing, .depositing), (.refunding, .refunding): return phase == other.phase
        case (.idle, _), (.serving, _), (.depositing, _), (.refunding, _): return false
        }
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        id = ChannelID(try reader.hash())
        terms = try reader.terms()
        ledger = try reader.snapshot()
        charged = try reader.amount()
        credit = try reader.amount()
        best = try reader.optional { reader throws(StoredFormError) in try reader.voucher() }
        lastPaidAt = try reader.optional { reader throws(StoredFormError) in try reader.instant() }
        switch try reader.byte() {
        case 0: phase = .idle
        case 1:
            let reservation = Reservation(
                id: ReservationID(try reader.uint64()), voucher: try reader.voucher(), price: try reader.amount(),
                deposit: try reader.optional { reader throws(StoredFormError) in try reader.deposit() },
                until: try reader.instant())
            phase = .depositing(reservation, price: try reader.amount())
        case 2:
            phase = .refunding(
                Refund(id: ReservationID(try reader.uint64()), amount: try reader.amount(), nonce: try reader.uint64()))
        default: throw .damaged
        }
        try reader.finish()
    }

    public static func stored(_ effect: Effect) -> [UInt8] {
        switch effect {
        case .submitDeposit(let deposit, let id):
            FixedByteWriter.bytes(version: version, count: 2 + FixedByteWriter.depositCount + 8) { writer in
                writer.write(UInt8(1))
                writer.write(deposit)
                writer.write(id.number)
            }
        case .submitRefund(let amount, let nonce, let id):
            FixedByteWriter.bytes(version: version, count: 2 + 16 + 8 + 8) { writer in
                writer.write(UInt8(2))
                writer.write(amount)
                writer.write(nonce)
                writer.write(id.number)
            }
        case .claim:
            FixedByteWriter.bytes(version: version, count: 2) { $0.write(UInt8(3)) }
        }
    }

    public static func effect(stored: [UInt8]) throws(StoredFormError) -> Effect {
        var reader = try ByteReader(stored, newest: version)
        let effect: Effect =
            switch try reader.byte() {
            case 1: .submitDeposit(try reader.deposit(), for: ReservationID(try reader.uint64()))
            case 2:
                .submitRefund(
                    amount: try reader.amount(), nonce: try reader.uint64(), for: ReservationID(try reader.uint64()))
            case 3: .claim
            default: throw .damaged
            }
        try reader.finish()
        return effect
    }
}

extension VoucherChannel: Hashable {
    /// Whether both have the same stored form and the same requests in flight.
    ///
    /// What each remembers of requests that ended does not count.
    public static func == (left: Self, right: Self) -> Bool {
        left.isStoredLike(right) && left.phase == right.phase
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(charged)
        hasher.combine(phase)
    }
}
