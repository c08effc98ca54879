// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives

/// The terms on which a payee takes vouchers: the part of an x402 offer that belongs to `batch-settlement`.
///
/// - Source: x402 v2, scheme `batch-settlement` on EVM, `PaymentRequirements.extra`.
public struct VoucherOffer: Hashable, Sendable {
    /// The name of the scheme on the wire.
    public static let scheme = "batch-settlement"

    public var receiver: Address
    public var receiverAuthorizer: Address
    public var token: Token
    /// - Unit: seconds.
    /// - Range: `ChannelTerms.withdrawDelayRange`.
    public var withdrawDelay: UInt64
    /// The least that a deposit should be, as a hint for payers.
    public var minimumDeposit: Amount?
    /// Which contract takes deposits from payers' accounts.
    public var method: DepositMethod

    public init(
        receiver: Address, receiverAuthorizer: Address, token: Token, withdrawDelay: UInt64,
        minimumDeposit: Amount? = nil, method: DepositMethod = .eip3009
    ) {
        self.method = method
        self.receiver = receiver
        self.receiverAuthorizer = receiverAuthorizer
        self.token = token
        self.withdrawDelay = withdrawDelay
        self.minimumDeposit = minimumDeposit
    }

    /// The `extra` member of the offer.
    public var extra: JSON {
        .object([
            "receiverAuthorizer": .string(receiverAuthorizer.checksummed),
            "withdrawDelay": .number(JSON.Number(Int64(clamping: withdrawDelay))),
            "name": .string(token.domain.name),
            "version": .string(token.domain.version),
            // Who reads none takes it for EIP-3009.
            "assetTransferMethod": method == .eip3009 ? nil : .string(method.rawValue),
            "minDeposit": minimumDeposit.map { .string("\($0)") },
        ])
    }

    /// Whether a channel is one that this offer asks for.
    ///
    /// Its payer must name the key that signs vouchers. Where it names none, the contract asks the payer's account
    /// whether a voucher is good as soon as that has code, and any account may be given code at any time (EIP-7702):
    /// it would refuse every claim, whoever signed.
    public func check(_ terms: ChannelTerms) throws(VoucherChannel.Refusal) {
        guard terms.receiver == receiver else {
            throw .receiverMismatch(sent: terms.receiver, offered: receiver)
        }
        guard terms.receiverAuthorizer == receiverAuthorizer, receiverAuthorizer != .zero else {
            throw .receiverAuthorizerMismatch(sent: terms.receiverAuthorizer, offered: receiverAuthorizer)
        }
        guard terms.payerAuthorizer != .zero else { throw .missingPayerAuthorizer }
        guard terms.token == token.address else {
            throw .tokenMismatch(sent: terms.token, offered: token.address)
        }
        guard terms.withdrawDelay == withdrawDelay else {
            throw .withdrawDelayMismatch(sent: terms.withdrawDelay, offered: withdrawDelay)
        }
        guard ChannelTerms.withdrawDelayRange.contains(terms.withdrawDelay) else {
            throw .withdrawDelayOutOfRange(terms.withdrawDelay)
        }
    }
}
