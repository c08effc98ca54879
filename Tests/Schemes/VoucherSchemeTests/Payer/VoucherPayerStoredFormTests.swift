// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("The stored form of a payer's books")
struct VoucherPayerStoredFormTests {
    /// Books in every phase, with and without all that may be missing.
    private static func books() throws -> [VoucherPayer] {
        let fresh = try Carol()
        var used = try Carol(balance: 10_000, charged: 1_000)
        for price in [300, 100] as [Amount] { try used.lose(price) }
        _ = try used.payer.apply(.observed(Bob.snapshot(10_000, claimed: 900, withdrawing: 5, refunds: 2, at: 9)))
        try used.lose(10_000, deposit: .of(2_000, salt: 7))
        var depositing = fresh
        let permit = DepositLeave(amount: 5_000, method: .permit2, salt: DepositLeave.salt(.max), validBefore: .max)
        try depositing.start(1_000, deposit: permit)
        var numbered = fresh
        try numbered.start(1_000, deposit: DepositLeave(amount: 5_000, salt: .zero, validBefore: .max, number: 7))
        var unseen = depositing
        _ = try unseen.payer.apply(.answered(charged: 1))
        var refunding = used
        _ = try refunding.payer.apply(.refundStarted(nil))
        var part = used
        _ = try part.payer.apply(.refundStarted(77))
        var doubtful = refunding
        _ = try doubtful.payer.apply(.outcomeUnknown)
        let misconducts: [VoucherPayer.Misconduct] = [
            .overcharged(charged: 2, price: 1), .overstated(charged: .max, known: 0),
            .overclaimed(claimed: 3, known: 2),
        ]
        var hearsay = depositing
        _ = try hearsay.payer.apply(.corrected(charged: 0, balance: .max, proof: nil, ledger: nil))
        return try [fresh, used, depositing, numbered, unseen, refunding, part, doubtful, hearsay].map(\.payer)
            + misconducts.map { misconduct in
                var payer = used.payer
                _ = try payer.apply(.suspended(misconduct))
                return payer
            }
    }

    private static let effects: [VoucherPayer.Effect] = [
        .sign(ceiling: .max), .authorizeDeposit(.of(1_000, salt: 3)),
        .authorizeDeposit(DepositLeave(amount: .max, method: .permit2, salt: .zero, validBefore: .max)),
        .authorizeDeposit(DepositLeave(amount: .max, salt: .zero, validBefore: .max, number: .max)),
    ]

    @Test func `brings back books in every phase, and every effect`() throws {
        for payer in try Self.books() { #expect(try VoucherPayer(stored: payer.stored) == payer) }
        for effect in Self.effects {
            #expect(try VoucherPayer.effect(stored: VoucherPayer.stored(effect)) == effect)
        }
    }

    @Test func `is refused when it was cut short anywhere, or when bytes are left over`() throws {
        for bytes in try Self.books().map(\.stored) {
            for count in bytes.indices { refuse(Array(bytes.prefix(count)), .damaged) }
            refuse(bytes + [0], .damaged)
            for version in [4, 255] as [UInt8] { refuse([version] + bytes.dropFirst(), .newer(version: version)) }
            // What was written as the one version cannot be read as the other.
            refuse([bytes[0] == 1 ? 2 : 1] + bytes.dropFirst(), .damaged)
        }
        for bytes in Self.effects.map(VoucherPayer.stored) {
            for count in bytes.indices {
                #expect(throws: StoredFormError.damaged) { try VoucherPayer.effect(stored: Array(bytes.prefix(count))) }
            }
            #expect(throws: StoredFormError.damaged) { try VoucherPayer.effect(stored: bytes + [0]) }
        }
    }

    @Test func `may have any bit flipped without bringing down the reader or the books`() throws {
        for original in try Self.books().map(\.stored) {
            for place in original.indices {
                for bit in 0..<8 {
                    var bytes = original
                    bytes[place] ^= 1 << bit
                    guard var payer = try? VoucherPayer(stored: bytes) else { continue }
                    _ = try? payer.apply(.observed(Bob.snapshot(.max, claimed: .max, withdrawing: .max, at: .max)))
                    _ = try? payer.apply(.answered(charged: 1))
                    _ = try? payer.apply(.refunded(.max))
                    _ = try? payer.apply(.requestStarted(price: .max, deposit: .of(.max), at: noon))
                    _ = try? payer.apply(.outcomeUnknown)
                    #expect(try VoucherPayer(stored: payer.stored) == payer, "byte \(place), bit \(bit)")
                }
            }
        }
    }

    private func refuse(
        _ bytes: [UInt8], _ error: StoredFormError, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: sourceLocation) { try VoucherPayer(stored: bytes) }
    }
}
