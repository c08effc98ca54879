// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme

/// The attacker: she sees everything on the wire, sends what she likes, and is a payer or a payee when it helps.
struct Mallory {
    /// What she paid with, as she saw or made it.
    let voucher: Voucher
    private(set) var lastID: UInt64 = 1_000
    /// How often Bob let her in, and the codes with which he did not.
    private(set) var letIn: [ReservationID] = []
    private(set) var refusals: [String] = []

    init(holding voucher: Voucher) { self.voucher = voucher }

    /// Sends one and the same voucher many times, before any of the requests is answered.
    mutating func send(
        copies: Int, price: Amount, deposit: SignedDeposit? = nil, to bob: inout Bob, at now: Instant = noon
    ) {
        for _ in 0..<copies {
            lastID += 1
            let reservation = VoucherChannel.Reservation(
                id: ReservationID(lastID), voucher: voucher, price: price, deposit: deposit,
                until: now.advanced(bySeconds: 60))
            attempt(.paymentArrived(reservation, at: now), on: &bob)
        }
    }

    /// Asks for money back with the voucher she holds.
    mutating func askRefund(_ amount: Amount? = nil, of bob: inout Bob) {
        lastID += 1
        attempt(.refundAsked(ReservationID(lastID), voucher, amount: amount), on: &bob)
    }

    private mutating func attempt(_ event: VoucherChannel.Event, on bob: inout Bob) {
        do throws(VoucherChannel.Refusal) {
            _ = try bob.channel.apply(event)
            letIn.append(ReservationID(lastID))
        } catch {
            refusals.append(String(error.code.dropFirst("invalid_batch_settlement_evm_".count)))
        }
    }

    // MARK: - Malleable signatures

    /// The order of secp256k1.
    static let order: [UInt8] =
        Hash32(hex: "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")?.bytes ?? []

    /// The other signature that ECDSA allows for the same content: n − s, and the other v.
    static func mirrored(_ signature: [UInt8]) -> [UInt8] {
        var mirrored = signature
        var borrow = 0
        for index in (0..<32).reversed() {
            var digit = Int(order[index]) - Int(signature[32 + index]) - borrow
            borrow = digit < 0 ? 1 : 0
            digit += borrow * 256
            mirrored[32 + index] = UInt8(digit)
        }
        mirrored[64] = 55 - signature[64]
        return mirrored
    }
}
