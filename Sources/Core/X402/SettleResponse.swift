// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives

/// What came of a payment.
///
/// - Source: x402 v2, `SettleResponse`, sent as base64 in the header `PAYMENT-RESPONSE`.
public struct SettleResponse: Hashable, Sendable {
    public var success: Bool
    public var errorReason: String?
    public var errorMessage: String?
    public var payer: Address?
    /// `nil` when nothing went to the ledger, as with a plain voucher.
    public var transaction: TransactionID?
    public var network: Network
    /// What moved on the ledger.
    public var amount: Amount?
    /// What belongs to the scheme alone.
    public var extra: JSON?

    public init(
        success: Bool, errorReason: String? = nil, errorMessage: String? = nil, payer: Address?,
        transaction: TransactionID? = nil, network: Network, amount: Amount? = nil, extra: JSON? = nil
    ) {
        self.success = success
        self.errorReason = errorReason
        self.errorMessage = errorMessage
        self.payer = payer
        self.transaction = transaction
        self.network = network
        self.amount = amount
        self.extra = extra
    }

    public var json: JSON {
        .object([
            "success": .bool(success),
            "errorReason": errorReason.map { .string($0) },
            "errorMessage": errorMessage.map { .string($0) },
            "payer": payer.map { .string($0.checksummed) },
            "transaction": .string(transaction.map { "\($0)" } ?? ""),
            "network": .string("\(network)"),
            "amount": success ? .string(amount.map { "\($0)" } ?? "") : nil,
            "extra": extra,
        ])
    }

    public var header: String { Base64.encode(json.bytes) }
}
