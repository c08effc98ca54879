// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

extension ByteWriter {
    mutating func write(_ terms: ChannelTerms) {
        write(fixed: FixedByteWriter.termsCount) { $0.write(terms) }
    }
}

extension ByteReader {
    mutating func terms() throws(StoredFormError) -> ChannelTerms {
        ChannelTerms(
            payer: try address(), payerAuthorizer: try address(), receiver: try address(),
            receiverAuthorizer: try address(), token: try address(), withdrawDelay: try uint64(), salt: try hash())
    }

    mutating func snapshot() throws(StoredFormError) -> ChannelSnapshot {
        ChannelSnapshot(
            balance: try amount(), totalClaimed: try amount(),
            withdrawal: try optional { reader throws(StoredFormError) in
                PendingWithdrawal(amount: try reader.amount(), requestedAt: try reader.instant())
            },
            refundNonce: try uint64(), block: Block(height: try uint64(), time: try instant()))
    }

    mutating func voucher() throws(StoredFormError) -> Voucher {
        let ceiling = try amount()
        let signature = try signature()
        guard let signer = PublicKey(try bytes()) else { throw .damaged }
        return Voucher(ceiling: ceiling, signature: signature, signer: signer)
    }

    mutating func deposit() throws(StoredFormError) -> SignedDeposit {
        let (terms, amount, validAfter) = (try terms(), try amount(), try uint64())
        let isByPermit2 = validAfter == .max
        return SignedDeposit(
            terms: terms, amount: amount,
            authorization: TransferAuthorization(
                validAfter: isByPermit2 ? 0 : validAfter, validBefore: try uint64(), salt: try hash(),
                signature: try signature(), method: isByPermit2 ? .permit2 : .eip3009))
    }
}
