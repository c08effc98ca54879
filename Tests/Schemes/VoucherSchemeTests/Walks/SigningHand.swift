// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme

/// Alice's hand in long walks: it signs each content once and remembers what it signed.
final class SigningHand {
    let alice: Alice
    private var vouchers: [Amount: Voucher] = [:]
    private var deposits: [Amount: [UInt64: SignedDeposit]] = [:]
    private var leaves: [DepositLeave: SignedDeposit] = [:]

    init(_ alice: Alice) { self.alice = alice }

    func voucher(_ ceiling: Amount) throws -> Voucher {
        if let voucher = vouchers[ceiling] { return voucher }
        let voucher = try alice.voucher(ceiling)
        vouchers[ceiling] = voucher
        return voucher
    }

    func deposit(_ amount: Amount, salt: UInt64) throws -> SignedDeposit {
        if let deposit = deposits[amount]?[salt] { return deposit }
        let deposit = try alice.deposit(amount, salt: salt)
        deposits[amount, default: [:]][salt] = deposit
        return deposit
    }

    func deposit(_ leave: DepositLeave) throws -> SignedDeposit {
        if let deposit = leaves[leave] { return deposit }
        let deposit = try alice.deposit(leave)
        leaves[leave] = deposit
        return deposit
    }
}
