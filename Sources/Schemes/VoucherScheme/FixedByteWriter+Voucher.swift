// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

extension FixedByteWriter {
    // How many bytes each has.
    static let termsCount = 5 * 20 + 8 + 32
    static let voucherCount = 16 + 65 + 8 + 65
    static let depositCount = termsCount + 16 + 8 + 8 + 32 + 65

    mutating func write(_ terms: ChannelTerms) {
        write(terms.payer)
        write(terms.payerAuthorizer)
        write(terms.receiver)
        write(terms.receiverAuthorizer)
        write(terms.token)
        write(terms.withdrawDelay)
        write(terms.salt)
    }

    mutating func write(_ snapshot: ChannelSnapshot) {
        write(snapshot.balance)
        write(snapshot.totalClaimed)
        write(snapshot.withdrawal) { writer, withdrawal in
            writer.write(withdrawal.amount)
            writer.write(withdrawal.requestedAt)
        }
        write(snapshot.refundNonce)
        write(snapshot.block.height)
        write(snapshot.block.time)
    }

    mutating func write(_ voucher: Voucher) {
        write(voucher.ceiling)
        write(voucher.signature)
        write(voucher.signer)
    }

    mutating func write(_ deposit: SignedDeposit) {
        write(deposit.terms)
        write(deposit.amount)
        // No leave is valid only after the end of time: this stands for one by Permit2, which has no beginning.
        write(deposit.authorization.method == .permit2 ? .max : deposit.authorization.validAfter)
        write(deposit.authorization.validBefore)
        write(deposit.authorization.salt)
        write(deposit.authorization.signature)
    }
}
