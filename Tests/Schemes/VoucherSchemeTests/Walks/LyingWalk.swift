// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme

/// A payer with a payee that keeps every voucher and says whatever may help, over and over.
///
/// Only the settlement tells the truth; it takes any voucher that the payee holds.
struct LyingWalk {
    static let highestPrice: UInt128 = 60

    private(set) var payer: VoucherPayer
    /// The highest ceiling that was ever signed: the most that can be taken.
    private(set) var signed: UInt128 = 0
    /// What the payer heard as the charge of an answer.
    private(set) var agreed: UInt128 = 0
    /// The prices of all requests that were not answered.
    private(set) var doubted: UInt128 = 0
    /// How often a lie was refused, or a claim told of one.
    private(set) var caught = 0
    private let hand: SigningHand
    private var random: SeededGenerator
    private var held: [Voucher] = []
    private var claimed: Amount = .zero
    private var height: UInt64 = 1

    init(seed: UInt64, hand: SigningHand) {
        self.hand = hand
        random = SeededGenerator(seed: seed)
        payer = VoucherPayer(id: hand.alice.id, terms: hand.alice.terms, ledger: Bob.snapshot(1_000_000, at: 1))
        // The books have moved by agreement, so that no voucher of before proves anything.
        _ = try? payer.apply(.requestStarted(price: 10, deposit: .of(0), at: noon))
        _ = try? payer.apply(.answered(charged: 10))
        (signed, agreed) = (10, 10)
    }

    mutating func step() throws {
        if Int.random(in: 0..<6, using: &random) == 0 { try claim() }
        if payer.misconduct != nil {
            caught += 1
            // Whoever goes on all the same risks another price.
            doubted += Self.highestPrice
            _ = try payer.apply(.resumed)
        }
        guard case .awaiting(let payment) = payer.phase else {
            let price = Amount(units: UInt128(Int.random(in: 0...6, using: &random)) * 10)
            for case .sign(let ceiling) in try payer.apply(.requestStarted(price: price, deposit: .of(0), at: noon)) {
                signed = max(signed, ceiling.units)
                held.append(try hand.voucher(ceiling))
            }
            return
        }
        let price = payment.price
        do throws(VoucherPayer.Refusal) {
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let charge = Amount(units: UInt128(Int.random(in: 0...7, using: &random)) * 10)
                _ = try payer.apply(.answered(charged: charge))
                // A free answer leaves its payment in doubt, as a copy of it may still be taken.
                if charge.isZero { doubted += price.units } else { agreed += charge.units }
            case 2:
                doubted += price.units
                _ = try payer.apply(.outcomeUnknown)
            default:
                let proof = held.randomElement(using: &random)
                let told = proof.map { Bool.random(using: &random) ? $0.ceiling : Amount(units: $0.ceiling.units / 2) }
                _ = try payer.apply(
                    .corrected(charged: told ?? .zero, balance: .max, proof: proof, ledger: nil))
                doubted += price.units
            }
        } catch {
            caught += 1
            doubted += price.units
            _ = try payer.apply(.outcomeUnknown)
        }
    }

    /// Takes what some voucher allows, and the payer sees it.
    private mutating func claim() throws {
        guard let voucher = held.randomElement(using: &random), voucher.ceiling > claimed else { return }
        claimed = voucher.ceiling
        height += 1
        _ = try payer.apply(.observed(Bob.snapshot(1_000_000, claimed: claimed, at: height)))
    }
}
