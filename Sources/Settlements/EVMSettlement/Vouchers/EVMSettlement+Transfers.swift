// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

extension EVMSettlement: TransferSettlement {
    public func checkTransfer(_ transfer: SignedTransfer) async throws(SettlementError) {
        try await check(try await authorization(of: transfer))
        try await simulate(calldata(of: transfer), at: transfer.token)
    }

    /// Moves the money, and waits until that counts.
    ///
    /// The same transfer a second time answers with the first transaction.
    public func transfer(_ transfer: SignedTransfer) async throws(SettlementError) -> TransferReceipt {
        let authorization = try await authorization(of: transfer)
        if try await isUsed(authorization) {
            // Whoever did not sign it is told nothing of what another has paid.
            guard authorization.signature.isBy(transfer.payer, over: authorization.digest) else {
                throw .authorizationSignature
            }
            guard let receipt = try await receipt(of: transfer) else { throw .authorizationUsed }
            return receipt
        }
        try await check(authorization)
        let mined = try await send(calldata(of: transfer), to: transfer.token)
        return TransferReceipt(transaction: mined.id, amount: transfer.amount)
    }

    public func receipt(of transfer: SignedTransfer) async throws(SettlementError) -> TransferReceipt? {
        let authorization = try await authorization(of: transfer)
        guard try await isUsed(authorization) else { return nil }
        guard let mined = try await transaction(using: authorization) else {
            throw .unavailable(reason: "the transfer is not deep enough in the chain yet")
        }
        // The nonce may have been used for another transfer, or cancelled.
        let isMade = mined.logs.contains { log in
            log.contract == transfer.token
                && log.topics == [
                    Topics.transfer, ABI.Word.address(transfer.payer).bytes, ABI.Word.address(transfer.receiver).bytes,
                ] && Topics.firstAmount(log.data) == transfer.amount
        }
        return isMade ? TransferReceipt(transaction: mined.id, amount: transfer.amount) : nil
    }

    private func authorization(of transfer: SignedTransfer) async throws(SettlementError) -> Authorization {
        guard !transfer.amount.isZero else { throw .zeroAmount }
        guard transfer.receiver != .zero else { throw .invalidReceiver(transfer.receiver) }
        guard let token = try await token(transfer.token) else { throw .unknownToken(transfer.token) }
        return Authorization(
            token: transfer.token, payer: transfer.payer, amount: transfer.amount, validAfter: transfer.validAfter,
            validBefore: transfer.validBefore, nonce: transfer.nonce,
            digest: domain.transferDigest(
                token: token.domain, from: transfer.payer, to: transfer.receiver, amount: transfer.amount,
                validAfter: transfer.validAfter, validBefore: transfer.validBefore, nonce: transfer.nonce),
            signature: transfer.signature)
    }

    /// - Source: EIP-3009 as USDC has it, with the signature in one piece.
    private func calldata(of transfer: SignedTransfer) -> [UInt8] {
        ABI.call(
            "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
            [
                .address(transfer.payer), .address(transfer.receiver), .uint(transfer.amount),
                .uint(transfer.validAfter), .uint(transfer.validBefore), .bytes32(transfer.nonce),
                .bytes(transfer.signature.bytes),
            ])
    }
}
