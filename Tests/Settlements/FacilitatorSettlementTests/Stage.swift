// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives
import Testing

@testable import FarthingFacilitatorSettlement
@testable import FarthingX402

/// One channel's people with their keys, and a settlement in front of a facilitator.
struct Stage {
    let domain: SettlementDomain
    let payer: KeySigner
    let authorizer: KeySigner
    static let noon = Instant(unixSeconds: 1_800_000_000)

    init() throws {
        domain = try #require(SettlementDomain(network: Network(evm: 84_532)))
        payer = try Self.signer(0x11)
        authorizer = try Self.signer(0x33)
    }

    static func signer(_ byte: UInt8) throws -> KeySigner {
        guard let key = PrivateKey(Array(repeating: byte, count: 32)) else { throw NoKey() }
        return KeySigner(key)
    }

    struct NoKey: Error {}

    /// Tries again at once.
    static let limits = limits(patience: .seconds(30))

    /// Waits no longer than it must before somebody who will not answer.
    static let hasty = limits(patience: .seconds(1))

    private static func limits(patience: Duration) -> FacilitatorLimits {
        FacilitatorLimits(
            connectTimeout: .seconds(10), readTimeout: patience, orderTimeout: patience, answerBytes: 4096,
            attempts: 3, backoff: .milliseconds(1), pendingAttempts: 2, pendingDelay: .milliseconds(1))
    }

    /// Runs the closure with a settlement before a facilitator that answers as told.
    func facing<Result: Sendable>(
        _ facilitator: ScriptedFacilitator, limits: FacilitatorLimits = Stage.limits,
        _ body: (FacilitatorSettlement) async throws -> Result
    ) async throws -> Result {
        try await facilitator.run { url in
            let settlement = FacilitatorSettlement(
                url: url, domain: domain, token: token, authorizer: authorizer, limits: limits, clock: { Stage.noon })
            let outcome: Swift.Result<Result, any Error>
            do { outcome = .success(try await body(settlement)) } catch { outcome = .failure(error) }
            await settlement.close()
            return try outcome.get()
        }
    }

    // MARK: - What people sign

    let token = Token(
        domain: TokenDomain(
            address: Address(hex: "0x036CbD53842c5426634e7929541eC2318f3dCF7e") ?? .zero, name: "USDC", version: "2"),
        symbol: "USDC", decimals: 6)

    func terms(_ salt: UInt8 = 0) -> ChannelTerms {
        ChannelTerms(
            payer: payer.address, payerAuthorizer: payer.address,
            receiver: Address(Array(repeating: 0x22, count: 20)) ?? .zero, receiverAuthorizer: authorizer.address,
            token: token.address, withdrawDelay: 900, salt: Hash32(Array(repeating: salt, count: 32)) ?? .zero)
    }

    func channel(_ salt: UInt8 = 0) -> ChannelID { domain.channelID(of: terms(salt)) }

    func voucher(_ ceiling: UInt128, salt: UInt8 = 0) -> SignedCeiling {
        let digest = domain.voucherDigest(channel: channel(salt), ceiling: Amount(units: ceiling))
        return SignedCeiling(
            terms: terms(salt), ceiling: Amount(units: ceiling), signature: payer.signNow(digest))
    }

    func deposit(_ amount: UInt128) -> SignedDeposit {
        let nonce = SettlementDomain.depositNonce(channel: channel(), salt: .zero)
        let digest = domain.depositDigest(
            token: token.domain, payer: payer.address, amount: Amount(units: amount), validAfter: 0,
            validBefore: 1_900_000_000, nonce: nonce)
        return SignedDeposit(
            terms: terms(), amount: Amount(units: amount),
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: 1_900_000_000, salt: .zero, signature: payer.signNow(digest)))
    }

    func row(_ total: UInt128, salt: UInt8) -> ClaimRow {
        let voucher = voucher(total, salt: salt)
        return ClaimRow(
            terms: voucher.terms, ceiling: voucher.ceiling, signature: voucher.signature, total: voucher.ceiling)
    }

    func authorization(of rows: [ClaimRow]) -> Signature {
        authorizer.signNow(
            domain.claimBatchDigest(rows.map { (domain.channelID(of: $0.terms), $0.ceiling, $0.total) }))
    }

    func refund(_ amount: UInt128, nonce: UInt64 = 0, showing ceiling: UInt128) -> RefundOrder {
        let amount = Amount(units: amount)
        return RefundOrder(
            terms: terms(), amount: amount, nonce: nonce,
            signature: authorizer.signNow(domain.refundDigest(channel: channel(), nonce: nonce, amount: amount)),
            voucher: voucher(ceiling))
    }

    // MARK: - What a facilitator says

    func state(
        _ balance: UInt128, claimed: UInt128 = 0, nonce: UInt64 = 0, withdrawal: Int64 = 0, salt: UInt8 = 0
    ) -> JSON {
        [
            "channelId": .string("\(channel(salt))"), "balance": .string("\(balance)"),
            "totalClaimed": .string("\(claimed)"), "withdrawRequestedAt": .integer(withdrawal),
            "refundNonce": .string("\(nonce)"),
        ]
    }

    func valid(_ state: JSON) -> ScriptedFacilitator.Reply { .json(["isValid": true, "extra": state]) }

    static func invalid(_ code: FacilitatorCode) -> ScriptedFacilitator.Reply {
        .json(["isValid": false, "invalidReason": .string(code.rawValue)])
    }

    static let hash = "0x" + String(repeating: "ab", count: 32)

    func done(_ state: JSON? = nil, amount: String? = nil) -> ScriptedFacilitator.Reply {
        .json(
            .object([
                "success": true, "transaction": .string(Self.hash), "network": "eip155:84532",
                "amount": amount.map { .string($0) }, "extra": state.map { ["channelState": $0] },
            ]))
    }

    static func failed(_ code: FacilitatorCode, _ message: String? = nil) -> ScriptedFacilitator.Reply {
        .json(
            .object([
                "success": false, "transaction": "", "network": "eip155:84532",
                "errorReason": .string(code.rawValue), "errorMessage": message.map { .string($0) },
            ]))
    }
}

extension Amount: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: UInt64) { self.init(units: UInt128(value)) }
}
