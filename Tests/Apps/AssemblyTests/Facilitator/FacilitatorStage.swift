// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

/// A facilitator over a ledger in memory, and people with keys who have money there.
struct FacilitatorStage {
    let ledger: Ledger
    let facilitator: Facilitator
    let domain: SettlementDomain
    let payer: KeySigner
    let authorizer: KeySigner
    let receiver = Address(Array(repeating: 0x22, count: 20)) ?? .zero

    static let noon = Instant(unixSeconds: 1_800_000_000)
    let token = Token(
        domain: TokenDomain(
            address: Address(hex: "0x036CbD53842c5426634e7929541eC2318f3dCF7e") ?? .zero, name: "USDC", version: "2"),
        symbol: "USDC", decimals: 6)

    /// - Parameters:
    ///   - isDelegate: Whether the facilitator holds the authorizer's key; the receiver then has a secret with it.
    ///   - at: What time it is, for good.
    init(
        isDelegate: Bool = false, limits: SponsorLimits = SponsorLimits(), at now: Instant = noon
    ) async throws {
        domain = try #require(SettlementDomain(network: Network(evm: 84_532)))
        payer = try Self.signer(0x11)
        authorizer = try Self.signer(0x33)
        ledger = try Ledger(path: nil, domain: domain, clock: { now })
        facilitator = Facilitator(
            settlement: ledger, tokens: [token.address], authorizer: isDelegate ? authorizer : nil,
            payees: isDelegate ? try #require(FacilitatedPayees([receiver: Self.secret])) : .none, limits: limits)
        try await ledger.addToken(token)
        try await ledger.mint(to: payer.address, token: token.address, amount: Amount(units: 1_000_000))
    }

    static func signer(_ byte: UInt8) throws -> KeySigner {
        guard let key = PrivateKey(Array(repeating: byte, count: 32)) else { throw NoKey() }
        return KeySigner(key)
    }

    struct NoKey: Error {}

    /// By which the receiver proves who it is.
    static let secret = "what the receiver knows"

    // MARK: - What people send

    func terms(_ salt: UInt8 = 0) -> ChannelTerms {
        ChannelTerms(
            payer: payer.address, payerAuthorizer: payer.address, receiver: receiver,
            receiverAuthorizer: authorizer.address, token: token.address, withdrawDelay: 900,
            salt: Hash32(Array(repeating: salt, count: 32)) ?? .zero)
    }

    func channel(_ salt: UInt8 = 0) -> ChannelID { domain.channelID(of: terms(salt)) }

    func voucher(_ ceiling: UInt128, salt: UInt8 = 0) -> SignedCeiling {
        let amount = Amount(units: ceiling)
        return SignedCeiling(
            terms: terms(salt), ceiling: amount,
            signature: payer.signNow(domain.voucherDigest(channel: channel(salt), ceiling: amount)))
    }

    func deposit(_ units: UInt128, ceiling: UInt128, salt: UInt8 = 0, nonce: UInt8 = 1) -> JSON {
        let amount = Amount(units: units)
        let salted = Hash32(Array(repeating: nonce, count: 32)) ?? .zero
        let before = UInt64(Self.noon.unixSeconds) + 3600
        let digest = domain.depositDigest(
            token: token.domain, payer: payer.address, amount: amount, validAfter: 0, validBefore: before,
            nonce: SettlementDomain.depositNonce(channel: channel(salt), salt: salted))
        let deposit = SignedDeposit(
            terms: terms(salt), amount: amount,
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: before, salt: salted, signature: payer.signNow(digest)))
        return deposit.payload(with: voucher(ceiling, salt: salt), of: channel(salt))
    }

    func row(_ total: UInt128, salt: UInt8 = 0) -> ClaimRow {
        let voucher = voucher(total, salt: salt)
        return ClaimRow(
            terms: voucher.terms, ceiling: voucher.ceiling, signature: voucher.signature, total: voucher.ceiling)
    }

    /// What looks like a voucher of the payer's, and is none.
    func forged(_ total: UInt128, salt: UInt8 = 0) -> ClaimRow {
        var row = row(total, salt: salt)
        row.signature = authorizer.signNow(.zero)
        return row
    }

    func claim(_ rows: [ClaimRow], by signer: KeySigner? = nil) -> JSON {
        let digest = domain.claimBatchDigest(rows.map { (domain.channelID(of: $0.terms), $0.ceiling, $0.total) })
        return ClaimRow.payload(rows, authorization: (signer ?? authorizer).signNow(digest))
    }

    func refund(_ units: UInt128, nonce: UInt64 = 0, by signer: KeySigner? = nil) throws -> JSON {
        let amount = Amount(units: units)
        let digest = domain.refundDigest(channel: channel(), nonce: nonce, amount: amount)
        let order = RefundOrder(
            terms: terms(), amount: amount, nonce: nonce, signature: (signer ?? authorizer).signNow(digest),
            voucher: voucher(1))
        return try #require(order.payload(of: channel()))
    }

    func payout() -> JSON { PayoutOrder.payload(receiver: receiver, token: token.address) }

    func request(_ payload: JSON, changing change: (inout PaymentRequirements) -> Void = { _ in }) -> FacilitatorRequest
    {
        var requirements = PaymentRequirements(
            scheme: "batch-settlement", network: Network(evm: 84_532), amount: Amount(units: 1000),
            asset: token.address, payTo: receiver, maxTimeoutSeconds: 60,
            extra: [
                "receiverAuthorizer": .string(authorizer.address.checksummed), "withdrawDelay": 900, "name": "USDC",
                "version": "2",
            ])
        change(&requirements)
        return FacilitatorRequest(payload: payload, requirements: requirements)
    }

    // MARK: - Doing and looking

    func verify(_ payload: JSON) async -> VerifyResponse { await facilitator.verify(request(payload)) }
    func settle(_ payload: JSON, secret: String? = nil) async -> SettleResponse {
        await facilitator.settle(request(payload), secret: secret)
    }

    /// Opens a channel with so much in it.
    func open(_ units: UInt128, salt: UInt8 = 0) async throws {
        let response = await settle(deposit(units, ceiling: 1, salt: salt))
        try #require(response.success, "\(response)")
    }

    func holds(_ account: Address) async throws -> UInt128 {
        try await ledger.balance(of: account, token: token.address).units
    }

    func expectConserved() async throws { #expect(try await ledger.audit().faults == []) }
}

extension JSON {
    /// The same with another value for a member, found by its path; `nil` leaves the member out.
    func changing(_ path: String, to value: JSON?) -> JSON {
        let names = path.split(separator: ".", maxSplits: 1).map(String.init)
        var members = members ?? []
        let rest = names.count > 1 ? names[1] : nil
        if let index = members.firstIndex(where: { $0.name == names[0] }) {
            if let rest {
                members[index] = Member(name: names[0], value: members[index].value.changing(rest, to: value))
            } else if let value {
                members[index] = Member(name: names[0], value: value)
            } else {
                members.remove(at: index)
            }
        } else if let value, rest == nil {
            members.append(Member(name: names[0], value: value))
        }
        return .object(members)
    }
}
