// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives

extension Book {
    /// Throws what ``transfer(_:)`` would, and a used authorisation as well.
    func check(_ transfer: SignedTransfer) throws {
        try admit(transfer, authorization(transfer))
    }

    func transfer(_ transfer: SignedTransfer) throws -> TransferReceipt {
        let authorization = try authorization(transfer)
        if let use = try earlierUse(of: authorization) {
            return TransferReceipt(transaction: use.transaction, amount: use.amount)
        }
        try admit(transfer, authorization)

        let posting = posting("transfer", authorization.digest.bytes + transfer.signature.bytes)
        try seal(posting)
        try move(transfer.amount, of: transfer.token, from: transfer.payer, to: transfer.receiver)
        try use(authorization, of: transfer.amount, for: .account(transfer.receiver), in: posting)
        try append(
            .transferred(
                from: transfer.payer, to: transfer.receiver, token: transfer.token, amount: transfer.amount),
            to: posting)
        return TransferReceipt(transaction: posting.transaction, amount: transfer.amount)
    }

    /// What this very transfer got when it was made; `nil` when it never was.
    func receipt(of transfer: SignedTransfer) throws -> TransferReceipt? {
        try earlierUse(of: authorization(transfer)).map {
            TransferReceipt(transaction: $0.transaction, amount: $0.amount)
        }
    }

    // MARK: - Rules

    /// What needs no account and no clock: the receiver, the amount, the token, the signature.
    private func authorization(_ transfer: SignedTransfer) throws -> Authorization {
        // A token sends nothing to nobody; and of money in the contract that is in no channel, nobody could have any.
        guard transfer.receiver != .zero, !isContract(transfer.receiver) else {
            throw SettlementError.invalidReceiver(transfer.receiver)
        }
        guard !transfer.amount.isZero else { throw SettlementError.zeroAmount }
        guard let token = try token(transfer.token) else { throw SettlementError.unknownToken(transfer.token) }
        let digest = domain.transferDigest(
            token: token.domain, from: transfer.payer, to: transfer.receiver, amount: transfer.amount,
            validAfter: transfer.validAfter, validBefore: transfer.validBefore, nonce: transfer.nonce)
        guard transfer.signature.isBy(transfer.payer, over: digest) else {
            throw SettlementError.authorizationSignature
        }
        return Authorization(
            token: transfer.token, payer: transfer.payer, nonce: transfer.nonce, digest: digest)
    }

    private func admit(_ transfer: SignedTransfer, _ authorization: Authorization) throws {
        try admit(authorization, of: transfer.amount, after: transfer.validAfter, before: transfer.validBefore)
    }
}
