// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
public import FarthingX402

/// What a request cost.
public struct PaymentReceipt: Hashable, Sendable {
    public var scheme: String
    public var network: Network
    public var asset: Address
    public var receiver: Address
    /// The most that it could have cost.
    public var price: Amount
    public var charged: Amount
    /// What was locked along with it.
    public var deposited: Amount
    public var channel: ChannelID?
    public var transaction: TransactionID?
    /// The payment identifier that went along.
    public var identifier: String?

    public init(
        scheme: String, network: Network, asset: Address, receiver: Address, price: Amount, charged: Amount,
        deposited: Amount = .zero, channel: ChannelID? = nil, transaction: TransactionID? = nil,
        identifier: String? = nil
    ) {
        self.scheme = scheme
        self.network = network
        self.asset = asset
        self.receiver = receiver
        self.price = price
        self.charged = charged
        self.deposited = deposited
        self.channel = channel
        self.transaction = transaction
        self.identifier = identifier
    }
}

/// What a payment would take.
public struct PaymentPlan: Hashable, Sendable {
    public var offer: Offer
    public var price: Amount
    /// What would be locked along with it.
    public var deposit: Amount
    public var channel: ChannelID?
    /// What would be asked of a person first, in words.
    public var questions: [String]

    public init(
        offer: Offer, price: Amount, deposit: Amount = .zero, channel: ChannelID? = nil,
        questions: [String] = []
    ) {
        self.offer = offer
        self.price = price
        self.deposit = deposit
        self.channel = channel
        self.questions = questions
    }
}
