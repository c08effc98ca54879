// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
public import FarthingVoucherScheme

/// A channel of the wallet, with where it was used last.
public struct KeptChannel: Hashable, Sendable {
    public var books: VoucherPayer
    public var network: Network
    /// Where it was used last, for asking its payee; `nil` for one that was found on the chain.
    public var usedAt: Use?

    /// The resource that was paid for last.
    public struct Use: Hashable, Sendable {
        public var method: String
        public var url: String
        public init(method: String, url: String) {
            self.method = method
            self.url = url
        }
    }

    public init(books: VoucherPayer, network: Network, usedAt: Use?) {
        self.books = books
        self.network = network
        self.usedAt = usedAt
    }

    public var id: ChannelID { books.id }

    public var asset: Address { books.terms.token }
    /// Deposits less refunds and withdrawals, as far as they are known.
    public var balance: Amount { books.balance }
    public var charged: Amount { books.charged }
    /// What would come back if the channel ended now.
    public var refundable: Amount { books.refundable }

    /// What could still be spent without another deposit.
    public var spendable: Amount { books.spendable }

    /// What the payee may keep locked without having earned it, a deposit that may still be locked included.
    public var locked: Amount {
        books.refundable.adding(books.outstanding?.amount ?? .zero) ?? .max
    }

    /// What of ``locked`` counts in the budget of all channels.
    ///
    /// The settlement showed it, or a deposit of ours covers it. A payee alone would keep all others from theirs.
    var provenLocked: Amount {
        books.provenRefundable.adding(books.outstanding?.amount ?? .zero) ?? .max
    }
}
