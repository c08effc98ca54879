// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What whoever runs a ledger allows in its channels, and takes for it.
///
/// A channel that is open stays as it is when they change.
public struct ContractLimits: Hashable, Sendable {
    /// The least that may be in a channel when it opens.
    public var minimum: Amount
    /// The most that may ever be in a channel.
    public var maximum: Amount
    /// In how many open channels of one kind an account may have money; `nil` for any number.
    public var openChannels: Int?
    /// What whoever opens a channel pays for it, once and on top of what it deposits.
    public var fee: Amount
    /// To whom the fee goes.
    public var feeReceiver: Address

    public init(
        minimum: Amount = .zero, maximum: Amount = .max, openChannels: Int? = nil, fee: Amount = .zero,
        feeReceiver: Address = .zero
    ) {
        self.minimum = minimum
        self.maximum = maximum
        self.openChannels = openChannels
        self.fee = fee
        self.feeReceiver = feeReceiver
    }

    /// Anything goes, and costs nothing.
    public static let none = ContractLimits()

    /// One of the things that can be limited.
    public enum Name: String, Hashable, Sendable, CaseIterable {
        case minimum, maximum, openChannels, fee
    }

    /// What is not as in ``none``; who would have a fee does not count.
    public var set: Set<Name> {
        let isSet: [Name: Bool] = [
            .minimum: !minimum.isZero, .maximum: maximum != .max, .openChannels: openChannels != nil,
            .fee: !fee.isZero,
        ]
        return Set(Name.allCases.filter { isSet[$0] == true })
    }
}

extension ContractKind {
    /// Which limits the rules of this kind keep; the others mean nothing to them.
    public var keptLimits: Set<ContractLimits.Name> {
        switch self {
        case .twoWay: [.minimum, .maximum, .openChannels, .fee]
        case .balanceProof: [.minimum, .maximum]
        case .hashChain, .merkleToken, .lottery, .lot: []
        }
    }
}
