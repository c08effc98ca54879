// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

extension EVMSettlement {
    public func check(_ deposit: SignedDeposit, for voucher: SignedCeiling) async throws(SettlementError) {
        try await check(try await authorization(of: deposit))
        try await simulate(calldata(of: deposit), at: domain.contract)
    }

    /// Locks money in a channel, and waits until it counts.
    ///
    /// The same authorisation a second time answers with the first transaction.
    public func deposit(
        _ deposit: SignedDeposit, for voucher: SignedCeiling
    ) async throws(SettlementError) -> DepositReceipt {
        let authorization = try await authorization(of: deposit)
        let channel = domain.channelID(of: deposit.terms)
        if try await isUsed(authorization) { return try await earlier(deposit, authorization, in: channel) }
        let mined: MinedTransaction
        do throws(SettlementError) {
            try await check(authorization)
            mined = try await send(calldata(of: deposit), to: domain.contract)
        } catch {
            // Somebody else, or we before a restart, may have handed the same in meanwhile.
            guard error.isOfUsedAuthorization, try await isUsed(authorization) else { throw error }
            return try await earlier(deposit, authorization, in: channel)
        }
        return DepositReceipt(
            transaction: mined.id, amount: deposit.amount, snapshot: try await snapshot(after: mined, of: channel))
    }

    /// The receipt of a deposit that was made before, if its authorisation went into just this channel.
    private func earlier(
        _ deposit: SignedDeposit, _ authorization: Authorization, in channel: ChannelID
    ) async throws(SettlementError) -> DepositReceipt {
        let earlier =
            authorization.method == .permit2
            ? try await permit2Transaction(of: deposit, in: channel) : try await transaction(using: authorization)
        guard let mined = earlier else {
            throw .unavailable(reason: "the deposit is not deep enough in the chain yet")
        }
        let isMade = mined.logs.contains { log in
            log.contract == domain.contract && log.topics.first == Topics.deposited
                && log.topics.dropFirst().first == channel.hash
                // Two authorisations of different content may carry one nonce.
                && Topics.firstAmount(log.data) == deposit.amount
        }
        guard isMade else { throw .authorizationUsed }
        return DepositReceipt(
            transaction: mined.id, amount: deposit.amount, snapshot: try await snapshot(after: mined, of: channel))
    }

    /// What needs no chain, and the token's name for itself.
    private func authorization(of deposit: SignedDeposit) async throws(SettlementError) -> Authorization {
        let terms = deposit.terms
        guard ![terms.payer, terms.receiver, terms.receiverAuthorizer, terms.token].contains(.zero) else {
            throw .invalidTerms
        }
        guard ChannelTerms.withdrawDelayRange.contains(terms.withdrawDelay) else {
            throw .withdrawDelayOutOfRange(terms.withdrawDelay)
        }
        guard !deposit.amount.isZero else { throw .zeroAmount }
        guard let token = try await token(terms.token) else { throw .unknownToken(terms.token) }
        let leave = deposit.authorization
        let nonce =
            leave.method == .permit2
            ? leave.salt : SettlementDomain.depositNonce(channel: domain.channelID(of: terms), salt: leave.salt)
        let digest = domain.depositDigest(deposit, token: token.domain)
        // Whoever did not sign is not told of a deposit that somebody did sign under the same nonce.
        guard leave.signature.isBy(terms.payer, over: digest) else { throw .authorizationSignature }
        return Authorization(
            token: terms.token, payer: terms.payer, amount: deposit.amount, validAfter: leave.validAfter,
            validBefore: leave.validBefore, nonce: nonce, digest: digest, signature: leave.signature,
            method: leave.method)
    }

    /// - Source: x402BatchSettlement, `deposit`; ERC3009DepositCollector and Permit2DepositCollector, what they take as
    ///   `collectorData`.
    func calldata(of deposit: SignedDeposit) -> [UInt8] {
        let leave = deposit.authorization
        let (collector, collectorData) =
            switch leave.method {
            case .eip3009:
                (
                    domain.depositCollector,
                    ABI.encode(arguments: [
                        .uint(leave.validAfter), .uint(leave.validBefore), .bytes32(leave.salt),
                        .bytes(leave.signature.bytes),
                    ])
                )
            case .permit2:
                // The last is an approval by the token's own signature (EIP-2612), of which there is none.
                (
                    domain.permit2Collector,
                    ABI.encode(arguments: [
                        .bytes32(leave.salt), .uint(leave.validBefore), .bytes(leave.signature.bytes), .bytes([]),
                    ])
                )
            }
        return ABI.call(
            "deposit(\(ChannelTerms.abiType),uint128,address,bytes)",
            [
                deposit.terms.abiValue, .uint(deposit.amount), .address(collector), .bytes(collectorData),
            ])
    }
}

extension SettlementError {
    /// Whether it may have been thrown since an authorisation was used in between.
    fileprivate var isOfUsedAuthorization: Bool {
        switch self {
        case .authorizationUsed, .refused: true
        default: false
        }
    }
}

extension ChannelTerms {
    /// - Source: x402BatchSettlement, `ChannelConfig`.
    static let abiType = "(address,address,address,address,address,uint40,bytes32)"

    var abiValue: ABI.Value {
        .tuple([
            .address(payer), .address(payerAuthorizer), .address(receiver), .address(receiverAuthorizer),
            .address(token), .uint(withdrawDelay), .bytes32(salt),
        ])
    }
}
