// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// How far a payer goes with a metered stream.
///
/// Each payment is also under the wallet's policy and budget, as any other.
public struct StreamPlan: Hashable, Sendable {
    /// How many payments are on their way at once, where the server takes as many.
    ///
    /// With two the next stretch is paid while one is used up, so that the stream does not pause. It is also what a server
    /// could keep that takes money and delivers nothing: the price of so many stretches, and half of one more.
    /// - Range: 1 through 16.
    public var ahead: Int
    /// What all payments together may be charged; `nil` for as much as the policy allows.
    public var most: Amount?
    /// How many payments are made; `nil` for as many as the stream takes.
    public var payments: Int?

    public init(ahead: Int = 2, most: Amount? = nil, payments: Int? = nil) {
        self.ahead = min(max(ahead, 1), 16)
        self.most = most
        self.payments = payments
    }

    /// What is paid for a stream by whoever did not ask for one.
    static let once = StreamPlan(ahead: 1, payments: 1)
}
