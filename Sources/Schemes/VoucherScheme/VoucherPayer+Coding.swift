// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives

// Version 3 where something of the balance is hearsay, else 2 where something was signed ahead, else 1, in this order:
//   id 32 · terms · charged 16 · balance 16 · authorised 16 · claimed 16 · height 8 · withdrawal? · outstanding?
//   · unseen? · refundNonce 8 · refund in doubt 1 · rebuilt 1 · misconduct? · doubts told 1 · doubts · phase
//   · hearsay 16, in version 3
extension VoucherPayer {
    private static let newestVersion: UInt8 = 3

    private var version: UInt8 {
        guard hearsay.isZero else { return 3 }
        return (doubts + inFlight).contains { $0.manner != .exact } ? 2 : 1
    }

    public var stored: [UInt8] {
        var writer = ByteWriter(version: version)
        writer.write(id.hash)
        writer.write(terms)
        for amount in [charged, balance, authorised, claimed] { writer.write(amount) }
        writer.write(height)
        writer.write(withdrawal) { writer, withdrawal in
            writer.write(withdrawal.amount)
            writer.write(withdrawal.requestedAt)
        }
        writer.write(outstanding) { $0.write($1) }
        writer.write(unseen) { $0.write($1) }
        writer.write(refundNonce)
        writer.write(isRefundInDoubt ? UInt8(1) : 0)
        writer.write(isRebuilt ? UInt8(1) : 0)
        writer.write(misconduct) { $0.write($1) }
        writer.write(areDoubtsTold ? UInt8(1) : 0)
        writer.write(UInt64(doubts.count))
        for payment in doubts { writer.write(payment) }
        switch phase {
        case .idle: writer.write(UInt8(0))
        case .awaiting(let payment):
            writer.write(UInt8(1))
            writer.write(payment)
        case .refunding(let amount):
            writer.write(UInt8(2))
            writer.write(amount) { $0.write($1) }
        case .ahead(let payments):
            writer.write(UInt8(3))
            writer.write(UInt64(payments.count))
            for payment in payments { writer.write(payment) }
        }
        if !hearsay.isZero { writer.write(hearsay) }
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.newestVersion)
        id = ChannelID(try reader.hash())
        terms = try reader.terms()
        charged = try reader.amount()
        balance = try reader.amount()
        authorised = try reader.amount()
        claimed = try reader.amount()
        height = try reader.uint64()
        withdrawal = try reader.optional { reader throws(StoredFormError) in
            PendingWithdrawal(amount: try reader.amount(), requestedAt: try reader.instant())
        }
        outstanding = try reader.optional { reader throws(StoredFormError) in try reader.leave() }
        unseen = try reader.optional { reader throws(StoredFormError) in try reader.leave() }
        refundNonce = try reader.uint64()
        isRefundInDoubt = try reader.truth()
        isRebuilt = try reader.truth()
        misconduct = try reader.optional { reader throws(StoredFormError) in try reader.misconduct() }
        areDoubtsTold = try reader.truth()
        doubts = try reader.payments(atMost: Self.maximumDoubts + Self.maximumAhead)
        guard doubts.count(where: { $0.manner == .exact }) <= Self.maximumDoubts else { throw .damaged }
        switch try reader.byte() {
        case 0: phase = .idle
        case 1: phase = .awaiting(try reader.payment())
        case 2: phase = .refunding(try reader.optional { reader throws(StoredFormError) in try reader.amount() })
        case 3:
            let payments = try reader.payments(atMost: Self.maximumAhead)
            guard !payments.isEmpty, payments.allSatisfy({ $0.manner == .ahead }) else { throw .damaged }
            phase = .ahead(payments)
        default: throw .damaged
        }
        if stored.first == 3 { hearsay = try reader.amount() }
        try reader.finish()
        guard stored.first == version, hearsay <= balance else { throw .damaged }
    }

    public static func stored(_ effect: Effect) -> [UInt8] {
        var writer = ByteWriter(version: 1, capacity: 128)
        switch effect {
        case .sign(let ceiling):
            writer.write(UInt8(1))
            writer.write(ceiling)
        case .authorizeDeposit(let leave):
            writer.write(UInt8(2))
            writer.write(leave)
        }
        return writer.bytes
    }

    public static func effect(stored: [UInt8]) throws(StoredFormError) -> Effect {
        var reader = try ByteReader(stored, newest: 1)
        let effect: Effect =
            switch try reader.byte() {
            case 1: .sign(ceiling: try reader.amount())
            case 2: .authorizeDeposit(try reader.leave())
            default: throw .damaged
            }
        try reader.finish()
        return effect
    }
}

extension ByteWriter {
    fileprivate mutating func write(_ leave: DepositLeave) {
        write(leave.amount)
        write(leave.number != nil ? UInt8(3) : leave.method == .eip3009 ? 1 : 2)
        write(leave.salt)
        write(leave.validBefore)
        if let number = leave.number { write(number) }
    }

    fileprivate mutating func write(_ payment: VoucherPayer.Payment) {
        write(payment.price)
        write(payment.ceiling)
        switch payment.manner {
        case .exact: write(payment.deposit) { $0.write($1) }
        case .ahead: write(UInt8(2))
        case .past: write(UInt8(3))
        }
    }

    fileprivate mutating func write(_ misconduct: VoucherPayer.Misconduct) {
        let (kind, told, known): (UInt8, Amount, Amount) =
            switch misconduct {
            case .overcharged(let charged, let price): (1, charged, price)
            case .overstated(let charged, let known): (2, charged, known)
            case .overclaimed(let claimed, let known): (3, claimed, known)
            }
        write(kind)
        write(told)
        write(known)
    }
}

extension ByteReader {
    fileprivate mutating func truth() throws(StoredFormError) -> Bool {
        switch try byte() {
        case 0: false
        case 1: true
        default: throw .damaged
        }
    }

    fileprivate mutating func leave() throws(StoredFormError) -> DepositLeave {
        let amount = try amount()
        let kind = try byte()
        guard 1...3 ~= kind else { throw .damaged }
        return DepositLeave(
            amount: amount, method: kind == 2 ? .permit2 : .eip3009, salt: try hash(), validBefore: try uint64(),
            number: kind == 3 ? try uint64() : nil)
    }

    fileprivate mutating func payment() throws(StoredFormError) -> VoucherPayer.Payment {
        let (price, ceiling) = (try amount(), try amount())
        switch try byte() {
        case 0: return VoucherPayer.Payment(price: price, ceiling: ceiling, deposit: nil)
        case 1: return VoucherPayer.Payment(price: price, ceiling: ceiling, deposit: try leave())
        case 2: return VoucherPayer.Payment(price: price, ceiling: ceiling, deposit: nil, manner: .ahead)
        case 3: return VoucherPayer.Payment(price: price, ceiling: ceiling, deposit: nil, manner: .past)
        default: throw .damaged
        }
    }

    fileprivate mutating func payments(atMost maximum: Int) throws(StoredFormError) -> [VoucherPayer.Payment] {
        let count = try uint64()
        guard count <= maximum else { throw .damaged }
        var payments: [VoucherPayer.Payment] = []
        for _ in 0..<count { payments.append(try payment()) }
        return payments
    }

    fileprivate mutating func misconduct() throws(StoredFormError) -> VoucherPayer.Misconduct {
        let kind = try byte()
        let (told, known) = (try amount(), try amount())
        switch kind {
        case 1: return .overcharged(charged: told, price: known)
        case 2: return .overstated(charged: told, known: known)
        case 3: return .overclaimed(claimed: told, known: known)
        default: throw .damaged
        }
    }
}
