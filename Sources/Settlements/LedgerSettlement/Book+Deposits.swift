// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives
internal import GRDB

extension Book {
    /// A deposit that is well formed and signed by its payer.
    private struct Offer {
        let deposit: SignedDeposit
        let channel: ChannelID
        let authorization: Authorization
        var terms: ChannelTerms { deposit.terms }
    }

    /// Throws what ``deposit(_:)`` would, and a used authorisation as well.
    func check(_ deposit: SignedDeposit) throws {
        _ = try admit(offer(deposit))
    }

    func deposit(_ deposit: SignedDeposit) throws -> DepositReceipt {
        let offer = try offer(deposit)
        if let receipt = try earlierReceipt(for: offer) { return receipt }
        let channel = try admit(offer)

        let posting = posting("deposit", offer.authorization.digest.bytes + deposit.authorization.signature.bytes)
        try seal(posting)
        try move(deposit.amount, of: offer.terms.token, from: offer.terms.payer, to: domain.contract)
        try save(channel)
        try use(offer.authorization, of: deposit.amount, for: .channel(offer.channel), in: posting)
        if channel.balance == deposit.amount && channel.totalClaimed.isZero {
            try append(.channelCreated(channel.id, channel.terms), to: posting)
        }
        try append(.deposited(channel.id, amount: deposit.amount, newBalance: channel.balance), to: posting)
        return DepositReceipt(
            transaction: posting.transaction, amount: deposit.amount,
            snapshot: try snapshot(of: channel, in: posting.block))
    }

    // MARK: - Rules

    /// What needs no account and no clock: the terms, the amount, the token, the signature.
    private func offer(_ deposit: SignedDeposit) throws -> Offer {
        let terms = deposit.terms
        let named = [terms.payer, terms.receiver, terms.receiverAuthorizer, terms.token]
        // Money that the contract paid to itself would belong to nobody.
        guard !named.contains(.zero), !isContract(terms.payer), !isContract(terms.receiver) else {
            throw SettlementError.invalidTerms
        }
        guard ChannelTerms.withdrawDelayRange.contains(terms.withdrawDelay) else {
            throw SettlementError.withdrawDelayOutOfRange(terms.withdrawDelay)
        }
        guard !deposit.amount.isZero else { throw SettlementError.zeroAmount }
        guard let token = try token(terms.token) else { throw SettlementError.unknownToken(terms.token) }
        // There is no Permit2 here that would know which nonces were used.
        guard deposit.authorization.method == .eip3009 else { throw SettlementError.authorizationSignature }
        let channel = domain.channelID(of: terms)
        let nonce = SettlementDomain.depositNonce(channel: channel, salt: deposit.authorization.salt)
        let digest = domain.depositDigest(deposit, token: token.domain)
        guard deposit.authorization.signature.isBy(terms.payer, over: digest) else {
            throw SettlementError.authorizationSignature
        }
        return Offer(
            deposit: deposit, channel: channel,
            authorization: Authorization(token: terms.token, payer: terms.payer, nonce: nonce, digest: digest))
    }

    /// What depends on the moment.
    ///
    /// - Returns: The channel as it is after the deposit.
    private func admit(_ offer: Offer) throws -> Channel {
        let (deposit, authorization) = (offer.deposit, offer.deposit.authorization)
        try admit(
            offer.authorization, of: deposit.amount, after: authorization.validAfter, before: authorization.validBefore)
        var channel = try channel(offer.channel) ?? Channel(id: offer.channel, terms: offer.terms)
        guard let balance = channel.balance.adding(deposit.amount),
            let totalDeposited = channel.totalDeposited.adding(deposit.amount)
        else { throw SettlementError.overflow }
        channel.balance = balance
        channel.totalDeposited = totalDeposited
        return channel
    }

    /// The receipt that this very authorisation got before, whenever that was; `nil` when it is new.
    private func earlierReceipt(for offer: Offer) throws -> DepositReceipt? {
        guard let use = try earlierUse(of: offer.authorization), let channel = try channel(offer.channel) else {
            return nil
        }
        return DepositReceipt(
            transaction: use.transaction, amount: use.amount, snapshot: try snapshot(of: channel, in: head))
    }
}
