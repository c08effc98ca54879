// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingContracts
public import FarthingPrimitives

/// What a side countersigns without asking anybody.
///
/// Whatever stands here, nothing is countersigned that is not signed by the other side's pinned key, does not add up to
/// the deposits, has an old nonce, or leaves this side with less than it has.
public struct RelayPolicy: Sendable {
    /// What a state must bring.
    ///
    /// - Unit: atomic units of the channel's token.
    public var leastPayment: Amount
    /// Whether to sign the other side's end too, when it leaves us all that we have, and to hand it in.
    public var acceptsEnd: Bool
    /// Asked last, with the state and what it brings; `nil` takes all that are left.
    public var approve: (@Sendable (_ state: TwoWayState, _ gain: Amount) async -> Bool)?

    public init(
        leastPayment: Amount = .zero, acceptsEnd: Bool = true,
        approve: (@Sendable (_ state: TwoWayState, _ gain: Amount) async -> Bool)? = nil
    ) {
        self.leastPayment = leastPayment
        self.acceptsEnd = acceptsEnd
        self.approve = approve
    }
}
