// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import Testing

/// The terms of a voucher channel as Clarity has them.
struct VoucherTerms {
    var payer: ClarityValue
    var payerAuthorizer: ClarityValue?
    var receiver: ClarityValue
    var receiverAuthorizer: ClarityValue
    /// The token's contract; `nil` for STX.
    var token: ContractIdentifier?
    var withdrawDelay: UInt128 = 900
    var salt = Hash32.zero

    var value: ClarityValue {
        .fields([
            "payer": payer, "payer-authorizer": payerAuthorizer.map { .some($0) } ?? .none, "receiver": receiver,
            "receiver-authorizer": receiverAuthorizer, "token": Self.optional(token),
            "withdraw-delay": .uint(withdrawDelay), "salt": .hash(salt),
        ])
    }

    /// What names the channel.
    var message: ClarityValue {
        .fields([
            "topic": .text("channel-config"), "payer": payer,
            "payer-authorizer": payerAuthorizer.map { .some($0) } ?? .none, "receiver": receiver,
            "receiver-authorizer": receiverAuthorizer, "token": Self.optional(token),
            "withdraw-delay": .uint(withdrawDelay), "salt": .hash(salt),
        ])
    }

    static func optional(_ token: ContractIdentifier?) -> ClarityValue {
        token.map { .some(.principal($0)) } ?? .none
    }
}

/// A row of a batch of claims.
struct VoucherRow {
    var channel: Hash32
    var ceiling: UInt128
    var total: UInt128
    var signature: [UInt8]

    var value: ClarityValue {
        .fields([
            "channel-id": .hash(channel), "max-claimable-amount": .uint(ceiling), "signature": .buffer(signature),
            "total-claimed": .uint(total),
        ])
    }

    var entry: ClarityValue {
        .fields([
            "channel-id": .hash(channel), "max-claimable-amount": .uint(ceiling), "total-claimed": .uint(total),
        ])
    }
}

/// A payer, a receiver with an authorizer, a stranger, and the contract voucher-channels.
struct VoucherStage: PaidStage {
    static let contract = "voucher-channels"
    static let riches: UInt128 = 1_000_000

    let stage: Stage
    let voucherKey = Account(0x66)
    /// `nil` for STX.
    let token: ContractIdentifier?

    init(inTokens: Bool = false) throws {
        (stage, token) = try Self.open(inTokens: inTokens)
    }

    // MARK: - What people sign

    var terms: VoucherTerms {
        VoucherTerms(
            payer: payer.value, payerAuthorizer: voucherKey.value, receiver: receiver.value,
            receiverAuthorizer: authorizer.value, token: token)
    }

    func channel(_ terms: VoucherTerms? = nil) throws -> Hash32 { try digest((terms ?? self.terms).message) }

    func voucherDigest(_ channel: Hash32, _ ceiling: UInt128) throws -> Hash32 {
        try digest(
            .fields([
                "topic": .text("voucher"), "channel-id": .hash(channel), "max-claimable-amount": .uint(ceiling),
            ]))
    }

    func row(
        _ total: UInt128, ceiling: UInt128? = nil, of channel: Hash32? = nil, by signer: Account? = nil
    ) throws -> VoucherRow {
        let channel = try channel ?? self.channel()
        let ceiling = ceiling ?? total
        return VoucherRow(
            channel: channel, ceiling: ceiling, total: total,
            signature: (signer ?? voucherKey).sign(try voucherDigest(channel, ceiling)))
    }

    func batchDigest(_ rows: [VoucherRow]) throws -> Hash32 {
        try digest(.fields(["topic": .text("claim-batch"), "claims": .list(rows.map(\.entry))]))
    }

    func refundDigest(_ channel: Hash32, nonce: UInt128, _ amount: UInt128) throws -> Hash32 {
        try digest(
            .fields([
                "topic": .text("refund"), "channel-id": .hash(channel), "nonce": .uint(nonce), "amount": .uint(amount),
            ]))
    }

    // MARK: - Calls

    func deposit(
        _ amount: UInt128, _ terms: VoucherTerms? = nil, by account: Account? = nil, token: ContractIdentifier?? = nil
    ) throws -> Outcome {
        let terms = terms ?? self.terms
        return try call(
            "deposit", [terms.value, .uint(amount), VoucherTerms.optional(token ?? terms.token)],
            by: account ?? payer)
    }

    /// Claims with the authorizer's signature, handed in by a stranger.
    func claim(_ rows: [VoucherRow], signedBy signer: Account? = nil) throws -> Outcome {
        try call(
            "claim",
            [
                .list(rows.map(\.value)), authorizer.value,
                .some(.buffer((signer ?? authorizer).sign(try batchDigest(rows)))),
            ], by: stranger)
    }

    func settle(_ account: ClarityValue? = nil, token: ContractIdentifier?? = nil) throws -> Outcome {
        try call(
            "settle", [account ?? receiver.value, VoucherTerms.optional(token ?? self.token)], by: stranger)
    }

    func refund(
        _ amount: UInt128, nonce: UInt128, of channel: Hash32? = nil, signedBy signer: Account? = nil,
        token: ContractIdentifier?? = nil
    ) throws -> Outcome {
        let channel = try channel ?? self.channel()
        let signature = (signer ?? authorizer).sign(try refundDigest(channel, nonce: nonce, amount))
        return try call(
            "refund",
            [
                .hash(channel), .uint(amount), .uint(nonce), .some(.buffer(signature)),
                VoucherTerms.optional(token ?? self.token),
            ], by: stranger)
    }

    func initiate(_ amount: UInt128, by account: Account? = nil, of channel: Hash32? = nil) throws -> Outcome {
        try call(
            "initiate-withdraw", [.hash(try channel ?? self.channel()), .uint(amount)], by: account ?? payer)
    }

    func finalize(
        by account: Account? = nil, of channel: Hash32? = nil, token: ContractIdentifier?? = nil
    ) throws -> Outcome {
        try call(
            "finalize-withdraw",
            [.hash(try channel ?? self.channel()), VoucherTerms.optional(token ?? self.token)], by: account ?? payer)
    }

    // MARK: - Looking

    func details(_ channel: Hash32? = nil) throws -> ClarityValue {
        try stage.read(Self.contract, "get-channel", [.hash(try channel ?? self.channel())])
    }
}

extension Outcome {
    static func claimed(_ outcomes: Outcome...) -> Outcome {
        .ok(
            .list(
                outcomes.map {
                    switch $0 {
                    case .ok(let value): .ok(value)
                    case .err(let code): .err(.uint(code))
                    case .aborted: .none
                    }
                }))
    }

    static func ok(_ number: UInt128) -> Outcome { .ok(.uint(number)) }
}
