// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives
import FarthingVoucherScheme

/// What a channel's books come to, for comparing them before and after.
public struct ChannelSums: Hashable, Sendable {
    public let charged: Amount
    public let balance: Amount
    /// How many payments, deposits and refunds have an unknown outcome.
    public let doubts: Int

    init(_ books: VoucherPayer) {
        charged = books.charged
        balance = books.balance
        doubts = books.untoldDoubts + (books.outstanding == nil ? 0 : 1) + (books.isRefundInDoubt ? 1 : 0)
    }
}

extension Wallet.Reconciliation {
    public var beforeSums: ChannelSums { ChannelSums(before) }
    public var afterSums: ChannelSums { ChannelSums(after) }
}
